import { z } from 'zod'
import type { Clock } from '../base/clock.ts'
import { dayMs, hourMs, minuteMs } from '../base/localTime.ts'
import { randomHex } from '../base/random.ts'
import { messageOf } from './plainText.ts'

/**
 * How an attempt to deliver ended. `failed`: something is wrong with the way there (server down, wrong password, unknown
 * recipient), so everything waits. `refused`: this message will never be taken, others may be.
 */
export type DeliveryOutcome =
  | { outcome: 'delivered' }
  | { outcome: 'failed' | 'refused'; message: string; advice?: string }

/** A way to people or programs: e-mail, webhook. */
export interface Channel<T> {
  /** Delivers one message; `id` is the same in every attempt at it. Should not throw; what it throws counts as failed. */
  send(item: T, id: string, signal: AbortSignal): Promise<DeliveryOutcome>
}

export interface QueuedItem<T> {
  id: string
  queuedAt: number
  item: T
}

/** How deliveries fare, to be shown. Times are milliseconds since 1970 UTC. */
export interface DeliveryState {
  waiting: number
  /** What went wrong last; gone once something is delivered. */
  lastError?: { message: string; advice?: string; at: number }
  /** The first of the failures in a row that lastError ends. */
  since?: number
  nextAttemptAt?: number
  lastDelivered?: number
  /** Messages given up since the queue was made: refused, too old, or too many. */
  dropped: number
  /** Why the waiting messages would not survive a restart. */
  saveError?: string
}

export interface DeliveryQueueOptions<T> {
  channel: Channel<T>
  clock: Clock
  /** Messages left over from before, as restoreItems gives them. */
  saved?: readonly QueuedItem<T>[]
  /** Keeps the waiting messages; called after every change, never twice at a time. */
  save?: (items: readonly QueuedItem<T>[]) => void | Promise<void>
  onState?: (state: DeliveryState) => void
  /** The oldest go when there are more. 100 unless given. */
  maxItems?: number
  /** Older messages are given up. 7 days unless given. */
  maxAgeMs?: number
}

const firstDelayMs = minuteMs
const longestDelayMs = hourMs
/** Timers stand still while the computer sleeps, so the wall clock is looked at this often. */
const longestNapMs = minuteMs

/** Wait after so many failures in a row (1 or more): 1 min, doubled each time up to 1 h. */
export const deliveryDelay = (failures: number): number =>
  Math.min(firstDelayMs * 2 ** Math.min(failures - 1, 20), longestDelayMs)

/** Messages out of what was saved; what is not one is left out, so a damaged file loses messages and nothing else. */
export function restoreItems<T>(saved: unknown, item: z.ZodType<T>): QueuedItem<T>[] {
  const schema = z.object({ id: z.string().min(1).max(100), queuedAt: z.number(), item })
  if (!Array.isArray(saved)) return []
  return saved.flatMap(entry => {
    const parsed = schema.safeParse(entry)
    return parsed.success ? [parsed.data as QueuedItem<T>] : []
  })
}

/**
 * Delivers messages one after the other, oldest first, and tries again when the way is blocked. Nothing here throws:
 * what goes wrong is in the state. A message is delivered at least once, and twice only when the process dies between a
 * delivery and its note of it.
 */
export class DeliveryQueue<T> {
  readonly #options: DeliveryQueueOptions<T>
  readonly #clock: Clock
  readonly #closing = new AbortController()
  #items: QueuedItem<T>[]
  #state: DeliveryState = { waiting: 0, dropped: 0 }
  #failures = 0
  #lastAttemptAt = 0
  #working: Promise<void> | undefined
  #nap = new AbortController()
  #saving: Promise<void> | undefined
  #saveAgain = false

  constructor(options: DeliveryQueueOptions<T>) {
    this.#options = options
    this.#clock = options.clock
    this.#items = [...(options.saved ?? [])]
    this.#tell({})
    this.#start()
  }

  get state(): DeliveryState {
    return this.#state
  }

  /** Takes a message for delivery and returns at once. */
  add(item: T): void {
    this.#items.push({ id: randomHex(16), queuedAt: this.#clock.now(), item })
    const surplus = this.#items.length - (this.#options.maxItems ?? 100)
    if (surplus > 0) this.#items.splice(0, surplus)
    this.#tell({ dropped: this.#state.dropped + Math.max(0, surplus) })
    this.#save()
    this.#start()
  }

  /** Tries now instead of after the wait: the network is back, or the settings were changed. */
  retryNow(): void {
    this.#failures = 0
    this.#nap.abort()
  }

