import { connect, type Socket } from 'node:net'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ServerLimits } from '../../../engine/nbd/limits.ts'
import { MemoryDisk, memoryExports } from '../../support/memoryExport.ts'
import {
  contextData,
  infoData,
  type NbdClient,
  optionBytes,
  requestBytes,
  u16,
  u32,
  u64,
} from '../../support/nbdClient.ts'
import { until, useNbdServer } from '../../support/nbdServer.ts'

/** What anybody who may open the socket can do to the server, while another client goes on working with it. */

const nbd = useNbdServer()
const mib = 1024 * 1024
let disk: MemoryDisk
let hurt: MemoryDisk
let bystander: NbdClient
const sockets: Socket[] = []

async function serve(limits: Partial<ServerLimits> = {}): Promise<void> {
  disk = new MemoryDisk(64 * mib)
  hurt = new MemoryDisk(64 * mib)
  await nbd.serve({
    exports: memoryExports({ disk: { disk, isReadOnly: false }, hurt: { disk: hurt, isReadOnly: false } }),
    limits,
  })
  bystander = await nbd.attach('disk')
}

beforeEach(() => serve())
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  // Whatever happened, the bystander has not noticed, and nothing is left of it.
  expect((await bystander.write(5, Buffer.from('well'))).error).toBe(0)
  expect((await bystander.read(5, 4)).data.toString()).toBe('well')
  await until(() => nbd.server.stats.connections === 1)
  await until(() => nbd.server.stats.heldBytes === 0)
  expect(nbd.server.stats).toEqual({ connections: 1, negotiating: 0, requests: 0, heldBytes: 0, waiting: 0 })
})

/** A connection that sends bytes and takes whatever comes; resolves when the server has cut it. */
function attack(...pieces: Uint8Array[]): { socket: Socket; closed: Promise<void> } {
  const socket = connect(nbd.socket)
  sockets.push(socket)
  socket.on('error', () => undefined)
  socket.resume()
  for (const piece of pieces) socket.write(piece)
  return { socket, closed: new Promise(resolve => socket.once('close', () => resolve())) }
}

const go = optionBytes(7, infoData('hurt'))
const greeted = Buffer.concat([u32(3), optionBytes(8), optionBytes(10, contextData('hurt', ['base:allocation']))])
const transmitting = Buffer.concat([greeted, go])

