import { beforeEach, describe, expect, it } from 'vitest'
import { randomBytes } from '../../../engine/base/random.ts'
import { HoldfastError } from '../../../engine/contract/errors.ts'
import { MemoryDisk, memoryExports } from '../../support/memoryExport.ts'
import { requestBytes, u32 } from '../../support/nbdClient.ts'
import { until, useNbdServer } from '../../support/nbdServer.ts'

const nbd = useNbdServer()
const kib = 1024
const mib = 1024 * kib
const size = 40 * mib + 5
const errors = { EPERM: 1, EIO: 5, EINVAL: 22, ENOSPC: 28, EOVERFLOW: 75, ESHUTDOWN: 108 }
const commands = { read: 0, write: 1, flush: 3, trim: 4, cache: 5, zero: 6, status: 7 }
const flag = { fua: 1, noHole: 2, df: 4, one: 8, fast: 16 }

let disk: MemoryDisk
let fixed: MemoryDisk

/** Data, a hole of 100 KiB in the middle of it, and holes behind. */
function image(): Buffer {
  const bytes = Buffer.alloc(size)
  randomBytes(200 * kib).copy(bytes)
  randomBytes(200 * kib).copy(bytes, 300 * kib)
  return bytes
}

beforeEach(async () => {
  disk = new MemoryDisk(image())
  fixed = new MemoryDisk(disk.bytes)
  await nbd.serve({
    exports: memoryExports({ disk: { disk, isReadOnly: false }, fixed: { disk: fixed, isReadOnly: true } }),
  })
})

describe('reading', () => {
  it('gives data as data and holes as holes', async () => {
    const client = await nbd.attach('fixed')
    const reply = await client.read(100 * kib, 300 * kib)
    expect(reply.data.equals(fixed.bytes.subarray(100 * kib, 400 * kib))).toBe(true)
    expect(reply.chunks.map(({ type }) => type)).toEqual([1, 2, 1])
    expect(reply.chunks.map(({ flags }) => flags)).toEqual([0, 0, 1])
  })

  it('gives one piece when asked not to fragment, zeros and all', async () => {
    const client = await nbd.attach('fixed')
    const reply = await client.read(100 * kib, 300 * kib, flag.df)
    expect(reply.data.equals(fixed.bytes.subarray(100 * kib, 400 * kib))).toBe(true)
    expect(reply.chunks.map(({ type }) => type)).toEqual([1])
  })

  it.each([true, false])('reads as much as 32 MiB at once, and nothing at all (structured: %s)', async structured => {
    const client = await nbd.attach('fixed', { structured })
    const reply = await client.read(3, 32 * mib)
    expect(reply.error).toBe(0)
    expect(reply.data.equals(fixed.bytes.subarray(3, 3 + 32 * mib))).toBe(true)
    expect((await client.read(size, 0)).error).toBe(0)
    expect((await client.read(size - 1, 1)).error).toBe(0)
  })

  it('answers out of order', async () => {
    const client = await nbd.attach('fixed')
    const gate = Promise.withResolvers<void>()
    fixed.before = (_what, offset) => (offset === 0 ? gate.promise : undefined)
    const slow = client.read(0, 512)
    expect((await client.read(4096, 512)).error).toBe(0)
    expect((await client.read(8192, 512)).error).toBe(0)
    gate.resolve()
    expect((await slow).data.equals(fixed.bytes.subarray(0, 512))).toBe(true)
  })
})

