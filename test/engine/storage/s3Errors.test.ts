import { writeFile } from 'node:fs/promises'
import { createServer, type RequestListener } from 'node:http'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import type { StorageCredentials } from '../../../engine/contract/credentials.ts'
import { HoldfastError } from '../../../engine/contract/errors.ts'
import { parseRepositoryUrl } from '../../../engine/storage/locations.ts'
import type { OpenStorageOptions } from '../../../engine/storage/registry.ts'
import { retryAfterMs } from '../../../engine/storage/s3/answers.ts'
import { findB2Endpoint } from '../../../engine/storage/s3/b2.ts'
import { openS3, type S3Options } from '../../../engine/storage/s3/open.ts'
import { regionOfHost } from '../../../engine/storage/s3/region.ts'
import type { Storage } from '../../../engine/storage/storage.ts'
import { localhostCertificate } from '../../support/localhostCertificate.ts'
import { ownerKey, S3Server, type S3ServerOptions } from '../../support/s3Server.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'

const folder = useTemporaryFolder()
const text = (value: string) => Buffer.from(value)
const owner: StorageCredentials = { kind: 's3', keyId: ownerKey.id, secretKey: ownerKey.secret }
const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

async function serve(options: S3ServerOptions = {}): Promise<S3Server> {
  const server = await S3Server.start(options)
  closers.push(() => server.close())
  return server
}

async function open(url: string, options: S3Options = {}): Promise<Storage> {
  const location = parseRepositoryUrl(url)
  if (location.scheme !== 's3' && location.scheme !== 'b2') throw new Error('not a bucket')
  const storage = await openS3(location, { expect: 'nothing', credentials: owner, env: {}, ...options })
  closers.push(() => storage.close())
  return storage
}

