import { link as fsLink, lstat, open, rename, stat, unlink } from 'node:fs/promises'
import type { Clock } from '../../base/clock.ts'
import { errnoName } from './errors.ts'
import { claimPathFor } from './temporary.ts'

export type LinkFile = (existing: string, added: string) => Promise<void>

/** What file systems without hard links answer to link(2): vfat and exFAT EPERM, FUSE ENOSYS, CIFS EOPNOTSUPP. */
const noHardLinks = new Set(['EPERM', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP', 'EMLINK'])
const claimLifeMs = 30_000
const claimPollMs = 20

/** Gives a finished temporary file its name. Afterwards the temporary name is gone. */
export class Publisher {
  readonly #clock: Clock
  readonly #link: LinkFile
  #hardLinks = true

  /** `link` can be replaced to try out a file system without hard links. */
  constructor(clock: Clock, link: LinkFile = fsLink) {
    this.#clock = clock
    this.#link = link
  }

  /** Whatever had the name is replaced in one step. */
  replace(temporary: string, path: string): Promise<void> {
    return rename(temporary, path)
  }

  /** Returns false, and leaves the temporary file, when the name is taken. Of several at once exactly one succeeds. */
  async create(temporary: string, path: string, signal?: AbortSignal): Promise<boolean> {
    if (!this.#hardLinks) return this.#createByClaim(temporary, path, signal)
    try {
      await this.#link(temporary, path)
    } catch (error) {
      const code = errnoName(error)
      // NFS repeats a request whose answer was lost, and then finds what it did itself: the count of names tells.
      if (code === 'EEXIST' && (await stat(temporary)).nlink < 2) return false
      if (code !== 'EEXIST') {
        if (!noHardLinks.has(code ?? '')) throw error
        this.#hardLinks = false
        return this.#createByClaim(temporary, path, signal)
      }
    }
    // The object is there; a second name for it does no harm and is swept later.
    await unlink(temporary).catch(() => undefined)
    return true
  }

  /** Without hard links: look and rename, while a claim file keeps everybody else from doing so for the same name. */
  async #createByClaim(temporary: string, path: string, signal: AbortSignal | undefined): Promise<boolean> {
    const claim = claimPathFor(path)
    await this.#claim(claim, signal)
    try {
      if (await exists(path)) return false
      await rename(temporary, path)
      return true
    } finally {
      await unlink(claim).catch(() => undefined)
    }
  }

  /** A claim is held for milliseconds. One that stays for half a minute was left by a process that died. */
  async #claim(path: string, signal: AbortSignal | undefined): Promise<void> {
    let abandonedAt = this.#clock.monotonic() + claimLifeMs
    for (;;) {
      try {
        const file = await open(path, 'wx', 0o600)
        await file.close()
        return
      } catch (error) {
        if (errnoName(error) !== 'EEXIST') throw error
      }
      if (this.#clock.monotonic() >= abandonedAt) {
        await unlink(path).catch(() => undefined)
        abandonedAt = this.#clock.monotonic() + claimLifeMs
      } else await this.#clock.sleep(claimPollMs, signal)
    }
  }
}

/** True when anything has that name. */
export async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path)
    return true
  } catch (error) {
    const code = errnoName(error)
    if (code === 'ENOENT' || code === 'ENOTDIR') return false
    throw error
  }
}
