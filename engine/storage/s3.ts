import { throwIfAborted } from '../contract/errors.ts'
import { configName } from './directory/prepare.ts'
import {
  alreadyExists,
  assertFolderName,
  assertObjectName,
  assertRange,
  isObjectName,
  notEmpty,
  objectExists,
  objectNotFound,
  rangeInvalid,
  trialFolder,
} from './names.ts'
import { isAnswer } from './s3/answers.ts'
import type { Bucket, Retention } from './s3/bucket.ts'
import { BucketLock, type LockOptions } from './s3/bucketLock.ts'
import { ExclusivePuts, type KnownConditions } from './s3/exclusivePuts.ts'
import { type PartOptions, putInParts, usualParts } from './s3/parts.ts'
import { lengthOf, Upload } from './s3/upload.ts'
import type { ObjectInfo, PutOptions, Range, Storage } from './storage.ts'

const dayMs = 24 * 60 * 60 * 1000

export interface S3StorageOptions {
  bucket: Bucket
  /** What all keys begin with, before a slash; empty for the whole bucket. */
  prefix: string
  /** What the provider is known to do with `If-None-Match: *`. */
  conditions: KnownConditions
  /** How what is put is locked against removal; not at all unless given. */
  lock?: LockOptions | undefined
  parts?: Partial<PartOptions>
}

/**
 * Objects in a bucket of S3 or of what speaks like it. An object is one request, or above 64 MiB parts that are made one at
 * the end, so that it is whole or not there. What is sent carries its hash, signed; the server refuses it when it arrives changed.
 */
export class S3Storage implements Storage {
  readonly url: string
  /** One connection rarely fills a line; four packs of 16 MiB are 64 MiB of memory. */
  readonly parallelPuts = 4
  readonly #bucket: Bucket
  readonly #prefix: string
  readonly #exclusive: ExclusivePuts
  readonly #parts: PartOptions
  readonly objectLock: BucketLock | undefined

  constructor({ bucket, prefix, conditions, lock, parts }: S3StorageOptions) {
    this.url = bucket.facts.url
    this.#bucket = bucket
    this.#prefix = prefix === '' ? '' : `${prefix}/`
    this.objectLock = lock && new BucketLock(bucket, this.#prefix, lock)
    this.#exclusive = new ExclusivePuts(conditions)
    this.#parts = { ...usualParts, ...parts }
  }

  async put(name: string, parts: readonly Uint8Array[], options: PutOptions = {}): Promise<void> {
    assertObjectName(name)
    const { overwrite = false, transient = false, signal, onSent } = options
    throwIfAborted(signal)
    const size = lengthOf(parts)
    const isLarge = size > this.#parts.thresholdBytes
    // Some servers that look at the condition of a put do not for an object in parts.
    const look = !overwrite && (isLarge || this.#exclusive.needsLook)
    if (look && (await this.stat(name, signal))) throw objectExists(name, this.url)
    const retention = transient ? undefined : this.objectLock?.retention()
    if (isLarge) {
      const condition = overwrite || this.#exclusive.needsLook ? {} : exclusively
      await this.#refusing(name, () =>
        putInParts(this.#bucket, { name, key: this.#key(name) }, parts, {
          ...this.#parts,
          condition,
          retention,
          signal,
          onSent,
        }),
      )
    } else {
      const upload = await Upload.of(parts, { md5: retention !== undefined, onSent })
      if (overwrite) await this.#bucket.put(name, this.#key(name), upload, { retention }, signal)
      else await this.#putExclusively(name, upload, retention, signal)
    }
    if (retention) this.objectLock?.notePut(name, retention)
  }

  async #putExclusively(
    name: string,
    upload: Upload,
    retention: Retention | undefined,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const key = this.#key(name)
    if (!this.#exclusive.maySend) return await this.#bucket.put(name, key, upload, { retention }, signal)
    try {
      await this.#refusing(name, () => this.#bucket.put(name, key, upload, { ...exclusively, retention }, signal))
    } catch (error) {
      if (!isAnswer(error, 501, 'NotImplemented')) throw error
      this.#exclusive.sawNotImplemented()
      return await this.#bucket.put(name, key, upload, { retention }, signal)
    }
    if (this.#exclusive.isWorthProbing(upload.length)) await this.#probe(name, upload, retention)
  }

  /** Puts the same bytes in place of themselves, to learn whether the server lets it happen. See ExclusivePuts. */
  async #probe(name: string, upload: Upload, retention: Retention | undefined): Promise<void> {
    try {
      await this.#refusing(name, () => this.#bucket.put(name, this.#key(name), upload, { ...exclusively, retention }))
      this.#exclusive.sawOverwrite()
    } catch {
      // Refused as it should be, or nothing was learnt. The object is stored either way.
    }
  }

