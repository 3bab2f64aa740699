import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/logger.ts'
import type { DestinationState, DriveDevice } from '../contract/drives.ts'
import { HoldfastError, isHoldfastError } from '../contract/errors.ts'
import type { Destination } from '../contract/jobs.ts'
import type { KnownDestination } from '../drives/destinationState.ts'
import { describeDestination } from '../drives/destinationText.ts'
import type { DriveMounter } from '../drives/driveMounter.ts'
import type { Secret } from '../engineApi.ts'
import type { RecordStore } from '../jobs/recordStore.ts'
import { type SecretStore, withSecret } from '../secrets/secretStore.ts'
import { folderOf } from '../storage/locations.ts'
import type { Connection, ConnectOptions, Connector } from './connection.ts'
import { NetworkMemory } from './networkMemory.ts'
import { isElsewhere, needsCredentials } from './placeWords.ts'
import type { Reach } from './standings.ts'
import { credentialsMissing, credentialsOf } from './storageLogin.ts'
import { ratesOf } from './transferRates.ts'

export interface DestinationDeskDeps {
  destinations: RecordStore<Destination>
  secrets: SecretStore
  mounter: DriveMounter
  clock: Clock
  logger: Logger
}

/** How often "last seen" is written down while a destination stays connected. */
const seenStepMs = 60 * 60_000

/** Knows which destinations can be reached, and makes them reachable for a run. */
export class DestinationDesk implements Connector {
  readonly #deps: DestinationDeskDeps
  readonly #states = new Map<string, DestinationState>()
  readonly #network = new NetworkMemory()
  #turn: Promise<unknown> = Promise.resolve()
  /** Connections that are in use, by drive: the last one lets go of it. */
  readonly #uses = new Map<string, { count: number; eject: boolean }>()

  constructor(deps: DestinationDeskDeps) {
    this.#deps = deps
  }

  /** As of the last look; missing before the first. */
  state(destination: Destination): DestinationState {
    if (isElsewhere(destination)) {
      const { lastSeenAt } = destination
      if (this.#network.of(destination.id)) return { state: 'unreachable', reason: 'network', lastSeenAt }
      return { state: 'connected', path: destination.url, drive: null }
    }
    return this.#states.get(destination.id) ?? { state: 'missing', lastSeenAt: destination.lastSeenAt }
  }

  /** The same as the schedule needs it. A drive that may be mounted counts as connected. */
  reach(destination: Destination): Reach {
    if (isElsewhere(destination)) {
      const offline = this.#network.of(destination.id)
      return { isLocal: false, drive: null, offline: offline && { label: destination.name, retryAt: offline.retryAt } }
    }
    const { state } = this.state(destination)
    const connected = state === 'connected' || (state === 'present-unmounted' && destination.mayMount)
    const lastSeen = destination.lastSeenAt === null ? null : Date.parse(destination.lastSeenAt)
    return { isLocal: true, offline: null, drive: { label: destination.name, connected, lastSeen } }
  }

  /** Looks again at what cannot be reached: a folder that comes back announces itself to nobody. */
  async lookForMissing(signal?: AbortSignal): Promise<void> {
    const isMissing = (destination: Destination) =>
      !isElsewhere(destination) && this.state(destination).state !== 'connected'
    if (this.#deps.destinations.list().some(isMissing)) await this.refresh(signal)
  }

  /** Looks at every destination. Only fails with `run.cancelled`; a drive that does not answer is a state. */
  async refresh(signal?: AbortSignal): Promise<void> {
    for (const destination of this.#deps.destinations.list()) {
      if (isElsewhere(destination)) continue
      this.#note(destination, await this.#deps.mounter.look(knownOf(destination), signal))
    }
  }

  /** Looks at one destination, and mounts nothing. Only fails with `run.cancelled`. */
  async look(destination: Destination, signal?: AbortSignal): Promise<DestinationState> {
    if (!isElsewhere(destination)) {
      this.#note(destination, await this.#deps.mounter.look(knownOf(destination), signal))
    }
    return this.state(destination)
  }

  /** What opens its repository. secrets.unavailable when it cannot be had. */
  async secretOf({ id }: Destination): Promise<Secret> {
    const passphrase = await withSecret(this.#deps.secrets, id, 'passphrase', bytes => bytes.toString('utf8'))
    return { kind: 'passphrase', passphrase }
  }

  async connect(
    destination: Destination,
    signal: AbortSignal,
    { stays = false }: ConnectOptions = {},
  ): Promise<Connection> {
    const connection = await this.connectionOf(destination, destination.url)
    if (isElsewhere(destination)) return connection
    return await this.#alone(() => this.#connectFolder(destination, connection, { signal, stays }))
  }

  /** How a destination is opened that is at `url` now. Nothing is mounted, and nobody asked. */
  async connectionOf(destination: Destination, url: string): Promise<Connection> {
    const { secrets } = this.#deps
    const credentials = isElsewhere(destination) ? await credentialsOf(secrets, destination.id) : undefined
    // The environment of the helper is nobody's login.
    if (credentials === undefined && needsCredentials(destination)) throw credentialsMissing(destination.id)
    return {
      url,
      secret: await this.secretOf(destination),
      ...(credentials && { credentials }),
      ...(destination.limits && { limits: ratesOf(destination.limits) }),
      tried: error => this.#tried(destination, error),
      release: async () => [],
    }
  }

  /** What does not answer is waited for; any other answer came from there, or from here. */
  #tried(destination: Destination, error: unknown): void {
    if (!isElsewhere(destination)) return
    if (isHoldfastError(error, 'storage.unreachable')) {
      this.#network.failed(destination.id, this.#deps.clock.now())
      return
    }
    this.#network.reached(destination.id)
    if (error === undefined) this.#note(destination, { state: 'connected', path: destination.url, drive: null })
  }

  /** Somebody wants a run of them now, whenever they would be tried again. */
  tryAtOnce(destinations: readonly string[]): void {
    for (const id of destinations) this.#network.tryAtOnce(id, this.#deps.clock.now())
  }

  /** The ways out of this computer; what did not answer is tried again when they have changed. */
  noteRoutes(routes: string): void {
    this.#network.noteRoutes(routes, this.#deps.clock.now())
  }

  async #connectFolder(
    destination: Destination,
    reached: Connection,
    { signal, stays }: { signal: AbortSignal; stays: boolean },
  ): Promise<Connection> {
    const { mounter } = this.#deps
    const state = await mounter.mountFor({ ...knownOf(destination), mayMount: destination.mayMount }, { signal })
    this.#note(destination, state)
    if (state.state !== 'connected') throw this.notConnected(destination, state)
    const { drive } = state
    if (drive === null) return { ...reached, url: state.path }
    const eject = destination.ejectAfterBackup && !stays
    return { ...reached, url: state.path, release: this.#use(drive, destination.name, eject) }
  }

  /**
   * Makes the file system of a device that a person chose reachable, whatever is on it. Release it, which does not throw. Fails
   * as DriveMounter.reach does.
   */
  reachDrive(
    device: string,
    signal?: AbortSignal,
  ): Promise<{ device: DriveDevice; mountPoint: string; release(): Promise<string[]> }> {
    return this.#alone(async () => {
      const reached = await this.#deps.mounter.reach(device, signal)
      return { ...reached, release: this.#use(device, reached.device.path, false) }
    })
  }

  /** Forgets what it knew of a destination that is gone. */
  forget(id: string): void {
    this.#network.reached(id)
    this.#states.delete(id)
  }

  /** Counts somebody who uses a drive; answers with what lets go of it. */
  #use(drive: string, name: string, eject: boolean): () => Promise<string[]> {
    const use = this.#uses.get(drive) ?? { count: 0, eject: false }
    this.#uses.set(drive, use)
    use.count++
    use.eject ||= eject
    return () => this.#alone(() => this.#release(drive, name))
  }

