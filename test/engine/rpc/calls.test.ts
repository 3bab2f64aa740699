import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createLogger } from '../../../engine/base/logger.ts'
import { HoldfastError } from '../../../engine/contract/errors.ts'
import type { Progress } from '../../../engine/contract/progress.ts'
import { connectClient } from '../../../engine/rpc/client.ts'
import { connectMemory } from '../../../engine/rpc/memory.ts'
import { memoryChannelPair } from '../../../engine/rpc/memoryChannel.ts'
import type { Peer } from '../../../engine/rpc/peer.ts'
import type { RpcServerOptions } from '../../../engine/rpc/serverTypes.ts'
import { ManualClock } from './manualClock.ts'
import { contract, failure, type TestClient, TestService, until } from './world.ts'

let clock: ManualClock
let service: TestService

const start = (options: Partial<RpcServerOptions> = {}) => {
  service = new TestService({ clock, ...options })
}
const connect = (peer: Peer = { transport: 'memory' }): Promise<TestClient> => {
  const [near, far] = memoryChannelPair()
  service.server.accept(far, { peer })
  return connectClient(contract, near, { program: '1.2.3', clock })
}
const userPeer = (uid: number): Peer => ({ transport: 'unix', process: { pid: 1, uid, gid: uid, startTicks: '1' } })
/** Lets everything happen that does not wait for time. */
const settle = () => new Promise(resolve => setImmediate(resolve))

beforeEach(() => {
  clock = new ManualClock()
  start()
})
afterEach(() => service.server.close())

describe('input and output', () => {
  it('fills in defaults before the handler sees the input', async () => {
    await (await connect()).call('text.echo', { text: 'a' })
    expect(service.asked).toEqual([{ level: 'read', name: 'text.echo', input: { text: 'a', times: 1 } }])
  })

  it.each([
    ['an unknown key', { text: 'a', path: '/dev/sda' }, /path/],
    ['a wrong type', { text: 1 }, /text/],
    ['a number out of range', { text: 'a', times: 10 }, /times/],
    ['nothing at all', undefined, /input/],
    ['a list', [], /input/],
    ['a key that means the prototype', JSON.parse('{"text":"a","__proto__":{"times":2}}'), /__proto__/],
  ])('an input with %s reaches neither access check nor handler', async (_what, input, message) => {
    const client = await connect()
    const error = await failure(client.call('text.echo', input as { text: string }))
    expect(error.code).toBe('usage.invalid')
    expect(error.message).toMatch(message)
    expect(service.asked).toEqual([])
  })

  it('a call or topic that the contract does not have is refused, also when every object has it', async () => {
    const client = (await connect()) as unknown as { call(name: string, input: object): Promise<unknown> }
    for (const name of ['no.such', 'constructor', '__proto__', 'toString']) {
      expect((await failure(client.call(name, {}))).message).toBe(`There is no call named "${name}".`)
    }
    expect(await client.call('text.echo', { text: 'still here' })).toEqual({ text: 'still here' })
  })

  it('an input above the size of a frame fails before it is sent, and the client goes on', async () => {
    const client = await connect()
    const error = await failure(client.call('text.echo', { text: 'x'.repeat(1024 * 1024) }))
    expect(error).toMatchObject({ code: 'usage.invalid', details: { limitBytes: 1024 * 1024 } })
    expect(await client.call('text.echo', { text: 'a' })).toEqual({ text: 'a' })
  })

  it('an answer above the size of a frame becomes an error, and the connection goes on', async () => {
    const client = await connect()
    const error = await failure(client.call('text.echo', { text: 'x'.repeat(600_000), times: 2 }))
    expect(error.code).toBe('usage.invalid')
    expect(error.message).toContain('The answer to text.echo')
    expect(await client.call('text.echo', { text: 'a' })).toEqual({ text: 'a' })
  })

  it('what a handler gives beyond its contract never leaves the server', async () => {
    const near = recordedChannel()
    const client = await near.connect()
    expect(await client.call('answer.secret', {})).toEqual({ name: 'known' })
    expect(near.received()).toContain('known')
    expect(near.received()).not.toContain('correct horse')
  })

  it('an answer that breaks its contract is a fault that tells nothing of it', async () => {
    const near = recordedChannel()
    const error = await failure((await near.connect()).call('answer.wrong', {}))
    expect(error.code).toBe('internal.bug')
    expect(near.received()).not.toContain('/root/secret')
    expect(service.log.join()).toContain('name: ')
  })
})

