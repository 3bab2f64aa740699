import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/logger.ts'
import { randomHex } from '../../base/random.ts'
import { HoldfastError } from '../../contract/errors.ts'
import type { AttachmentView, Volume } from '../../contract/files.ts'
import type { Destination } from '../../contract/jobs.ts'
import type { Attach, OpenVersion, VersionFacts } from './attacher.ts'
import { Turns } from './turns.ts'

/** So long an attachment stays that nobody asks anything of. */
export const idleMs = 10 * 60_000
/** Each holds memory, threads, a repository and devices. */
const mostOpen = 16

export interface FileDeskDeps {
  attach: Attach
  clock: Clock
  logger: Logger
  /** What is remembered of a version, to name it while it is being opened. */
  factsOf(destination: string, version: string): VersionFacts | undefined
  /** What is attached has changed. */
  changed(): void
  /** It is detached, or going to be: what is kept of it is of no use any more. */
  closing?(attachment: string): void
}

interface Entry {
  readonly id: string
  readonly destination: Destination
  version: VersionFacts
  readonly since: number
  readonly opened: Promise<OpenVersion>
  /** Ends the opening. */
  readonly abort: AbortController
  /** Ends the wait for its time. */
  readonly over: AbortController
  /** Mounts and unlocks of one must not overlap. */
  readonly turns: Turns
  state: 'opening' | 'attached' | 'closing'
  /** How often somebody has asked for it. */
  asked: number
  /** Who wait for it to be opened. */
  waiting: number
  /** Who ask something of it now. */
  users: number
  /** What takes long, and must not be broken off: files are being copied out of it. */
  holds: number
  /** When somebody last asked something of it, by both clocks. */
  usedAt: number
  usedWallAt: number
  closed: Promise<void> | undefined
  idle: (() => void) | undefined
}

/**
 * Versions whose files are looked at: one attachment for each, whoever asks for it and how often. They outlive the calls that made
 * them, and are taken away when nobody has asked anything for ten minutes, or sooner when somebody says so.
 */
export class FileDesk {
  readonly #deps: FileDeskDeps
  readonly #entries = new Map<string, Entry>()
  #isStopping = false

  constructor(deps: FileDeskDeps) {
    this.#deps = deps
  }

