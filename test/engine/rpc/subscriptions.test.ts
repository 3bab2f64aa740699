import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { HoldfastError } from '../../../engine/contract/errors.ts'
import { connectClient } from '../../../engine/rpc/client.ts'
import type { RpcLimits } from '../../../engine/rpc/limits.ts'
import { memoryChannelPair } from '../../../engine/rpc/memoryChannel.ts'
import { createRpcServer } from '../../../engine/rpc/server.ts'
import type { TopicSource } from '../../../engine/rpc/serverTypes.ts'
import { ManualClock } from './manualClock.ts'
import { contract, lastOf, type TestClient, TestService, until, watch } from './world.ts'

let clock: ManualClock
let service: TestService
beforeEach(() => start())
afterEach(() => service.server.close())

function start(limits: Partial<RpcLimits> = {}): void {
  clock = new ManualClock()
  service = new TestService({ clock, limits })
}

async function connect(to = service.server) {
  const [near, far] = memoryChannelPair()
  to.accept(far, { peer: { transport: 'memory' } })
  const client: TestClient = await connectClient(contract, near, { program: '1', clock })
  return { client, channel: near }
}
const turn = () => new Promise(resolve => setImmediate(resolve))

describe('the switch from state to changes', () => {
  it('loses nothing and tells nothing twice, whenever changes happen and however slowly the client reads', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom('count', 'count', 'turn', 'microtask', 'pause', 'resume', 'long', 'short'), {
          minLength: 1,
          maxLength: 60,
        }),
        fc.integer({ min: 100, max: 5000 }),
        async (steps, pendingChangeBytes) => {
          start({ pendingChangeBytes })
          const { client, channel } = await connect()
          const seen = watch(client)
          for (const step of steps) {
            if (step === 'count') service.count()
            else if (step === 'turn') await turn()
            else if (step === 'microtask') await Promise.resolve()
            else if (step === 'pause') channel.pause()
            else if (step === 'resume') channel.resume()
            else service.filler = step === 'long' ? 'x'.repeat(40_000) : ''
          }
          channel.resume()
          await until(() => lastOf(seen) === service.value)
          await turn()
          expect(lastOf(seen)).toBe(service.value)
          expect(seen.ended).toEqual([])
          await service.server.close()
        },
      ),
      { numRuns: 150 },
    ))

  it('keeps the order of changes and of the answer to the call that caused them', async () => {
    const { client } = await connect()
    const seen = watch(client)
    await until(() => seen.all.length === 1)
    const running = client.call('work.run', {})
    await until(() => service.works.length === 1)
    service.count()
    service.works[0]!.finish()
    await running
    expect(seen.all).toEqual([{ state: 0 }, { change: 1 }])
  })
})

describe('a client that does not keep up', () => {
  it('gets one new state in the place of thousands of changes, while little waits for it and others get all', async () => {
    start({ pendingChangeBytes: 100_000 })
    const slow = await connect()
    const quick = await connect()
    const slowly = watch(slow.client)
    const quickly = watch(quick.client)
    await until(() => slowly.all.length === 1 && quickly.all.length === 1)
    slow.channel.pause()
    service.filler = 'x'.repeat(1000)
    let most = 0
    for (let i = 0; i < 5000; i++) {
      service.count()
      most = Math.max(most, service.server.stats().queuedBytes)
      await turn()
    }
    // What may wait for the slow one, and a few changes that are on their way to the quick one.
    expect(most).toBeLessThan(100_000 + 10_000)
    // What had not left when it fell behind was thrown away.
    await until(() => lastOf(quickly) === 5000)
    expect(service.server.stats().queuedBytes).toBeLessThan(64 * 1024 + 2000)
    expect(quickly.all).toHaveLength(5001)
    expect(slowly.all).toHaveLength(1)
    slow.channel.resume()
    await until(() => lastOf(slowly) === 5000)
    expect(slowly.all.length).toBeLessThan(150)
    expect(slowly.all.filter(news => 'state' in news)).toHaveLength(2)
  })

  it('is ended when more waits for it than its limit, and nobody else is', async () => {
    start({ queueBytes: 300_000, pauseBytes: 10_000_000 })
    const slow = await connect()
    const other = await connect()
    slow.channel.pause()
    for (let i = 0; i < 10; i++) slow.client.call('text.echo', { text: 'x'.repeat(100_000) }).catch(() => {})
    await until(() => service.log.some(line => line.includes('too slowly')))
    await clock.pass(1000)
    await until(() => service.server.stats().connections === 1)
    expect(service.server.stats().queuedBytes).toBe(0)
    expect(await other.client.call('text.echo', { text: 'a' })).toEqual({ text: 'a' })
  })

  it('is ended first when too much waits for all together', async () => {
    start({ totalQueueBytes: 500_000, pauseBytes: 10_000_000 })
    const [little, much] = [await connect(), await connect()]
    for (const { channel } of [little, much]) channel.pause()
    little.client.call('text.echo', { text: 'x'.repeat(90_000) }).catch(() => {})
    for (let i = 0; i < 6; i++) much.client.call('text.echo', { text: 'x'.repeat(90_000) }).catch(() => {})
    await until(() => service.asked.length === 7)
    await clock.pass(1000)
    await until(() => service.server.stats().connections === 1)
    little.channel.resume()
    expect(await little.client.call('text.echo', { text: 'a' })).toEqual({ text: 'a' })
  })

  it('is not read from while much waits for it, so that asking on costs nothing', async () => {
    start({ pauseBytes: 100_000, callsPerConnection: 1000 })
    const { client, channel } = await connect()
    channel.pause()
    const answers = Array.from({ length: 100 }, () => client.call('text.echo', { text: 'x'.repeat(50_000) }))
    for (let i = 0; i < 200; i++) await turn()
    expect(service.asked.length).toBeLessThan(10)
    channel.resume()
    expect(await Promise.all(answers)).toHaveLength(100)
    expect(service.asked).toHaveLength(100)
    expect(service.server.stats()).toMatchObject({ queuedBytes: 0, receivedBytes: 0, calls: 0 })
  })
})

