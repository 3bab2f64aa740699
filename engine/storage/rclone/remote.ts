import type { RcloneLocation } from '../machineLocations.ts'
import type { ObjectInfo, Range } from '../storage.ts'
import { RcloneFailure } from './failures.ts'
import type { RemoteFeatures } from './prepare.ts'
import type { Piece, RemoteControl } from './remoteControl.ts'

/** Something that is there, as rclone's operations/list and operations/stat tell it. */
export interface Item {
  /** Below the place. */
  Path: string
  /** -1 for folders. */
  Size: number
  ModTime: string
  IsDir: boolean
}

/** A repository's place on a remote, through rclone's remote control. Names are those of objects; failures pass untranslated. */
export class Remote {
  readonly #control: RemoteControl
  readonly #fs: string

  constructor(control: RemoteControl, { remote, path }: RcloneLocation) {
    this.#control = control
    this.#fs = `${remote}:${path}`
  }

  async features(): Promise<RemoteFeatures> {
    const info = await this.#control.call<{ Features: RemoteFeatures }>('operations/fsinfo', { fs: this.#fs })
    return info.Features
  }

  read(
    name: string,
    range: Range | undefined,
    options: { signal?: AbortSignal | undefined; room?: ArrayBuffer | undefined },
  ): Promise<Piece | undefined> {
    return this.#control.read(this.#fs, name, range, options)
  }

  /** Undefined when nothing has that name, or a folder has. */
  async stat(name: string): Promise<Item | undefined> {
    try {
      const { item } = await this.#control.call<{ item: Item | null }>('operations/stat', {
        fs: this.#fs,
        remote: name,
      })
      return item === null || item.IsDir ? undefined : item
    } catch (error) {
      if (error instanceof RcloneFailure && error.status === 404) return undefined
      throw error
    }
  }

  /** What is in a folder ('' for the place itself), and below; nothing when it is not there. */
  async list(folder: string, { recurse }: { recurse: boolean }, signal?: AbortSignal): Promise<Item[]> {
    return (await this.#listing(folder, recurse, signal)) ?? []
  }

  async isThere(): Promise<boolean> {
    return (await this.#listing('', false)) !== undefined
  }

  /** Sends a file of this computer, whose size and hash are compared when it has arrived. Replaces what had that name. */
  async upload(folder: string, file: string, name: string): Promise<void> {
    await this.#transfer('operations/copyfile', folder, file, name)
  }

  /** Replaces what had the new name. */
  async rename(from: string, to: string): Promise<void> {
    await this.#transfer('operations/movefile', this.#fs, from, to)
  }

  async remove(name: string): Promise<void> {
    await this.#control.call('operations/deletefile', { fs: this.#fs, remote: name })
  }

  async makeFolder(folder: string): Promise<void> {
    await this.#control.call('operations/mkdir', { fs: this.#fs, remote: folder })
  }

  async freeBytes(): Promise<number | undefined> {
    return (await this.#control.call<{ free?: number }>('operations/about', { fs: this.#fs })).free
  }

  async close(): Promise<void> {
    await this.#control.close()
  }

  async #transfer(method: string, srcFs: string, srcRemote: string, dstRemote: string): Promise<void> {
    // Without it, what has the same size and the same time counts as the same, and is not sent.
    const _config = { IgnoreTimes: true }
    await this.#control.call(method, { srcFs, srcRemote, dstFs: this.#fs, dstRemote, _config })
  }

  async #listing(folder: string, recurse: boolean, signal?: AbortSignal): Promise<Item[] | undefined> {
    const parameters = { fs: this.#fs, remote: folder, opt: { recurse, noMimeType: true } }
    try {
      return (await this.#control.call<{ list: Item[] | null }>('operations/list', parameters, signal)).list ?? []
    } catch (error) {
      if (error instanceof RcloneFailure && error.status === 404) return undefined
      throw error
    }
  }
}

export function infoOf(name: string, { Size, ModTime }: Item): ObjectInfo {
  return { name, sizeBytes: Size, modifiedAt: Date.parse(ModTime) }
}
