import type { IncomingHttpHeaders } from 'node:http'
import { etagOf, type ObjectLock, type ObjectStore, type StoredObject } from './objects.ts'
import { Refusal } from './refusal.ts'
import { textsIn, xmlDocument } from './xml.ts'

export interface S3Request {
  method: string
  bucket: string
  key: string
  query: URLSearchParams
  headers: IncomingHttpHeaders
  body: Buffer
}

export interface S3Answer {
  status: number
  headers?: Record<string, string>
  body?: Buffer | string
}

export interface Manners {
  now: number
  /** See S3ServerOptions. */
  conditions: 'kept' | 'ignored' | 'refused'
  quotaBytes: number
  mayDelete: boolean
}

const isoOf = (ms: number): string => new Date(ms).toISOString()
const mostKeys = 1000
const leastPartBytes = 5 * 1024 * 1024

/** What is asked of a bucket as a whole. */
export function answerForBucket(store: ObjectStore, request: S3Request, manners: Manners): S3Answer {
  const { method, query, body } = request
  if (method === 'HEAD') return { status: 200 }
  if (method === 'GET' && query.has('uploads')) return listUploads(store, request)
  if (method === 'GET' && query.get('list-type') === '2') return listObjects(store, request)
  if (method === 'POST' && query.has('delete')) {
    const keys = textsIn(body.toString(), 'Key')
    const outcomes = keys.map(key => ({ key, refusal: whyKept(store.objects.get(key), request, manners) }))
    for (const { key, refusal } of outcomes) if (!refusal) store.objects.delete(key)
    return xml('DeleteResult', {
      Deleted: outcomes.filter(({ refusal }) => !refusal).map(({ key }) => ({ Key: key })),
      Error: outcomes.filter(({ refusal }) => refusal).map(({ key }) => ({ Key: key, Code: 'AccessDenied' })),
    })
  }
  throw new Refusal(501, 'NotImplemented')
}

/** What is asked of one object. */
export function answerForObject(store: ObjectStore, request: S3Request, manners: Manners): S3Answer {
  const { method, key, query } = request
  if (query.has('uploads') || query.has('uploadId')) return answerForParts(store, request, manners)
  if (query.has('retention')) return answerForRetention(store, request)
  if (method === 'PUT') {
    put(store, key, request.body, request, manners)
    return { status: 200, headers: { etag: etagOf(request.body) } }
  }
  if (method === 'DELETE') {
    if (whyKept(store.objects.get(key), request, manners)) throw new Refusal(403, 'AccessDenied')
    store.objects.delete(key)
    return { status: 204 }
  }
  if (method !== 'GET' && method !== 'HEAD') throw new Refusal(405, 'MethodNotAllowed')
  const object = store.objects.get(key)
  if (!object) throw new Refusal(404, 'NoSuchKey')
  return read(object, request)
}

function read(object: StoredObject, { headers }: S3Request): S3Answer {
  const { data, etag, modifiedAt, lock } = object
  const facts: Record<string, string> = {
    etag,
    'last-modified': new Date(modifiedAt).toUTCString(),
    'accept-ranges': 'bytes',
    'content-type': 'application/octet-stream',
    ...(lock && { 'x-amz-object-lock-mode': lock.mode, 'x-amz-object-lock-retain-until-date': isoOf(lock.until) }),
    ...(object.storageClass && { 'x-amz-storage-class': object.storageClass }),
  }
  const [, from = '', to = ''] = /^bytes=(\d*)-(\d*)$/.exec(headers.range ?? '') ?? []
  if (from === '' && to === '') return { status: 200, headers: facts, body: data }
  const first = from === '' ? Math.max(0, data.length - Number(to)) : Number(from)
  const last = from === '' || to === '' ? data.length - 1 : Math.min(Number(to), data.length - 1)
  if (first > last) throw new Refusal(416, 'InvalidRange', { ActualObjectSize: String(data.length) })
  const range = `bytes ${first}-${last}/${data.length}`
  return { status: 206, headers: { ...facts, 'content-range': range }, body: data.subarray(first, last + 1) }
}

function put(store: ObjectStore, key: string, data: Buffer, { headers }: S3Request, manners: Manners): void {
  const condition = headers['if-none-match']
  if (condition !== undefined && manners.conditions === 'refused') throw new Refusal(501, 'NotImplemented')
  if (condition === '*' && manners.conditions === 'kept' && store.objects.has(key)) {
    throw new Refusal(412, 'PreconditionFailed')
  }
  if (store.sizeBytes - (store.objects.get(key)?.data.length ?? 0) + data.length > manners.quotaBytes) {
    throw new Refusal(403, 'QuotaExceeded')
  }
  store.objects.set(key, {
    data,
    etag: etagOf(data),
    modifiedAt: manners.now,
    lock: lockOf(headers),
    storageClass: one(headers['x-amz-storage-class']),
  })
}

