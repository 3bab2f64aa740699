import { describe, expect, it } from 'vitest'
import type { BridgeConnection } from '../../engine/contract/appBridge.ts'
import { HoldfastError } from '../../engine/contract/errors.ts'
import { helperContract } from '../../engine/contract/helperContract.ts'
import { connectMemory } from '../../engine/rpc/memory.ts'
import { HelperConnection } from '../../main/helperConnection.ts'
import type { HelperLink } from '../../main/helperLink.ts'
import { FakeTime } from '../support/fakeTime.ts'

const unreachable = () => new HoldfastError('helper.unreachable', 'Nobody is there.', { retryable: true })

/** A helper in this process, over the real protocol. */
async function link(kind: HelperLink['kind'], options: { refuse?: string } = {}): Promise<HelperLink> {
  const mode = kind === 'own' ? ('user' as const) : ('system' as const)
  const startedAt = '2026-01-31T10:00:00.000Z'
  const client = await connectMemory(
    helperContract,
    {
      calls: {
        'status.get': () => ({ program: kind, host: 'here', startedAt, mode, secretsLocked: false }),
      },
      topics: { notices: () => ({ state: { notices: [] }, close: () => undefined }) },
    },
    {
      clock: new FakeTime(0),
      authorise: async (_peer, _level, name) => {
        if (name === options.refuse) throw new HoldfastError('access.denied', 'No.')
      },
    },
  )
  return { client, kind }
}

function connect(options: Partial<ConstructorParameters<typeof HelperConnection>[0]> = {}) {
  const clock = new FakeTime(0)
  const helper = new HelperConnection({ find: () => link('own'), raise: undefined, clock, ...options })
  const told: BridgeConnection[] = []
  helper.listen(connection => told.push(connection))
  const events: string[] = []
  const watch = () =>
    helper.watch('notices', {
      state: () => events.push('state'),
      change: () => events.push('change'),
      refused: error => events.push(error.code),
    })
  return { helper, clock, told, events, watch, state: () => told.at(-1) }
}

describe('the connection of the app', () => {
  it('says at once that it looks for the helper, then what it has found', async () => {
    const { helper, told, state } = connect()
    helper.start()
    await expect.poll(state).toMatchObject({ state: 'connected', mode: 'user', program: 'own', canUnlock: false })
    expect(told[0]).toEqual({ state: 'connecting', error: null })
    helper.stop()
  })

  it('tries again later and later, and at once when it is asked to', async () => {
    let tries = 0
    const { helper, clock, state } = connect({
      find: async () => {
        tries++
        throw unreachable()
      },
    })
    helper.start()
    await clock.advance(0)
    expect([tries, state()]).toMatchObject([1, { state: 'connecting', error: { code: 'helper.unreachable' } }])
    await clock.advance(249)
    expect(tries).toBe(1)
    await clock.advance(1)
    expect(tries).toBe(2)
    await clock.advance(499)
    expect(tries).toBe(2)
    helper.reconnect()
    await expect.poll(() => tries).toBe(3)
    helper.stop()
  })

  it('fails calls with the reason while there is none', async () => {
    const { helper, clock } = connect({
      find: async () => {
        throw new HoldfastError('helper.incompatible', 'Too old.', { advice: 'Update it.' })
      },
    })
    await expect(helper.call('status.get', {})).rejects.toMatchObject({ code: 'helper.unreachable', retryable: true })
    helper.start()
    await clock.advance(0)
    await expect(helper.call('status.get', {})).rejects.toMatchObject({
      code: 'helper.incompatible',
      advice: 'Update it.',
    })
    helper.stop()
  })

  it('tells watchers the whole state anew after a loss', async () => {
    const links: HelperLink[] = []
    const { helper, clock, events, watch } = connect({
      find: async () => {
        links.push(await link('own'))
        return links.at(-1)!
      },
    })
    watch()
    helper.start()
    await expect.poll(() => events).toEqual(['state'])
    links[0]!.client.close()
    await expect.poll(() => events).toEqual(['state', 'state'])
    expect(links).toHaveLength(2)
    await clock.advance(0)
    helper.stop()
  })

  it('lets watchers join and leave at any time', async () => {
    const { helper, events, watch, state } = connect()
    helper.start()
    await expect.poll(state).toMatchObject({ state: 'connected' })
    const stop = watch()
    await expect.poll(() => events).toEqual(['state'])
    stop()
    watch()
    await expect.poll(() => events).toEqual(['state', 'state'])
    helper.stop()
  })

  it('tells a watcher once that it is refused, and others nothing', async () => {
    const { helper, events, watch, state } = connect({ find: () => link('own', { refuse: 'notices' }) })
    watch()
    helper.start()
    await expect.poll(() => events).toEqual(['access.denied'])
    expect(state()).toMatchObject({ state: 'connected' })
    helper.stop()
  })

  it('connects to a helper that may not be asked what it is', async () => {
    const { helper, state } = connect({ find: () => link('service', { refuse: 'status.get' }) })
    helper.start()
    await expect.poll(state).toEqual({ state: 'connected', mode: 'system', program: 'here', canUnlock: false })
    helper.stop()
  })
})

describe('unlocking', () => {
  it('goes over to the helper with rights, and asks the person once', async () => {
    let asked = 0
    const { helper, state, events, watch } = connect({
      raise: async () => {
        asked++
        return link('raised')
      },
    })
    watch()
    helper.start()
    await expect.poll(state).toMatchObject({ mode: 'user', canUnlock: true })
    await expect.poll(() => events).toEqual(['state'])
    await Promise.all([helper.unlock(), helper.unlock()])
    expect(asked).toBe(1)
    expect(state()).toEqual({ state: 'connected', mode: 'system', program: 'raised', canUnlock: false })
    await expect.poll(() => events).toEqual(['state', 'state'])
    await helper.unlock()
    expect(asked).toBe(1)
    helper.stop()
  })

  it('works while no helper is there, and leaves what was found too late', async () => {
    const found = Promise.withResolvers<HelperLink>()
    const { helper, state } = connect({ find: () => found.promise, raise: () => link('raised') })
    helper.start()
    const unlocked = helper.unlock()
    const late = await link('own')
    found.resolve(late)
    await unlocked
    expect(state()).toMatchObject({ program: 'raised' })
    await late.client.closed
    helper.stop()
  })

  it('leaves everything as it is when it is refused', async () => {
    const { helper, state } = connect({
      raise: async () => {
        throw new HoldfastError('access.denied', 'No.')
      },
    })
    helper.start()
    await expect.poll(state).toMatchObject({ canUnlock: true })
    await expect(helper.unlock()).rejects.toMatchObject({ code: 'access.denied' })
    expect(state()).toMatchObject({ state: 'connected', mode: 'user' })
    helper.stop()
  })

  it('is refused with advice where pkexec is missing', async () => {
    const { helper } = connect()
    await expect(helper.unlock()).rejects.toMatchObject({
      code: 'access.denied',
      advice: expect.stringContaining('pkexec'),
    })
  })

  it('goes back to the ordinary helper when the other one has ended', async () => {
    const raised = await link('raised')
    const { helper, state } = connect({ raise: async () => raised })
    helper.start()
    await expect.poll(state).toMatchObject({ canUnlock: true })
    await helper.unlock()
    raised.client.close()
    await expect.poll(state).toMatchObject({ mode: 'user', canUnlock: true })
    helper.stop()
  })
})