describe('a damaged range', () => {
  beforeEach(() => fixed.fail(320 * kib, 4 * kib))

  it('is EIO with its place, and everything else can be read', async () => {
    const client = await nbd.attach('fixed')
    const reply = await client.read(100 * kib, 300 * kib)
    expect(reply).toMatchObject({ error: errors.EIO, errorOffset: 300 * kib, message: 'A block is damaged.' })
    // What was sent before it is right.
    expect(reply.data.subarray(0, 200 * kib).equals(fixed.bytes.subarray(100 * kib, 300 * kib))).toBe(true)
    expect((await client.read(324 * kib, 4 * kib)).error).toBe(0)
    expect(nbd.logged).toHaveLength(1)
  })

  it('is EIO without structured replies, too, and the connection lives', async () => {
    const client = await nbd.attach('fixed', { structured: false })
    expect((await client.read(322 * kib, 512)).error).toBe(errors.EIO)
    expect((await client.read(0, 512)).data.equals(fixed.bytes.subarray(0, 512))).toBe(true)
  })

  it('does not fill the log', async () => {
    const client = await nbd.attach('fixed')
    for (let i = 0; i < 100; i++) await client.read(320 * kib, 512)
    expect(nbd.logged).toHaveLength(20)
  })
})

it.each([
  ['a full disk', new HoldfastError('storage.full', 'full'), errors.ENOSPC],
  ['a disk that became read-only', new HoldfastError('storage.readOnly', 'no'), errors.EPERM],
  ['a missing block', new HoldfastError('integrity.blockMissing', 'gone'), errors.EIO],
  ['a bug', new Error('at /root/secret.ts'), errors.EIO],
])('says of %s what the document has for it', async (_what, failure, expected) => {
  disk.fail(0, 4096, failure, 'all')
  const client = await nbd.attach('disk')
  const reply = await client.write(0, Buffer.alloc(512))
  expect(reply.error).toBe(expected)
  expect(reply.message).not.toContain('secret')
  expect((await client.write(4096, Buffer.alloc(512))).error).toBe(0)
})

describe('writing', () => {
  it('is there for every read that comes after', async () => {
    const client = await nbd.attach('disk')
    const bytes = randomBytes(32 * mib)
    expect((await client.write(1, bytes)).error).toBe(0)
    expect(disk.bytes.subarray(1, 1 + bytes.length).equals(bytes)).toBe(true)
    expect((await client.read(1, 4096)).data.equals(bytes.subarray(0, 4096))).toBe(true)
  })

  it('with FUA, and a flush, is answered when it is safe', async () => {
    const client = await nbd.attach('disk')
    for (const request of [
      { command: commands.write, payload: Buffer.alloc(512, 1) },
      { command: commands.zero, length: 512 },
      { command: commands.trim, length: 4096 },
    ]) {
      await client.request(request)
      expect(disk.unflushed).toBe(1)
      await client.request({ ...request, flags: flag.fua })
      expect(disk.unflushed).toBe(0)
    }
    await client.write(0, Buffer.alloc(1))
    expect((await client.flush()).error).toBe(0)
    expect(disk.unflushed).toBe(0)
  })

  it('zeros with and without holes', async () => {
    const client = await nbd.attach('disk')
    await client.request({ command: commands.zero, offset: 0, length: 8192, flags: flag.noHole })
    await client.request({ command: commands.zero, offset: 8192, length: 8192, flags: flag.fast | flag.fua })
    await client.request({ command: commands.trim, offset: 16_384, length: 4096 })
    expect(await client.status(0, 24 * kib)).toEqual([
      [8192, 0],
      [12_288, 3],
      [4096, 0],
    ])
    expect((await client.read(0, 20 * kib)).data.equals(Buffer.alloc(20 * kib))).toBe(true)
  })

  it('of nothing is nothing', async () => {
    const client = await nbd.attach('disk')
    for (const command of [commands.write, commands.zero, commands.trim, commands.cache, commands.read]) {
      expect((await client.request({ command, offset: 7, length: 0 })).error).toBe(0)
    }
    expect(disk.calls).toEqual([])
  })
})

describe('block status', () => {
  it('tells data from holes, as far as the range goes', async () => {
    const client = await nbd.attach('fixed')
    expect(await client.status(10, 310 * kib)).toEqual([
      [200 * kib - 10, 0],
      [100 * kib, 3],
      [10 * kib + 10, 0],
    ])
  })

  it('gives one extent when asked for one', async () => {
    const client = await nbd.attach('fixed')
    expect(await client.status(10, 310 * kib, flag.one)).toEqual([[200 * kib - 10, 0]])
    expect(await client.status(0, 100, flag.one)).toEqual([[100, 0]])
  })
})

