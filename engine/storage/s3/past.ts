import { throwIfAborted } from '../../contract/errors.ts'
import { MemoryStorage } from '../memory.ts'
import {
  assertFolderName,
  assertObjectName,
  assertRange,
  isObjectName,
  objectNotFound,
  rangeInvalid,
} from '../names.ts'
import { readOnly } from '../readOnly.ts'
import type { ObjectInfo, PutOptions, Range, Storage } from '../storage.ts'
import { isAnswer } from './answers.ts'
import type { Bucket } from './bucket.ts'

interface PastObject extends ObjectInfo {
  versionId: string
}

/**
 * A bucket with versions as it was at a moment, for reading: what was removed or overwritten since is there as it was. Changing it is
 * storage.readOnly. What is transient (locks of the repository) is kept in memory, since nobody could wait for it.
 */
export class PastBucket implements Storage {
  readonly url: string
  readonly #bucket: Bucket
  readonly #prefix: string
  readonly #objects: ReadonlyMap<string, PastObject>
  readonly #transient: Storage

  private constructor(bucket: Bucket, prefix: string, objects: ReadonlyMap<string, PastObject>) {
    this.url = bucket.facts.url
    this.#bucket = bucket
    this.#prefix = prefix
    this.#objects = objects
    this.#transient = new MemoryStorage(bucket.facts.clock)
  }

  /** Lists all versions below the prefix (empty, or with a slash at its end), a thousand with each request. */
  static async open(bucket: Bucket, prefix: string, at: number, signal?: AbortSignal): Promise<PastBucket> {
    const objects = new Map<string, PastObject>()
    const decided = new Set<string>()
    for await (const { key, versionId, isMarker, sizeBytes, modifiedAt } of bucket.versions(prefix, signal)) {
      const name = key.slice(prefix.length)
      // Of each key the newest comes first: the first one that is old enough is what was there.
      if (modifiedAt > at || decided.has(key) || !isObjectName(name)) continue
      decided.add(key)
      if (!isMarker) objects.set(name, { name, sizeBytes, modifiedAt, versionId })
    }
    return new PastBucket(bucket, prefix, objects)
  }

  get isEmpty(): boolean {
    return this.#objects.size === 0
  }

  async put(name: string, parts: readonly Uint8Array[], options: PutOptions = {}): Promise<void> {
    const into = options.transient ? this.#transient : readOnly(this)
    await into.put(name, parts, options)
  }

  async get(name: string, range?: Range, signal?: AbortSignal, room?: ArrayBuffer): Promise<Uint8Array> {
    assertObjectName(name)
    if (range !== undefined) assertRange(name, range)
    throwIfAborted(signal)
    const object = this.#objects.get(name)
    if (object === undefined) return await this.#transient.get(name, range, signal, room)
    const place = { key: `${this.#prefix}${name}`, versionId: object.versionId }
    try {
      return await this.#bucket.get(name, place, range, signal, room)
    } catch (error) {
      if (isAnswer(error, 404)) throw objectNotFound(name, this.url)
      throw range !== undefined && isAnswer(error, 416) ? rangeInvalid(name, range, object.sizeBytes) : error
    }
  }

  async stat(name: string, signal?: AbortSignal): Promise<ObjectInfo | undefined> {
    assertObjectName(name)
    throwIfAborted(signal)
    const object = this.#objects.get(name)
    if (object === undefined) return await this.#transient.stat(name, signal)
    return { name, sizeBytes: object.sizeBytes, modifiedAt: object.modifiedAt }
  }

  async *list(folder: string, signal?: AbortSignal): AsyncGenerator<ObjectInfo> {
    assertFolderName(folder)
    for (const { name, sizeBytes, modifiedAt } of this.#objects.values()) {
      throwIfAborted(signal)
      if (name.startsWith(`${folder}/`)) yield { name, sizeBytes, modifiedAt }
    }
    yield* this.#transient.list(folder, signal)
  }

  /** Locks of then are over, whoever held them; what is there stays. */
  async delete(name: string, signal?: AbortSignal): Promise<void> {
    if (this.#objects.has(name) && !(await this.#transient.stat(name))) await readOnly(this).delete(name, signal)
    await this.#transient.delete(name, signal)
  }

  async prepare(folders: readonly string[]): Promise<void> {
    await readOnly(this).prepare(folders)
  }

  async sweepTemporary(): Promise<number> {
    return 0
  }

  async freeBytes(): Promise<undefined> {
    return undefined
  }

  async close(): Promise<void> {
    this.#bucket.close()
  }
}