describe('unexpected errors', () => {
  it('are told without text, path or stack, and are logged with them', async () => {
    const near = recordedChannel()
    const error = await failure((await near.connect()).call('fail.foreign', {}))
    expect(error.code).toBe('internal.bug')
    expect(near.received()).not.toMatch(/root|TypeError|\.ts/)
    expect(service.log.join()).toContain('cannot read /root/secret')
  })

  it('are told with their stack when debugging', async () => {
    start({ debug: true })
    const error = await failure((await connect()).call('fail.foreign', {}))
    expect(String(error.details.error)).toMatch(/cannot read \/root\/secret\n\s+at /)
  })

  it('in the access check keep the handler from running', async () => {
    start({
      authorise: async () => {
        throw new TypeError('no polkit')
      },
    })
    expect((await failure((await connect()).call('work.run', {}))).code).toBe('internal.bug')
    expect(service.works).toEqual([])
  })
})

describe('access', () => {
  it('is asked with the level of each call and topic, and what it refuses does not run', async () => {
    service.allow = level => level === 'read'
    const client = await connect()
    expect(await failure(client.call('work.run', {}))).toMatchObject({ code: 'access.denied' })
    expect(await failure(client.call('disk.erase', {}))).toMatchObject({ message: 'You may not erase.' })
    expect(service.works).toEqual([])
    service.allow = () => false
    const ended: HoldfastError[] = []
    const never = () => expect.unreachable()
    client.subscribe('counter', { state: never, change: never, ended: error => void ended.push(error) })
    await until(() => ended.length === 1)
    expect(ended[0]!.code).toBe('access.denied')
    expect(service.asked.map(({ level, name }) => `${level} ${name}`)).toEqual([
      'operate work.run',
      'erase disk.erase',
      'read counter',
    ])
  })

  it('can be asked for again by a handler at a higher level', async () => {
    const client = await connect()
    const running = failure(client.call('work.run', {}))
    await until(() => service.works.length === 1)
    const { context, fail } = service.works[0]!
    await context.authorise('operate')
    service.allow = level => level !== 'erase'
    await context.authorise('erase').catch(fail)
    expect((await running).code).toBe('access.denied')
  })

  it('that is still being decided is given up when the client cancels, and the handler never runs', async () => {
    const signals: AbortSignal[] = []
    start({
      authorise: (_peer, _level, _name, _input, signal) =>
        new Promise(resolve => {
          signals.push(signal)
          signal.addEventListener('abort', () => resolve())
        }),
    })
    const client = await connect()
    const abort = new AbortController()
    const cancelledCall = failure(client.call('work.survive', {}, { signal: abort.signal }))
    await until(() => signals.length === 1)
    abort.abort()
    expect((await cancelledCall).code).toBe('run.cancelled')
    const lostCall = failure(client.call('work.survive', {}))
    await until(() => signals.length === 2)
    client.close()
    await lostCall
    await until(() => signals[1]!.aborted && service.server.stats().handlers === 0)
    expect(service.works).toEqual([])
  })
})

describe('cancelling', () => {
  it('before the call sends nothing', async () => {
    const client = await connect()
    expect((await failure(client.call('work.run', {}, { signal: AbortSignal.abort() }))).code).toBe('run.cancelled')
    await client.call('text.echo', { text: 'a' })
    expect(service.asked.map(({ name }) => name)).toEqual(['text.echo'])
  })

  it('turns whatever error an aborted handler ends with into run.cancelled', async () => {
    const client = await connect()
    const abort = new AbortController()
    const running = failure(client.call('work.run', {}, { signal: abort.signal }))
    await until(() => service.works.length === 1)
    service.works[0]!.context.signal.addEventListener('abort', () => service.works[0]!.fail(new Error('AbortError')))
    abort.abort()
    expect((await running).code).toBe('run.cancelled')
  })

  it('reaches one call and no other', async () => {
    const client = await connect()
    const abort = new AbortController()
    const first = failure(client.call('work.run', {}, { signal: abort.signal }))
    const second = client.call('work.run', {})
    await until(() => service.works.length === 2)
    abort.abort()
    await first
    service.works[1]!.finish()
    expect(await second).toEqual({})
  })

  it('after the answer has no effect', async () => {
    const client = await connect()
    const abort = new AbortController()
    await client.call('text.echo', { text: 'a' }, { signal: abort.signal })
    abort.abort()
    expect(await client.call('text.echo', { text: 'b' })).toEqual({ text: 'b' })
  })
})