it('brings a range into the cache', async () => {
  const client = await nbd.attach('fixed')
  expect((await client.request({ command: commands.cache, offset: 4096, length: 8192 })).error).toBe(0)
  expect(fixed.calls).toEqual(['cache 4096+8192'])
})

describe('what is not carried out', () => {
  const beyond = { offset: size - 100, length: 101 }
  const huge = { offset: 2n ** 64n - 1n, length: 2 ** 32 - 1 }
  it.each([
    ['a read beyond the end', 'disk', { command: commands.read, ...beyond }, errors.EINVAL],
    ['a read where no number is exact', 'disk', { command: commands.read, ...huge }, errors.EINVAL],
    ['a read of more than 32 MiB', 'disk', { command: commands.read, length: 32 * mib + 1 }, errors.EINVAL],
    [
      'the same in one piece',
      'disk',
      { command: commands.read, length: 32 * mib + 1, flags: flag.df },
      errors.EOVERFLOW,
    ],
    ['zeros beyond the end', 'disk', { command: commands.zero, ...beyond }, errors.ENOSPC],
    ['trimming beyond the end', 'disk', { command: commands.trim, ...beyond }, errors.EINVAL],
    ['a cache beyond the end', 'disk', { command: commands.cache, ...beyond }, errors.EINVAL],
    ['a status beyond the end', 'disk', { command: commands.status, ...beyond }, errors.EINVAL],
    ['a status of nothing', 'disk', { command: commands.status, length: 0 }, errors.EINVAL],
    ['a flush with a range', 'disk', { command: commands.flush, length: 1 }, errors.EINVAL],
    ['an unknown command', 'disk', { command: 99 }, errors.EINVAL],
    ['resizing', 'disk', { command: 8, offset: 5 }, errors.EINVAL],
    ['an unknown flag', 'disk', { command: commands.read, length: 1, flags: 0x8000 }, errors.EINVAL],
    ['a flag of another command', 'disk', { command: commands.trim, length: 1, flags: flag.one }, errors.EINVAL],
    [
      'FUA where nothing can be written',
      'fixed',
      { command: commands.read, length: 1, flags: flag.fua },
      errors.EINVAL,
    ],
    ['zeros on what is read-only', 'fixed', { command: commands.zero, length: 1 }, errors.EPERM],
    ['trimming what is read-only', 'fixed', { command: commands.trim, length: 1 }, errors.EPERM],
  ])('%s', async (_what, name, request, error) => {
    const client = await nbd.attach(name)
    expect(await client.request(request)).toMatchObject({ error, isStructured: true })
    expect(disk.calls).toEqual([])
    expect(fixed.calls).toEqual([])
    expect((await client.read(0, 1)).error).toBe(0)
  })

  it.each([
    ['a write to what is read-only', 'fixed', 0, 5 * mib, errors.EPERM],
    ['a write beyond the end', 'disk', size - 1, 5 * mib, errors.ENOSPC],
    ['a write of more than 32 MiB', 'disk', 0, 33 * mib, errors.EINVAL],
  ])('%s, whose payload is passed over', async (_what, name, offset, length, error) => {
    const client = await nbd.attach(name)
    expect((await client.write(offset, Buffer.alloc(length))).error).toBe(error)
    expect((await client.read(0, 512)).data.equals(disk.bytes.subarray(0, 512))).toBe(true)
  })

  it('DF without structured replies, and a status without a context', async () => {
    const simple = await nbd.attach('disk', { structured: false })
    expect((await simple.read(0, 1, flag.df)).error).toBe(errors.EINVAL)
    expect((await simple.request({ command: commands.status, length: 1 })).error).toBe(errors.EINVAL)
    const bare = await nbd.attach('disk', { contexts: false })
    expect((await bare.request({ command: commands.status, length: 1 })).error).toBe(errors.EINVAL)
  })

  it('a flush of what is read-only has nothing to do', async () => {
    const client = await nbd.attach('fixed')
    expect((await client.flush()).error).toBe(0)
  })
})

