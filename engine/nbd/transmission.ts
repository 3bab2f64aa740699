import type { Logger } from '../base/logger.ts'
import { isHoldfastError } from '../contract/errors.ts'
import type { ByteReader } from './byteReader.ts'
import type { Export, WritableExport } from './export.ts'
import type { ServerLimits } from './limits.ts'
import type { Lease, MemoryAccount } from './memoryBudget.ts'
import { type Change, change, readParts, readWhole, statusOf } from './operations.ts'
import type { Output } from './output.ts'
import { commandFlags, commands, type ErrorName, replyFlags } from './protocol.ts'
import { dataChunk, errorChunk, holeChunk, noneChunk, simpleReply, statusChunk } from './replies.ts'
import { requestError } from './requestErrors.ts'
import { decodeRequest, type Request, type RequestRules, refusalOf, requestBytes } from './requests.ts'

export interface TransmissionOptions {
  reader: ByteReader
  output: Output
  device: Export | WritableExport
  isStructured: boolean
  hasContext: boolean
  memory: MemoryAccount
  limits: Pick<ServerLimits, 'requests' | 'ownBytes'>
  log: Logger
  /** Called when no more is read: what is under way still ends, and the client has little time to take it. */
  onLast(): void
}

/** Memory that every request is taken to need beside its data. */
const overheadBytes = 8 * 1024

/** Failures of one connection that are logged; a client may ask for a damaged range again and again. */
const loggedFailures = 20

/**
 * The server's side of the transmission phase: reads requests one after the other, checks them, works on many at once and
 * answers each when it is done. A connection from which nothing is read holds up its own client and nobody else.
 */
export class Transmission {
  readonly #options: TransmissionOptions
  readonly #rules: RequestRules
  readonly #abort = new AbortController()
  #isStopping = false
  #underWay = 0
  #onLess: (() => void) | undefined
  #failures = 0

  constructor(options: TransmissionOptions) {
    this.#options = options
    const { device, isStructured, hasContext } = options
    this.#rules = { sizeBytes: device.sizeBytes, isReadOnly: device.isReadOnly, isStructured, hasContext }
  }

  /** Requests that were read and whose replies have not been taken yet. */
  get underWay(): number {
    return this.#underWay
  }

