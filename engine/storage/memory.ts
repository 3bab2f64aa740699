import { type Clock, systemClock } from '../base/clock.ts'
import { throwIfAborted } from '../contract/errors.ts'
import {
  alreadyExists,
  assertFolderName,
  assertObjectName,
  assertRange,
  objectExists,
  objectNotFound,
  rangeInvalid,
} from './names.ts'
import type { ObjectInfo, PutOptions, Range, Storage } from './storage.ts'

interface Entry {
  data: Uint8Array
  modifiedAt: number
}

/** The reference driver: keeps the guarantees of storage.ts in the plainest way. Data is copied in and out. */
export class MemoryStorage implements Storage {
  readonly url = 'memory:'
  readonly #objects = new Map<string, Entry>()
  readonly #clock: Clock

  constructor(clock: Clock = systemClock) {
    this.#clock = clock
  }

  async put(name: string, parts: readonly Uint8Array[], options: PutOptions = {}): Promise<void> {
    assertObjectName(name)
    throwIfAborted(options.signal)
    if (!options.overwrite && this.#objects.has(name)) throw objectExists(name, this.url)
    this.#objects.set(name, { data: Buffer.concat(parts), modifiedAt: this.#clock.now() })
  }

  async get(name: string, range?: Range, signal?: AbortSignal): Promise<Uint8Array> {
    assertObjectName(name)
    if (range !== undefined) assertRange(name, range)
    throwIfAborted(signal)
    const data = this.#objects.get(name)?.data
    if (data === undefined) throw objectNotFound(name, this.url)
    const { offset, length } = range ?? { offset: 0, length: data.length }
    if (range !== undefined && offset + length > data.length) throw rangeInvalid(name, range, data.length)
    return Uint8Array.from(data.subarray(offset, offset + length))
  }

  async stat(name: string, signal?: AbortSignal): Promise<ObjectInfo | undefined> {
    assertObjectName(name)
    throwIfAborted(signal)
    const entry = this.#objects.get(name)
    return entry && { name, sizeBytes: entry.data.length, modifiedAt: entry.modifiedAt }
  }

  async *list(folder: string, signal?: AbortSignal): AsyncGenerator<ObjectInfo> {
    assertFolderName(folder)
    throwIfAborted(signal)
    const names = [...this.#objects.keys()].filter(name => name.startsWith(`${folder}/`))
    for (const name of names) {
      throwIfAborted(signal)
      const info = await this.stat(name)
      if (info) yield info
    }
  }

  async delete(name: string, signal?: AbortSignal): Promise<void> {
    assertObjectName(name)
    throwIfAborted(signal)
    this.#objects.delete(name)
  }

  async prepare(folders: readonly string[], signal?: AbortSignal): Promise<void> {
    for (const folder of folders) assertFolderName(folder)
    throwIfAborted(signal)
    const [name] = this.#objects.keys()
    if (name !== undefined) throw alreadyExists(this.url, name)
  }

  async sweepTemporary(signal?: AbortSignal): Promise<number> {
    throwIfAborted(signal)
    return 0
  }

  async freeBytes(): Promise<undefined> {
    return undefined
  }

  async close(): Promise<void> {}
}
