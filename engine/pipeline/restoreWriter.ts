import type { ByteRange } from '../contract/models.ts'
import type { Repository } from '../repository/repository.ts'
import type { Target } from '../targets/target.ts'
import { BlockFetcher, type Wanted } from './blockFetcher.ts'
import type { BlockPool, Slot } from './blockPool.ts'

export type RestoreChunk =
  | { kind: 'data'; start: number; blocks: { index: number; id: Buffer }[] }
  | { kind: 'hole' | 'lost'; start: number; count: number }

interface Options {
  versionBytes: number
  range: ByteRange
  /** Added to an offset in the version gives the offset in the target. */
  shift: number
  sparse?: boolean
  delta?: boolean
  verify?: boolean
  signal?: AbortSignal
  onBytes: (bytes: number) => void
}

/** A stretch of neighbouring blocks in a slot. */
interface Stretch {
  /** Offset in the version and in the slot. */
  offset: number
  at: number
  length: number
}

/** Writes chunks of a version to a target, several at a time. */
export class RestoreWriter {
  readonly #repository: Repository
  readonly #pool: BlockPool
  readonly #target: Target
  readonly #options: Options
  readonly #fetcher: BlockFetcher
  readonly #pending = new Set<Promise<void>>()
  #failure: { error: unknown } | undefined
  readonly damaged: ByteRange[] = []
  writtenBytes = 0
  skippedBytes = 0

  constructor(repository: Repository, pool: BlockPool, target: Target, options: Options) {
    this.#repository = repository
    this.#pool = pool
    this.#target = target
    this.#options = options
    this.#fetcher = new BlockFetcher(repository, pool, options.signal)
  }

