import { createServer as createHttpServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { localhostCertificate, localhostKey } from './localhostCertificate.ts'
import { ObjectStore } from './s3/objects.ts'
import { Refusal } from './s3/refusal.ts'
import { answerForBucket, answerForObject, type S3Answer, type S3Request } from './s3/requests.ts'
import { bodyFault, claimOf, verifySignature } from './s3/signature.ts'
import { xmlDocument } from './s3/xml.ts'

/** A key that the server knows, and what it may do; everything unless said otherwise. */
export interface ServerKey {
  id: string
  secret: string
  mayRead?: boolean
  mayWrite?: boolean
  mayList?: boolean
  /** False: an append-only key. */
  mayDelete?: boolean
  hasExpired?: boolean
}

export interface S3ServerOptions {
  /** One key with all rights, `ownerKey`, unless given. */
  keys?: ServerKey[]
  /** Requests that are signed for another region are refused; any will do unless given. */
  region?: string
  /** Milliseconds since 1970 UTC; the real time unless given. */
  clock?: () => number
  /** What locks run out by; `clock` unless given. */
  lockClock?: () => number
  /** Most bytes of all objects together. */
  quotaBytes?: number
  /** What becomes of If-None-Match of a put: kept unless given, passed over, or refused as unknown. */
  conditions?: 'kept' | 'ignored' | 'refused'
  /** Connections on which nothing happens are broken off after so long, in the middle of a request, too; never and 60 s unless given. */
  idleMs?: number
  /** With a certificate for localhost that signs itself. */
  tls?: boolean
}

/** One request that was answered, in order. */
export interface LoggedRequest {
  method: string
  key: string
  query: string
  /** Of the body that came. */
  bytes: number
  status: number
}

export const ownerKey: ServerKey = { id: 'OWNERKEY', secret: 'owner/secret+1' }
/** A bucket that is there from the beginning. */
export const testBucket = 'lab'

const toleratedSkewMs = 15 * 60_000

/**
 * A small S3 server on loopback, in memory: signatures, hashes, conditional puts, ranges, listings in pages, parts, retention.
 * Versions and object lock in buckets that were made with them. It answers as radosgw does wherever the driver looks; test/integration/storage asks both the same.
 */
export class S3Server {
  readonly options: S3ServerOptions
  readonly log: LoggedRequest[] = []
  readonly buckets = new Map([[testBucket, new ObjectStore()]])
  readonly #server: Server

  private constructor(options: S3ServerOptions) {
    this.options = options
    const handle = (request: IncomingMessage, response: ServerResponse) => void this.#handle(request, response)
    this.#server = options.tls
      ? createTlsServer({ cert: localhostCertificate, key: localhostKey }, handle)
      : createHttpServer(handle)
    this.#server.keepAliveTimeout = options.idleMs ?? 60_000
    if (options.idleMs !== undefined) this.#server.timeout = options.idleMs
  }

  static async start(options: S3ServerOptions = {}): Promise<S3Server> {
    const server = new S3Server(options)
    await server.listen(0)
    return server
  }

  /** After `close` it comes back at its port, with all that it holds. */
  async listen(port: number): Promise<void> {
    await new Promise<void>(resolve => this.#server.listen(port, '127.0.0.1', resolve))
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  get endpoint(): string {
    return `${this.options.tls ? 'https' : 'http'}://127.0.0.1:${this.port}`
  }

  /** The place of a repository here, as a URL. */
  url(prefix = '', bucket = testBucket): string {
    return `s3:${this.endpoint}/${bucket}${prefix === '' ? '' : `/${prefix}`}`
  }

  get objects(): ObjectStore['objects'] {
    return this.buckets.get(testBucket)!.objects
  }

  /** Bytes of bodies that came with successful puts, of parts too. */
  get bytesPut(): number {
    return this.log.reduce(
      (sum, { method, status, bytes }) => sum + (method === 'PUT' && status === 200 ? bytes : 0),
      0,
    )
  }

  /** Connections that are open now. */
  connections(): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.getConnections((error, count) => (error ? reject(error) : resolve(count)))
    })
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise(resolve => this.#server.close(resolve))
  }

  async #handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    try {
      for await (const chunk of incoming) chunks.push(chunk as Buffer)
    } catch {
      // Broken off by the other side: nothing is stored.
      return
    }
    const body = Buffer.concat(chunks)
    const target = incoming.url ?? '/'
    const { pathname, searchParams } = new URL(target, this.endpoint)
    const [, bucket = '', key = ''] = /^\/([^/]*)\/?(.*)$/s.exec(pathname) ?? []
    const method = incoming.method ?? 'GET'
    const request: S3Request = {
      method,
      bucket,
      key: decodeURIComponent(key),
      query: searchParams,
      headers: incoming.headers,
      body,
    }
    const answer = this.#answer(request, target)
    this.log.push({
      method,
      key: request.key,
      query: searchParams.toString(),
      bytes: body.length,
      status: answer.status,
    })
    const content = answer.body ?? ''
    response.writeHead(answer.status, {
      date: new Date(this.#now).toUTCString(),
      'x-amz-request-id': String(this.log.length),
      ...answer.headers,
      ...(answer.status !== 204 && { 'content-length': Buffer.byteLength(content) }),
    })
    response.end(method === 'HEAD' ? undefined : content)
  }

  get #now(): number {
    return (this.options.clock ?? Date.now)()
  }

  #answer(request: S3Request, target: string): S3Answer {
    try {
      return this.#answerOrRefuse(request, target)
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      const { status, code, extra } = error
      return {
        status,
        headers: { 'content-type': 'application/xml', ...(extra.Region && { 'x-amz-bucket-region': extra.Region }) },
        body: xmlDocument('Error', { Code: code, Message: code, ...extra, Resource: request.key }),
      }
    }
  }

  #answerOrRefuse(request: S3Request, target: string): S3Answer {
    const { region, conditions = 'kept', quotaBytes = Number.POSITIVE_INFINITY } = this.options
    const raw = { method: request.method, target, headers: request.headers }
    const claim = claimOf(raw)
    if (!claim) throw new Refusal(403, 'AccessDenied')
    const key = (this.options.keys ?? [ownerKey]).find(({ id }) => id === claim.keyId)
    if (!key) throw new Refusal(403, 'InvalidAccessKeyId')
    if (Math.abs(claim.at - this.#now) > toleratedSkewMs) throw new Refusal(403, 'RequestTimeTooSkewed')
    if (region !== undefined && claim.region !== region) {
      throw new Refusal(400, 'AuthorizationHeaderMalformed', { Region: region })
    }
    if (!verifySignature(raw, key.secret)) throw new Refusal(403, 'SignatureDoesNotMatch')
    if (key.hasExpired) throw new Refusal(400, 'ExpiredToken')
    const fault = bodyFault(request.headers, request.body)
    if (fault) throw new Refusal(400, fault)
    const store = this.buckets.get(request.bucket)
    if (!store && request.method === 'PUT' && request.key === '') {
      const lock = request.headers['x-amz-bucket-object-lock-enabled'] === 'true'
      this.buckets.set(request.bucket, new ObjectStore({ lock }))
      return { status: 200 }
    }
    if (!store) throw new Refusal(404, 'NoSuchBucket')
    if (!isAllowed(key, request)) throw new Refusal(403, 'AccessDenied')
    const lockNow = this.options.lockClock?.() ?? this.#now
    const manners = { now: this.#now, lockNow, conditions, quotaBytes, mayDelete: key.mayDelete ?? true }
    return request.key === '' ? answerForBucket(store, request, manners) : answerForObject(store, request, manners)
  }
}

/** Whether the key may do it at all; of removing each object is asked by itself. */
function isAllowed(key: ServerKey, request: S3Request): boolean {
  const isRead = request.method === 'GET' || request.method === 'HEAD'
  if (request.key === '') return request.method === 'POST' || (key.mayList ?? true)
  return isRead ? (key.mayRead ?? true) : request.method === 'DELETE' || (key.mayWrite ?? true)
}
