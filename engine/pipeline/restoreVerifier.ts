import { throwIfAborted } from '../contract/errors.ts'
import type { ByteRange } from '../contract/models.ts'
import type { Target } from '../targets/target.ts'
import type { BlockFetcher, Wanted } from './blockFetcher.ts'
import type { BlockPool, Slot } from './blockPool.ts'
import type { RestoreChunk } from './restoreChunks.ts'
import type { TargetWindow } from './targetWindow.ts'
import { WorkSet } from './workSet.ts'

interface Options {
  /** What lies in holes of the version was left alone, and is not looked at. */
  ignoreHoles: boolean
  signal?: AbortSignal | undefined
  onBytes: (bytes: number) => void
}

/**
 * Reads a restored target back from the medium and holds it against the version. What is wrong is written once more; what
 * is wrong then, too, counts as damaged.
 */
export class RestoreVerifier {
  readonly #pool: BlockPool
  readonly #fetcher: BlockFetcher
  readonly #target: Target
  readonly #window: TargetWindow
  readonly #options: Options
  readonly #work = new WorkSet()
  /** Parts that read back wrong even after they were written a second time, or that could not be fetched for that. */
  readonly damaged: ByteRange[] = []

  constructor(pool: BlockPool, fetcher: BlockFetcher, target: Target, window: TargetWindow, options: Options) {
    this.#pool = pool
    this.#fetcher = fetcher
    this.#target = target
    this.#window = window
    this.#options = options
  }

  /** The target must have been flushed. Failures to read it are thrown. */
  async run(chunks: AsyncIterable<RestoreChunk>): Promise<void> {
    try {
      await this.#target.forget()
      for await (const chunk of chunks) {
        throwIfAborted(this.#options.signal, 'The restore')
        await this.#take(chunk)
      }
      await this.#work.finish()
    } finally {
      await this.#work.settle()
    }
  }

  async #take(chunk: RestoreChunk): Promise<void> {
    if (chunk.kind === 'data') return await this.#work.startIn(this.#pool, slot => this.#data(slot, chunk))
    this.#work.check()
    const part = this.#window.clipBlocks(chunk.start, chunk.count)
    if (chunk.kind === 'hole' && !this.#options.ignoreHoles) {
      for (const wrong of await this.#window.notZero(part)) await this.#mendHole(wrong)
    }
    this.#options.onBytes(part.length)
  }

  async #data(slot: Slot, chunk: Extract<RestoreChunk, { kind: 'data' }>): Promise<void> {
    const all = this.#window.wanted(chunk.blocks, chunk.start)
    const origin = this.#window.originOf(chunk)
    const isWhole = (block: Wanted) => this.#window.clipBlock(origin, block).length === block.plainBytes
    const whole = all.filter(isWhole)
    const wrong = whole.length > 0 ? await this.#window.differing(this.#pool, slot, whole, origin) : []
    for (const block of wrong) await this.#mend(slot, block, origin, true)
    for (const block of all) if (!isWhole(block)) await this.#checkPart(slot, block, origin)
    this.#options.onBytes(all.reduce((sum, block) => sum + this.#window.clipBlock(origin, block).length, 0))
  }

  /** A block of which only a part was restored can only be compared with itself. */
  async #checkPart(slot: Slot, block: Wanted, origin: number): Promise<void> {
    if ((await this.#fetcher.fetch(slot, [block])).length > 0) this.damaged.push(this.#window.clipBlock(origin, block))
    else if (!(await this.#window.holds(slot, block, origin))) await this.#mend(slot, block, origin, false)
  }

  async #mend(slot: Slot, block: Wanted, origin: number, isWhole: boolean): Promise<void> {
    if ((await this.#fetcher.fetch(slot, [block])).length > 0) {
      this.damaged.push(this.#window.clipBlock(origin, block))
      return
    }
    await this.#window.write(slot, [block], origin)
    await this.#target.flush()
    await this.#target.forget()
    const isRight = isWhole
      ? (await this.#window.differing(this.#pool, slot, [block], origin)).length === 0
      : await this.#window.holds(slot, block, origin)
    if (!isRight) this.damaged.push(this.#window.clipBlock(origin, block))
  }

  async #mendHole(part: ByteRange): Promise<void> {
    await this.#window.zero(part)
    await this.#target.flush()
    await this.#target.forget()
    this.damaged.push(...(await this.#window.notZero(part)))
  }
}
