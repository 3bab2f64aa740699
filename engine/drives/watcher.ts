import { type Clock, systemClock } from '../base/clock.ts'
import type { Logger } from '../base/logger.ts'
import type { DriveInventory } from '../contract/drives.ts'
import { isHoldfastError } from '../contract/errors.ts'
import { compareInventories, type InventoryDifferences, isNoDifference } from './inventory.ts'

/** What a listener is told: the whole of it, and what is different. */
export interface DriveChange extends InventoryDifferences {
  inventory: DriveInventory
}

/** Something that notices when drives may have changed. */
export interface ChangeSource {
  /** For the log. */
  name: string
  /**
   * Calls `hint` whenever there may be something new, as often as it likes, until the signal fires; then it resolves.
   * Resolving earlier means that it cannot notice anything here.
   */
  watch(hint: () => void, signal: AbortSignal): Promise<void>
}

export interface DriveWatcherOptions {
  /** Makes an inventory. */
  read(signal: AbortSignal): Promise<DriveInventory>
  sources: readonly ChangeSource[]
  logger: Logger
  clock?: Clock
  /** It must have been quiet for so long before anybody looks: a drive that arrives makes dozens of events. 500 unless given. */
  quietMs?: number
  /** Under a flood that does not end, it looks so often all the same. 5000 unless given. */
  longestWaitMs?: number
}

/** After a failed look. */
const retryMs = 5000

/**
 * Knows what is connected, and tells when that changes. Any number of hints make one look; there are never two looks at a
 * time, and none is missed that came during one.
 */
export class DriveWatcher {
  readonly #options: DriveWatcherOptions
  readonly #clock: Clock
  readonly #listeners = new Set<(change: DriveChange) => void>()
  readonly #end = new AbortController()
  #current: DriveInventory = { devices: [] }
  #running: Promise<void> | undefined
  #hinted = false
  #wake: () => void = () => undefined

  constructor(options: DriveWatcherOptions) {
    this.#options = options
    this.#clock = options.clock ?? systemClock
  }

  /** As of the last look; empty before start. */
  get inventory(): DriveInventory {
    return this.#current
  }

  /** Looks for the first time, which tells no listener, and begins to watch. Fails as the look does. */
  async start(): Promise<DriveInventory> {
    if (this.#running !== undefined) return this.#current
    const { signal } = this.#end
    const hint = () => this.look()
    // Watching begins before the first look, so that nothing falls between them.
    const sources = this.#options.sources.map(source => this.#watch(source, hint, signal))
    this.#running = Promise.all(sources).then(() => undefined)
    try {
      this.#current = await this.#options.read(signal)
    } catch (error) {
      await this.stop()
      throw error
    }
    this.#running = Promise.all([...sources, this.#work(signal)]).then(() => undefined)
    return this.#current
  }

  /** Calls `listener` after every change until the returned function is called. What it throws is logged. */
  subscribe(listener: (change: DriveChange) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** Asks for a look soon, as when somebody has just mounted something. */
  look(): void {
    this.#hinted = true
    this.#wake()
  }

  /** Ends. Resolves when all sources and the last look have ended; nobody is told anything after that. */
  async stop(): Promise<void> {
    this.#end.abort()
    this.#wake()
    await this.#running
  }

  async #watch(source: ChangeSource, hint: () => void, signal: AbortSignal): Promise<void> {
    try {
      await source.watch(hint, signal)
      if (!signal.aborted) this.#options.logger.debug('drives are not watched this way here', { source: source.name })
    } catch (error) {
      if (!signal.aborted) this.#options.logger.warn('watching drives failed', { source: source.name, error })
    }
  }

  async #work(signal: AbortSignal): Promise<void> {
    const { quietMs = 500, longestWaitMs = 5000 } = this.#options
    const pause = (ms: number) => this.#clock.sleep(ms, signal).catch(() => undefined)
    while (!signal.aborted) {
      await this.#nextHint()
      const since = this.#clock.monotonic()
      while (this.#hinted && !signal.aborted && this.#clock.monotonic() - since < longestWaitMs) {
        this.#hinted = false
        await pause(quietMs)
      }
      if (signal.aborted) return
      this.#hinted = false
      if (await this.#refresh(signal)) continue
      this.#hinted = true
      await pause(retryMs)
    }
  }

  async #nextHint(): Promise<void> {
    if (this.#hinted || this.#end.signal.aborted) return
    await new Promise<void>(resolve => {
      this.#wake = resolve
    })
  }

  async #refresh(signal: AbortSignal): Promise<boolean> {
    const { logger, read } = this.#options
    let inventory: DriveInventory
    try {
      inventory = await read(signal)
    } catch (error) {
      if (!isHoldfastError(error, 'run.cancelled')) logger.warn('the drives cannot be listed', { error })
      return false
    }
    if (signal.aborted) return true
    const differences = compareInventories(this.#current, inventory)
    this.#current = inventory
    if (isNoDifference(differences)) return true
    for (const listener of [...this.#listeners]) {
      try {
        listener({ inventory, ...differences })
      } catch (error) {
        logger.error('a listener of the drives failed', { error })
      }
    }
    return true
  }
}
