import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  GetObjectLockConfigurationCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  type ListObjectsV2CommandOutput,
  ListObjectVersionsCommand,
  type ListObjectVersionsCommandOutput,
  PutObjectCommand,
  PutObjectRetentionCommand,
  type S3Client,
  type StorageClass,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import type { Clock } from '../../base/clock.ts'
import { throwIfAborted } from '../../contract/errors.ts'
import type { Range } from '../storage.ts'
import { isAnswer } from './answers.ts'
import { Deadline } from './deadline.ts'
import { expectedLength, readBody } from './download.ts'
import { type S3Action, translateS3Error } from './errors.ts'
import { afterChecksums, beforeSigning, withHash, withMd5 } from './hashes.ts'
import type { Upload } from './upload.ts'
import { type ListedVersion, listedVersions } from './versions.ts'

export interface BucketFacts {
  /** For messages. */
  url: string
  /** Host and port, for messages. */
  server: string
  bucket: string
  region: string
  /** Of objects that are put; the bucket's own unless given. */
  storageClass?: string
  clock: Clock
}

/** What a request is about, besides the bucket. */
type About = Pick<S3Action, 'kind'> & { name?: string }

/** Where a part of a large object belongs. */
export interface PartPlace {
  key: string
  uploadId: string
  /** From 1. */
  number: number
}

/** Answers to these headers a request is stored for; see ExclusivePuts. */
type Condition = { IfNoneMatch?: '*' }

/** Until when what is stored cannot be removed. */
export interface Retention {
  mode: 'GOVERNANCE' | 'COMPLIANCE'
  until: Date
}

/** An object, or one of its versions. */
export interface VersionPlace {
  key: string
  versionId?: string
}

const notStopped = () => true

/** The requests to one bucket, each with its deadline, and with errors in the words of Holdfast. Keys are whole keys. */
export class Bucket {
  readonly facts: BucketFacts
  readonly #client: S3Client

  constructor(client: S3Client, facts: BucketFacts) {
    this.#client = client
    this.facts = facts
  }