  /** Serves until the client says goodbye, vanishes or breaks the rules. All requests have ended when it resolves. Never rejects. */
  async run(): Promise<void> {
    const end = await this.#serve()
    if (end === 'violation') this.#options.log.warn('a client sent what is no request')
    this.#options.onLast()
    // To a client that has said goodbye in order, everything is still answered.
    if (end !== 'goodbye' && !this.#isStopping) this.#abort.abort()
    while (this.#underWay > 0) await this.#less()
  }

  /** Requests from now on are refused; the connection ends with the last one that is under way. */
  stop(): void {
    this.#isStopping = true
    if (this.#underWay === 0) this.#options.reader.cancel()
  }

  /** Ends what can be cancelled of what is under way. */
  abort(): void {
    this.#abort.abort()
    this.#options.reader.cancel()
  }

  async #serve(): Promise<'goodbye' | 'gone' | 'violation'> {
    const { reader, limits } = this.#options
    for (;;) {
      while (this.#underWay >= limits.requests) await this.#less()
      const head = reader.take(requestBytes) ?? (await reader.read(requestBytes))
      if (head === undefined) return 'gone'
      const request = decodeRequest(head)
      if (request === undefined) return 'violation'
      if (request.command === commands.disconnect) return 'goodbye'
      if (!(await this.#begin(request))) return 'gone'
    }
  }

  /** Reads what belongs to a request and sets it going. False when the connection has broken. */
  async #begin(request: Request): Promise<boolean> {
    const { reader, memory } = this.#options
    const refusal = this.#isStopping
      ? ({ error: 'ESHUTDOWN', why: 'The server is being stopped.' } as const)
      : refusalOf(request, this.#rules)
    const isWrite = request.command === commands.write
    if (refusal && isWrite && !(await reader.skip(request.length))) return false
    const wanted = memory.take(overheadBytes + (refusal ? 0 : this.#dataBytes(request)))
    const lease = wanted instanceof Promise ? await wanted : wanted
    if (lease === undefined) return false
    this.#underWay++
    if (refusal) {
      this.#sendError(request, refusal.error, refusal.why, lease)
      return true
    }
    let payload: Buffer | undefined
    if (isWrite) {
      lease.waitForClient(true)
      payload = await reader.read(request.length)
      lease.waitForClient(false)
      if (payload === undefined) {
        this.#finish(lease)
        return false
      }
    }
    void this.#perform(request, payload, lease)
    return true
  }

  /** How much of the data of a request is in memory at a time. */
  #dataBytes({ command, flags, length }: Request): number {
    if (command === commands.write) return length
    if (command !== commands.read) return 0
    return this.#isInPieces(flags) ? Math.min(length, this.#pieceBytes) : length
  }

  /** Large enough to be read well, and little enough to need nothing of what all share. */
  get #pieceBytes(): number {
    return this.#options.limits.ownBytes / 2
  }

  #isInPieces(flags: number): boolean {
    return this.#options.isStructured && (flags & commandFlags.df) === 0
  }

  async #perform(request: Request, payload: Buffer | undefined, lease: Lease): Promise<void> {
    try {
      switch (request.command) {
        case commands.read:
          return await (this.#isInPieces(request.flags)
            ? this.#readInPieces(request, lease)
            : this.#read(request, lease))
        case commands.blockStatus:
          return await this.#blockStatus(request, lease)
        case commands.cache:
          if (request.length > 0) {
            await this.#options.device.cache(request.offset, request.length, this.#abort.signal)
          }
          break
        default:
          await this.#change(request, payload)
      }
      this.#send(simpleReply(request, undefined), undefined, lease)
    } catch (error) {
      this.#fail(request, error, lease)
    }
  }

  async #change(request: Request, payload: Buffer | undefined): Promise<void> {
    const { device } = this.#options
    const what = changeOf(request, payload)
    const isForced = (request.flags & commandFlags.fua) !== 0
    if (isWritable(device)) await change(device, what, isForced)
    // Nothing has been written, so nothing has to be flushed; who wants to write has been refused.
    else if (what.kind !== 'flush') throw new Error(`A ${what.kind} has come through to a read-only export.`)
  }

  /** A reply of one piece: the simple one, or one that must not be fragmented. */
  async #read(request: Request, lease: Lease): Promise<void> {
    const { offset, length } = request
    const { device, isStructured } = this.#options
    const bytes = length === 0 ? undefined : await readWhole(device, offset, length, this.#abort.signal)
    if (!isStructured) this.#send(simpleReply(request, undefined), bytes, lease)
    else if (bytes === undefined) this.#send(noneChunk(request, replyFlags.done), undefined, lease)
    else this.#send(dataChunk(request, replyFlags.done, offset, length), bytes, lease)
  }

  /** Piece after piece, each when the one before has been taken; it ends with the first part that cannot be read. */
  async #readInPieces(request: Request, lease: Lease): Promise<void> {
    const { device, output } = this.#options
    const end = request.offset + request.length
    for (let at = request.offset; at < end; at += this.#pieceBytes) {
      const length = Math.min(this.#pieceBytes, end - at)
      const parts = await readParts(device, { offset: at, length }, this.#abort.signal)
      const isLastPiece = at + length === end
      for (const [index, part] of parts.entries()) {
        const isLast = index === parts.length - 1
        if (part.kind === 'failed') return this.#fail(request, part.error, lease, part.offset)
        const flags = isLast && isLastPiece ? replyFlags.done : 0
        const head =
          part.kind === 'hole'
            ? holeChunk(request, flags, part.offset, part.length)
            : dataChunk(request, flags, part.offset, part.bytes.length)
        const body = part.kind === 'hole' ? undefined : part.bytes
        if (flags === replyFlags.done) return this.#send(head, body, lease)
        if (!isLast) {
          output.send(head, body, () => this.#reclaim(body))
          continue
        }
        lease.waitForClient(true)
        await output.sent(head, body)
        this.#reclaim(body)
        lease.waitForClient(false)
      }
    }
    // Nothing was asked for.
    this.#send(noneChunk(request, replyFlags.done), undefined, lease)
  }

  async #blockStatus(request: Request, lease: Lease): Promise<void> {
    const one = (request.flags & commandFlags.requestOne) !== 0
    const extents = await statusOf(this.#options.device, request, one, this.#abort.signal)
    this.#send(statusChunk(request, replyFlags.done, extents), undefined, lease)
  }

  #fail(request: Request, cause: unknown, lease: Lease, offset?: number): void {
    const { error, why } = requestError(cause)
    const isOurEnd = isHoldfastError(cause, 'run.cancelled')
    if (!isOurEnd && this.#failures++ < loggedFailures) {
      const { command, length } = request
      const facts = {
        export: this.#options.device.name,
        command,
        offset: offset ?? request.offset,
        length,
        error: cause,
      }
      this.#options.log.warn('a request failed', facts)
    }
    this.#sendError(request, error, why, lease, offset)
  }

  #sendError(request: Request, error: ErrorName, why: string, lease: Lease, offset?: number): void {
    const head = this.#options.isStructured
      ? errorChunk(request, replyFlags.done, error, why, offset)
      : simpleReply(request, error)
    this.#send(head, undefined, lease)
  }

  /** The last of a reply. */
  #send(head: Buffer, body: Uint8Array | undefined, lease: Lease): void {
    lease.waitForClient(true)
    this.#options.output.send(head, body, () => {
      this.#reclaim(body)
      this.#finish(lease)
    })
  }

  #reclaim(body: Uint8Array | undefined): void {
    if (body) this.#options.device.reclaim?.(body)
  }

  #finish(lease: Lease): void {
    lease.release()
    this.#underWay--
    if (this.#isStopping && this.#underWay === 0) this.#options.reader.cancel()
    this.#onLess?.()
    this.#onLess = undefined
  }

  #less(): Promise<void> {
    return new Promise(resolve => {
      this.#onLess = resolve
    })
  }
}

const isWritable = (device: Export | WritableExport): device is WritableExport => !device.isReadOnly

function changeOf({ command, flags, offset, length }: Request, payload: Buffer | undefined): Change {
  switch (command) {
    case commands.write:
      return { kind: 'write', offset, bytes: payload! }
    case commands.trim:
      return { kind: 'trim', offset, length }
    case commands.writeZeroes:
      return { kind: 'zero', offset, length, keepRoom: (flags & commandFlags.noHole) !== 0 }
    default:
      return { kind: 'flush' }
  }
}