describe('the end', () => {
  it('comes after everything that was asked before a goodbye', async () => {
    const client = await nbd.attach('disk')
    const gate = Promise.withResolvers<void>()
    disk.before = () => gate.promise
    const replies = [client.write(0, Buffer.from('last')), client.flush()]
    const closed = client.disconnect()
    gate.resolve()
    expect((await Promise.all(replies)).map(({ error }) => error)).toEqual([0, 0])
    await closed
    expect(disk.bytes.toString('latin1', 0, 4)).toBe('last')
  })

  it('comes after what was asked before it even when the client does not wait for it', async () => {
    const client = await nbd.attach('disk')
    const requests = [
      { command: commands.write, payload: Buffer.from('last') },
      { command: commands.write, offset: size - 5 * mib, payload: Buffer.alloc(5 * mib, 7) },
      { command: commands.flush },
      { command: 2 },
    ]
    client.socket.end(Buffer.concat(requests.map((request, i) => requestBytes(i, request))))
    await until(() => disk.open === 0)
    expect(disk.bytes.toString('latin1', 0, 4)).toBe('last')
    expect(disk.bytes.subarray(size - 5 * mib).equals(Buffer.alloc(5 * mib, 7))).toBe(true)
    expect(disk.unflushed).toBe(0)
  })

  it('of a client that vanishes ends its reads and finishes its writes', async () => {
    const client = await nbd.attach('disk')
    const gate = Promise.withResolvers<void>()
    disk.before = what => (what === 'read' || what === 'write' ? gate.promise : undefined)
    const replies = [client.read(0, 512), client.write(0, Buffer.from('kept'))]
    await until(() => disk.underWay === 2)
    await client.destroy()
    for (const reply of replies) await expect(reply).rejects.toThrow()
    await until(() => disk.underWay === 1)
    gate.resolve()
    await until(() => disk.open === 0)
    expect(disk.bytes.toString('latin1', 0, 4)).toBe('kept')
  })

  it('comes at once for what is no request', async () => {
    const client = await nbd.attach('disk')
    client.send(u32(0x12345678))
    client.send(Buffer.alloc(24))
    await client.closed
    await until(() => nbd.logged.some(line => line.includes('no request')))
  })

  it('of the server lets requests end, and refuses others', async () => {
    const [client, idle] = [await nbd.attach('disk'), await nbd.attach('disk')]
    const gate = Promise.withResolvers<void>()
    disk.before = () => gate.promise
    const under = client.write(0, Buffer.from('done'))
    await until(() => disk.underWay === 1)
    const stopped = nbd.server.stop()
    await idle.closed
    expect((await client.read(0, 1)).error).toBe(errors.ESHUTDOWN)
    gate.resolve()
    expect((await under).error).toBe(0)
    await client.closed
    await stopped
  })

  it('of the server does not wait for ever for reads that hang and clients that take nothing', async () => {
    await nbd.listener.close()
    await nbd.serve({ exports: memoryExports({ disk: { disk } }), limits: { stopMs: 50 } })
    const [client, deaf] = [await nbd.attach('disk'), await nbd.attach('disk')]
    deaf.socket.pause()
    for (let i = 0; i < 10; i++) deaf.send(requestBytes(i, { command: 0, length: 4 * mib, flags: flag.df }))
    await until(() => nbd.server.stats.requests === 10)
    disk.before = () => new Promise(() => undefined)
    const hanging = client.read(0, 512)
    await until(() => disk.underWay === 1)
    await nbd.server.stop()
    expect((await hanging).error).toBe(errors.ESHUTDOWN)
  })
})
