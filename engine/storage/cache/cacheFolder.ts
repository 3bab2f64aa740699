import { constants } from 'node:fs'
import { mkdir, open, readdir, rename, rm, stat, statfs, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { type Clock, systemClock } from '../../base/clock.ts'
import { randomHex } from '../../base/random.ts'
import {
  entryData,
  entryHeader,
  entryHeaderBytes,
  objectKey,
  placeFolder,
  type WindowId,
  windowBytes,
} from './entry.ts'
import { type CachedFile, filesToDrop, roomFor } from './eviction.ts'

export interface CacheFolderOptions {
  /** Made when it is needed. */
  path: string
  /** Bytes of disk that all places may take together, asked for from time to time; 0 keeps nothing. */
  limitBytes: () => Promise<number>
  clock?: Clock
}

export interface CacheUsage {
  bytes: number
  files: number
}

const temporaryPrefix = '.tmp~'
/** A temporary file of this age was left by a process that was killed. */
const leftoverMs = 10 * 60_000
/** A use is written down when the last one is this old. */
const touchMs = 60_000
/** When nothing can be written, it is tried again after so long. */
const pauseMs = 60_000
/** Each process may write this part of the limit between two looks at what there is. */
const slackParts = 16
/** With less room than this, nothing is kept at all. */
const leastRoom = 4 * windowBytes

/**
 * Pieces of objects in files on this computer, each with a checksum, the least recently used ones removed first. Several processes may use one
 * folder, and anybody may delete or damage anything in it at any time: whatever is not wholly as it was written is not there. No call
 * fails, since nothing depends on what is kept.
 */
export class CacheFolder {
  readonly #path: string
  readonly #limitBytes: () => Promise<number>
  readonly #clock: Clock
  /** What may still be written before the next look; the first write looks. */
  #allowance = 0
  #pausedUntil = Number.NEGATIVE_INFINITY
  #trimming: Promise<void> | undefined

  constructor({ path, limitBytes, clock = systemClock }: CacheFolderOptions) {
    this.#path = path
    this.#limitBytes = limitBytes
    this.#clock = clock
  }

  /** The data of a window, or its beginning; undefined when it is not there. A bad file is removed. */
  async read(id: WindowId): Promise<Buffer | undefined> {
    const path = this.#file(id)
    try {
      const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
      try {
        const info = await file.stat()
        const isPlausible = info.isFile() && info.size <= entryHeaderBytes + windowBytes
        const data = isPlausible ? entryData(id, await file.readFile()) : undefined
        const now = this.#clock.now()
        if (data === undefined) await discard(path)
        else if (Math.abs(now - info.mtimeMs) > touchMs) await file.utimes(now / 1000, now / 1000)
        return data
      } finally {
        await file.close()
      }
    } catch (error) {
      // A folder or a link, put in its place.
      if (codeOf(error) === 'ELOOP' || codeOf(error) === 'EISDIR') await discard(path)
      return undefined
    }
  }

  /** Keeps the data of a window (its beginning at least), if there is room. Not durable, and need not be. */
  async write(id: WindowId, data: Uint8Array): Promise<void> {
    if (this.#isPaused()) return
    if (this.#allowance <= 0) await this.#look()
    if (this.#isPaused()) return
    const folder = this.#shard(id)
    const temporary = join(folder, `${temporaryPrefix}${randomHex(8)}`)
    try {
      const file = await openNew(folder, temporary)
      try {
        await file.writev([entryHeader(id, data), data])
      } finally {
        await file.close()
      }
      await rename(temporary, this.#file(id))
      this.#allowance -= entryHeaderBytes + data.length
    } catch (error) {
      await discard(temporary)
      if (codeOf(error) === 'EISDIR' || codeOf(error) === 'ENOTEMPTY') await discard(this.#file(id))
      else if (codeOf(error) !== 'ENOENT') this.#pause()
    }
  }

  /** Indexes of the windows of an object that seem to be there. */
  async windows(place: string, name: string): Promise<number[]> {
    const prefix = `${objectKey(name)}.`
    const files = await readdir(this.#shard({ place, name })).catch(() => [])
    return files.filter(file => file.startsWith(prefix)).map(file => Number(file.slice(prefix.length)))
  }

  /** Forgets one window. */
  async drop(id: WindowId): Promise<void> {
    await discard(this.#file(id))
  }

  /** Forgets all that is kept of an object. */
  async dropObject(place: string, name: string): Promise<void> {
    for (const index of await this.windows(place, name)) await this.drop({ place, name, index })
  }

  /** What is kept of all places. */
  async usage(): Promise<CacheUsage> {
    const files = await this.#files()
    return { bytes: files.reduce((sum, file) => sum + file.sizeBytes, 0), files: files.length }
  }

  /** Removes everything, also while others use it. */
  async clear(): Promise<void> {
    for (const name of await readdir(this.#path).catch(() => [])) await discard(join(this.#path, name))
  }

  /** Brings what is kept within the limit now. */
  async trim(): Promise<void> {
    await this.#look()
  }

  /** Resolves when nothing of this object is under way any more. */
  async settle(): Promise<void> {
    await this.#trimming
  }

  /** Makes room. One look at a time; several writes wait for the same one. */
  #look(): Promise<void> {
    this.#trimming ??= this.#trim().finally(() => {
      this.#trimming = undefined
    })
    return this.#trimming
  }

  async #trim(): Promise<void> {
    const limitBytes = await this.#limitBytes()
    const files = await this.#files()
    const used = files.reduce((sum, file) => sum + file.sizeBytes, 0)
    const room = roomFor(limitBytes, used, await this.#freeBytes())
    const slack = Math.floor(room / slackParts)
    const isOff = room < leastRoom
    // Twice, since another process may be writing as well.
    const target = isOff ? 0 : room - 2 * slack
    for (const { path } of filesToDrop(files, target, this.#clock.now())) await discard(path)
    this.#allowance = isOff ? 0 : slack
    if (isOff) this.#pause()
  }

  #isPaused(): boolean {
    return this.#clock.monotonic() < this.#pausedUntil
  }

  #pause(): void {
    this.#pausedUntil = this.#clock.monotonic() + pauseMs
  }

  /** Files of all places; what killed processes left half written is removed on the way. */
  async #files(): Promise<CachedFile[]> {
    const found: CachedFile[] = []
    const now = this.#clock.now()
    for (const folder of await subfolders(this.#path)) {
      for (const shard of await subfolders(folder)) {
        for (const name of await readdir(shard).catch(() => [])) {
          const path = join(shard, name)
          const info = await stat(path).catch(() => undefined)
          if (!info) continue
          if (name.startsWith(temporaryPrefix) && Math.abs(now - info.mtimeMs) > leftoverMs) await discard(path)
          else found.push({ path, sizeBytes: info.size, usedAt: info.mtimeMs })
        }
      }
    }
    return found
  }

  async #freeBytes(): Promise<number> {
    try {
      await mkdir(this.#path, { recursive: true, mode: 0o700 })
      const { bavail, bsize } = await statfs(this.#path)
      return bavail * bsize
    } catch {
      return 0
    }
  }

  #shard({ place, name }: { place: string; name: string }): string {
    return join(this.#path, placeFolder(place), objectKey(name).slice(0, 2))
  }

  #file(id: WindowId): string {
    return join(this.#shard(id), `${objectKey(id.name)}.${id.index}`)
  }
}

async function openNew(folder: string, path: string) {
  const create = () => open(path, 'wx', 0o600)
  try {
    return await create()
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error
    await mkdir(folder, { recursive: true, mode: 0o700 })
    return await create()
  }
}

async function subfolders(path: string): Promise<string[]> {
  const entries = await readdir(path, { withFileTypes: true }).catch(() => [])
  return entries.filter(entry => entry.isDirectory()).map(entry => join(path, entry.name))
}

/** Removes whatever is there; what cannot be removed is never believed anyway. */
async function discard(path: string): Promise<void> {
  await unlink(path).catch(error =>
    codeOf(error) === 'ENOENT' ? undefined : rm(path, { recursive: true, force: true }).catch(() => undefined),
  )
}

const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code
