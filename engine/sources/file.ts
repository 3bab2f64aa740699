import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { systemClock } from '../base/clock.ts'
import { readSystem, type SystemAccess } from '../base/linux/system.ts'
import type { PathIdentity } from '../base/linux/systemRecord.ts'
import type { LinuxCalls } from '../base/linux.ts'
import { writableMountsIn } from './deviceUse.ts'
import { createPageCachePolicy, type PageCachePolicy } from './pageCachePolicy.ts'
import { readSource } from './reader.ts'
import type { Consistency, Extent, Source } from './source.ts'

/** Reads through the page cache fail by page. */
const sectorBytes = 4096

/** What changes when somebody writes to a file. */
interface FileState {
  sizeBytes: bigint
  modifiedAt: bigint
  changedAt: bigint
}

/** Longer than a tick of the kernel's coarse clock (10 ms at most), by which most file systems stamp files. */
const tickMs = 20

/**
 * The state of a file when its reading begins. A file that was written in this very tick may be written again in it without
 * its times showing it, so then it waits for the next one.
 */
async function firstStateOf(file: FileHandle): Promise<FileState> {
  const state = await stateOf(file)
  const ageMs = systemClock.now() - Number(state.changedAt / 1_000_000n)
  if (Math.abs(ageMs) >= tickMs) return state
  await systemClock.sleep(tickMs)
  return stateOf(file)
}

async function stateOf(file: FileHandle): Promise<FileState> {
  const facts = await file.stat({ bigint: true })
  return { sizeBytes: facts.size, modifiedAt: facts.mtimeNs, changedAt: facts.ctimeNs }
}

/** A disk image, or any other regular file. */
export class FileSource implements Source {
  readonly kind = 'file'
  readonly path: string
  readonly sizeBytes: number
  readonly sectorBytes = sectorBytes
  /** Whether there is a hole to be seen; a file without any counts as read in full, which it is. */
  readonly knowsHoles: boolean
  readonly #file: FileHandle
  readonly #opened: FileState
  readonly #identity: PathIdentity
  readonly #calls: LinuxCalls
  readonly #access: SystemAccess
  readonly #cache: PageCachePolicy

  private constructor(
    path: string,
    file: FileHandle,
    opened: FileState,
    identity: PathIdentity,
    calls: LinuxCalls,
    access: SystemAccess,
  ) {
    this.path = path
    this.sizeBytes = Number(opened.sizeBytes)
    this.#file = file
    this.#opened = opened
    this.#identity = identity
    this.#calls = calls
    this.#access = access
    this.#cache = createPageCachePolicy(file.fd, this.sizeBytes, calls)
    const firstHole = this.sizeBytes === 0 ? 'none' : calls.nextHole(file.fd, 0)
    this.knowsHoles = typeof firstHole === 'number' && firstHole < this.sizeBytes
  }

  /** Opens the regular file that `identity` describes. Errors of the system pass as they are; openSource translates them. */
  static async open(
    path: string,
    identity: PathIdentity,
    calls: LinuxCalls,
    access: SystemAccess,
  ): Promise<FileSource> {
    const file = await open(path, constants.O_RDONLY)
    try {
      return new FileSource(path, file, await firstStateOf(file), identity, calls, access)
    } catch (error) {
      await file.close()
      throw error
    }
  }

  /**
   * Asks the kernel for one extent after another, so a sparse file of any size with few extents takes no time. An extent
   * that is written while it is being listed may be missing; `consistency` tells of that.
   */
  *extents(from: number, to: number): Generator<Extent> {
    const end = Math.min(to, this.sizeBytes)
    let at = from
    while (at < end) {
      const data = this.#calls.nextData(this.#file.fd, at)
      if (data === 'none') return
      const start = data === 'unsupported' ? at : data
      if (start >= end) return
      const hole = data === 'unsupported' ? data : this.#calls.nextHole(this.#file.fd, start)
      const until = typeof hole === 'number' ? Math.min(hole, end) : end
      if (until > start) yield { offset: start, length: until - start }
      at = until
    }
  }

  read(buffer: Uint8Array, offset: number): Promise<number> {
    return readSource(this.#file, this.path, buffer, offset, this.#cache)
  }

  /** The file's times tell of every write; a mounted loop device may hold back writes that the file has yet to see. */
  async consistency(): Promise<Consistency> {
    const now = await stateOf(this.#file)
    const unchanged =
      now.sizeBytes === this.#opened.sizeBytes &&
      now.modifiedAt === this.#opened.modifiedAt &&
      now.changedAt === this.#opened.changedAt
    if (!unchanged) return 'read-while-in-use'
    const mounted = writableMountsIn(await readSystem(this.#access), this.#identity)
    return mounted.length === 0 ? 'consistent' : 'read-while-in-use'
  }

  async close(): Promise<void> {
    await this.#cache.finish()
    await this.#file.close()
  }
}
