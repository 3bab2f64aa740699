import { createHash } from 'node:crypto'
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { clientOf } from '../support/radosgw.ts'
import { testBucket } from '../support/s3Server.ts'

export interface RunningServer {
  endpoint: string
  credentials: { keyId: string; secretKey: string }
  close(): Promise<void>
}

/** How an S3 server answers, wherever the driver looks. The small one of the tests must answer as real ones do. */
export function describeS3Server(name: string, start: () => Promise<RunningServer>): void {
  describe(`${name}, asked without the driver`, () => {
    let server: RunningServer
    let client: S3Client
    const Bucket = testBucket
    beforeAll(async () => {
      server = await start()
      client = clientOf(server.endpoint, server.credentials)
    })
    afterAll(async () => {
      client?.destroy()
      await server?.close()
    })

    const put = (Key: string, Body: string | Buffer, more = {}) =>
      client.send(new PutObjectCommand({ Bucket, Key, Body, ...more }))
    const refusal = async (promise: Promise<unknown>) => {
      const error = await promise.then(
        () => undefined,
        error => error,
      )
      return [error?.$metadata?.httpStatusCode, error?.Code ?? error?.name]
    }
    const textOf = async (Key: string, more = {}) => {
      const answer = await client.send(new GetObjectCommand({ Bucket, Key, ...more }))
      return { text: await answer.Body?.transformToString(), range: answer.ContentRange, length: answer.ContentLength }
    }

    it('stores, tells of and gives back objects, also empty ones', async () => {
      await put('a/one', 'hello')
      await put('a/empty', '')
      const head = await client.send(new HeadObjectCommand({ Bucket, Key: 'a/one' }))
      expect(head.ContentLength).toBe(5)
      expect(head.ETag).toBe(`"${createHash('md5').update('hello').digest('hex')}"`)
      expect(Math.abs(head.LastModified!.getTime() - Date.now())).toBeLessThan(60_000)
      expect(await textOf('a/one')).toMatchObject({ text: 'hello', length: 5 })
      expect(await textOf('a/empty')).toMatchObject({ text: '', length: 0 })
    })

    it('says what is missing', async () => {
      expect(await refusal(textOf('missing'))).toEqual([404, 'NoSuchKey'])
      expect((await refusal(client.send(new HeadObjectCommand({ Bucket, Key: 'missing' }))))[0]).toBe(404)
      const elsewhere = client.send(new ListObjectsV2Command({ Bucket: 'no-such-bucket' }))
      expect(await refusal(elsewhere)).toEqual([404, 'NoSuchBucket'])
      await client.send(new DeleteObjectCommand({ Bucket, Key: 'missing' }))
    })

    it('gives ranges, shortens those that begin inside, and refuses those beyond', async () => {
      await put('range', '0123456789')
      expect(await textOf('range', { Range: 'bytes=2-4' })).toMatchObject({ text: '234', range: 'bytes 2-4/10' })
      expect(await textOf('range', { Range: 'bytes=8-20' })).toMatchObject({ text: '89', range: 'bytes 8-9/10' })
      expect(await textOf('range', { Range: 'bytes=-3' })).toMatchObject({ text: '789' })
      expect(await refusal(textOf('range', { Range: 'bytes=10-12' }))).toEqual([416, 'InvalidRange'])
    })

    it('stores under a condition only where there is nothing, and lets one of many win', async () => {
      await put('once', 'first', { IfNoneMatch: '*' })
      expect(await refusal(put('once', 'second', { IfNoneMatch: '*' }))).toEqual([412, 'PreconditionFailed'])
      const outcomes = await Promise.all(
        Array.from({ length: 16 }, (_, index) => refusal(put('race', `racer ${index}`, { IfNoneMatch: '*' }))),
      )
      expect(outcomes.filter(([status]) => status === undefined).length).toBe(1)
      expect((await textOf('once')).text).toBe('first')
    })

    it('refuses a body that is not the one that was signed or hashed', async () => {
      const ContentMD5 = createHash('md5').update('other').digest('base64')
      expect(await refusal(put('damaged', 'body', { ContentMD5 }))).toEqual([400, 'BadDigest'])
      const command = new PutObjectCommand({ Bucket, Key: 'damaged', Body: 'body' })
      command.middlewareStack.add(
        next => args => {
          const { headers } = args.request as { headers: Record<string, string> }
          headers['x-amz-content-sha256'] = createHash('sha256').update('other').digest('hex')
          return next(args)
        },
        { step: 'build' },
      )
      expect(await refusal(client.send(command))).toEqual([400, 'XAmzContentSHA256Mismatch'])
      expect((await refusal(textOf('damaged')))[0]).toBe(404)
    })

    it('refuses unknown keys, wrong keys and wrong clocks', async () => {
      const with_ = (changes: object) => {
        const other = clientOf(server.endpoint, { ...server.credentials, ...changes })
        return other.send(new ListObjectsV2Command({ Bucket })).finally(() => other.destroy())
      }
      expect(await refusal(with_({ keyId: 'NOBODY' }))).toEqual([403, 'InvalidAccessKeyId'])
      expect(await refusal(with_({ secretKey: 'wrong' }))).toEqual([403, 'SignatureDoesNotMatch'])
      const late = clientOf(server.endpoint, server.credentials)
      late.config.systemClockOffset = 3_600_000
      expect(await refusal(late.send(new ListObjectsV2Command({ Bucket })))).toEqual([403, 'RequestTimeTooSkewed'])
      late.destroy()
    })

    it('lists in pages, sorted, and only what begins with the prefix', async () => {
      const keys = Array.from({ length: 25 }, (_, index) => `list/${String(index).padStart(2, '0')}`)
      await Promise.all(keys.map(key => put(key, key)))
      await put('list-not', 'x')
      const found: string[] = []
      let ContinuationToken: string | undefined
      let pages = 0
      do {
        const page = await client.send(
          new ListObjectsV2Command({
            Bucket,
            Prefix: 'list/',
            MaxKeys: 10,
            ...(ContinuationToken && { ContinuationToken }),
          }),
        )
        found.push(...(page.Contents ?? []).map(({ Key }) => Key!))
        expect(page.Contents?.every(({ Size, LastModified }) => Size === 7 && LastModified !== undefined)).toBe(true)
        ContinuationToken = page.NextContinuationToken
        pages++
      } while (ContinuationToken !== undefined)
      expect(found).toEqual(keys)
      expect(pages).toBe(3)
    })

    it('keeps keys with spaces, pluses and other signs apart', async () => {
      const keys = ['odd/a b', 'odd/a+b', "odd/it's (=@,)!", 'odd/a&b<c>']
      for (const key of keys) await put(key, key)
      for (const key of keys) expect((await textOf(key)).text).toBe(key)
      const { Contents } = await client.send(new ListObjectsV2Command({ Bucket, Prefix: 'odd/' }))
      expect(Contents?.map(({ Key }) => Key).sort()).toEqual([...keys].sort())
    })

    it('makes one object of parts, and shows no part of it before', async () => {
      const Key = 'parts/whole'
      const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket, Key }))
      const bodies = [Buffer.alloc(5 << 20, 1), Buffer.alloc(100, 2)]
      const Parts = await Promise.all(
        bodies.map(async (Body, index) => {
          const PartNumber = index + 1
          const { ETag } = await client.send(new UploadPartCommand({ Bucket, Key, UploadId, PartNumber, Body }))
          return { ETag, PartNumber }
        }),
      )
      const { Uploads } = await client.send(new ListMultipartUploadsCommand({ Bucket, Prefix: 'parts/' }))
      expect(Uploads?.map(upload => [upload.Key, upload.UploadId])).toEqual([[Key, UploadId]])
      expect((await refusal(textOf(Key)))[0]).toBe(404)
      await client.send(new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts } }))
      expect((await textOf(Key)).length).toBe((5 << 20) + 100)
    })

    it('forgets parts that are given up, and refuses small parts in the middle', async () => {
      const Key = 'parts/never'
      const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket, Key }))
      const part = async (PartNumber: number) => {
        const { ETag } = await client.send(new UploadPartCommand({ Bucket, Key, UploadId, PartNumber, Body: 'small' }))
        return { ETag, PartNumber }
      }
      const Parts = [await part(1), await part(2)]
      const complete = client.send(
        new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts } }),
      )
      expect(await refusal(complete)).toEqual([400, 'EntityTooSmall'])
      await client.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId }))
      const { Uploads } = await client.send(new ListMultipartUploadsCommand({ Bucket, Prefix: Key }))
      expect(Uploads ?? []).toEqual([])
    })

    it('removes one object or many', async () => {
      for (const key of ['gone/1', 'gone/2', 'gone/3']) await put(key, key)
      await client.send(new DeleteObjectCommand({ Bucket, Key: 'gone/1' }))
      await client.send(
        new DeleteObjectsCommand({
          Bucket,
          Delete: { Objects: [{ Key: 'gone/2' }, { Key: 'gone/3' }] },
          ChecksumAlgorithm: 'CRC32',
        }),
      )
      const { KeyCount } = await client.send(new ListObjectsV2Command({ Bucket, Prefix: 'gone/' }))
      expect(KeyCount).toBe(0)
    })
  })
}
