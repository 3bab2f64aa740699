import { linux } from '../base/linux.ts'
import { asBuffer } from '../base/memory.ts'
import { BlockIdentifier, frameKeyOf } from '../repository/blockCrypto.ts'
import { blockKind, idBytes } from '../repository/format.ts'
import { blockCount, encodeFrames, readPackIndex, unwrapPackKey } from '../repository/pack.ts'
import { PackBuilder, packBufferBytes } from '../repository/packBuilder.ts'
import {
  type CheckedPack,
  decodeWanted,
  type Identified,
  type OpenedRun,
  type Reply,
  type Request,
  type SealedPack,
  type WorkerSetup,
  wholeFrame,
} from './blockWorkerProtocol.ts'
import { FrameOpener } from './frameOpener.ts'
import { PackAreas } from './packAreas.ts'
import { ThreadFiles, writeInThread } from './threadFiles.ts'

const greatestNiceness = 19
/** Memory for parts of packs grows in few steps, since what was outgrown stays for a while. A whole pack needs four. */
const roomStepBytes = packBufferBytes / 4

/** What a thread is asked to do, one after the other. */
export type ThreadWork = Exclude<Request, { kind: 'setup' | 'end' }>
type SealRequest = Extract<Request, { kind: 'seal' }>

/** The heavy work on blocks in one thread. It sees blocks in slots of memory that it shares with the main thread. */
export class BlockThread {
  readonly #setup: WorkerSetup
  readonly #slots: Buffer
  readonly #zeros: Buffer
  readonly #identifier: BlockIdentifier
  readonly #opener: FrameOpener
  readonly #files = new ThreadFiles()
  /** Memory for packs. Fresh memory for every pack would pile up as garbage. */
  readonly #areas: PackAreas
  /** Ends when everything before is sealed: who waits for memory holds up those behind. */
  #sealing: Promise<void> | undefined
  /** What is read of packs. */
  #packRoom = Buffer.alloc(0)
  #builder: PackBuilder | undefined
  #builderArea: number | undefined

  constructor(setup: WorkerSetup) {
    // Where that is refused, the work is done all the same.
    if (setup.priority === 'low') linux.setNiceness(greatestNiceness)
    this.#setup = setup
    this.#slots = Buffer.from(setup.slots)
    this.#zeros = Buffer.alloc(setup.blockSizeBytes)
    this.#identifier = new BlockIdentifier(setup.keyring)
    this.#opener = new FrameOpener(this.#slots, this.#identifier)
    this.#areas = new PackAreas(setup.packs)
  }

  handle(request: ThreadWork): Reply['result'] | Promise<Reply['result']> {
    switch (request.kind) {
      case 'identify':
        return this.#identify(request.slot, request.bytes)
      case 'seal':
        return this.#sealInTurn(request)
      case 'recycle':
        this.#areas.give(request.area)
        return undefined
      case 'finish':
        return this.#finishPack()
      case 'open':
        return this.#openFrames(request)
      case 'restore':
        return this.#restore(request)
      case 'check':
        return this.#check(request)
    }
  }

  /** The thread is about to end: what waits for memory for packs gets memory of its own. */
  stopWaiting(): void {
    this.#areas.close()
  }

  /** Before the thread ends. */
  close(): void {
    this.#files.close()
  }

