import { mkdir, open } from 'node:fs/promises'
import { join } from 'node:path'
import { type Clock, systemClock } from '../base/clock.ts'
import { linux } from '../base/linux.ts'
import { HoldfastError, throwIfAborted } from '../contract/errors.ts'
import type { TrackedVolume } from './trackedVolume.ts'

/** Where all processes of this computer meet, whatever their state folder. */
const commonFolder = '/run/lock'
const pauseMs = 200

export interface LockOptions {
  /** /run/lock unless given. */
  folder?: string
  clock?: Clock
  /** How long somebody else may take, milliseconds. */
  patienceMs?: number
}

export interface HeldLock extends AsyncDisposable {
  /** Somebody else had it first, so what was known before may be old. */
  readonly hasWaited: boolean
}

/**
 * Locks by flock(2) on files: the kernel lets go when a process dies. That of a volume is held for a whole run; that of a group
 * or pool only while a snapshot is made or removed in it, and always after that of the volume.
 */
export class VolumeLocks {
  readonly #folder: string
  readonly #clock: Clock
  readonly #patienceMs: number

  constructor(options: LockOptions = {}) {
    this.#folder = options.folder ?? commonFolder
    this.#clock = options.clock ?? systemClock
    this.#patienceMs = options.patienceMs ?? 60_000
  }

  /** One run of a volume at a time. config.inUse (may be retried) when its turn does not come within a minute. May be cancelled. */
  volume(volume: TrackedVolume, signal?: AbortSignal): Promise<HeldLock> {
    return this.#take(`volume-${volume.id}`, volume, signal)
  }

  /** Runs `work` while nobody else of us changes the group or pool of a volume. Errors as of `volume`. */
  async inPool<T>(volume: TrackedVolume, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
    await using _lock = await this.#take(`pool-${volume.lockName}`, volume, signal)
    return await work()
  }

  async #take(name: string, volume: TrackedVolume, signal: AbortSignal | undefined): Promise<HeldLock> {
    await mkdir(this.#folder, { recursive: true })
    const path = join(this.#folder, `holdfast-${encodeURIComponent(name)}.lock`)
    const file = await open(path, 'a', 0o600)
    try {
      const until = this.#clock.monotonic() + this.#patienceMs
      let hasWaited = false
      while (linux.lockFile(file.fd) === 'taken') {
        throwIfAborted(signal, 'The backup')
        if (this.#clock.monotonic() >= until) throw busy(volume, path)
        hasWaited = true
        await this.#clock.sleep(pauseMs, signal)
      }
      // Closing gives it up. The file stays: removing it would part those who hold it from those who come.
      return { hasWaited, [Symbol.asyncDispose]: () => file.close() }
    } catch (error) {
      await file.close()
      throw error
    }
  }
}

const busy = (volume: TrackedVolume, lock: string) =>
  new HoldfastError('config.inUse', `Another run of Holdfast works on ${volume.path}.`, {
    advice: 'Wait until it has ended, then try again.',
    details: { path: volume.path, lock },
    retryable: true,
  })
