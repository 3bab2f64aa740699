import type { Logger } from '../../base/logger.ts'
import { HoldfastError } from '../../contract/errors.ts'
import type { Volume } from '../../contract/files.ts'
import type { Destination } from '../../contract/jobs.ts'
import type { Engine } from '../../engineApi.ts'
import type { AttachedVersion, AttachedVolume } from '../../files/attachedVersion.ts'
import { plainVolume } from '../../files/layout.ts'
import { serveDefault } from '../../files/serve.ts'
import { withVersionFiles } from '../../files/versionFiles.ts'
import type { Connector } from '../connection.ts'
import { withDestination } from '../openDestination.ts'

/** Which version something is made of, for people. */
export interface VersionFacts {
  id: string
  name: string
  /** ISO 8601. */
  date: string
}

/** A version that is attached until it is closed. Calls of one follow each other: it says when they may not overlap. */
export interface OpenVersion {
  readonly version: VersionFacts
  /** As far as they are known: what is inside of encrypted ones is not, until they are unlocked. */
  volumes(): Volume[]
  /** files.volumeNotFound, files.wrongPassphrase. Must not overlap with itself or `root`. */
  unlock(volume: string, passphrase: string): Promise<void>
  /** Folder with the files of a volume. files.volumeNotFound, files.locked, files.unsupported, files.damaged. Must not overlap with itself or `unlock`. */
  root(volume: string): Promise<string>
  /** Takes everything away. Nobody uses it any more. */
  close(): Promise<void>
}

/** Makes the files of a version reachable. Fails as withDestination and withVersionFiles do; nothing is left then. */
export type Attach = (destination: Destination, version: string, signal: AbortSignal) => Promise<OpenVersion>

export interface AttacherDeps {
  connector: Connector
  engine: Engine
  stateDir: string
  logger: Logger
}

/** Attaches versions out of repositories, which stay open meanwhile. */
export function versionAttacher(deps: AttacherDeps): Attach {
  const { logger, stateDir } = deps
  return async (destination, id, signal) => {
    const ready = Promise.withResolvers<OpenVersion>()
    const over = Promise.withResolvers<void>()
    const done = withDestination(deps, destination, signal, async session => {
      const { name, date } = await session.show(id)
      const exports = await session.exports(id)
      const how = { stateDir, title: `${name} ${id}`, serve: serveDefault(exports, logger), logger, signal }
      await withVersionFiles(how, async attached => {
        const close = async () => {
          over.resolve()
          await done
        }
        ready.resolve(new OpenedVersion({ id, name, date }, attached, close))
        await over.promise
      })
    })
    done.catch(ready.reject)
    return await ready.promise
  }
}

/** What is attached, with the volumes that were found so far. */
export class OpenedVersion implements OpenVersion {
  readonly version: VersionFacts
  readonly close: () => Promise<void>
  readonly #attached: Pick<AttachedVersion, 'volumes' | 'unlock' | 'open'>
  #volumes: readonly AttachedVolume[]

  constructor(
    version: VersionFacts,
    attached: Pick<AttachedVersion, 'volumes' | 'unlock' | 'open'>,
    close: () => Promise<void>,
  ) {
    this.version = version
    this.close = close
    this.#attached = attached
    this.#volumes = attached.volumes
  }

  volumes(): Volume[] {
    return this.#volumes.map(plainVolume)
  }

  async unlock(name: string, passphrase: string): Promise<void> {
    const volume = this.#find(name)
    if (volume.state !== 'locked') return
    const inside = await this.#attached.unlock(volume, passphrase)
    // What is inside takes the place of what it is inside of.
    this.#volumes = this.#volumes.flatMap(one => (one === volume ? inside : [one]))
  }

  async root(name: string): Promise<string> {
    const volume = this.#find(name)
    if (volume.state !== 'locked') return (await this.#attached.open(volume)).root
    throw new HoldfastError('files.locked', `${name} is encrypted.`, {
      advice: 'Give its passphrase first.',
      details: { volume: name },
    })
  }

  #find(name: string): AttachedVolume {
    const volume = this.#volumes.find(one => one.name === name)
    if (volume) return volume
    throw new HoldfastError('files.volumeNotFound', `There is no volume ${name} in this version.`, {
      advice: 'Choose one of those that are listed.',
      details: { volume: name, volumes: this.#volumes.map(one => one.name) },
    })
  }
}
