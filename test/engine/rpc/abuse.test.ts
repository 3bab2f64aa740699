import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { systemClock } from '../../../engine/base/clock.ts'
import { createLogger } from '../../../engine/base/logger.ts'
import { encodeFrame, FrameReader, maxFrameBytes, maxHelloBytes } from '../../../engine/rpc/frames.ts'
import { defaultLimits } from '../../../engine/rpc/limits.ts'
import { type PeerProcess, processOfSocket } from '../../../engine/rpc/peer.ts'
import { connectUnix } from '../../../engine/rpc/unixClient.ts'
import { type Listener, listenUnix } from '../../../engine/rpc/unixServer.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'
import { contract, failure, type TestClient, TestService, until } from './world.ts'

/** What somebody who may open the socket can do to the server, while another user goes on working with it. */

const folder = useTemporaryFolder()
const attackerUid = 4242
/** Greatest piece that Node reads from a socket at a time. */
const readBytes = 64 * 1024

let service: TestService
let listener: Listener
let path: string
let user: TestClient
let attacking: boolean
const sockets: Socket[] = []

beforeEach(async () => {
  service = new TestService({ limits: { closeGraceMs: 50 } })
  path = join(folder.path, 'helper.sock')
  attacking = false
  // The kernel names this process for both; two users are needed.
  const identify = (socket: Socket): PeerProcess => {
    const process = processOfSocket(socket)
    return attacking ? { ...process, uid: attackerUid } : process
  }
  listener = await listenUnix(service.server, { path, mode: 0o600, log: createLogger({ write: () => {} }), identify })
  user = await connectUnix(contract, { program: '1', clock: systemClock, path, trustedUids: [process.getuid!()] })
  attacking = true
})

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  // Whatever happened, the other user has not noticed, and nothing is left of it.
  expect(await user.call('text.echo', { text: 'well' })).toEqual({ text: 'well' })
  await until(() => service.server.stats().connections === 1)
  expect(service.server.stats()).toEqual({
    connections: 1,
    calls: 0,
    handlers: 0,
    subscriptions: 0,
    queuedBytes: 0,
    receivedBytes: 0,
  })
  await listener.close()
  await service.server.close()
})

const frame = (message: unknown) => Buffer.from(encodeFrame(message, 'It', Number.POSITIVE_INFINITY))
const hello = frame({ type: 'hello', protocol: contract.protocol, program: '1' })
const lengthOnly = (length: number) => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(length)
  return bytes
}

/** A connection that sends what it is given and collects what it gets. */
async function attack(...pieces: Uint8Array[]) {
  const socket = connect(path)
  sockets.push(socket)
  // The server may cut the connection at any moment.
  socket.on('error', () => {})
  await once(socket, 'connect')
  const reader = new FrameReader(maxFrameBytes)
  const messages: { type: string; id?: number; error?: { code: string; message: string } }[] = []
  const closed = new Promise<void>(resolve => socket.once('close', () => resolve()))
  socket.on('data', bytes => {
    reader.push(bytes)
    for (let body = reader.next(); body; body = reader.next()) messages.push(JSON.parse(Buffer.from(body).toString()))
  })
  for (const piece of pieces) socket.write(piece)
  return { socket, messages, closed }
}

/** What the server says before it ends the connection. */
async function refusalOf(...pieces: Uint8Array[]): Promise<string | undefined> {
  const { messages, closed } = await attack(...pieces)
  await closed
  return messages.at(-1)?.type === 'refused' ? messages.at(-1)?.error?.code : undefined
}

