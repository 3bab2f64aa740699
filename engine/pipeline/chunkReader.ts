import type { Limiter } from '../base/limiter.ts'
import { throwIfAborted } from '../contract/errors.ts'
import type { BlockMapEditor } from '../repository/blockMapEditor.ts'
import { idBytes } from '../repository/format.ts'
import type { PackInfo } from '../repository/pack.ts'
import type { Repository } from '../repository/repository.ts'
import type { Extent, Source } from '../sources/source.ts'
import type { BlockPool, Slot } from './blockPool.ts'
import type { SealedPack } from './blockWorkerProtocol.ts'
import type { PackSink } from './packSink.ts'
import { readTolerantly } from './tolerantReader.ts'

interface Options {
  limiter?: Limiter
  signal?: AbortSignal
  /** Told how many bytes of the source have been passed. */
  onBytes: (bytes: number) => void
}

type MapChange =
  | { kind: 'holes'; start: number; end: number }
  | { kind: 'ids'; start: number; ids: (Buffer | undefined)[] }

/**
 * Takes blocks of a source through the threads into packs, several chunks at a time, and tells the map about them in
 * order. A block is stored only if neither the repository nor this run has it.
 */
export class ChunkReader {
  readonly #repository: Repository
  readonly #source: Source
  readonly #pool: BlockPool
  readonly #sink: PackSink
  readonly #options: Options
  readonly #order: Promise<MapChange>[] = []
  /** Blocks that are sealed and not yet findable. */
  readonly #inFlight = new Set<string>()
  readonly unreadable: Extent[] = []
  readonly counters = { readBytes: 0, dataBytes: 0, newBytes: 0, holeBytes: 0 }
  #position = 0

  constructor(repository: Repository, source: Source, pool: BlockPool, sink: PackSink, options: Options) {
    this.#repository = repository
    this.#source = source
    this.#pool = pool
    this.#sink = sink
    this.#options = options
  }

  /** Blocks [start, end) are known to be holes. */
  async hole(start: number, end: number, editor: BlockMapEditor): Promise<void> {
    this.#pass(end)
    this.counters.holeBytes += this.#bytesOf(start, end)
    await this.#enqueue(Promise.resolve({ kind: 'holes', start, end }), editor)
  }

  /** Reads blocks [start, end). Resolves when the last chunk is on its way. */
  async read(start: number, end: number, editor: BlockMapEditor): Promise<void> {
    const chunk = this.#pool.slotBytes / this.#repository.blockSizeBytes
    for (let from = start; from < end; ) {
      const to = Math.min(end, (Math.floor(from / chunk) + 1) * chunk)
      const bytes = this.#bytesOf(from, to)
      throwIfAborted(this.#options.signal, 'The backup')
      await this.#options.limiter?.take(bytes, this.#options.signal)
      const slot = await this.#pool.acquire()
      const first = from
      const work = this.#process(slot, first, bytes).finally(() => this.#pool.release(slot))
      await this.#enqueue(work, editor)
      this.#pass(to)
      from = to
    }
  }

  /** Waits for all chunks and brings the map up to date. */
  async finish(editor: BlockMapEditor): Promise<void> {
    while (this.#order.length > 0) await this.#apply(editor)
    this.#pass(Math.ceil(this.#source.sizeBytes / this.#repository.blockSizeBytes))
    this.unreadable.sort((a, b) => a.offset - b.offset)
  }

  /** Hands a finished pack to the sink. */
  async store(pack: SealedPack): Promise<void> {
    await this.#sink.put(
      pack,
      info => this.#forget(info),
      () => this.#pool.recycle(pack),
    )
  }

  /** Waits until no chunk is under way any more, after success or failure. */
  async settle(): Promise<void> {
    await Promise.allSettled(this.#order)
  }

  async #process(slot: Slot, start: number, bytes: number): Promise<MapChange> {
    const { blockSizeBytes, index } = this.#repository
    const view = slot.bytes.subarray(0, bytes)
    this.unreadable.push(...(await readTolerantly(this.#source, view, start * blockSizeBytes)))
    this.counters.readBytes += bytes
    const { ids, holes } = await this.#pool.identify(slot, bytes)
    const fresh: number[] = []
    const children: (Buffer | undefined)[] = []
    const all = Buffer.from(ids.buffer, ids.byteOffset, ids.byteLength)
    for (let i = 0; i < holes.length; i++) {
      const blockBytes = Math.min(blockSizeBytes, bytes - i * blockSizeBytes)
      if (holes[i]) {
        this.counters.holeBytes += blockBytes
        children.push(undefined)
        continue
      }
      this.counters.dataBytes += blockBytes
      const id = all.subarray(i * idBytes, (i + 1) * idBytes)
      children.push(id)
      const key = id.toString('latin1')
      if (this.#inFlight.has(key) || index.isLive(id, key)) continue
      this.#inFlight.add(key)
      fresh.push(i)
      this.counters.newBytes += blockBytes
    }
    if (fresh.length > 0) {
      const packs = await this.#pool.seal(slot, bytes, fresh, ids)
      // All at once: the memory of those that come after a failure must be given back too.
      await Promise.all(packs.map(pack => this.store(pack)))
    }
    return { kind: 'ids', start, ids: children }
  }

  async #enqueue(change: Promise<MapChange>, editor: BlockMapEditor): Promise<void> {
    // A failure is seen when its turn comes; until then it must not count as unhandled.
    change.catch(() => undefined)
    this.#order.push(change)
    while (this.#order.length > 64) await this.#apply(editor)
  }

  async #apply(editor: BlockMapEditor): Promise<void> {
    const change = await this.#order[0]!
    this.#order.shift()
    if (change.kind === 'holes') await editor.setHoles(change.start, change.end)
    else for (let i = 0; i < change.ids.length; i++) await editor.set(change.start + i, change.ids[i])
  }

  #forget(info: PackInfo): void {
    for (const frame of info.frames)
      for (const block of frame.blocks) this.#inFlight.delete(block.id.toString('latin1'))
  }

  #bytesOf(start: number, end: number): number {
    const { blockSizeBytes } = this.#repository
    return Math.min(end * blockSizeBytes, this.#source.sizeBytes) - start * blockSizeBytes
  }

  #pass(block: number): void {
    const position = Math.min(block * this.#repository.blockSizeBytes, this.#source.sizeBytes)
    this.#options.onBytes(position - this.#position)
    this.#position = position
  }
}
