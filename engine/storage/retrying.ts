import { type Clock, systemClock } from '../base/clock.ts'
import { randomBelow } from '../base/random.ts'
import { type HoldfastError, isHoldfastError, throwIfAborted } from '../contract/errors.ts'
import { ForwardingStorage } from './forwarding.ts'
import { type ObjectLock, objectLockThrough } from './objectLock.ts'
import type { ObjectInfo, PutOptions, Range, Storage } from './storage.ts'

export interface RetryOptions {
  /** How often a call is tried in all, at least 1. Default 6, which gives up after about half a minute of waiting. */
  attempts?: number
  /** Milliseconds before the second attempt; doubles every time. Default 1000. */
  firstDelayMs?: number
  /** The longest wait, in milliseconds. Default 60 000. */
  longestDelayMs?: number
  clock?: Clock
  /** Uniform integer in [0, below); for the jitter. */
  random?: (below: number) => number
  /** Told of every failure that is about to be tried again. Must not throw. */
  onRetry?: (notice: RetryNotice) => void
}

export interface RetryNotice {
  error: HoldfastError
  /** Which attempt failed, from 1. */
  attempt: number
  waitMs: number
}

/**
 * How long to wait after failed attempt `attempt` (from 1): between half and all of an exponentially growing delay, so
 * that many clients of one troubled server do not come back at the same moment ("equal jitter").
 */
export function backoffMs(
  attempt: number,
  firstDelayMs: number,
  longestDelayMs: number,
  random: (below: number) => number,
): number {
  const delay = Math.min(longestDelayMs, firstDelayMs * 2 ** (attempt - 1))
  const half = Math.floor(delay / 2)
  return half + random(half + 1)
}

/** A server that asks for a longer wait than this is asked again earlier. */
const longestAskedMs = 5 * 60_000

/** The wait that the storage itself asks for, as `retryAfterMs` of the error; 0 when it asks for none. */
function askedToWaitMs({ details: { retryAfterMs } }: HoldfastError): number {
  return typeof retryAfterMs === 'number' && retryAfterMs > 0 ? Math.min(retryAfterMs, longestAskedMs) : 0
}

class RetryingStorage extends ForwardingStorage {
  readonly #options: Required<Omit<RetryOptions, 'onRetry'>>
  readonly #onRetry: ((notice: RetryNotice) => void) | undefined

  constructor(inner: Storage, options: RetryOptions) {
    super(inner)
    this.#options = {
      attempts: options.attempts ?? 6,
      firstDelayMs: options.firstDelayMs ?? 1000,
      longestDelayMs: options.longestDelayMs ?? 60_000,
      clock: options.clock ?? systemClock,
      random: options.random ?? randomBelow,
    }
    this.#onRetry = options.onRetry
  }

  override put(name: string, parts: readonly Uint8Array[], options: PutOptions = {}): Promise<void> {
    return this.#retry(options.signal, async attempt => {
      try {
        await this.inner.put(name, parts, options)
      } catch (error) {
        // An attempt that was reported as failed may have been carried out: then this finds its own object.
        const mayBeOurs = attempt > 1 && !options.overwrite && isHoldfastError(error, 'storage.objectExists')
        if (!mayBeOurs || !(await this.#holds(name, parts, options.signal))) throw error
      }
    })
  }

  override get(name: string, range?: Range, signal?: AbortSignal, room?: ArrayBuffer): Promise<Uint8Array> {
    return this.#retry(signal, () => this.inner.get(name, range, signal, room))
  }

  override get objectLock(): ObjectLock | undefined {
    return objectLockThrough(this.inner.objectLock, (request, signal) => this.#retry(signal, request))
  }

  fileOf(name: string): string | undefined {
    return this.inner.fileOf?.(name)
  }

  override stat(name: string, signal?: AbortSignal): Promise<ObjectInfo | undefined> {
    return this.#retry(signal, () => this.inner.stat(name, signal))
  }

  /** A listing that breaks off is started afresh, and what was already given out is left out. */
  override async *list(folder: string, signal?: AbortSignal): AsyncGenerator<ObjectInfo> {
    const seen = new Set<string>()
    let attempt = 1
    for (;;) {
      try {
        for await (const info of this.inner.list(folder, signal)) {
          if (seen.has(info.name)) continue
          seen.add(info.name)
          attempt = 1
          yield info
        }
        return
      } catch (error) {
        await this.#waitOrThrow(error, attempt++, signal)
      }
    }
  }

  override delete(name: string, signal?: AbortSignal): Promise<void> {
    return this.#retry(signal, () => this.inner.delete(name, signal))
  }

  override prepare(folders: readonly string[], signal?: AbortSignal): Promise<void> {
    return this.#retry(signal, () => this.inner.prepare(folders, signal))
  }

  override sweepTemporary(signal?: AbortSignal): Promise<number> {
    return this.#retry(signal, () => this.inner.sweepTemporary(signal))
  }

  override freeBytes(): Promise<number | undefined> {
    return this.#retry(undefined, () => this.inner.freeBytes())
  }

  async #retry<T>(signal: AbortSignal | undefined, operation: (attempt: number) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await operation(attempt)
      } catch (error) {
        await this.#waitOrThrow(error, attempt, signal)
      }
    }
  }

  async #waitOrThrow(error: unknown, attempt: number, signal: AbortSignal | undefined): Promise<void> {
    const { attempts, firstDelayMs, longestDelayMs, clock, random } = this.#options
    if (!isHoldfastError(error) || !error.retryable || attempt >= attempts) throw error
    throwIfAborted(signal)
    const waitMs = Math.max(backoffMs(attempt, firstDelayMs, longestDelayMs, random), askedToWaitMs(error))
    this.#onRetry?.({ error, attempt, waitMs })
    await clock.sleep(waitMs, signal)
  }

  async #holds(name: string, parts: readonly Uint8Array[], signal: AbortSignal | undefined): Promise<boolean> {
    const size = parts.reduce((sum, part) => sum + part.length, 0)
    if ((await this.stat(name, signal))?.sizeBytes !== size) return false
    return consistsOf(await this.get(name, undefined, signal), parts)
  }
}

/** True when `data` is exactly the parts, one after the other. */
function consistsOf(data: Uint8Array, parts: readonly Uint8Array[]): boolean {
  let offset = 0
  for (const part of parts) {
    if (Buffer.compare(data.subarray(offset, offset + part.length), part) !== 0) return false
    offset += part.length
  }
  return offset === data.length
}

/**
 * How often calls are tried at a place, by its URL: on this computer for half a minute, elsewhere for 3 to 6 minutes, in which a
 * router starts again and a network comes back.
 */
export const attemptsAt = (url: string): number => (url.startsWith('file:') ? 6 : 12)

/**
 * Repeats calls of `storage` that fail with a retryable error, after a growing wait or the one that the storage asks for. The last failure is passed on as it
 * is. A cancelled call stops waiting at once (`run.cancelled`). A put that finds its own object from an earlier attempt,
 * byte for byte, has succeeded.
 */
export function retrying(storage: Storage, options: RetryOptions = {}): Storage {
  return new RetryingStorage(storage, options)
}