describe('bytes that are no messages', () => {
  it.each([
    ['a length of 4 GiB', lengthOnly(2 ** 32 - 1)],
    ['a first message longer than a hello', lengthOnly(maxHelloBytes + 1)],
    ['an HTTP request', Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')],
    ['a length of 0', lengthOnly(0)],
    ['no JSON', Buffer.concat([lengthOnly(3), Buffer.from('abc')])],
    ['a call before the hello', frame({ type: 'call', id: 1, name: 'text.echo', input: { text: 'a' } })],
    ['a hello without a protocol', frame({ type: 'hello', program: '1' })],
    ['a list', frame([])],
    ['null', frame(null)],
  ])('at the start end the connection: %s', async (_what, bytes) => {
    expect(await refusalOf(bytes)).toBe('usage.invalid')
    expect(service.asked).toEqual([])
  })

  it.each([
    ['a length above the limit', lengthOnly(maxFrameBytes + 1)],
    ['a second hello', hello],
    ['an unknown kind', frame({ type: 'shutdown' })],
    ['a kind of the server', frame({ type: 'result', id: 1, output: {} })],
    ['an unknown key', frame({ type: 'cancel', id: 1, uid: 0 })],
    ['a negative number', frame({ type: 'cancel', id: -1 })],
    ['a number that is not whole', frame({ type: 'cancel', id: 0.5 })],
    ['a number that is not exact', frame({ type: 'cancel', id: 2 ** 60 })],
    ['a number in use', Buffer.concat(Array(2).fill(frame({ type: 'call', id: 1, name: 'work.run', input: {} })))],
    ['an endless name', frame({ type: 'call', id: 1, name: 'x'.repeat(1000), input: {} })],
    ['deep JSON', Buffer.concat([lengthOnly(900_000), Buffer.alloc(900_000, '[')])],
    [
      'deep JSON in the input',
      frame({ type: 'call', id: 1, name: 'text.echo', input: JSON.parse('['.repeat(80) + ']'.repeat(80)) }),
    ],
    ['bytes that are no UTF-8', Buffer.concat([lengthOnly(2), Buffer.from([0xff, 0xfe])])],
  ])('after the hello end the connection and its calls: %s', async (_what, bytes) => {
    expect(await refusalOf(hello, bytes)).toBe('usage.invalid')
    await until(() => service.server.stats().handlers === 0)
  })

  it('in any number and of any kind end one connection after the other and nothing else', () =>
    fc.assert(
      fc.asyncProperty(fc.boolean(), fc.uint8Array({ maxLength: 300 }), async (greets, bytes) => {
        const { socket, closed } = await attack(...(greets ? [hello] : []), bytes)
        socket.end()
        await closed
      }),
      { numRuns: 150 },
    ))

  it('made from a real conversation by changing single bytes do no harm either', () => {
    const conversation = Buffer.concat([
      hello,
      frame({ type: 'subscribe', id: 1, topic: 'counter' }),
      frame({ type: 'call', id: 2, name: 'text.echo', input: { text: 'abc', times: 3 } }),
      frame({ type: 'call', id: 3, name: 'work.run', input: {} }),
      frame({ type: 'cancel', id: 3 }),
      frame({ type: 'unsubscribe', id: 1 }),
    ])
    const change = fc.record({ at: fc.nat(conversation.length - 1), to: fc.integer({ min: 0, max: 255 }) })
    return fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 4 }), async changes => {
        const bytes = Buffer.from(conversation)
        for (const { at, to } of changes) bytes[at] = to
        const { socket, closed } = await attack(bytes)
        socket.end()
        await closed
      }),
      { numRuns: 150 },
    )
  })
})

describe('inputs that no contract allows', () => {
  it('end their call and nothing else', async () => {
    const inputs = [
      null,
      5,
      'text',
      [],
      {},
      { text: 5 },
      { text: 'a', times: 1e9 },
      { text: 'a', extra: 1 },
      { text: { a: 1 } },
    ]
    const calls = inputs.map((input, id) => frame({ type: 'call', id, name: 'text.echo', input }))
    const { messages } = await attack(hello, ...calls)
    await until(() => messages.length === inputs.length + 1)
    for (const message of messages.slice(1)) expect(message.error?.code).toBe('usage.invalid')
    expect(service.asked).toEqual([])
  })
})

describe('memory', () => {
  it('is not taken for a message that is announced and does not come', async () => {
    const held: Awaited<ReturnType<typeof attack>>[] = []
    for (let i = 0; i < 10; i++) held.push(await attack(hello, lengthOnly(maxFrameBytes), Buffer.alloc(1000)))
    await until(() => held.every(({ messages }) => messages.length === 1))
    await until(() => service.server.stats().receivedBytes === 10 * 1004)
    for (let i = 0; i < 3000; i++) held[0]!.socket.write(Buffer.of(0x20))
    await until(() => service.server.stats().receivedBytes === 10 * 1004 + 3000)
  })

  it('stays bounded for a client that asks and asks and never reads', async () => {
    const { socket } = await attack(hello)
    socket.pause()
    let most = { queued: 0, received: 0 }
    const call = (id: number) => frame({ type: 'call', id, name: 'text.echo', input: { text: 'x'.repeat(100_000) } })
    let id = 0
    // Until the way is full: what the socket cannot take any more is waiting in this process.
    while (socket.writableLength < 3_000_000) {
      socket.write(call(id++))
      await new Promise(resolve => setImmediate(resolve))
      const { queuedBytes, receivedBytes } = service.server.stats()
      most = { queued: Math.max(most.queued, queuedBytes), received: Math.max(most.received, receivedBytes) }
    }
    // All calls that are let in may have their answer, and then nothing is read any more.
    const { pauseBytes, callsPerConnection } = defaultLimits
    expect(most.queued).toBeGreaterThan(pauseBytes)
    expect(most.queued).toBeLessThan(pauseBytes + callsPerConnection * 101_000)
    expect(most.received).toBeLessThan(maxFrameBytes + readBytes)
    expect(service.asked.length).toBeLessThan(id)
  })

  it('stays bounded for errors that are never read', async () => {
    const { socket } = await attack(hello)
    socket.pause()
    const flood = Buffer.concat(
      Array.from({ length: 2000 }, (_, id) => frame({ type: 'call', id, name: 'no.such', input: {} })),
    )
    let most = 0
    while (socket.writableLength < 2_000_000) {
      socket.write(flood)
      await new Promise(resolve => setImmediate(resolve))
      most = Math.max(most, service.server.stats().queuedBytes)
    }
    expect(most).toBeGreaterThan(defaultLimits.pauseBytes / 2)
    expect(most).toBeLessThan(defaultLimits.pauseBytes + 2000)
  })
})