  /** Stores an object whole. A cancelled call ends when it is certain that nothing was stored, or else is carried out. */
  async put(
    name: string,
    key: string,
    upload: Upload,
    { retention, ...condition }: Condition & { retention?: Retention | undefined },
    signal?: AbortSignal,
  ): Promise<void> {
    const command = new PutObjectCommand({
      ...this.#at(key),
      ...this.#class,
      ...condition,
      ...fieldsOf(retention),
      ...bodyOf(upload),
    })
    command.middlewareStack.add(withHash(upload), beforeSigning)
    await this.#ask(
      { kind: 'write', name },
      upload.length,
      signal,
      stop => this.#client.send(command, stop),
      () => !upload.isHandedOut,
    )
  }

  async get(
    name: string,
    { key, versionId }: VersionPlace,
    range: Range | undefined,
    signal?: AbortSignal,
    room?: ArrayBuffer,
  ) {
    const { url } = this.facts
    const asked = range && { Range: `bytes=${range.offset}-${range.offset + range.length - 1}` }
    return await this.#ask({ kind: 'read', name }, range?.length ?? 0, signal, async (stop, deadline) => {
      const { Body, ContentLength, ContentRange } = await this.#client.send(
        new GetObjectCommand({ ...this.#at(key, versionId), ...asked }),
        stop,
      )
      const body = Body as AsyncIterable<Uint8Array> & { destroy(): void }
      try {
        const length = expectedLength(name, url, range, { contentLength: ContentLength, contentRange: ContentRange })
        if (range === undefined) deadline.allow(length)
        return await readBody(body, length, room, name, url)
      } catch (error) {
        // What is not read would block its connection.
        body.destroy()
        throw error
      }
    })
  }

  async head(name: string, { key, versionId }: VersionPlace, signal?: AbortSignal) {
    return await this.#ask({ kind: 'read', name }, 0, signal, stop =>
      this.#client.send(new HeadObjectCommand(this.#at(key, versionId)), stop),
    )
  }

  /** Without the id of a version, a bucket with versions keeps them all behind a marker. */
  async delete(name: string, { key, versionId }: VersionPlace, signal?: AbortSignal): Promise<void> {
    await this.#ask({ kind: 'delete', name }, 0, signal, stop =>
      this.#client.send(new DeleteObjectCommand(this.#at(key, versionId)), stop),
    )
  }

  /** Locks the current version of an object until then. */
  async retain(name: string, key: string, { mode, until }: Retention, signal?: AbortSignal): Promise<void> {
    const Retention = { Mode: mode, RetainUntilDate: until }
    const command = new PutObjectRetentionCommand({ ...this.#at(key), Retention })
    command.middlewareStack.add(withMd5, afterChecksums)
    await this.#ask({ kind: 'lock', name }, 0, signal, stop => this.#client.send(command, stop))
  }

  /** Whether objects of this bucket can be locked. */
  async hasLock(signal?: AbortSignal): Promise<boolean> {
    const command = new GetObjectLockConfigurationCommand({ Bucket: this.facts.bucket })
    try {
      const { ObjectLockConfiguration } = await this.#ask({ kind: 'lock' }, 0, signal, stop =>
        this.#client.send(command, stop),
      )
      return ObjectLockConfiguration?.ObjectLockEnabled === 'Enabled'
    } catch (error) {
      if (isAnswer(error, 404)) return false
      throw error
    }
  }

  /** All versions of what begins with `prefix`, by key, of each key the newest first. */
  async *versions(prefix: string, signal?: AbortSignal): AsyncGenerator<ListedVersion> {
    let after: { KeyMarker?: string; VersionIdMarker?: string } | undefined = {}
    while (after !== undefined) {
      const command = new ListObjectVersionsCommand({ Bucket: this.facts.bucket, Prefix: prefix, ...after })
      const page: ListObjectVersionsCommandOutput = await this.#ask({ kind: 'versions' }, 0, signal, stop =>
        this.#client.send(command, stop),
      )
      yield* listedVersions(page)
      const { NextKeyMarker: key, NextVersionIdMarker: id } = page
      after = page.IsTruncated ? { ...(key && { KeyMarker: key }), ...(id && { VersionIdMarker: id }) } : undefined
    }
  }

  /** One page of keys that begin with `prefix`. Answers say in words why they refuse, unlike those to HEAD. */
  async page(
    kind: 'open' | 'list',
    options: { prefix: string; token?: string | undefined; most?: number },
    signal?: AbortSignal,
  ): Promise<ListObjectsV2CommandOutput> {
    const { prefix, token, most } = options
    return await this.#ask({ kind }, 0, signal, stop =>
      this.#client.send(
        new ListObjectsV2Command({
          Bucket: this.facts.bucket,
          Prefix: prefix,
          ...(token !== undefined && { ContinuationToken: token }),
          ...(most !== undefined && { MaxKeys: most }),
        }),
        stop,
      ),
    )
  }

  /** Cannot be cancelled: who does not learn the id could not give the upload up. */
  async beginParts(name: string, key: string, retention?: Retention): Promise<string> {
    const command = new CreateMultipartUploadCommand({ ...this.#at(key), ...this.#class, ...fieldsOf(retention) })
    const { UploadId } = await this.#ask({ kind: 'write', name }, 0, undefined, stop =>
      this.#client.send(command, stop),
    )
    return UploadId ?? ''
  }

  /** The part's ETag. */
  async putPart(name: string, { key, uploadId, number }: PartPlace, upload: Upload, signal?: AbortSignal) {
    const command = new UploadPartCommand({
      ...this.#at(key),
      UploadId: uploadId,
      PartNumber: number,
      ...bodyOf(upload),
    })
    command.middlewareStack.add(withHash(upload), beforeSigning)
    const { ETag } = await this.#ask({ kind: 'write', name }, upload.length, signal, stop =>
      this.#client.send(command, stop),
    )
    return ETag
  }

  /** Makes the parts one object. Cannot be cancelled: only its answer tells whether there is an object. */
  async completeParts(
    name: string,
    { key, uploadId }: Omit<PartPlace, 'number'>,
    etags: readonly (string | undefined)[],
    condition: Condition,
  ): Promise<void> {
    const Parts = etags.map((ETag, index) => ({ ETag, PartNumber: index + 1 }))
    const command = new CompleteMultipartUploadCommand({
      ...this.#at(key),
      UploadId: uploadId,
      MultipartUpload: { Parts },
      ...condition,
    })
    await this.#ask({ kind: 'write', name }, 0, undefined, stop => this.#client.send(command, stop))
  }

  async abortParts(key: string, uploadId: string, signal?: AbortSignal): Promise<void> {
    const command = new AbortMultipartUploadCommand({ ...this.#at(key), UploadId: uploadId })
    await this.#ask({ kind: 'write' }, 0, signal, stop => this.#client.send(command, stop))
  }

  /** A page of uploads in parts that nobody has ended. */
  async unfinished(prefix: string, after?: { key?: string; uploadId?: string }, signal?: AbortSignal) {
    const command = new ListMultipartUploadsCommand({
      Bucket: this.facts.bucket,
      Prefix: prefix,
      ...(after?.key !== undefined && { KeyMarker: after.key }),
      ...(after?.uploadId !== undefined && { UploadIdMarker: after.uploadId }),
    })
    return await this.#ask({ kind: 'list' }, 0, signal, stop => this.#client.send(command, stop))
  }

  close(): void {
    this.#client.destroy()
  }

  #at(key: string, versionId?: string): { Bucket: string; Key: string; VersionId?: string } {
    return { Bucket: this.facts.bucket, Key: key, ...(versionId !== undefined && { VersionId: versionId }) }
  }

  get #class(): { StorageClass?: StorageClass } {
    const { storageClass } = this.facts
    return storageClass === undefined ? {} : { StorageClass: storageClass as StorageClass }
  }

  async #ask<T>(
    about: About,
    bytes: number,
    signal: AbortSignal | undefined,
    send: (stop: { abortSignal: AbortSignal }, deadline: Deadline) => Promise<T>,
    mayStop: () => boolean = notStopped,
  ): Promise<T> {
    throwIfAborted(signal)
    const deadline = new Deadline(bytes, signal, mayStop)
    try {
      return await send({ abortSignal: deadline.signal }, deadline)
    } catch (error) {
      throw translateS3Error(error, { ...this.facts, ...about, now: this.facts.clock.now() }, signal)
    } finally {
      deadline.end()
    }
  }
}

const bodyOf = (upload: Upload) => ({
  Body: upload.body(),
  ContentLength: upload.length,
  ...(upload.md5 !== undefined && { ContentMD5: upload.md5 }),
})

const fieldsOf = (retention: Retention | undefined) =>
  retention && { ObjectLockMode: retention.mode, ObjectLockRetainUntilDate: retention.until }