describe('a client that goes', () => {
  it('leaves calls behind that survive it, and these still count for its user', async () => {
    start({ limits: { callsPerPeer: 2 } })
    const client = await connect(userPeer(1000))
    const lost = [failure(client.call('work.survive', {})), failure(client.call('work.survive', {}))]
    await until(() => service.works.length === 2)
    client.close()
    await Promise.all(lost)
    await until(() => service.server.stats().connections === 0)
    expect(service.works.map(({ context }) => context.signal.aborted)).toEqual([false, false])
    expect(service.server.stats()).toMatchObject({ calls: 0, handlers: 2 })

    const again = await connect(userPeer(1000))
    expect(await failure(again.call('text.echo', { text: 'a' }))).toMatchObject({
      code: 'helper.busy',
      retryable: true,
    })
    const other = await connect(userPeer(1001))
    expect(await other.call('text.echo', { text: 'a' })).toEqual({ text: 'a' })
    service.works[0]!.finish()
    await until(() => service.server.stats().handlers === 1)
    expect(await again.call('text.echo', { text: 'a' })).toEqual({ text: 'a' })
  })
})

describe('progress', () => {
  const at = (doneBytes: number): Progress => ({ phase: 'reading', doneBytes })
  /** The values that the client saw, with the times. */
  async function run() {
    const client = await connect()
    const seen: [number, number][] = []
    const ended = client.call('work.run', {}, { onProgress: p => void seen.push([clock.monotonic(), p.doneBytes]) })
    await until(() => service.works.length === 1)
    return { seen, ended, ...service.works[0]! }
  }

  it('comes at once, then at most four times a second with the newest value', async () => {
    const { seen, ended, finish, context } = await run()
    for (let i = 0; i <= 1000; i += 10) {
      context.progress(at(i))
      await clock.pass(10)
    }
    await settle()
    finish()
    await ended
    expect(seen).toEqual([
      [0, 0],
      [250, 240],
      [500, 490],
      [750, 740],
      [1000, 990],
      [1010, 1000],
    ])
  })

  it('always gives the last value before the answer', async () => {
    const { seen, ended, finish, context } = await run()
    context.progress(at(1))
    await settle()
    context.progress(at(2))
    context.progress(at(3))
    finish()
    const order = await ended.then(() => seen.map(([, bytes]) => bytes))
    expect(order).toEqual([1, 3])
  })

  it('is silent when nothing new was reported', async () => {
    const { seen, ended, finish, context } = await run()
    context.progress(at(1))
    await clock.pass(5000)
    finish()
    await ended
    context.progress(at(2))
    await clock.pass(5000)
    expect(seen).toEqual([[0, 1]])
  })

  it('that is none is left out and logged, and unknown keys do not leave the server', async () => {
    const near = recordedChannel()
    const client = await near.connect()
    const seen: Progress[] = []
    const ended = client.call('work.run', {}, { onProgress: progress => void seen.push(progress) })
    await until(() => service.works.length === 1)
    const { context, finish } = service.works[0]!
    context.progress({ phase: 'dancing', doneBytes: 1 } as unknown as Progress)
    context.progress({ ...at(2), secret: 'hush' } as Progress)
    finish()
    await ended
    expect(seen).toEqual([at(2)])
    expect(near.received()).not.toContain('hush')
    expect(service.log.join()).toContain('no progress')
  })
})

