import type { Clock } from '../base/clock.ts'
import { cancelled, HoldfastError } from '../contract/errors.ts'
import type { DestinationView } from '../contract/helperContract.ts'
import type { Destination } from '../contract/jobs.ts'
import type { VersionLock } from '../contract/library.ts'
import type { LockState } from '../contract/models.ts'
import type { LockReadOptions } from '../engineApi.ts'
import type { FactStore } from '../jobs/factStore.ts'
import { type KnownLocks, knownLocksSchema, lockFinder } from './versionLocks.ts'

/** Who watches is told how far it is at most this often, in milliseconds. */
const toldEveryMs = 500

interface Asking {
  asked: number
  objects: number
  stop: AbortController
  result: Promise<LockState>
}

/** Until when versions are locked against removal: keeps what was noted and what servers said, and has them asked. */
export class LockDesk {
  readonly #facts: FactStore
  readonly #clock: Clock
  readonly #asking = new Map<string, Asking>()
  /** Of the facts, which are long where there are many versions. */
  readonly #read = new Map<string, KnownLocks>()

  constructor(facts: FactStore, clock: Clock) {
    this.#facts = facts
    this.#clock = clock
  }

  /** Keeps what this computer has noted. */
  note(destination: string, { lockedUntil, versions }: LockState): void {
    const noted = { at: this.#now(), until: lockedUntil, versions: versions.map(({ version }) => version) }
    this.#keep(destination, { ...this.#known(destination), noted })
  }

  /**
   * Has the server asked by `read` (as Session.locks) and keeps what it said; waits for it when it is being asked already. `tell` is called
   * at the beginning, on the way and at the end. config.notFound where nothing is locked, run.cancelled after `stop`; fails as `read` does.
   */
  async ask(
    { id, name }: Destination,
    read: (options: LockReadOptions) => Promise<LockState | undefined>,
    { signal, tell }: { signal: AbortSignal; tell(): void },
  ): Promise<LockState> {
    const before = this.#asking.get(id)
    if (before) return await before.result
    const stop = new AbortController()
    let toldAt = this.#clock.monotonic()
    const onAsked = (asked: number, objects: number) => {
      Object.assign(asking, { asked, objects })
      if (this.#clock.monotonic() - toldAt < toldEveryMs) return
      toldAt = this.#clock.monotonic()
      tell()
    }
    const result = async () => {
      // From here on it is among those that are being asked.
      await Promise.resolve()
      tell()
      const lock = await read({ signal: AbortSignal.any([signal, stop.signal]), onAsked })
      if (!lock) throw nothingLocked(name)
      this.#keep(id, { ...this.#known(id), asked: { at: this.#now(), lock } })
      return lock
    }
    const asking: Asking = { asked: 0, objects: 0, stop, result: result() }
    this.#asking.set(id, asking)
    try {
      return await asking.result
    } finally {
      this.#asking.delete(id)
      tell()
    }
  }

  /** Ends asking, if that is under way. */
  stop(destination: string): void {
    this.#asking.get(destination)?.stop.abort(cancelled('The look at the locks'))
  }

  /** Until when versions of a destination are locked, by their ids. */
  finder(destination: string): (version: string) => VersionLock | undefined {
    return lockFinder(this.#known(destination))
  }

  /** For screens. */
  present(destination: string): Pick<DestinationView, 'askedLocks' | 'askingLocks'> {
    const { asked } = this.#known(destination)
    const asking = this.#asking.get(destination)
    return {
      ...(asked && { askedLocks: presented(asked) }),
      ...(asking && { askingLocks: { asked: asking.asked, objects: asking.objects } }),
    }
  }

  forget(destination: string): void {
    this.stop(destination)
    this.#facts.remove(factOf(destination))
    this.#read.delete(destination)
  }

  #known(destination: string): KnownLocks {
    const known = this.#read.get(destination) ?? this.#facts.get(factOf(destination), knownLocksSchema) ?? {}
    this.#read.set(destination, known)
    return known
  }

  #keep(destination: string, known: KnownLocks): void {
    this.#facts.set(factOf(destination), known)
    this.#read.set(destination, known)
  }

  #now(): string {
    return new Date(this.#clock.now()).toISOString()
  }
}

const presented = ({ at, lock: { mode, lockedUntil, askedObjects: objects } }: NonNullable<KnownLocks['asked']>) => ({
  ...{ at, mode, lockedUntil, objects },
})

const factOf = (destination: string): string => `locks:${destination}`

const nothingLocked = (name: string) =>
  new HoldfastError('config.notFound', `Nothing is locked against removal in “${name}”.`, {
    advice: 'Locks are for buckets with object lock, added with lock=DAYS in their address.',
  })
