import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { systemClock } from '../../../engine/base/clock.ts'
import { HoldfastError } from '../../../engine/contract/errors.ts'
import type { RpcClient } from '../../../engine/contract/rpcContract.ts'
import { type Bridge, createBridge } from '../../../engine/rpc/bridge.ts'
import { connectClient } from '../../../engine/rpc/client.ts'
import { memoryChannelPair } from '../../../engine/rpc/memoryChannel.ts'
import { ManualClock } from './manualClock.ts'
import { contract, type TestContract, TestService, until } from './world.ts'

let service: TestService
let clock: ManualClock
let bridge: Bridge<TestContract, { program: string }>
let tries: number
/** Set to make the next tries to connect fail. */
let obstacle: HoldfastError | undefined
let clients: RpcClient<TestContract>[]
let states: string[]

beforeEach(() => {
  service = new TestService()
  clock = new ManualClock()
  tries = 0
  obstacle = undefined
  clients = []
  states = []
  bridge = createBridge({
    contract,
    clock,
    async connect() {
      tries++
      if (obstacle) throw obstacle
      const [near, far] = memoryChannelPair()
      service.server.accept(far, { peer: { transport: 'memory' } })
      const client = await connectClient(contract, near, { program: '1', clock: systemClock })
      clients.push(client)
      return client
    },
    facts: async client => ({ program: client.serverProgram }),
  })
  bridge.connection(state => {
    states.push(state.state === 'connected' ? `connected to ${state.program}` : `connecting ${state.error?.code ?? ''}`)
  })
})
afterEach(async () => {
  bridge.close()
  await service.server.close()
})

const connected = (times = 1) => until(() => states.filter(state => state.startsWith('connected')).length === times)

/** The helper dies, and another one takes its place. */
async function replaceHelper(): Promise<void> {
  await service.server.close()
  await until(() => states.at(-1)?.startsWith('connecting') === true)
  service = new TestService()
}

describe('calls of a bridge', () => {
  it('give values, and errors as values', async () => {
    await connected()
    expect(await bridge.calls['text.echo']({ text: 'a' })).toEqual({ ok: true, value: { text: 'a' } })
    expect(await bridge.calls['fail.expected']({})).toMatchObject({
      ok: false,
      error: { code: 'storage.full', advice: 'Use a larger one.', retryable: true },
    })
    expect(await bridge.calls['text.echo']({ text: 'a'.repeat(1024 * 1024) })).toMatchObject({
      ok: false,
      error: { code: 'usage.invalid' },
    })
  })

  it('fail at once while there is no connection, and are not made later', async () => {
    await connected()
    obstacle = new HoldfastError('helper.untrusted', 'Somebody else made it.', { advice: 'Find out who.' })
    clients[0]!.close()
    await until(() => clock.sleeping === 1)
    await clock.pass(250)
    expect(await bridge.calls['disk.erase']({})).toMatchObject({
      ok: false,
      error: { code: 'helper.unreachable', advice: 'Find out who.', retryable: true },
    })
    obstacle = undefined
    bridge.reconnect()
    await connected(2)
    expect(service.asked).toEqual([])
  })

  it('fail when the connection is lost under way', async () => {
    await connected()
    const answer = bridge.calls['work.run']({})
    await until(() => service.works.length === 1)
    await service.server.close()
    expect((await answer).ok).toBe(false)
  })
})

describe('a topic of a bridge', () => {
  it('comes whole again with the next connection', async () => {
    const seen: unknown[] = []
    bridge.topics.counter({
      state: ({ value }) => seen.push({ state: value }),
      change: ({ to }) => seen.push({ change: to }),
      refused: error => seen.push(error),
    })
    await connected()
    await until(() => seen.length === 1)
    service.count()
    await until(() => seen.length === 2)
    await replaceHelper()
    service.value = 7
    await clock.pass(250)
    await connected(2)
    await until(() => seen.length === 3)
    service.count()
    await until(() => seen.length === 4)
    expect(seen).toEqual([{ state: 0 }, { change: 1 }, { state: 7 }, { change: 8 }])
  })

  it('that is watched as soon as the connection is told comes once', async () => {
    const seen: unknown[] = []
    bridge.connection(({ state }) => {
      if (state !== 'connected') return
      bridge.topics.counter({ state: ({ value }) => seen.push(value), change: () => {}, refused: () => {} })
    })
    await connected()
    await until(() => seen.length > 0)
    expect(service.server.stats().connections).toBe(1)
    await bridge.calls['text.echo']({ text: 'all that was on its way is here' })
    expect(seen).toEqual([0])
  })

  it('that is refused says why, once, and is left alone from then on', async () => {
    const codes: string[] = []
    service.allow = () => false
    bridge.topics.counter({ state: () => {}, change: () => {}, refused: error => codes.push(error.code) })
    await connected()
    await until(() => codes.length === 1)
    await replaceHelper()
    await clock.pass(250)
    await connected(2)
    await bridge.calls['text.echo']({ text: 'a' })
    expect(codes).toEqual(['access.denied'])
    expect(service.asked.map(({ name }) => name)).toEqual(['text.echo'])
  })

  it('is silent once it is left, before and after a new connection', async () => {
    const seen: unknown[] = []
    const note = (news: unknown) => seen.push(news)
    const leave = bridge.topics.counter({ state: note, change: note, refused: note })
    await connected()
    await until(() => seen.length === 1)
    leave()
    service.count()
    await replaceHelper()
    await clock.pass(250)
    await connected(2)
    await bridge.calls['text.echo']({ text: 'a' })
    expect(seen).toHaveLength(1)
  })
})

describe('the connection of a bridge', () => {
  it('is told at once, and with every change', async () => {
    await connected()
    await replaceHelper()
    await clock.pass(250)
    await connected(2)
    expect(states.map(state => state.replace(/ing .*/, 'ing'))).toEqual([
      'connecting',
      'connected to 1.2.3',
      'connecting',
      'connected to 1.2.3',
    ])
  })

  it('is tried again after waits that grow, and says what the last try failed with', async () => {
    await connected()
    obstacle = new HoldfastError('helper.incompatible', 'It is older.')
    clients[0]!.close()
    await until(() => clock.sleeping === 1)
    const waits: number[] = []
    for (let last = clock.monotonic(); waits.length < 8; last = clock.monotonic()) {
      const before = tries
      while (tries === before) await clock.pass(250)
      waits.push(clock.monotonic() - last)
    }
    expect(waits).toEqual([250, 500, 1000, 2000, 4000, 8000, 10_000, 10_000])
    expect(states.at(-1)).toBe('connecting helper.incompatible')
  })

  it('is tried at once when somebody asks', async () => {
    await connected()
    obstacle = new HoldfastError('helper.unreachable', 'It is away.')
    clients[0]!.close()
    await until(() => clock.sleeping === 1)
    await clock.pass(5000)
    await until(() => clock.sleeping === 1)
    obstacle = undefined
    bridge.reconnect()
    await connected(2)
  })

  it('is made anew at once when its client was closed on this side', async () => {
    await connected()
    clients[0]!.close()
    await connected(2)
    expect(clock.sleeping).toBe(0)
  })

  it('is over after close, and no other is made', async () => {
    await connected()
    const before = states.length
    bridge.close()
    expect((await clients[0]!.closed)?.code).toBeUndefined()
    await clock.pass(60_000)
    expect(tries).toBe(1)
    expect(states).toHaveLength(before)
  })
})