describe('limits', () => {
  it('refuse a call too many and take the next when one has ended', async () => {
    start({ limits: { callsPerConnection: 2 } })
    const client = await connect()
    const running = [client.call('work.run', {}), client.call('work.run', {})]
    await until(() => service.works.length === 2)
    expect(await failure(client.call('text.echo', { text: 'a' }))).toMatchObject({
      code: 'helper.busy',
      retryable: true,
    })
    service.works[0]!.finish()
    await running[0]
    expect(await client.call('text.echo', { text: 'a' })).toEqual({ text: 'a' })
    service.works[1]!.finish()
    await running[1]
  })

  it('refuse a connection too many of one user, and not of another', async () => {
    start({ limits: { connectionsPerPeer: 2, connections: 3 } })
    const [first] = [await connect(userPeer(1)), await connect(userPeer(1))]
    expect(await failure(connect(userPeer(1)))).toMatchObject({ code: 'helper.busy', retryable: true })
    await connect(userPeer(2))
    const error = await failure(connect(userPeer(3)))
    expect(error.message).toContain('too many connections')
    first.close()
    await until(() => service.server.stats().connections === 2)
    await connect(userPeer(3))
  })

  it('refuse a subscription too many', async () => {
    start({ limits: { subscriptionsPerConnection: 1 } })
    const client = await connect()
    const ended: HoldfastError[] = []
    const listener = { state() {}, change() {}, ended: (error: HoldfastError) => void ended.push(error) }
    const first = client.subscribe('counter', listener)
    client.subscribe('counter', listener)
    await until(() => ended.length === 1)
    expect(ended[0]!.code).toBe('helper.busy')
    first.close()
    client.subscribe('counter', listener)
    await until(() => service.feed.listeners === 1)
    expect(ended).toHaveLength(1)
  })
})

describe('silence', () => {
  it('before the hello ends the connection', async () => {
    const [near, far] = memoryChannelPair()
    service.server.accept(far, { peer: { transport: 'memory' } })
    let closed = false
    near.start({
      data: () => {},
      closed: () => {
        closed = true
      },
    })
    await settle()
    await clock.pass(4999)
    expect(service.server.stats().connections).toBe(1)
    await clock.pass(1)
    await until(() => closed && service.server.stats().connections === 0)
  })

  it('of a client that answers pings is no reason to end, of one that does not it is', async () => {
    const client = await connect()
    await clock.pass(10 * 60_000)
    expect(await client.call('text.echo', { text: 'a' })).toEqual({ text: 'a' })

    const [near, far] = memoryChannelPair()
    service.server.accept(far, { peer: { transport: 'memory' } })
    await connectClient(contract, near, { program: '1', clock })
    near.pause()
    await clock.pass(121_000)
    await until(() => service.server.stats().connections === 1)
  })

  it('of the server at the hello fails the client', async () => {
    const [near] = memoryChannelPair()
    const connecting = failure(connectClient(contract, near, { program: '1', clock }))
    await settle()
    await clock.pass(10_000)
    expect(await connecting).toMatchObject({ code: 'helper.unreachable', retryable: true })
  })
})

describe('a client in memory', () => {
  it('goes through both codecs, serves what is given and says what is missing', async () => {
    const client = await connectMemory(contract, { calls: { 'text.echo': ({ text }) => ({ text }) } }, { clock })
    expect(await client.call('text.echo', { text: 'a' })).toEqual({ text: 'a' })
    expect((await failure(client.call('text.echo', { text: 5 as unknown as string }))).code).toBe('usage.invalid')
    expect((await failure(client.call('disk.erase', {}))).message).toBe('Nothing serves disk.erase here.')
    const ended: HoldfastError[] = []
    client.subscribe('counter', { state() {}, change() {}, ended: error => void ended.push(error) })
    await until(() => ended.length === 1)
    expect(ended[0]!.message).toBe('Nothing serves counter here.')
    client.close()
  })

  it('asks for access like a real one', async () => {
    const authorise = async (peer: Peer) => {
      throw new HoldfastError('access.denied', `Not for ${peer.transport}.`)
    }
    const log = createLogger({ write: () => {} })
    const client = await connectMemory(contract, {}, { clock, authorise, log })
    expect((await failure(client.call('disk.erase', {}))).message).toBe('Not for memory.')
    client.close()
  })
})

/** A connection of which the test can read every byte that the server sent. */
function recordedChannel() {
  const [near, far] = memoryChannelPair()
  service.server.accept(far, { peer: { transport: 'memory' } })
  let received = ''
  const recording = Object.create(near) as typeof near
  recording.start = events =>
    near.start({
      ...events,
      data(bytes) {
        received += Buffer.from(bytes).toString('latin1')
        events.data(bytes)
      },
    })
  recording.send = (bytes, sent) => near.send(bytes, sent)
  recording.destroy = () => near.destroy()
  return { received: () => received, connect: () => connectClient(contract, recording, { program: '1', clock }) }
}
