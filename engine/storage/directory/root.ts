import { type FileHandle, open, stat } from 'node:fs/promises'
import { HoldfastError } from '../../contract/errors.ts'
import { driveNotConnected, errnoName } from './errors.ts'

/**
 * Remembers which folder the root was when the storage was opened, so that nothing is written into, and nothing concluded
 * from, an empty mount point or another drive that has taken its place since.
 *
 * The folder is held open meanwhile. That keeps its inode number from changing (vfat, exFAT and FUSE hand out new ones
 * when they forget a folder) and from being given to another folder, and it keeps the drive from being unmounted by
 * accident in the middle of a run.
 */
export class Root {
  readonly path: string
  readonly #folder: FileHandle
  readonly #device: bigint
  readonly #inode: bigint
  #closed = false

  private constructor(path: string, folder: FileHandle, device: bigint, inode: bigint) {
    this.path = path
    this.#folder = folder
    this.#device = device
    this.#inode = inode
  }

  /** Opens the folder at `path`. Errors of the file system pass untranslated. */
  static async open(path: string): Promise<Root> {
    // The slash makes anything but a folder fail with ENOTDIR.
    const folder = await open(`${path}/`, 'r')
    try {
      const { dev, ino } = await folder.stat({ bigint: true })
      return new Root(path, folder, dev, ino)
    } catch (error) {
      await folder.close()
      throw error
    }
  }

  /** Throws `storage.driveNotConnected` unless the path still leads to the same folder. One system call. */
  async assertConnected(): Promise<void> {
    if (this.#closed) throw new HoldfastError('internal.bug', `The storage at ${this.path} is already closed.`)
    try {
      const { dev, ino } = await stat(this.path, { bigint: true })
      if (dev === this.#device && ino === this.#inode) return
    } catch (error) {
      const code = errnoName(error)
      if (code === 'ENOENT' || code === 'ENOTDIR') throw driveNotConnected(this.path, undefined, error)
      throw error
    }
    throw driveNotConnected(this.path, 'something else is in its place')
  }

  /**
   * True when the drive itself has left the computer although its file system is still mounted: then every access to it
   * fails with EIO or EROFS. False when that cannot be told (network, btrfs, no sysfs).
   */
  async deviceIsGone(blockDevicesPath: string): Promise<boolean> {
    const { major, minor } = deviceNumbers(this.#device)
    if (major === 0) return false
    const isThere = (path: string) =>
      stat(path).then(
        () => true,
        () => false,
      )
    return (await isThere(blockDevicesPath)) && !(await isThere(`${blockDevicesPath}/${major}:${minor}`))
  }

  /** May be called more than once. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.#folder.close()
  }
}

/** Splits a device number as glibc's makedev packs it (sys/sysmacros.h). Major 0 has no block device behind it. */
export function deviceNumbers(device: bigint): { major: number; minor: number } {
  const major = ((device >> 8n) & 0xfffn) | ((device >> 32n) & 0xfffff000n)
  const minor = (device & 0xffn) | ((device >> 12n) & 0xffffff00n)
  return { major: Number(major), minor: Number(minor) }
}