describe('a topic', () => {
  /** A server whose counter comes from `source`. */
  const serving = (source: TopicSource<{ value: number; filler: string }, { to: number; filler: string }>) => {
    const { server } = service
    service = new TestService({ clock })
    void server.close()
    const log = { debug() {}, info() {}, warn() {}, error() {}, with: () => log }
    return createRpcServer(
      contract,
      { calls: service.handlers(), topics: { counter: source } },
      { program: '1', clock, log, authorise: async () => {} },
    )
  }

  it.each([
    [
      'that fails',
      () => {
        throw new HoldfastError('storage.failed', 'No state.')
      },
      'storage.failed',
    ],
    ['whose state breaks the contract', () => ({ state: { value: 'one', filler: '' }, close() {} }), 'internal.bug'],
    [
      'whose state is too large',
      () => ({ state: { value: 1, filler: 'x'.repeat(1024 * 1024) }, close() {} }),
      'usage.invalid',
    ],
  ])('%s ends the subscription with an error and not the connection', async (_what, source, code) => {
    const server = serving(source as unknown as TopicSource<{ value: number; filler: string }, never>)
    const { client } = await connect(server)
    const seen = watch(client)
    await until(() => seen.ended.length === 1)
    expect(seen.ended[0]!.code).toBe(code)
    expect(seen.all).toEqual([])
    expect(server.stats().subscriptions).toBe(0)
    expect(await client.call('text.echo', { text: 'a' })).toEqual({ text: 'a' })
    await server.close()
  })

  it('whose change breaks the contract ends the subscription and listens no more', async () => {
    const { client } = await connect()
    const seen = watch(client)
    await until(() => seen.all.length === 1)
    service.feed.publish({ to: 0.5, filler: '' })
    await until(() => seen.ended.length === 1)
    expect(seen.ended[0]!.code).toBe('internal.bug')
    expect(service.feed.listeners).toBe(0)
  })

  it('whose source goes on after its end is heard in the newest round only', async () => {
    const rounds: ((change: { to: number; filler: string }) => void)[] = []
    const server = serving(change => {
      rounds.push(change)
      return { state: { value: rounds.length * 10, filler: '' }, close() {} }
    })
    const { client } = await connect(server)
    const seen = watch(client)
    await until(() => seen.all.length === 1)
    rounds[0]!({ to: 0, filler: 'x'.repeat(2 * 1024 * 1024) })
    await until(() => seen.all.length === 2)
    rounds[0]!({ to: 11, filler: '' })
    rounds[1]!({ to: 21, filler: '' })
    await until(() => seen.all.length === 3)
    expect(seen.all).toEqual([{ state: 10 }, { state: 20 }, { change: 21 }])
    await server.close()
  })

  it('with a change above the size of a frame sends a new state instead', async () => {
    const { client } = await connect()
    const seen = watch(client)
    await until(() => seen.all.length === 1)
    service.value = 7
    service.feed.publish({ to: 7, filler: 'x'.repeat(2 * 1024 * 1024) })
    await until(() => seen.all.length === 2)
    expect(seen.all).toEqual([{ state: 0 }, { state: 7 }])
  })

  it('tells nothing more to a client that has closed its subscription, though it was on its way', async () => {
    const { client, channel } = await connect()
    const seen = watch(client)
    await until(() => seen.all.length === 1)
    channel.pause()
    service.count()
    await turn()
    seen.close()
    channel.resume()
    await client.call('text.echo', { text: 'a' })
    expect(seen.all).toEqual([{ state: 0 }])
    expect(service.server.stats().subscriptions).toBe(0)
  })

  it('on a connection that is over ends at once, unless it is closed at once', async () => {
    const { client } = await connect()
    client.close()
    const [seen, closed] = [watch(client), watch(client)]
    closed.close()
    await turn()
    expect(seen.ended).toHaveLength(1)
    expect(closed.ended).toEqual([])
  })
})