describe('floods', () => {
  it('of calls are answered up to the limit, the rest is refused, and all is cancelled at the end', async () => {
    const { callsPerConnection } = defaultLimits
    const calls = Array.from({ length: 500 }, (_, id) => frame({ type: 'call', id, name: 'work.run', input: {} }))
    const { messages, socket } = await attack(hello, ...calls)
    await until(() => messages.length === 1 + 500 - callsPerConnection)
    expect(new Set(messages.slice(1).map(({ error }) => error?.code))).toEqual(new Set(['helper.busy']))
    expect(service.works).toHaveLength(callsPerConnection)
    socket.destroy()
    await until(() => service.server.stats().handlers === 0)
    expect(service.works.every(({ context }) => context.signal.aborted)).toBe(true)
  })

  it('of calls over many connections do not pass the limit of the user', async () => {
    const { callsPerPeer, callsPerConnection } = defaultLimits
    const calls = Array.from({ length: callsPerConnection }, (_, id) =>
      frame({ type: 'call', id, name: 'work.run', input: {} }),
    )
    const all: Awaited<ReturnType<typeof attack>>[] = []
    for (let i = 0; i < 8; i++) all.push(await attack(hello, ...calls))
    const answers = () => all.reduce((sum, { messages }) => sum + messages.length - 1, 0)
    await until(() => answers() === 8 * callsPerConnection - callsPerPeer)
    expect(service.works).toHaveLength(callsPerPeer)
  })

  it('of calls that are cancelled at once leave nothing behind', async () => {
    const pairs = Array.from({ length: 1000 }, (_, id) => [
      frame({ type: 'call', id, name: 'work.survive', input: {} }),
      frame({ type: 'cancel', id }),
    ]).flat()
    const { messages } = await attack(hello, ...pairs)
    await until(() => messages.length === 1001)
    expect(new Set(messages.slice(1).map(({ error }) => error?.code))).toEqual(
      new Set(['run.cancelled', 'helper.busy']),
    )
  })

  it('of subscriptions stop at the limit', async () => {
    const many = Array.from({ length: 100 }, (_, id) => frame({ type: 'subscribe', id, topic: 'counter' }))
    const { messages } = await attack(hello, ...many)
    await until(() => messages.length === 101)
    expect(messages.filter(({ type }) => type === 'state')).toHaveLength(defaultLimits.subscriptionsPerConnection)
    expect(service.feed.listeners).toBe(defaultLimits.subscriptionsPerConnection)
  })

  it('of connections are turned away above the limit with a word of why', async () => {
    const { connectionsPerPeer } = defaultLimits
    const all: Awaited<ReturnType<typeof attack>>[] = []
    for (let i = 0; i < 60; i++) all.push(await attack(hello))
    await until(() => all.every(({ messages }) => messages.length === 1))
    const types = all.map(({ messages }) => messages[0]!.type)
    expect(types.filter(type => type === 'hello')).toHaveLength(connectionsPerPeer)
    expect(all.find(({ messages }) => messages[0]!.type === 'refused')!.messages[0]!.error!.code).toBe('helper.busy')
    attacking = false
    const second = await connectUnix(contract, {
      program: '1',
      clock: systemClock,
      path,
      trustedUids: [process.getuid!()],
    })
    expect((await failure(second.call('fail.expected', {}))).code).toBe('storage.full')
    second.close()
  })

  it('of connections that are cut off at once leave nothing behind', async () => {
    for (let i = 0; i < 200; i++) {
      const socket = connect(path)
      socket.on('error', () => {})
      if (i % 3 > 0) socket.write(i % 3 === 1 ? hello : hello.subarray(0, 7))
      if (i % 2 === 0) await new Promise(resolve => setImmediate(resolve))
      socket.destroy()
    }
  })
})