  #slotAt(slot: number): number {
    return slot * this.#setup.slotBytes
  }

  #identify(slot: number, bytes: number): Identified {
    const count = Math.ceil(bytes / this.#setup.blockSizeBytes)
    const ids = Buffer.allocUnsafeSlow(count * idBytes)
    const holes = new Uint8Array(count)
    for (let i = 0; i < count; i++) {
      const from = this.#slotAt(slot) + i * this.#setup.blockSizeBytes
      const block = this.#slots.subarray(from, Math.min(from + this.#setup.blockSizeBytes, this.#slotAt(slot) + bytes))
      if (block.equals(this.#zeros.subarray(0, block.length))) holes[i] = 1
      else this.#identifier.idOf(blockKind.data, block, ids.subarray(i * idBytes, (i + 1) * idBytes))
    }
    return { ids, holes }
  }

  async #sealInTurn(request: SealRequest): Promise<SealedPack[]> {
    const before = this.#sealing
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#sealing = promise
    await before
    try {
      return await this.#seal(request)
    } finally {
      resolve()
    }
  }

  async #seal({ slot, bytes, blocks, ids }: SealRequest): Promise<SealedPack[]> {
    const packs: SealedPack[] = []
    const all = asBuffer(ids)
    for (let i = 0; i < blocks.length; ) {
      this.#builder ??= await this.#newPack()
      // Neighbours that make a whole frame need not be gathered.
      let count = 1
      while (
        count < this.#builder.blocksPerFrame(this.#setup.blockSizeBytes) &&
        blocks[i + count] === blocks[i]! + count
      )
        count++
      const from = this.#slotAt(slot) + blocks[i]! * this.#setup.blockSizeBytes
      const plain = this.#slots.subarray(
        from,
        Math.min(from + count * this.#setup.blockSizeBytes, this.#slotAt(slot) + bytes),
      )
      const idsAt = blocks[i]! * idBytes
      this.#builder.addNeighbours(
        Buffer.from(all.subarray(idsAt, idsAt + count * idBytes)),
        plain,
        this.#setup.blockSizeBytes,
      )
      i += count
      if (this.#builder.isFull) packs.push(...this.#finishPack())
    }
    this.#builder?.endStretch()
    return packs
  }

  async #newPack(): Promise<PackBuilder> {
    this.#builderArea = await this.#areas.take()
    const buffer = this.#builderArea === undefined ? undefined : this.#areas.bytesOf(this.#builderArea)
    return new PackBuilder(this.#setup.keyring.pack, { level: this.#setup.zstdLevel, buffer })
  }

  #finishPack(): SealedPack[] {
    if (!this.#builder) return []
    const pack = this.#builder.finish()
    this.#builder = undefined
    const hasOutgrown = this.#builderArea !== undefined && !this.#areas.has(pack.bytes)
    if (hasOutgrown) this.#areas.give(this.#builderArea!)
    const area = hasOutgrown ? undefined : this.#builderArea
    const { id, bytes } = pack
    // Memory of their own: a message takes all of what they are a part of along, and the index keeps it for long.
    const wrappedKey = new Uint8Array(pack.wrappedKey)
    const frames = new Uint8Array(encodeFrames(pack.frames))
    return [{ thread: this.#setup.thread, id, wrappedKey, bytes, area, frames }]
  }

  #openFrames(request: Extract<Request, { kind: 'open' }>): OpenedRun {
    const bytes = asBuffer(request.bytes)
    const frames = decodeWanted(request.frames)
    const faults = this.#opener.open(request.frameKey, bytes, request.offset, frames, this.#slotAt(request.slot))
    return { faults, memory: bytes.buffer as ArrayBuffer }
  }

  /** All at once in the ordinary case; what is not ordinary is left to the main thread. */
  async #restore({ slot, runs, writes }: Extract<Request, { kind: 'restore' }>): Promise<boolean> {
    for (const { path, offset, length, frameKey, frames } of runs) {
      const bytes = this.#packRoomFor(length)
      if (!this.#files.read(path, bytes, offset)) return false
      if (this.#opener.open(frameKey, bytes, offset, decodeWanted(frames), this.#slotAt(slot)).length > 0) return false
    }
    const { stretches } = writes
    const written: Promise<boolean>[] = []
    for (let i = 0; i < stretches.length; i += 3) {
      const [at, length, offset] = stretches.subarray(i, i + 3) as unknown as [number, number, number]
      written.push(
        writeInThread(writes, this.#slots.subarray(this.#slotAt(slot) + at, this.#slotAt(slot) + at + length), offset),
      )
    }
    return (await Promise.all(written)).every(Boolean)
  }

  /** Undefined as soon as anything about the pack is not sound. */
  #check({ path, expected }: Extract<Request, { kind: 'check' }>): CheckedPack | undefined {
    const { id, wrappedKey, sizeBytes } = expected
    const bytes = this.#packRoomFor(sizeBytes)
    if (this.#files.sizeOf(path) !== sizeBytes || !this.#files.read(path, bytes, 0)) return undefined
    const packKey = unwrapPackKey(this.#setup.keyring.pack, id, wrappedKey)
    const own = readPackIndex(this.#setup.keyring.pack, id, bytes)
    if (!packKey || !own?.wrappedKey.equals(wrappedKey)) return undefined
    if (this.#opener.open(frameKeyOf(packKey), bytes, 0, own.frames.map(wholeFrame), 0).length > 0) return undefined
    return { blocks: blockCount(own.frames) }
  }

  #packRoomFor(bytes: number): Buffer {
    const room = Math.ceil(bytes / roomStepBytes) * roomStepBytes
    if (this.#packRoom.length < bytes) this.#packRoom = Buffer.allocUnsafeSlow(room)
    return this.#packRoom.subarray(0, bytes)
  }
}
