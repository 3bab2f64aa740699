import type { ByteRange } from '../contract/models.ts'
import type { Target } from '../targets/target.ts'
import type { BlockFetcher, Wanted } from './blockFetcher.ts'
import type { BlockPool, Slot } from './blockPool.ts'
import type { RestoreChunk } from './restoreChunks.ts'
import type { TargetWindow } from './targetWindow.ts'
import { WorkSet } from './workSet.ts'

interface Options {
  /** Leave holes of the version as they are in the target instead of making them zeros. */
  sparse?: boolean
  /** Read the target first and write only what differs. */
  delta?: boolean
  onBytes: (bytes: number) => void
}

/** Writes chunks of a version to a target, several at a time. What is written was checked against its id before. */
export class RestoreWriter {
  readonly #pool: BlockPool
  readonly #fetcher: BlockFetcher
  readonly #target: Target
  readonly #window: TargetWindow
  readonly #options: Options
  readonly #work = new WorkSet()
  readonly damaged: ByteRange[] = []
  writtenBytes = 0
  skippedBytes = 0

  constructor(pool: BlockPool, fetcher: BlockFetcher, target: Target, window: TargetWindow, options: Options) {
    this.#pool = pool
    this.#fetcher = fetcher
    this.#target = target
    this.#window = window
    this.#options = options
  }

  /** Starts on a chunk. Resolves when there is room for the next. Failures are thrown here or by `finish`. */
  async take(chunk: RestoreChunk): Promise<void> {
    if (chunk.kind === 'data') return await this.#work.startIn(this.#pool, slot => this.#data(slot, chunk))
    this.#work.check()
    const part = this.#window.clipBlocks(chunk.start, chunk.count)
    if (chunk.kind === 'lost') {
      this.damaged.push(part)
      this.#options.onBytes(part.length)
    } else await this.#hole(part)
  }

  finish(): Promise<void> {
    return this.#work.finish()
  }

  settle(): Promise<void> {
    return this.#work.settle()
  }

  async #data(slot: Slot, chunk: Extract<RestoreChunk, { kind: 'data' }>): Promise<void> {
    const all = this.#window.wanted(chunk.blocks, chunk.start)
    const origin = this.#window.originOf(chunk)
    const bytesOf = (blocks: typeof all) =>
      blocks.reduce((sum, block) => sum + this.#window.clipBlock(origin, block).length, 0)
    let wanted = all
    if (this.#options.delta) {
      wanted = await this.#window.differing(this.#pool, slot, all, origin)
      this.skippedBytes += bytesOf(all) - bytesOf(wanted)
    }
    if (wanted.length > 0 && !(await this.#inThread(slot, wanted, origin))) {
      const failed = new Set(await this.#fetcher.fetch(slot, wanted))
      for (const block of failed) this.damaged.push(this.#window.clipBlock(origin, block))
      const good = wanted.filter(block => !failed.has(block))
      // Not in one step: others add to it while this one waits.
      const written = await this.#window.write(slot, good, origin)
      this.writtenBytes += written
    }
    this.#options.onBytes(bytesOf(all))
  }

  /** The quick way, for which all must be in order. False when it was not: then the blocks are still to be written. */
  async #inThread(slot: Slot, wanted: readonly Wanted[], origin: number): Promise<boolean> {
    const writes = this.#window.writesFor(wanted, origin)
    const runs = writes && this.#fetcher.runsInFiles(wanted)
    if (!runs || !(await this.#pool.restore(slot, runs, writes))) return false
    for (let i = 1; i < writes.stretches.length; i += 3) this.writtenBytes += writes.stretches[i]!
    return true
  }

  async #hole(part: ByteRange): Promise<void> {
    const { sparse, delta } = this.#options
    if (sparse || this.#target.startsZeroed) this.skippedBytes += part.length
    else {
      const parts = delta ? await this.#window.notZero(part) : [part]
      for (const wrong of parts) {
        await this.#window.zero(wrong)
        this.writtenBytes += wrong.length
      }
      this.skippedBytes += part.length - parts.reduce((sum, { length }) => sum + length, 0)
    }
    this.#options.onBytes(part.length)
  }
}