  async #refusing(name: string, put: () => Promise<void>): Promise<void> {
    try {
      await put()
    } catch (error) {
      if (!isAnswer(error, 412)) throw error
      this.#exclusive.sawRefusal()
      throw objectExists(name, this.url)
    }
  }

  async get(name: string, range?: Range, signal?: AbortSignal, room?: ArrayBuffer): Promise<Uint8Array> {
    assertObjectName(name)
    if (range !== undefined) assertRange(name, range)
    throwIfAborted(signal)
    try {
      return await this.#bucket.get(name, { key: this.#key(name) }, range, signal, room)
    } catch (error) {
      if (isMissing(error)) throw objectNotFound(name, this.url)
      if (range === undefined || !isAnswer(error, 416)) throw error
      const sizeBytes = (await this.stat(name, signal))?.sizeBytes
      throw sizeBytes === undefined ? objectNotFound(name, this.url) : rangeInvalid(name, range, sizeBytes)
    }
  }

  async stat(name: string, signal?: AbortSignal): Promise<ObjectInfo | undefined> {
    assertObjectName(name)
    throwIfAborted(signal)
    try {
      const { ContentLength = 0, LastModified } = await this.#bucket.head(name, { key: this.#key(name) }, signal)
      return { name, sizeBytes: ContentLength, modifiedAt: timeOf(LastModified) }
    } catch (error) {
      if (isMissing(error)) return undefined
      // An answer to HEAD does not say why it refuses; one to a listing does.
      const isDark = isAnswer(error, 400) || isAnswer(error, 403)
      if (isDark) await this.#bucket.page('list', { prefix: this.#key(name), most: 1 }, signal)
      throw error
    }
  }

  async *list(folder: string, signal?: AbortSignal): AsyncGenerator<ObjectInfo> {
    assertFolderName(folder)
    throwIfAborted(signal)
    let token: string | undefined
    do {
      const page = await this.#bucket.page('list', { prefix: this.#key(`${folder}/`), token }, signal)
      for (const { Key = '', Size = 0, LastModified } of page.Contents ?? []) {
        const name = Key.slice(this.#prefix.length)
        // Whatever else somebody puts there is none of ours.
        if (!isObjectName(name)) continue
        throwIfAborted(signal)
        yield { name, sizeBytes: Size, modifiedAt: timeOf(LastModified) }
      }
      token = page.IsTruncated ? page.NextContinuationToken : undefined
    } while (token !== undefined)
  }

  async delete(name: string, signal?: AbortSignal): Promise<void> {
    assertObjectName(name)
    throwIfAborted(signal)
    try {
      await this.#bucket.delete(name, { key: this.#key(name) }, signal)
    } catch (error) {
      if (!isMissing(error)) throw error
    }
  }

  /** A bucket has no folders; it must be there, and hold nothing under the prefix. */
  async prepare(folders: readonly string[], signal?: AbortSignal): Promise<void> {
    for (const folder of folders) assertFolderName(folder)
    throwIfAborted(signal)
    const { Contents = [] } = await this.#bucket.page('open', { prefix: this.#prefix }, signal)
    // Consoles of providers make an empty object for a “folder”.
    const isFurniture = (name: string) => name === '' || name.startsWith(`${trialFolder}/`)
    const names = Contents.map(({ Key = '' }) => Key.slice(this.#prefix.length)).filter(name => !isFurniture(name))
    const object = names.find(name => name === configName || folders.some(folder => name.startsWith(`${folder}/`)))
    if (object !== undefined) throw alreadyExists(this.url, object)
    if (names[0] !== undefined)
      throw notEmpty(this.url, names[0], 'Choose another bucket, or a prefix that is new: BUCKET/PREFIX.')
    await this.objectLock?.requireEnabled(signal)
  }

  /** Gives up uploads in parts that nobody has ended. Without the right to list them there is nothing to do. */
  async sweepTemporary(signal?: AbortSignal): Promise<number> {
    throwIfAborted(signal)
    const before = this.#bucket.facts.clock.now() - dayMs
    let swept = 0
    let after: { key?: string; uploadId?: string } | undefined
    do {
      const page = await this.#bucket.unfinished(this.#prefix, after, signal).catch(error => {
        if (isAnswer(error, 403) || isAnswer(error, 501)) return undefined
        throw error
      })
      for (const { Key = '', UploadId = '', Initiated } of page?.Uploads ?? []) {
        const isOld = Initiated !== undefined && Initiated.getTime() < before
        if (!isOld || !isObjectName(Key.slice(this.#prefix.length))) continue
        await this.#bucket.abortParts(Key, UploadId, signal)
        swept++
      }
      after = page?.IsTruncated
        ? {
            ...(page.NextKeyMarker && { key: page.NextKeyMarker }),
            ...(page.NextUploadIdMarker && { uploadId: page.NextUploadIdMarker }),
          }
        : undefined
    } while (after !== undefined)
    return swept
  }

  async freeBytes(): Promise<undefined> {
    return undefined
  }

  async close(): Promise<void> {
    this.#bucket.close()
  }

  #key(name: string): string {
    return `${this.#prefix}${name}`
  }
}

const exclusively = { IfNoneMatch: '*' } as const

/** Whole seconds: some servers list fractions and leave them out elsewhere. */
const timeOf = (date: Date | undefined): number => Math.floor((date?.getTime() ?? 0) / 1000) * 1000

const isMissing = (error: unknown): boolean => isAnswer(error, 404)