function answerForParts(store: ObjectStore, request: S3Request, manners: Manners): S3Answer {
  const { method, bucket, key, query, body, headers } = request
  if (method === 'POST' && query.has('uploads')) {
    const id = store.begin(key, manners.now, one(headers['x-amz-storage-class']))
    return xml('InitiateMultipartUploadResult', { Bucket: bucket, Key: key, UploadId: id })
  }
  const id = query.get('uploadId') ?? ''
  const upload = store.uploads.get(id)
  if (upload?.key !== key) throw new Refusal(404, 'NoSuchUpload')
  if (method === 'DELETE') {
    store.uploads.delete(id)
    return { status: 204 }
  }
  if (method === 'PUT') {
    upload.parts.set(Number(query.get('partNumber')), body)
    return { status: 200, headers: { etag: etagOf(body) } }
  }
  if (method !== 'POST') throw new Refusal(405, 'MethodNotAllowed')
  const numbers = textsIn(body.toString(), 'PartNumber').map(Number)
  const data = store.whole(id, numbers)
  const isRight = textsIn(body.toString(), 'ETag').every(
    (etag, index) => etag === etagOf(upload.parts.get(numbers[index]!) ?? Buffer.alloc(0)),
  )
  if (!data || !isRight) throw new Refusal(400, 'InvalidPart')
  if (numbers.slice(0, -1).some(number => upload.parts.get(number)!.length < leastPartBytes)) {
    throw new Refusal(400, 'EntityTooSmall')
  }
  // As radosgw does: the condition of the last request is passed over.
  put(store, key, data, { ...request, headers: {} }, manners)
  store.uploads.delete(id)
  return xml('CompleteMultipartUploadResult', { Bucket: bucket, Key: key, ETag: etagOf(data) })
}

function answerForRetention(store: ObjectStore, { method, key, body, headers }: S3Request): S3Answer {
  const object = store.objects.get(key)
  if (!object) throw new Refusal(404, 'NoSuchKey')
  if (method === 'GET') {
    if (!object.lock) throw new Refusal(404, 'NoSuchObjectLockConfiguration')
    return xml('Retention', { Mode: object.lock.mode, RetainUntilDate: isoOf(object.lock.until) })
  }
  const [mode] = textsIn(body.toString(), 'Mode')
  const until = Date.parse(textsIn(body.toString(), 'RetainUntilDate')[0] ?? '')
  if (mode !== 'GOVERNANCE' && mode !== 'COMPLIANCE') throw new Refusal(400, 'MalformedXML')
  const isShorter = object.lock !== undefined && until < object.lock.until
  const mayShorten = object.lock?.mode === 'GOVERNANCE' && headers['x-amz-bypass-governance-retention'] === 'true'
  if (isShorter && !mayShorten) throw new Refusal(403, 'AccessDenied')
  object.lock = { mode, until }
  return { status: 200 }
}

function listObjects(store: ObjectStore, { bucket, query }: S3Request): S3Answer {
  const prefix = query.get('prefix') ?? ''
  const after = query.get('continuation-token') ?? query.get('start-after') ?? ''
  const most = Math.min(Number(query.get('max-keys') ?? mostKeys), mostKeys)
  const keys = store.keysAfter(prefix, after)
  const page = keys.slice(0, most)
  const isTruncated = keys.length > most
  return xml('ListBucketResult', {
    Name: bucket,
    Prefix: prefix,
    MaxKeys: most,
    KeyCount: page.length,
    IsTruncated: isTruncated,
    NextContinuationToken: isTruncated ? page.at(-1) : undefined,
    Contents: page.map(key => {
      const { data, etag, modifiedAt } = store.objects.get(key)!
      return { Key: key, LastModified: isoOf(modifiedAt), ETag: etag, Size: data.length, StorageClass: 'STANDARD' }
    }),
  })
}

function listUploads(store: ObjectStore, { bucket, query }: S3Request): S3Answer {
  const prefix = query.get('prefix') ?? ''
  const uploads = [...store.uploads].filter(([, { key }]) => key.startsWith(prefix))
  return xml('ListMultipartUploadsResult', {
    Bucket: bucket,
    IsTruncated: false,
    Upload: uploads.map(([id, { key, startedAt }]) => ({ Key: key, UploadId: id, Initiated: isoOf(startedAt) })),
  })
}

/** Why an object may not be removed, if so. */
function whyKept(
  object: StoredObject | undefined,
  { headers }: S3Request,
  { now, mayDelete }: Manners,
): string | undefined {
  if (!mayDelete) return 'no right'
  const { lock } = object ?? {}
  if (!lock || lock.until <= now) return undefined
  const bypass = lock.mode === 'GOVERNANCE' && headers['x-amz-bypass-governance-retention'] === 'true'
  return bypass ? undefined : 'locked'
}

function lockOf(headers: IncomingHttpHeaders): ObjectLock | undefined {
  const mode = headers['x-amz-object-lock-mode']
  const until = Date.parse(String(headers['x-amz-object-lock-retain-until-date']))
  return (mode === 'GOVERNANCE' || mode === 'COMPLIANCE') && !Number.isNaN(until) ? { mode, until } : undefined
}

const one = (header: string | string[] | undefined): string | undefined => (Array.isArray(header) ? header[0] : header)

const xml = (...document: Parameters<typeof xmlDocument>): S3Answer => ({
  status: 200,
  headers: { 'content-type': 'application/xml' },
  body: xmlDocument(...document),
})
