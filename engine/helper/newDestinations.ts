import type { Clock } from '../base/clock.ts'
import { randomHex } from '../base/random.ts'
import type { RememberedDrive } from '../contract/drives.ts'
import { HoldfastError, isHoldfastError } from '../contract/errors.ts'
import type { Destination } from '../contract/jobs.ts'
import type { Engine, Session } from '../engineApi.ts'
import { type SecretStore, wipe } from '../secrets/secretStore.ts'
import type { JobService } from './jobService.ts'
import { requireNewPassphrase, secretOfPhrase } from './phraseCheck.ts'
import type { Place, Places, ReachedPlace } from './places.ts'
import { keepCredentials } from './storageLogin.ts'

export interface NewDestinationsDeps {
  engine: Engine
  service: JobService
  secrets: SecretStore
  places: Places
  clock: Clock
  /** Of this computer, for the labels of keys. */
  host: string
}

/** How a destination is to be called and handled. */
interface Wishes {
  name: string
  place: Place
  mayMount: boolean
  ejectAfterBackup: boolean
}

/** Makes destinations of places. Whatever fails in between, no half of one stays registered. */
export class NewDestinations {
  readonly #deps: NewDestinationsDeps

  constructor(deps: NewDestinationsDeps) {
    this.#deps = deps
  }

  /**
   * Makes a repository and takes it. The recovery phrase is kept nowhere. A repository that was made before something failed
   * stays, and the error says so: its passphrase opens it.
   */
  async create(
    wishes: Wishes & { passphrase: string },
    signal?: AbortSignal,
  ): Promise<{ destination: Destination; recoveryPhrase: string }> {
    const { engine, service, places } = this.#deps
    const { passphrase } = wishes
    requireNewPassphrase(passphrase)
    service.requireFreeName(wishes.name)
    return await this.#at(wishes, signal, async reached => {
      const looked = await places.look(reached, signal)
      if (looked.state === 'repository') {
        throw new HoldfastError('repository.alreadyExists', `There is a repository at ${looked.path} already.`, {
          advice: 'Open it, or choose another place.',
          details: { path: looked.path, repositoryId: looked.repositoryId },
        })
      }
      const path = looked.path
      if (path === null) throw looked.problem
      // A drive is known to be there, so one that was formatted anew does not count as missing.
      const options = { forgetOld: reached.device !== null, ...reached.access }
      const { repositoryId, recoveryPhrase } = await engine.init(path, { kind: 'passphrase', passphrase }, options)
      try {
        const destination = await this.#register(wishes, reached, { path, repositoryId, passphrase })
        return { destination, recoveryPhrase }
      } catch (error) {
        throw leftBehind(error, path)
      }
    })
  }

  /**
   * Takes a repository that is there. With a recovery phrase, a key of this computer is added and kept; it is taken back when
   * something fails.
   */
  async open(
    wishes: Wishes & { secret: { kind: 'passphrase' | 'recoveryPhrase'; text: string } },
    signal?: AbortSignal,
  ): Promise<Destination> {
    const { engine, service, places, host } = this.#deps
    const { kind, text } = wishes.secret
    // Typing errors are told before anything is mounted.
    const secret = kind === 'recoveryPhrase' ? secretOfPhrase(text) : ({ kind, passphrase: text } as const)
    service.requireFreeName(wishes.name)
    return await this.#at(wishes, signal, async reached => {
      const { state, path, problem } = await places.look(reached, signal)
      if (problem) throw problem
      if (state !== 'repository' || path === null) {
        throw new HoldfastError('repository.notFound', `There is no repository at ${reached.base}.`, {
          advice: 'Choose another place, or make a new repository there.',
          details: { path: reached.base },
        })
      }
      const session = await engine.open(path, secret, reached.access)
      try {
        const { repositoryId } = session
        if (secret.kind === 'passphrase') {
          return await this.#register(wishes, reached, { path, repositoryId, passphrase: text })
        }
        return await withKey(session, `${host}, kept by the service`, passphrase =>
          this.#register(wishes, reached, { path, repositoryId, passphrase }),
        )
      } finally {
        await session.close()
      }
    })
  }

  async #at<T>(
    { place, mayMount }: Wishes,
    signal: AbortSignal | undefined,
    work: (reached: ReachedPlace) => Promise<T>,
  ): Promise<T> {
    const reached = await this.#deps.places.reach(place, { mayMount, ...(signal && { signal }) })
    try {
      return await work(reached)
    } finally {
      await reached.release()
    }
  }

  async #register(
    { name, mayMount, ejectAfterBackup }: Wishes,
    reached: ReachedPlace,
    { path, repositoryId, passphrase }: { path: string; repositoryId: string; passphrase: string },
  ): Promise<Destination> {
    const { places, service, clock, secrets } = this.#deps
    const drive: RememberedDrive | null = await places.remember(reached, path, repositoryId)
    const lastSeenAt = new Date(clock.now()).toISOString()
    const facts = { name, url: path, repositoryId, drive, mayMount, ejectAfterBackup, lastSeenAt }
    const destination = service.addDestination(facts)
    try {
      await keepPassphrase(secrets, destination.id, passphrase)
      if (reached.access?.credentials) await keepCredentials(secrets, destination.id, reached.access.credentials)
    } catch (error) {
      service.removeDestination(destination.id)
      await secrets.forget(destination.id).catch(() => undefined)
      throw error
    }
    return destination
  }
}

/** Adds a key with a random passphrase for `use`, and takes it back when that fails. */
async function withKey<T>(session: Session, label: string, use: (passphrase: string) => Promise<T>): Promise<T> {
  const passphrase = randomHex(32)
  const { key } = await session.addKey({ kind: 'passphrase', passphrase }, label)
  try {
    return await use(passphrase)
  } catch (error) {
    await session.removeKey(key.id).catch(() => undefined)
    throw error
  }
}

/** Keeps the passphrase of a destination in place of the one before. */
export async function keepPassphrase(secrets: SecretStore, destination: string, passphrase: string): Promise<void> {
  const bytes = Buffer.from(passphrase, 'utf8')
  try {
    await secrets.put(destination, 'passphrase', bytes)
  } finally {
    wipe(bytes)
  }
}

function leftBehind(error: unknown, path: string): unknown {
  if (!isHoldfastError(error)) return error
  const { code, message, details, retryable } = error
  return new HoldfastError(code, `${message} The repository that was made at ${path} stays there.`, {
    advice: 'Open it with its passphrase when the cause is mended, or remove its folder and begin anew.',
    details: { ...details, repository: path },
    retryable,
    cause: error,
  })
}