describe('bytes that mean nothing', () => {
  it.each([
    ['a greeting of HTTP', Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')],
    ['flags that nobody knows', u32(0xffffffff)],
    ['a wrong magic of an option', Buffer.concat([u32(3), Buffer.from('IHAVEOPS'), u32(3), u32(0)])],
    ['an option of 4 GiB', Buffer.concat([u32(3), optionBytes(3, Buffer.alloc(0), 2 ** 32 - 1)])],
    ['an export name of 5000 bytes', Buffer.concat([u32(3), optionBytes(1, Buffer.alloc(5000, 'x'))])],
    ['an export name of 100 000 bytes', Buffer.concat([u32(3), optionBytes(1, Buffer.alloc(100_000, 'x'))])],
    ['an export name that is no text', Buffer.concat([u32(3), optionBytes(1, Buffer.from([0xff, 0]))])],
    ['a wrong magic of a request', Buffer.concat([transmitting, u32(0x25609514), Buffer.alloc(24)])],
    ['a reply in the place of a request', Buffer.concat([transmitting, u32(0x67446698), Buffer.alloc(24)])],
  ])('end the connection: %s', async (_what, bytes) => {
    await attack(bytes).closed
  })

  // Whatever breaks off in the middle is only a client that has gone.
  const whole = Buffer.concat([transmitting, requestBytes(1, { command: 1, payload: Buffer.alloc(100, 1) })])
  it('may break off anywhere', async () => {
    for (let length = 0; length < whole.length; length++) {
      const { socket, closed } = attack(whole.subarray(0, length))
      socket.end()
      await closed
    }
  })
})

describe('random', () => {
  const bytes = (max: number) => fc.uint8Array({ maxLength: max }).map(array => Buffer.from(array))
  const uint32 = fc.oneof(
    { weight: 5, arbitrary: fc.nat(64) },
    fc.constantFrom(2 ** 31, 2 ** 32 - 1, 65_536, 33 * mib),
    fc.nat(0xffffffff),
  )
  const uint64 = fc.oneof(
    { weight: 8, arbitrary: fc.nat(64 * mib).map(BigInt) },
    fc.constantFrom(2n ** 64n - 1n, 2n ** 53n, 2n ** 63n),
    fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  )
  const option = fc
    .tuple(
      fc.oneof(fc.constantFrom(2, 3, 5, 6, 8, 9, 10, 11), fc.nat(30)),
      fc.oneof(bytes(60), fc.constant(infoData('hurt'))),
    )
    .map(([number, data]) => optionBytes(number, data))
  const badOption = fc.tuple(uint32, uint32, bytes(40)).map(([n, length, data]) => optionBytes(n, data, length))
  const command = fc.oneof({ weight: 30, arbitrary: fc.constantFrom(0, 1, 3, 4, 5, 6, 7) }, fc.nat(12))
  const request = fc
    .tuple(
      command,
      fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.nat(31), fc.nat(65_535)),
      uint64,
      uint32,
      bytes(100),
    )
    .map(([command, flags, offset, length, payload]) =>
      // A write with its payload, more often than not; everything else with no bytes behind it.
      command === 1
        ? requestBytes(7, { command, flags, offset, payload })
        : requestBytes(7, { command, flags, offset, length }),
    )
  const piece = fc.oneof({ weight: 6, arbitrary: option }, { weight: 1, arbitrary: badOption }, bytes(50))
  const traffic = fc.oneof(
    fc.tuple(bytes(200)),
    fc.tuple(
      fc.constant(u32(3)),
      fc.array(piece, { maxLength: 20 }).map(list => Buffer.concat(list)),
    ),
    fc.tuple(
      fc.constant(transmitting),
      fc
        .array(fc.oneof({ weight: 20, arbitrary: request }, { weight: 1, arbitrary: bytes(60) }), {
          maxLength: 40,
          size: 'max',
        })
        .map(list => Buffer.concat(list)),
    ),
  )

  it('negotiations and requests, in random pieces, harm nobody', async () => {
    await fc.assert(
      fc.asyncProperty(traffic, fc.array(fc.nat(400), { maxLength: 5 }), fc.boolean(), async (parts, cuts, ends) => {
        const all = Buffer.concat(parts)
        const points = [0, ...cuts.map(cut => Math.min(cut, all.length)).sort((a, b) => a - b), all.length]
        const { socket, closed } = attack()
        for (const [index, point] of points.slice(1).entries()) {
          socket.write(all.subarray(points[index], point))
          await new Promise(resolve => setImmediate(resolve))
        }
        if (ends) socket.end()
        else socket.destroy()
        await closed
        expect((await bystander.read(0, 512)).error).toBe(0)
      }),
      { numRuns: 1000 },
    )
    // Much of it has been understood.
    expect(hurt.calls.length).toBeGreaterThan(300)
    expect(nbd.logged.filter(line => line.includes('ERROR'))).toEqual([])
  })
})

describe('a client that', () => {
  it('asks for lists and takes none of them costs one list', async () => {
    const { socket } = attack(u32(3))
    socket.pause()
    const before = process.memoryUsage().arrayBuffers
    for (let i = 0; i < 4000; i++) socket.write(optionBytes(3))
    expect((await bystander.read(0, 1)).error).toBe(0)
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16 * mib)
  })

  it('asks for gigabytes and takes none of them is read no further', async () => {
    const { socket } = attack(transmitting)
    socket.pause()
    for (let i = 0; i < 2000; i++) socket.write(requestBytes(i, { command: 0, flags: 4, length: 8 * mib }))
    await until(() => nbd.server.stats.waiting === 1)
    expect(nbd.server.stats.heldBytes).toBeLessThanOrEqual(66 * mib)
    // Others have enough.
    expect((await bystander.read(0, 32 * mib)).error).toBe(0)
    // What the server has received and not begun yet is forgotten with its client.
    const begun = hurt.calls.length
    socket.destroy()
    await until(() => nbd.server.stats.connections === 1)
    expect(hurt.calls.length - begun).toBeLessThan(3)
  })

  it('sends only the beginning of large writes keeps nobody waiting', async () => {
    for (let i = 0; i < 6; i++) {
      attack(transmitting, requestBytes(1, { command: 1, length: 32 * mib }), Buffer.alloc(100))
    }
    // The fourth does not fit any more, and the others wait behind it.
    await until(() => nbd.server.stats.waiting === 3)
    expect(nbd.server.stats.heldBytes).toBeLessThan(97 * mib)
    // What is large goes in pieces that need nothing of what the others hold.
    expect((await bystander.read(0, 32 * mib)).error).toBe(0)
    expect((await bystander.write(0, Buffer.alloc(mib))).error).toBe(0)
  })
})

