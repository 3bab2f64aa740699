import type { Logger } from '../base/logger.ts'
import { HoldfastError } from '../contract/errors.ts'
import type { ByteReader } from './byteReader.ts'
import type { Export, ExportList, WritableExport } from './export.ts'
import type { ServerLimits } from './limits.ts'
import { type ContextQuery, decodeContextQuery, decodeInfoQuery, decodeString, type InfoQuery } from './optionData.ts'
import {
  blockSizeInfo,
  contextReply,
  exportInfo,
  flagsOf,
  greeting,
  listReply,
  oldExportReply,
  optionError,
  optionReply,
  textInfo,
} from './optionReplies.ts'
import {
  allocationContext,
  handshakeFlags,
  infoTypes,
  magics,
  mostStringBytes,
  optionReplies,
  options,
} from './protocol.ts'

/** How the client is spoken with; STARTTLS replaces both. */
export interface Wire {
  reader: ByteReader
  /** Resolves when it was taken. */
  send(bytes: Buffer): Promise<void>
}

export interface HandshakeOptions {
  exports: ExportList
  tls: 'none' | 'offered' | 'required'
  limits: Pick<ServerLimits, 'options' | 'optionBytes' | 'listedExports'>
  log: Logger
  signal: AbortSignal
  /** Encrypts the connection; undefined when that does not work out. */
  startTls(): Promise<Wire | undefined>
  /** Called before each option: time for the next one begins. */
  onOption(): void
}

/** What a negotiation has agreed on. The export is the receiver's to close. */
export interface Agreement {
  device: Export | WritableExport
  isStructured: boolean
  hasContext: boolean
}

/** What an option leads to: the next one, transmission, or the end, which `why` explains where the client broke the rules. */
type Step = { kind: 'next' } | { kind: 'transmission' } | { kind: 'end'; why?: string }

const next: Step = { kind: 'next' }

/**
 * The server's side of a fixed newstyle negotiation: greeting, flags of the client, options until one of them chooses an export.
 * Everything that was agreed on before STARTTLS is forgotten with it, since anybody may have said it.
 */
export class Handshake {
  #wire: Wire
  readonly #options: HandshakeOptions
  #isFixed = false
  #sendsZeroes = true
  #isEncrypted = false
  #isStructured = false
  /** The export for which base:allocation was chosen. */
  #contextOf: string | undefined
  /** The last one that was asked for; often it is asked for again. */
  #opened: { name: string; device: Export | WritableExport } | undefined

  constructor(wire: Wire, options: HandshakeOptions) {
    this.#wire = wire
    this.#options = options
  }