  async #release(drive: string, name: string): Promise<string[]> {
    const { mounter } = this.#deps
    const use = this.#uses.get(drive)!
    if (--use.count > 0) return []
    this.#uses.delete(drive)
    try {
      if (!use.eject) {
        await mounter.release(drive)
        return []
      }
      const { note } = await mounter.eject(drive, { unmountOthers: false })
      return note === null ? [] : [note]
    } catch (error) {
      return [`${name} could not be ejected: ${error instanceof Error ? error.message : String(error)}`]
    }
  }

  /** One after the other, so that nothing is unmounted that somebody has just been told is there. */
  #alone<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(work)
    this.#turn = done.catch(() => undefined)
    return done
  }

  #note(destination: Destination, state: DestinationState): void {
    this.#states.set(destination.id, state)
    if (state.state !== 'connected') return
    const now = this.#deps.clock.now()
    const last = destination.lastSeenAt === null ? Number.NEGATIVE_INFINITY : Date.parse(destination.lastSeenAt)
    if (Math.abs(now - last) < seenStepMs) return
    const current = this.#deps.destinations.find(destination.id)
    if (current) this.#deps.destinations.put({ ...current, lastSeenAt: new Date(now).toISOString() })
  }

  /** One sentence for people. */
  describe({ name }: Destination, state: DestinationState): string {
    return describeDestination(state, `“${name}”`, this.#deps.clock.now())
  }

  notConnected(destination: Destination, state: DestinationState): HoldfastError {
    return new HoldfastError('storage.driveNotConnected', this.describe(destination, state), {
      advice: 'Connect it; the backup then begins by itself.',
      details: { destination: destination.id, state: state.state },
      retryable: true,
    })
  }
}

export function knownOf({ url, repositoryId, drive, lastSeenAt }: Destination): KnownDestination {
  return { repositoryId, place: drive === null ? 'folder' : 'drive', path: folderOf(url) ?? null, drive, lastSeenAt }
}