describe('with little patience', () => {
  beforeEach(async () => {
    await bystander.disconnect()
    await nbd.listener.close()
    await serve({ negotiationMs: 100, stallMs: 100, connections: 8 })
  })

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['half of its flags', u16(0)],
    ['half an option', Buffer.concat([u32(3), Buffer.from('IHAVE')])],
    ['an option without its data', Buffer.concat([u32(3), optionBytes(7, Buffer.alloc(0), 100)])],
    ['options, but chooses nothing', Buffer.concat([u32(3), optionBytes(3), optionBytes(8)])],
  ])('a client that says %s is cut', async (_what, bytes) => {
    await attack(bytes).closed
  })

  it('a client that drips is cut, and one that has an export may be silent', async () => {
    const idle = await nbd.attach('hurt')
    const { socket, closed } = attack()
    let isClosed = false
    void closed.then(() => {
      isClosed = true
    })
    const words = Buffer.concat([u32(3), optionBytes(7, Buffer.alloc(0), 1000), Buffer.alloc(1000)])
    for (let at = 0; at < words.length && !isClosed; at++) {
      socket.write(words.subarray(at, at + 1))
      await new Promise(resolve => setTimeout(resolve, 5))
    }
    expect(isClosed).toBe(true)
    expect((await idle.read(0, 1)).error).toBe(0)
    await idle.disconnect()
  })

  it('a flood of connections takes the place of others that negotiate, never of those that work', async () => {
    const flood = Array.from({ length: 100 }, () => attack())
    await until(() => nbd.server.stats.connections >= 8)
    // There is room for one who means it.
    const honest = await nbd.attach('disk')
    expect((await honest.read(0, 512)).error).toBe(0)
    for (const { socket } of flood) socket.destroy()
    await honest.disconnect()
  })

  it('a client more than there is room for is turned away when all others work', async () => {
    const clients: NbdClient[] = []
    for (let i = 0; i < 7; i++) clients.push(await nbd.attach('hurt'))
    await attack().closed
    for (const client of clients) await client.disconnect()
  })

  it('clients that keep memory are cut as soon as others need it', async () => {
    const keeping = Array.from({ length: 4 }, () =>
      attack(transmitting, requestBytes(1, { command: 1, length: 32 * mib - 16_384 }), Buffer.alloc(100)),
    )
    await until(() => nbd.server.stats.heldBytes > 120 * mib)
    expect((await bystander.write(0, Buffer.alloc(32 * mib))).error).toBe(0)
    await Promise.race(keeping.map(({ closed }) => closed))
    expect(nbd.logged.join()).toContain('kept memory')
    for (const { socket } of keeping) socket.destroy()
  })
})

it('offsets near 2^64 and lengths near 2^32 never reach an export', async () => {
  const client = await nbd.attach('hurt')
  for (const offset of [2n ** 64n - 1n, 2n ** 53n + 1n, BigInt(64 * mib)]) {
    for (const command of [0, 4, 5, 6, 7]) {
      const { error } = await client.request({ command, offset, length: 2 ** 32 - 1 })
      expect([22, 28]).toContain(error)
    }
  }
  client.send(Buffer.concat([u32(0x25609513), u16(0), u16(3), u64(9), u64(1), u32(0)]))
  await client.disconnect()
})
