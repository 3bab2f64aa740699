import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  type ListObjectsV2CommandOutput,
  PutObjectCommand,
  type S3Client,
  type StorageClass,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import type { Clock } from '../../base/clock.ts'
import { throwIfAborted } from '../../contract/errors.ts'
import type { Range } from '../storage.ts'
import { Deadline } from './deadline.ts'
import { expectedLength, readBody } from './download.ts'
import { type S3Action, translateS3Error } from './errors.ts'
import type { Upload } from './upload.ts'

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
  async put(name: string, key: string, upload: Upload, condition: Condition, signal?: AbortSignal): Promise<void> {
    const command = new PutObjectCommand({ ...this.#at(key), ...this.#class, ...condition, ...bodyOf(upload) })
    command.middlewareStack.add(withHash(upload), beforeSigning)
    await this.#ask(
      { kind: 'write', name },
      upload.length,
      signal,
      stop => this.#client.send(command, stop),
      () => !upload.isHandedOut,
    )
  }

  async get(name: string, key: string, range: Range | undefined, signal?: AbortSignal, room?: ArrayBuffer) {
    const { url } = this.facts
    const asked = range && { Range: `bytes=${range.offset}-${range.offset + range.length - 1}` }
    return await this.#ask({ kind: 'read', name }, range?.length ?? 0, signal, async (stop, deadline) => {
      const { Body, ContentLength, ContentRange } = await this.#client.send(
        new GetObjectCommand({ ...this.#at(key), ...asked }),
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

  async head(name: string, key: string, signal?: AbortSignal) {
    return await this.#ask({ kind: 'read', name }, 0, signal, stop =>
      this.#client.send(new HeadObjectCommand(this.#at(key)), stop),
    )
  }

  async delete(name: string, key: string, signal?: AbortSignal): Promise<void> {
    await this.#ask({ kind: 'delete', name }, 0, signal, stop =>
      this.#client.send(new DeleteObjectCommand(this.#at(key)), stop),
    )
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
  async beginParts(name: string, key: string): Promise<string> {
    const command = new CreateMultipartUploadCommand({ ...this.#at(key), ...this.#class })
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

  #at(key: string): { Bucket: string; Key: string } {
    return { Bucket: this.facts.bucket, Key: key }
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

const bodyOf = (upload: Upload) => ({ Body: upload.body(), ContentLength: upload.length })

/** Has a request signed with the hash of its body, which the SDK does not know as the body is a stream. */
const withHash =
  ({ hash }: Upload) =>
  <Args extends { request: unknown }, Result>(next: (args: Args) => Promise<Result>) =>
  (args: Args): Promise<Result> => {
    const { headers } = args.request as { headers: Record<string, string> }
    headers['x-amz-content-sha256'] = hash
    return next(args)
  }

const beforeSigning = { step: 'build', name: 'bodyHash' } as const