  /** undefined when it ends without an export. Errors are those of closing exports. */
  async run(): Promise<Agreement | undefined> {
    try {
      const end = await this.#negotiate()
      if (end.kind === 'end') {
        if (end.why !== undefined) this.#options.log.warn('a negotiation was broken off', { why: end.why })
        return undefined
      }
      const { name, device } = this.#opened!
      this.#opened = undefined
      const hasContext = this.#isStructured && this.#contextOf === name
      return { device, isStructured: this.#isStructured, hasContext }
    } finally {
      await this.#opened?.device.close()
    }
  }

  async #negotiate(): Promise<Step> {
    this.#options.onOption()
    await this.#wire.send(greeting(handshakeFlags.fixedNewstyle | handshakeFlags.noZeroes))
    const flags = (await this.#wire.reader.read(4))?.readUInt32BE(0)
    if (flags === undefined) return { kind: 'end' }
    if ((flags & ~(handshakeFlags.fixedNewstyle | handshakeFlags.noZeroes)) !== 0) {
      return { kind: 'end', why: 'The client has flags that are not known.' }
    }
    this.#isFixed = (flags & handshakeFlags.fixedNewstyle) !== 0
    this.#sendsZeroes = (flags & handshakeFlags.noZeroes) === 0
    for (let count = 0; count < this.#options.limits.options; count++) {
      this.#options.onOption()
      const step = await this.#option()
      if (step.kind !== 'next') return step
    }
    return { kind: 'end', why: 'The client goes on negotiating without end.' }
  }

  /** Reads one option and answers it. */
  async #option(): Promise<Step> {
    const head = await this.#wire.reader.read(16)
    if (head === undefined) return { kind: 'end' }
    if (head.readBigUInt64BE(0) !== magics.option) return { kind: 'end', why: 'What should be an option is none.' }
    const option = head.readUInt32BE(8)
    const length = head.readUInt32BE(12)
    // It can only be answered by success or the end.
    const cannotFail = option === options.exportName
    if (!this.#isFixed && !cannotFail) return { kind: 'end', why: 'The client does not speak fixed newstyle.' }
    const { optionBytes } = this.#options.limits
    if (length > optionBytes) {
      if (cannotFail || length > 16 * optionBytes) return { kind: 'end', why: `An option has ${length} bytes of data.` }
      if (!(await this.#wire.reader.skip(length))) return { kind: 'end' }
      return await this.#refuse(option, optionReplies.tooBig, `At most ${optionBytes} bytes of data are read.`)
    }
    const data = await this.#wire.reader.read(length)
    if (data === undefined) return { kind: 'end' }
    const mayStay = option === options.startTls || option === options.abort
    if (this.#options.tls === 'required' && !this.#isEncrypted && !mayStay) {
      if (cannotFail) return { kind: 'end', why: 'The client does not speak TLS.' }
      return await this.#refuse(option, optionReplies.tlsRequired, 'This server insists on TLS.')
    }
    return await this.#answer(option, data)
  }

  async #answer(option: number, data: Buffer): Promise<Step> {
    switch (option) {
      case options.exportName:
        return await this.#exportName(data)
      case options.abort:
        await this.#acknowledge(option)
        return { kind: 'end' }
      case options.list:
        return data.length === 0 ? await this.#list() : await this.#invalid(option)
      case options.startTls:
        return data.length === 0 ? await this.#startTls() : await this.#invalid(option)
      case options.info:
      case options.go: {
        const query = decodeInfoQuery(data)
        return query ? await this.#info(option, query) : await this.#invalid(option)
      }
      case options.structuredReply:
        if (data.length > 0) return await this.#invalid(option)
        this.#isStructured = true
        return await this.#acknowledge(option)
      case options.listMetaContext:
      case options.setMetaContext: {
        const query = decodeContextQuery(data)
        return query && this.#isStructured ? await this.#contexts(option, query) : await this.#invalid(option)
      }
      default:
        return await this.#refuse(option, optionReplies.unsupported, 'This server does not know the option.')
    }
  }

  async #exportName(data: Buffer): Promise<Step> {
    const name = decodeString(data)
    const found = name === undefined ? 'The name is no text.' : await this.#open(name)
    if (typeof found === 'string') return { kind: 'end', why: found }
    await this.#wire.send(oldExportReply(found.sizeBytes, flagsOf(found, this.#isStructured), this.#sendsZeroes))
    return { kind: 'transmission' }
  }

  async #list(): Promise<Step> {
    const found = await this.#tried(() => this.#options.exports.list())
    if (typeof found === 'string') return await this.#refuse(options.list, optionReplies.policy, found)
    const entries = found
      .filter(({ name }) => Buffer.byteLength(name) <= mostStringBytes)
      .slice(0, this.#options.limits.listedExports)
      .map(summary => listReply(options.list, summary))
    if (entries.length > 0) await this.#wire.send(Buffer.concat(entries))
    return await this.#acknowledge(options.list)
  }

  async #startTls(): Promise<Step> {
    const option = options.startTls
    if (this.#isEncrypted) return await this.#refuse(option, optionReplies.invalid, 'TLS has been started already.')
    if (this.#options.tls === 'none') {
      return await this.#refuse(option, optionReplies.unsupported, 'This server has no certificate.')
    }
    await this.#acknowledge(option)
    const wire = await this.#options.startTls()
    if (wire === undefined) return { kind: 'end', why: 'TLS could not be started.' }
    this.#wire = wire
    this.#isEncrypted = true
    this.#isStructured = false
    this.#contextOf = undefined
    await this.#closeOpened()
    return next
  }

  async #info(option: number, { name, infos }: InfoQuery): Promise<Step> {
    const found = await this.#open(name)
    if (typeof found === 'string') return await this.#refuse(option, optionReplies.unknown, found)
    const replies = [exportInfo(option, found.sizeBytes, flagsOf(found, this.#isStructured))]
    const wanted = new Set(infos)
    if (wanted.has(infoTypes.name)) replies.push(textInfo(option, infoTypes.name, found.name))
    if (wanted.has(infoTypes.description)) replies.push(textInfo(option, infoTypes.description, found.description))
    if (wanted.has(infoTypes.blockSize)) replies.push(blockSizeInfo(option, found.preferredBlockBytes))
    await this.#wire.send(Buffer.concat([...replies, optionReply(option, optionReplies.ack)]))
    return option === options.go ? { kind: 'transmission' } : next
  }

  async #contexts(option: number, { name, queries }: ContextQuery): Promise<Step> {
    const sets = option === options.setMetaContext
    if (sets) this.#contextOf = undefined
    if (!queries.every(query => query.includes(':'))) return await this.#invalid(option)
    const found = await this.#open(name)
    if (typeof found === 'string') return await this.#refuse(option, optionReplies.unknown, found)
    // A list may be asked for by namespace, or for all.
    const isMeant =
      queries.includes(allocationContext.name) || (!sets && (queries.length === 0 || queries.includes('base:')))
    if (sets && isMeant) this.#contextOf = name
    const replies = isMeant ? [contextReply(option, sets ? allocationContext.id : 0)] : []
    await this.#wire.send(Buffer.concat([...replies, optionReply(option, optionReplies.ack)]))
    return next
  }

  /** Opens an export, or says for people why it cannot be had. */
  async #open(name: string): Promise<Export | WritableExport | string> {
    if (this.#opened?.name === name) return this.#opened.device
    await this.#closeOpened()
    const found = await this.#tried(() => this.#options.exports.open(name, this.#options.signal))
    if (found === undefined) return name === '' ? 'There is no default export.' : `There is no export “${name}”.`
    if (typeof found !== 'string') this.#opened = { name, device: found }
    return found
  }

  async #closeOpened(): Promise<void> {
    const opened = this.#opened
    this.#opened = undefined
    await opened?.device.close()
  }

  /** What a HoldfastError says is for people; other errors are not for strangers. */
  async #tried<T>(work: () => Promise<T>): Promise<T | string> {
    try {
      return await work()
    } catch (error) {
      if (error instanceof HoldfastError) return error.message
      this.#options.log.error('exports failed', { error })
      return 'The server has failed.'
    }
  }

  #invalid(option: number): Promise<Step> {
    return this.#refuse(option, optionReplies.invalid, 'The option is malformed or out of place.')
  }

  async #refuse(option: number, type: number, message: string): Promise<Step> {
    await this.#wire.send(optionError(option, type, message))
    return next
  }

  async #acknowledge(option: number): Promise<Step> {
    await this.#wire.send(optionReply(option, optionReplies.ack))
    return next
  }
}