  views(): AttachmentView[] {
    return [...this.#entries.values()].map(entry => this.#view(entry))
  }

  /**
   * Attaches a version unless it is attached already. When the signal fires before it is, and nobody else waits for it, that is given up.
   * files.busy when too many are; else as Attach.
   */
  async open(
    destination: Destination,
    version: string,
    signal: AbortSignal,
  ): Promise<{ attachment: string; volumes: Volume[]; isNew: boolean }> {
    signal.throwIfAborted()
    const found = this.#find(destination.id, version)
    if (found?.closed !== undefined) {
      await found.closed.catch(() => undefined)
      return await this.open(destination, version, signal)
    }
    const entry = found ?? (await this.#begin(destination, version))
    entry.asked++
    entry.waiting++
    const leave = () => {
      entry.waiting--
      if (entry.waiting === 0 && entry.state === 'opening' && signal.aborted) entry.abort.abort(signal.reason)
    }
    const { promise: left, reject } = Promise.withResolvers<never>()
    const stop = () => reject(signal.reason)
    signal.addEventListener('abort', stop, { once: true })
    try {
      const opened = await Promise.race([entry.opened, left])
      this.#touch(entry)
      return { attachment: entry.id, volumes: opened.volumes(), isNew: found === undefined }
    } finally {
      signal.removeEventListener('abort', stop)
      leave()
    }
  }

  /** Which version it is of. config.notFound. */
  versionOf(id: string): { destination: Destination; version: VersionFacts } {
    const { destination, version } = this.#require(id)
    return { destination, version }
  }

  /** Asks something of an attachment, which stays meanwhile and for ten minutes afterwards. config.notFound. */
  async use<T>(id: string, work: (files: UsedVersion) => Promise<T>): Promise<T> {
    const entry = this.#require(id)
    entry.users++
    this.#touch(entry)
    try {
      const opened = await entry.opened
      return await work({
        version: entry.version,
        destination: entry.destination,
        volumes: () => opened.volumes(),
        unlock: (volume, passphrase) => entry.turns.take(() => opened.unlock(volume, passphrase)),
        root: volume => entry.turns.take(() => opened.root(volume)),
      })
    } finally {
      entry.users--
      this.#touch(entry)
      if (entry.users === 0) entry.idle?.()
    }
  }

  /** The same for what takes long: it cannot be closed meanwhile. */
  async hold<T>(id: string, work: (files: UsedVersion) => Promise<T>): Promise<T> {
    const entry = this.#require(id)
    entry.holds++
    this.#deps.changed()
    try {
      return await this.use(id, work)
    } finally {
      entry.holds--
      this.#deps.changed()
    }
  }

  /** Detaches it. config.notFound, files.busy while something is copied out of it; what else asks something is waited for. */
  async close(id: string): Promise<void> {
    const entry = this.#require(id)
    refuseHeld([entry])
    await this.#close(entry)
  }

  /** Detaches it, unless anybody else has asked for it or uses it. Does not throw. */
  async closeUnused(id: string): Promise<void> {
    const entry = this.#entries.get(id)
    if (!entry || entry.asked > 1 || entry.users + entry.holds > 0) return
    await this.#close(entry).catch(error => this.#warn(entry, error))
  }

  /** Detaches all of these destinations. files.busy, and then none is. */
  async closeOf(isMeant: (destination: Destination) => boolean): Promise<void> {
    const meant = [...this.#entries.values()].filter(({ destination }) => isMeant(destination))
    refuseHeld(meant)
    await Promise.all(meant.map(entry => this.#close(entry)))
  }

  /** Detaches what can no longer be read: the drive is gone, so whoever still reads only gets errors. Does not throw. */
  async drop(isGone: (destination: Destination) => boolean): Promise<void> {
    const gone = [...this.#entries.values()].filter(({ destination }) => isGone(destination))
    await Promise.all(gone.map(entry => this.#close(entry).catch(error => this.#warn(entry, error))))
  }

  /** Detaches everything. What is held was ended before. Does not throw. */
  async stop(): Promise<void> {
    this.#isStopping = true
    await this.drop(() => true)
  }

  #find(destination: string, version: string): Entry | undefined {
    return [...this.#entries.values()].find(one => one.destination.id === destination && one.version.id === version)
  }

  #require(id: string): Entry {
    const entry = this.#entries.get(id)
    if (entry && entry.closed === undefined) return entry
    throw new HoldfastError('config.notFound', 'This version is not attached any more.', {
      advice: 'Open it again.',
      details: { attachment: id },
    })
  }

  async #begin(destination: Destination, version: string): Promise<Entry> {
    await this.#makeRoom()
    // Somebody else may have begun it meanwhile.
    const found = this.#find(destination.id, version)
    if (found && found.closed === undefined) return found
    if (this.#isStopping) throw stopping()
    const { clock, attach, factsOf } = this.#deps
    const abort = new AbortController()
    const entry: Entry = {
      id: randomHex(8),
      destination,
      version: factsOf(destination.id, version) ?? {
        id: version,
        name: version,
        date: new Date(clock.now()).toISOString(),
      },
      since: clock.now(),
      opened: attach(destination, version, abort.signal),
      abort,
      over: new AbortController(),
      turns: new Turns(1),
      state: 'opening',
      ...{ asked: 0, waiting: 0, users: 0, holds: 0, usedAt: clock.monotonic(), usedWallAt: clock.now() },
      closed: undefined,
      idle: undefined,
    }
    this.#entries.set(entry.id, entry)
    this.#deps.changed()
    entry.opened.then(
      opened => {
        if (entry.closed !== undefined) return
        entry.version = opened.version
        entry.state = 'attached'
        this.#touch(entry)
        this.#deps.changed()
        void this.#watch(entry)
      },
      () => {
        this.#entries.delete(entry.id)
        this.#deps.changed()
      },
    )
    return entry
  }

  /** The one that nobody has used for the longest time gives way. */
  async #makeRoom(): Promise<void> {
    if (this.#entries.size < mostOpen) return
    const [oldest] = [...this.#entries.values()]
      .filter(one => one.users + one.waiting + one.holds === 0 && one.closed === undefined)
      .sort((a, b) => a.usedAt - b.usedAt)
    if (!oldest) {
      throw new HoldfastError('files.busy', `${mostOpen} versions are open, and all of them are in use.`, {
        advice: 'Close one of them.',
        retryable: true,
      })
    }
    await this.#close(oldest)
  }

  #touch(entry: Entry): void {
    const { clock, changed } = this.#deps
    // Pages follow each other quickly; who watches need not hear of each.
    const isNews = clock.monotonic() - entry.usedAt >= idleMs / 20
    entry.usedAt = clock.monotonic()
    entry.usedWallAt = clock.now()
    if (isNews) changed()
  }

  /** Closes it when its time has come. */
  async #watch(entry: Entry): Promise<void> {
    const { clock } = this.#deps
    while (!entry.over.signal.aborted) {
      const left = entry.usedAt + idleMs - clock.monotonic()
      if (left <= 0 && entry.users + entry.holds === 0) {
        await this.#close(entry).catch(error => this.#warn(entry, error))
        return
      }
      await clock.sleep(Math.max(left, 1000), entry.over.signal).catch(() => undefined)
    }
  }

  #close(entry: Entry): Promise<void> {
    entry.closed ??= this.#closeNow(entry)
    return entry.closed
  }

  async #closeNow(entry: Entry): Promise<void> {
    const { changed } = this.#deps
    entry.over.abort()
    entry.abort.abort()
    entry.state = 'closing'
    this.#deps.closing?.(entry.id)
    changed()
    try {
      const opened = await entry.opened.catch(() => undefined)
      while (entry.users > 0) {
        await new Promise<void>(resolve => {
          entry.idle = resolve
        })
      }
      await opened?.close()
    } finally {
      this.#entries.delete(entry.id)
      changed()
    }
  }

  #warn({ id, version }: Entry, error: unknown): void {
    this.#deps.logger.warn('a version could not be detached', { id, version: version.id, error })
  }

  #view(entry: Entry): AttachmentView {
    const { id, destination, version, since, state, holds, usedWallAt } = entry
    const isBusy = state === 'attached' && holds > 0
    return {
      id,
      kind: 'files',
      destination: destination.id,
      destinationName: destination.name,
      version: version.id,
      versionName: version.name,
      versionDate: version.date,
      since: new Date(since).toISOString(),
      state: isBusy ? 'busy' : state,
      device: null,
      uri: null,
      changedBytes: null,
      until: state === 'attached' && !isBusy ? new Date(usedWallAt + idleMs).toISOString() : null,
    }
  }
}

/** What `use` lets one do; calls may overlap. */
export interface UsedVersion extends Pick<OpenVersion, 'version' | 'volumes' | 'unlock' | 'root'> {
  destination: Destination
}

function refuseHeld(entries: readonly Entry[]): void {
  const held = entries.find(({ holds }) => holds > 0)
  if (!held) return
  throw new HoldfastError('files.busy', `Files are being copied out of ${held.version.name}.`, {
    advice: 'Wait until that has ended, or stop it.',
    details: { attachment: held.id },
    retryable: true,
  })
}

const stopping = () =>
  new HoldfastError('helper.busy', 'The helper is ending.', { advice: 'Try again in a moment.', retryable: true })
