import { statfs } from 'node:fs/promises'
import { type Clock, systemClock } from '../base/clock.ts'
import type { DriveInventory } from '../contract/drives.ts'

export interface Usage {
  /** Id of the device. */
  device: string
  usedBytes: number
  /** For ordinary programs: what is kept for root is not in it. */
  freeBytes: number
}

/** As statfs(2) tells them. */
interface FileSystemFacts {
  bsize: number
  blocks: number
  bfree: number
  bavail: number
}

export interface UsageReaderOptions {
  clock?: Clock
  /** What has not answered by then is left out. 2 s unless given. */
  timeoutMs?: number
  /** Tests bring slow ones. */
  ask?: (mountPoint: string) => Promise<FileSystemFacts>
}

/** How full mounted file systems are. */
export class UsageReader {
  readonly #clock: Clock
  readonly #timeoutMs: number
  readonly #ask: NonNullable<UsageReaderOptions['ask']>
  /** A question to a dead drive cannot be called off and holds a thread; one for each is enough. */
  readonly #stuck = new Set<string>()

  constructor({ clock = systemClock, timeoutMs = 2000, ask = path => statfs(path) }: UsageReaderOptions = {}) {
    this.#clock = clock
    this.#timeoutMs = timeoutMs
    this.#ask = ask
  }

  /** Of each device that is mounted and answers. Does not fail. */
  async read({ devices }: DriveInventory): Promise<Usage[]> {
    const mounted = devices.flatMap(({ id, mountPoints }) => mountPoints.slice(0, 1).map(point => ({ id, point })))
    const found = await Promise.all(mounted.map(async ({ id, point }) => ({ id, facts: await this.#inTime(point) })))
    return found.flatMap(({ id, facts }) => {
      // Swap, and file systems that do not count blocks.
      if (!facts || facts.blocks === 0) return []
      const { bsize, blocks, bfree, bavail } = facts
      return [{ device: id, usedBytes: (blocks - bfree) * bsize, freeBytes: bavail * bsize }]
    })
  }

  async #inTime(point: string): Promise<FileSystemFacts | undefined> {
    if (this.#stuck.has(point)) return undefined
    this.#stuck.add(point)
    const answer = this.#ask(point)
      .catch(() => undefined)
      .finally(() => this.#stuck.delete(point))
    const over = new AbortController()
    const late = this.#clock.sleep(this.#timeoutMs, over.signal).then(
      () => undefined,
      () => undefined,
    )
    const first = await Promise.race([answer, late])
    over.abort()
    return first
  }
}