  /** Starts on a chunk. Resolves when there is room for the next. Failures are thrown here or by `finish`. */
  async take(chunk: RestoreChunk): Promise<void> {
    if (this.#failure) throw this.#failure.error
    if (chunk.kind === 'data') {
      const slot = await this.#pool.acquire()
      this.#start(this.#data(slot, chunk.blocks, chunk.start).finally(() => this.#pool.release(slot)))
      return
    }
    const part = this.#clip(chunk.start, chunk.count)
    if (chunk.kind === 'lost') {
      this.damaged.push(part)
      this.#options.onBytes(part.length)
    } else await this.#hole(part)
  }

  async finish(): Promise<void> {
    while (this.#pending.size > 0) await Promise.race(this.#pending)
    if (this.#failure) throw this.#failure.error
  }

  /** Waits for work under way, whatever comes of it. */
  async settle(): Promise<void> {
    while (this.#pending.size > 0) await Promise.race(this.#pending)
  }

  #start(work: Promise<void>): void {
    const tracked: Promise<void> = work
      .catch(error => {
        this.#failure ??= { error }
      })
      .finally(() => this.#pending.delete(tracked))
    this.#pending.add(tracked)
  }

  async #data(slot: Slot, blocks: { index: number; id: Buffer }[], start: number): Promise<void> {
    const { blockSizeBytes } = this.#repository
    let wanted: Wanted[] = blocks.map(({ index, id }) => ({
      id,
      into: (index - start) * blockSizeBytes,
      plainBytes: Math.min(blockSizeBytes, this.#options.versionBytes - index * blockSizeBytes),
    }))
    const origin = start * blockSizeBytes
    const total = wanted.reduce((sum, block) => sum + this.#clippedLength(origin, block), 0)
    if (this.#options.delta) {
      const before = wanted
      wanted = await this.#differing(slot, wanted, origin)
      const still = new Set(wanted)
      for (const block of before) if (!still.has(block)) this.skippedBytes += this.#clippedLength(origin, block)
    }
    if (wanted.length > 0) await this.#fetchAndWrite(slot, wanted, origin)
    this.#options.onBytes(total)
  }

  async #fetchAndWrite(slot: Slot, wanted: Wanted[], origin: number): Promise<void> {
    const verify = this.#options.verify ?? true
    // What is read back from the target is held against the ids, which proves what was fetched as well.
    const partial = wanted.some(block => this.#clippedLength(origin, block) !== block.plainBytes)
    const checkLater = verify && !partial
    const failed = new Set(await this.#fetcher.fetch(slot, wanted, !checkLater))
    for (const block of failed) this.damaged.push(this.#clipBytes(origin + block.into, block.plainBytes))
    const good = wanted.filter(block => !failed.has(block))
    for (const stretch of stretches(good, origin)) {
      const part = this.#clipBytes(stretch.offset, stretch.length)
      const at = stretch.at + (part.offset - stretch.offset)
      await this.#target.write(slot.bytes.subarray(at, at + part.length), part.offset + this.#options.shift)
      this.writtenBytes += part.length
    }
    if (!verify) return
    const bad = checkLater ? await this.#differing(slot, good, origin) : await this.#differingBytes(slot, good, origin)
    for (const block of bad) await this.#mend(slot, block, origin)
  }

  /** A block that reads back differently is fetched with full checks and written once more; then it counts as damaged. */
  async #mend(slot: Slot, block: Wanted, origin: number): Promise<void> {
    const part = this.#clipBytes(origin + block.into, block.plainBytes)
    if ((await this.#fetcher.fetch(slot, [block], true)).length === 0) {
      const at = block.into + (part.offset - origin - block.into)
      await this.#target.write(slot.bytes.subarray(at, at + part.length), part.offset + this.#options.shift)
      const whole = part.length === block.plainBytes
      const still = whole ? this.#differing(slot, [block], origin) : this.#differingBytes(slot, [block], origin)
      if ((await still).length === 0) return
    }
    this.damaged.push(part)
  }

  /** The blocks that the target does not hold yet, judged by their ids. Overwrites the slot. */
  async #differing(slot: Slot, wanted: Wanted[], origin: number): Promise<Wanted[]> {
    const { blockSizeBytes } = this.#repository
    const end = Math.max(...wanted.map(block => block.into + block.plainBytes))
    for (const stretch of stretches(wanted, origin)) {
      const view = slot.bytes.subarray(stretch.at, stretch.at + stretch.length)
      const offset = stretch.offset + this.#options.shift
      const count = offset < 0 ? 0 : await this.#target.read(view, offset)
      view.fill(0, count)
    }
    const { ids, holes } = await this.#pool.identify(slot, end)
    const all = Buffer.from(ids.buffer, ids.byteOffset, ids.byteLength)
    return wanted.filter(block => {
      const i = block.into / blockSizeBytes
      return holes[i] === 1 || !all.subarray(i * 32, i * 32 + 32).equals(block.id)
    })
  }

  /** The blocks whose bytes in the target are not those in the slot. For parts of blocks, which have no id. */
  async #differingBytes(slot: Slot, wanted: Wanted[], origin: number): Promise<Wanted[]> {
    const differing: Wanted[] = []
    for (const block of wanted) {
      const part = this.#clipBytes(origin + block.into, block.plainBytes)
      const back = Buffer.alloc(part.length)
      const count = await this.#target.read(back, part.offset + this.#options.shift)
      const at = part.offset - origin
      if (count !== part.length || !back.equals(slot.bytes.subarray(at, at + part.length))) differing.push(block)
    }
    return differing
  }

  async #hole(part: ByteRange): Promise<void> {
    const { sparse, delta, shift } = this.#options
    if (sparse || this.#target.startsZeroed) this.skippedBytes += part.length
    else if (delta) await this.#zeroWhatIsNot(part)
    else {
      await this.#target.zero(part.offset + shift, part.length)
      this.writtenBytes += part.length
    }
    this.#options.onBytes(part.length)
  }

  async #zeroWhatIsNot(part: ByteRange): Promise<void> {
    const step = 1024 * 1024
    const buffer = Buffer.alloc(Math.min(step, part.length))
    const zeros = Buffer.alloc(buffer.length)
    for (let done = 0; done < part.length; done += step) {
      const length = Math.min(step, part.length - done)
      const offset = part.offset + done + this.#options.shift
      const count = await this.#target.read(buffer.subarray(0, length), offset)
      if (buffer.subarray(0, count).equals(zeros.subarray(0, count))) this.skippedBytes += length
      else {
        await this.#target.zero(offset, length)
        this.writtenBytes += length
      }
    }
  }

  /** The bytes of blocks [start, start + count), cut to the range. */
  #clip(start: number, count: number): ByteRange {
    const { blockSizeBytes } = this.#repository
    return this.#clipBytes(start * blockSizeBytes, count * blockSizeBytes)
  }

  #clipBytes(offset: number, length: number): ByteRange {
    const { range } = this.#options
    const from = Math.max(offset, range.offset)
    const to = Math.min(offset + length, range.offset + range.length)
    return { offset: from, length: Math.max(0, to - from) }
  }

  #clippedLength(origin: number, block: Wanted): number {
    return this.#clipBytes(origin + block.into, block.plainBytes).length
  }
}

/** Joins blocks that are neighbours; they must ascend. */
function stretches(blocks: readonly Wanted[], origin: number): Stretch[] {
  const out: Stretch[] = []
  for (const block of blocks) {
    const last = out.at(-1)
    if (last && last.at + last.length === block.into) last.length += block.plainBytes
    else out.push({ offset: origin + block.into, at: block.into, length: block.plainBytes })
  }
  return out
}