  /** Resolves when nothing waits any more and everything is saved, or the queue was closed. */
  async idle(): Promise<void> {
    while (this.#working !== undefined || this.#saving !== undefined) {
      await this.#working
      await this.#saving
    }
  }

  /** Ends a delivery under way; what waits stays saved. */
  async close(): Promise<void> {
    this.#closing.abort()
    this.#nap.abort()
    await this.idle()
  }

  #start(): void {
    if (this.#working !== undefined || this.#closing.signal.aborted || this.#items.length === 0) return
    this.#working = this.#work().finally(() => {
      this.#working = undefined
      // One may have been added after the last look.
      this.#start()
    })
  }

  async #work(): Promise<void> {
    while (!this.#closing.signal.aborted) {
      this.#dropOld()
      const next = this.#items[0]
      if (next === undefined) return
      if (this.#failures > 0 && !(await this.#waited())) continue
      await this.#attempt(next)
    }
  }

  /** Sleeps for a part of the wait; true when it is over. */
  async #waited(): Promise<boolean> {
    const now = this.#clock.now()
    // When the clock was set back, the wait must not last until it is back where it was.
    if (this.#lastAttemptAt > now) this.#lastAttemptAt = now
    const nextAttemptAt = this.#lastAttemptAt + deliveryDelay(this.#failures)
    if (now >= nextAttemptAt) return true
    if (this.#state.nextAttemptAt !== nextAttemptAt) this.#tell({ nextAttemptAt })
    this.#nap = new AbortController()
    await this.#clock.sleep(Math.min(nextAttemptAt - now, longestNapMs), this.#nap.signal).catch(() => undefined)
    return false
  }

  async #attempt(entry: QueuedItem<T>): Promise<void> {
    const result = await this.#send(entry)
    if (this.#closing.signal.aborted && result.outcome !== 'delivered') return
    const now = this.#clock.now()
    this.#lastAttemptAt = now
    const { lastError: _, since, nextAttemptAt: __, ...rest } = this.#state
    if (result.outcome === 'delivered') {
      this.#failures = 0
      this.#remove(entry)
      this.#replace({ ...rest, lastDelivered: now })
      return
    }
    const { message, advice } = result
    const lastError = { message, ...(advice !== undefined && { advice }), at: now }
    if (result.outcome === 'refused') {
      // The way is free, so the others need not wait.
      this.#failures = 0
      this.#remove(entry)
      this.#replace({ ...rest, lastError, since: since ?? now, dropped: rest.dropped + 1 })
      return
    }
    this.#failures++
    this.#replace({ ...rest, lastError, since: since ?? now, nextAttemptAt: now + deliveryDelay(this.#failures) })
  }

  async #send(entry: QueuedItem<T>): Promise<DeliveryOutcome> {
    try {
      return await this.#options.channel.send(entry.item, entry.id, this.#closing.signal)
    } catch (error) {
      return { outcome: 'failed', message: messageOf(error) }
    }
  }

  #remove(entry: QueuedItem<T>): void {
    this.#items = this.#items.filter(other => other !== entry)
    this.#save()
  }

  #dropOld(): void {
    const oldest = this.#clock.now() - (this.#options.maxAgeMs ?? 7 * dayMs)
    const kept = this.#items.filter(({ queuedAt }) => queuedAt >= oldest)
    const dropped = this.#items.length - kept.length
    if (dropped === 0) return
    this.#items = kept
    this.#tell({ dropped: this.#state.dropped + dropped })
    this.#save()
  }

  #save(): void {
    const { save } = this.#options
    if (save === undefined) return
    if (this.#saving !== undefined) {
      this.#saveAgain = true
      return
    }
    const run = async () => {
      do {
        this.#saveAgain = false
        try {
          await save([...this.#items])
          if (this.#state.saveError !== undefined) {
            const { saveError: _, ...rest } = this.#state
            this.#replace(rest)
          }
        } catch (error) {
          this.#tell({ saveError: messageOf(error) })
        }
      } while (this.#saveAgain)
    }
    this.#saving = run().finally(() => {
      this.#saving = undefined
    })
  }

  #tell(change: Partial<DeliveryState>): void {
    this.#replace({ ...this.#state, ...change })
  }

  #replace(state: DeliveryState): void {
    this.#state = { ...state, waiting: this.#items.length }
    try {
      this.#options.onState?.(this.#state)
    } catch {
      // Whoever looks on must not stop deliveries.
    }
  }
}