/** A server that answers everything in one way. */
async function answering(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  closers.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** The error that something ends with, which says what to do and holds no secret. */
async function errorOf(promise: Promise<unknown>): Promise<HoldfastError> {
  const error = await promise.then(
    () => undefined,
    error => error,
  )
  expect(error).toBeInstanceOf(HoldfastError)
  expect(error.advice).toMatch(/\S/)
  const everything = JSON.stringify([error.toWire(), String(error.stack), String(error.cause?.stack), error.cause])
  expect(everything).not.toContain(ownerKey.secret)
  expect(everything).not.toMatch(/Signature=|AWS4-HMAC/)
  return error
}

const xmlError = (code: string, message = '') =>
  `<?xml version="1.0"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`

describe('opening a bucket', () => {
  const places: [string, OpenStorageOptions['expect'], string[], string | undefined][] = [
    ['nothing', 'nothing', [], undefined],
    ['a folder, and holds nothing', 'folder', ['other/x'], 'repository.notFound'],
    ['a folder, and holds something', 'folder', ['place/x'], undefined],
    ['a repository, and holds no config', 'repository', ['place/x'], 'repository.notFound'],
    ['a repository', 'repository', ['place/config'], undefined],
  ]
  it.each(places)('that should be %s', async (_what, expectation, keys, code) => {
    const server = await serve()
    const writer = await open(server.url())
    for (const key of keys) await writer.put(key, [text('x')])
    const opening = open(server.url('place'), { expect: expectation! })
    if (code === undefined) await opening
    else expect((await errorOf(opening)).code).toBe(code)
  })

  it.each<[string, S3ServerOptions, StorageCredentials, string, RegExp]>([
    ['an unknown key', {}, { ...owner, keyId: 'WRONG' } as StorageCredentials, 'storage.authFailed', /does not know/],
    [
      'a wrong secret key',
      {},
      { ...owner, secretKey: 'no' } as StorageCredentials,
      'storage.authFailed',
      /does not know/,
    ],
    ['an expired key', { keys: [{ ...ownerKey, hasExpired: true }] }, owner, 'storage.authFailed', /expired/],
    [
      'a key that may not list',
      { keys: [{ ...ownerKey, mayList: false }] },
      owner,
      'storage.authFailed',
      /may not list/,
    ],
    [
      'a clock an hour off',
      { clock: () => Date.now() + 3_600_000 },
      owner,
      'storage.clockSkewed',
      /\dZ, that of .*\dZ/,
    ],
    ['credentials of SSH', {}, { kind: 'ssh', password: 'x' }, 'config.invalid', /ssh/],
  ])('says so with %s', async (_what, options, credentials, code, words) => {
    const error = await errorOf(open((await serve(options)).url(), { credentials }))
    expect(error.code).toBe(code)
    expect(error.message).toMatch(words)
    expect(error.retryable).toBe(false)
  })

  it('names both times when the clock is wrong', async () => {
    const now = Date.UTC(2030, 4, 1, 12)
    const clock = { now: () => now, monotonic: () => 0, sleep: async () => undefined }
    const server = await serve({ clock: () => now + 7_200_000 })
    const error = await errorOf(open(server.url(), { clock }))
    expect(error.details).toMatchObject({ here: '2030-05-01T12:00:00Z', there: '2030-05-01T14:00:00Z' })
  })

  it('names the bucket that is missing', async () => {
    const error = await errorOf(open((await serve()).url('', 'missing')))
    expect(error).toMatchObject({ code: 'storage.bucketNotFound', message: expect.stringContaining('missing') })
  })

  it('finds the region of the bucket by itself, and says which it is where another was given', async () => {
    const server = await serve({ region: 'eu-north-7' })
    await (await open(server.url())).put('a', [text('a')])
    const error = await errorOf(open(`${server.url()}?region=us-east-1`))
    expect(error.message).toContain('eu-north-7')
    expect(error.advice).toContain('region=eu-north-7')
  })

  it('takes keys from the environment, and says which half is missing', async () => {
    const server = await serve()
    const from = (env: Record<string, string>) => {
      const location = parseRepositoryUrl(server.url())
      return openS3(location as never, { expect: 'nothing', env })
    }
    const own = { HOLDFAST_S3_KEY_ID: ownerKey.id, HOLDFAST_S3_SECRET_KEY: ownerKey.secret }
    await (await from({ ...own, AWS_ACCESS_KEY_ID: 'other', AWS_SECRET_ACCESS_KEY: 'other' })).close()
    await (await from({ AWS_ACCESS_KEY_ID: ownerKey.id, AWS_SECRET_ACCESS_KEY: ownerKey.secret })).close()
    const error = await errorOf(from({ HOLDFAST_S3_KEY_ID: ownerKey.id }))
    expect(error).toMatchObject({
      code: 'storage.authFailed',
      message: expect.stringContaining('HOLDFAST_S3_SECRET_KEY'),
    })
  })

  it('refuses a certificate that nobody signed, until it is given as one to trust', async () => {
    const server = await serve({ tls: true })
    const error = await errorOf(open(server.url()))
    expect(error).toMatchObject({ code: 'storage.certificateInvalid', retryable: false })
    const ca = join(folder.path, 'ca.pem')
    await writeFile(ca, localhostCertificate)
    const storage = await open(`${server.url()}?ca=${ca}`)
    await storage.put('a', [text('abc')])
    expect(Buffer.from(await storage.get('a')).toString()).toBe('abc')
    await writeFile(ca, 'nothing')
    expect((await errorOf(open(`${server.url()}?ca=${ca}`))).code).toBe('config.invalid')
  })

  it('calls a server that is not there one to wait for', async () => {
    const server = await S3Server.start()
    const url = server.url()
    await server.close()
    expect(await errorOf(open(url))).toMatchObject({ code: 'storage.unreachable', retryable: true })
    const unknown = await errorOf(open('s3:http://nowhere.invalid/lab'))
    expect(unknown).toMatchObject({ code: 'storage.unreachable', retryable: true })
    expect(unknown.message).toContain('nowhere.invalid')
  })

  it('gives up a server that takes connections and is silent', async () => {
    const server = createTcpServer(() => undefined)
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    closers.push(() => server.close())
    const url = `s3:http://127.0.0.1:${(server.address() as AddressInfo).port}/lab`
    const error = await errorOf(open(url, { timeouts: { idleMs: 200 } }))
    expect(error).toMatchObject({ code: 'storage.unreachable', retryable: true })
  })

  it('notices a server without TLS behind https', async () => {
    const server = await serve()
    const error = await errorOf(open(server.url().replace('http:', 'https:')))
    expect(error).toMatchObject({ code: 'storage.failed', retryable: false })
    expect(error.advice).toContain('http://')
  })
})

describe('a bucket that refuses', () => {
  it('removing, to a key without the right, says so and lets everything else pass', async () => {
    const server = await serve({ keys: [{ ...ownerKey, mayDelete: false }] })
    const storage = await open(server.url())
    await storage.put('a', [text('a')])
    const error = await errorOf(storage.delete('a'))
    expect(error).toMatchObject({ code: 'storage.deleteRefused', retryable: false })
    expect(Buffer.from(await storage.get('a')).toString()).toBe('a')
    expect(await storage.sweepTemporary()).toBe(0)
  })

  it('reading or writing names the right that is missing', async () => {
    const server = await serve({ keys: [{ ...ownerKey, mayWrite: false, mayRead: false }] })
    const storage = await open(server.url())
    const write = await errorOf(storage.put('a', [text('a')], { overwrite: true }))
    expect(write).toMatchObject({
      code: 'storage.authFailed',
      details: { right: expect.stringContaining('PutObject') },
    })
    const read = await errorOf(storage.get('a'))
    expect(read).toMatchObject({ code: 'storage.authFailed', details: { right: expect.stringContaining('GetObject') } })
  })

  it('says that it is full, and keeps what is there', async () => {
    const storage = await open((await serve({ quotaBytes: 1000 })).url())
    await storage.put('a', [Buffer.alloc(900)])
    expect(await errorOf(storage.put('b', [Buffer.alloc(200)]))).toMatchObject({
      code: 'storage.full',
      retryable: false,
    })
    expect(await storage.stat('b')).toBeUndefined()
  })

  it('an expired key in the middle says so, also in answers without a text', async () => {
    const key = { ...ownerKey }
    const storage = await open((await serve({ keys: [key] })).url())
    await storage.put('a', [text('a')])
    Object.assign(key, { hasExpired: true })
    for (const call of [() => storage.stat('a'), () => storage.get('a'), () => storage.put('b', [text('b')])]) {
      expect(await errorOf(call())).toMatchObject({
        code: 'storage.authFailed',
        message: expect.stringContaining('expired'),
      })
    }
  })

  it.each<[number, string, Record<string, string>, string, boolean, number | undefined]>([
    [503, 'SlowDown', { 'retry-after': '7' }, 'storage.throttled', true, 7000],
    [429, 'TooManyRequests', {}, 'storage.throttled', true, undefined],
    [500, 'InternalError', { 'retry-after': '2' }, 'storage.failed', true, 2000],
    [502, '', {}, 'storage.failed', true, undefined],
    [400, 'RequestTimeout', {}, 'storage.failed', true, undefined],
    [400, 'BadDigest', {}, 'storage.failed', true, undefined],
    [400, 'InvalidStorageClass', {}, 'storage.failed', false, undefined],
    [403, 'AccessDenied', {}, 'storage.authFailed', false, undefined],
    [403, 'UserSuspended', {}, 'storage.authFailed', false, undefined],
    [507, 'XMinioStorageFull', {}, 'storage.full', false, undefined],
    [301, 'PermanentRedirect', { 'x-amz-bucket-region': 'eu-west-9' }, 'storage.failed', false, undefined],
  ])('with %i %s is translated', async (status, code, headers, expected, retryable, wait) => {
    const server = await answering((_request, response) => {
      response.writeHead(status, { 'content-type': code === '' ? 'text/html' : 'application/xml', ...headers })
      response.end(code === '' ? '<html><p>Bad gateway' : xmlError(code))
    })
    const error = await errorOf(open(`s3:${server}/lab?region=x`))
    expect(error).toMatchObject({ code: expected, retryable })
    expect(error.details.retryAfterMs).toBe(wait)
  })

  it('because of a cap at Backblaze is full', async () => {
    const server = await answering((_request, response) => {
      response.writeHead(403, { 'content-type': 'application/xml' })
      response.end(xmlError('AccessDenied', 'Cannot upload files, storage cap exceeded. See the Caps and Alerts page.'))
    })
    expect((await errorOf(open(`b2:lab?endpoint=${server}`))).code).toBe('storage.full')
  })
})

describe('large objects', () => {
  const parts = { thresholdBytes: 6 << 20, partBytes: 5 << 20, parallel: 3 }
  const data = Buffer.alloc(17 << 20)
  for (let offset = 0; offset < data.length; offset += 4096) data.writeUInt32LE(offset, offset)

  it('go in parts and come back whole, also into room that is given', async () => {
    const server = await serve()
    const storage = await open(server.url('p'), { parts })
    await storage.put('large', [data.subarray(0, 7_000_001), data.subarray(7_000_001)])
    expect(server.log.filter(({ query }) => query.includes('partNumber')).length).toBe(4)
    const room = new ArrayBuffer(data.length + 10)
    const back = await storage.get('large', undefined, undefined, room)
    expect(back.buffer).toBe(room)
    expect(Buffer.compare(back, data)).toBe(0)
    const error = await errorOf(storage.put('large', [data]))
    expect(error.code).toBe('storage.objectExists')
    expect(server.buckets.get('lab')!.uploads.size).toBe(0)
  })

  it('leave no parts behind when they fail or are cancelled', async () => {
    const server = await serve({ quotaBytes: 10 << 20 })
    const storage = await open(server.url(), { parts })
    expect((await errorOf(storage.put('large', [data]))).code).toBe('storage.full')
    const abort = new AbortController()
    const put = storage.put('large', [data], { signal: abort.signal })
    await expect.poll(() => server.buckets.get('lab')!.uploads.size).toBe(1)
    abort.abort()
    expect((await errorOf(put)).code).toBe('run.cancelled')
    await expect.poll(() => server.buckets.get('lab')!.uploads.size).toBe(0)
    expect(server.objects.size).toBe(0)
  })

  it('that were begun more than a day ago and never ended are swept, under the prefix only', async () => {
    const server = await serve()
    const { uploads } = server.buckets.get('lab')!
    const begin = (key: string, ageHours: number) =>
      server.buckets.get('lab')!.begin(key, Date.now() - ageHours * 3_600_000, undefined)
    begin('mine/packs/a', 25)
    const young = begin('mine/packs/b', 23)
    const other = begin('mine-not/packs/a', 25)
    expect(await (await open(server.url('mine'))).sweepTemporary()).toBe(1)
    expect([...uploads.keys()]).toEqual([young, other])
  })
})

describe('exclusive puts', () => {
  it('need no look before, once the server has shown that it keeps conditions', async () => {
    const server = await serve()
    const storage = await open(server.url())
    await storage.put('a', [text('a')])
    server.log.length = 0
    await storage.put('b', [text('b')])
    expect(server.log.map(({ method, key }) => `${method} ${key}`)).toEqual(['PUT b'])
  })

  it.each(['ignored', 'refused'] as const)(
    'look before where conditions are %s, and leave nothing else behind',
    async conditions => {
      const server = await serve({ conditions })
      const storage = await open(server.url())
      await storage.put('a', [text('a')])
      await storage.put('b', [text('b')])
      expect((await errorOf(storage.put('a', [text('c')]))).code).toBe('storage.objectExists')
      expect([...server.objects.keys()]).toEqual(['a', 'b'])
      expect(server.objects.get('a')!.data.toString()).toBe('a')
    },
  )
})

describe('a damaged transfer', () => {
  it('is refused by the server on the way up', async () => {
    const server = await serve()
    const storage = await open(server.url())
    const parts = [text('intact')]
    const put = storage.put('a', parts, { overwrite: true })
    // The hash is made before anything is awaited; what is sent afterwards differs from it.
    parts[0]!.write('damage')
    expect(await errorOf(put)).toMatchObject({ code: 'storage.failed', retryable: true })
    expect(server.objects.size).toBe(0)
  })

  it('that ends early on the way down is an error, and never a short result', async () => {
    const real = await serve()
    await (await open(real.url())).put('a', [Buffer.alloc(100_000, 1)])
    const server = await answering((request, response) => {
      if (request.url?.includes('list-type')) return void response.end('<ListBucketResult></ListBucketResult>')
      response.writeHead(200, { 'content-length': '100000', 'content-type': 'application/octet-stream' })
      response.write(Buffer.alloc(60_000, 1), () => response.destroy())
    })
    const storage = await open(`s3:${server}/lab`)
    expect(await errorOf(storage.get('a'))).toMatchObject({ code: 'storage.unreachable', retryable: true })
  })

  it('of another range than was asked for is an error', async () => {
    const server = await answering((request, response) => {
      if (request.url?.includes('list-type')) return void response.end('<ListBucketResult></ListBucketResult>')
      response.writeHead(206, { 'content-length': '10', 'content-range': 'bytes 0-9/100' })
      response.end(Buffer.alloc(10))
    })
    const storage = await open(`s3:${server}/lab`)
    expect((await errorOf(storage.get('a', { offset: 10, length: 10 }))).code).toBe('storage.failed')
  })
})

describe('Backblaze B2', () => {
  it('tells the endpoint and region of a key', async () => {
    let authorization: string | undefined
    const api = await answering((request, response) => {
      authorization = request.headers.authorization
      response.end(
        JSON.stringify({ apiInfo: { storageApi: { s3ApiUrl: 'https://s3.eu-central-003.backblazeb2.com' } } }),
      )
    })
    const key = { accessKeyId: ownerKey.id, secretAccessKey: ownerKey.secret }
    expect(await findB2Endpoint('b2:x', key, api)).toEqual({
      endpoint: 'https://s3.eu-central-003.backblazeb2.com',
      region: 'eu-central-003',
    })
    expect(authorization).toBe(`Basic ${Buffer.from(`${ownerKey.id}:${ownerKey.secret}`).toString('base64')}`)
  })

  it('opens the bucket where the account is, with keys of its own variables', async () => {
    const server = await serve()
    const api = await answering((_request, response) =>
      response.end(JSON.stringify({ apiInfo: { storageApi: { s3ApiUrl: server.endpoint } } })),
    )
    const env = { B2_APPLICATION_KEY_ID: ownerKey.id, B2_APPLICATION_KEY: ownerKey.secret }
    const location = parseRepositoryUrl('b2:lab/place')
    const storage = await openS3(location as never, { expect: 'nothing', env, b2AuthorizeUrl: api })
    await storage.put('a', [text('a')])
    expect([...server.objects.keys()]).toEqual(['place/a'])
    await storage.close()
  })

  it.each([
    [401, 'storage.authFailed', false],
    [503, 'storage.failed', true],
    [200, 'storage.failed', false],
  ])('answering %i is %s', async (status, code, retryable) => {
    const api = await answering((_request, response) => response.writeHead(status).end('{}'))
    const key = { accessKeyId: 'a', secretAccessKey: 'b' }
    expect(await errorOf(findB2Endpoint('b2:x', key, api))).toMatchObject({ code, retryable })
  })

  it('out of reach is a reason to wait', async () => {
    const key = { accessKeyId: 'a', secretAccessKey: 'b' }
    const error = await errorOf(findB2Endpoint('b2:x', key, 'http://nowhere.invalid/'))
    expect(error).toMatchObject({ code: 'storage.unreachable', retryable: true })
  })
})

it.each([
  ['https://s3.us-west-004.backblazeb2.com', 'us-west-004'],
  ['https://s3.eu-central-2.wasabisys.com', 'eu-central-2'],
  ['https://account.r2.cloudflarestorage.com', 'auto'],
  ['http://127.0.0.1:9000', undefined],
  ['https://s3.example.com', undefined],
])('the name of %s tells the region %s', (endpoint, region) => {
  expect(regionOfHost(endpoint)).toBe(region)
})

it.each([
  ['5', 5000],
  ['Thu, 01 Jan 1970 00:01:00 GMT', 59_000],
  ['soon', undefined],
  [undefined, undefined],
])('Retry-After %s means %s', (header, expected) => {
  expect(retryAfterMs(header, 1000)).toBe(expected)
})
