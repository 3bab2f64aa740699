import { describe, expect, it } from 'vitest'
import { connectHouse } from '../../renderer/src/state/connect.ts'
import { emptyHouse, topicReducers } from '../../renderer/src/state/house.ts'
import { seconds } from './fake/manualClock.ts'
import { scenario } from './fake/scenarios.ts'

/** News are shown in the turn that brings them, so that the tests need not wait. */
const now = (work: () => void) => work()

/** Lets what was queued for later turns come. */
const settled = async () => {
  for (let turn = 0; turn < 5; turn++) await Promise.resolve()
}

describe('a house on a bridge', () => {
  it('knows what every topic tells', async () => {
    const { bridge } = scenario('protected')
    const { store } = connectHouse(bridge, now)
    await settled()
    const house = store.getState()
    expect(house.jobs?.map(({ job }) => job.name)).toEqual(['This computer'])
    expect(house.destinations?.map(view => view.destination.name)).toEqual(['Samsung T7'])
    expect(house.devices?.length).toBe(bridge.world.devices.length)
    expect(house.library?.[0]?.versions).toBe(26)
    expect(house.connection.state).toBe('connected')
  })

  it('follows a run from its beginning to its end', async () => {
    const { bridge, clock } = scenario('protected')
    const { store } = connectHouse(bridge, now)
    await settled()
    const [job] = bridge.world.jobs.values()
    await bridge.calls['jobs.run']({ job: job!.id })
    const [run] = store.getState().running!
    clock.advance(seconds(10))
    expect(store.getState().progress[run!.id]?.doneBytes).toBe(1_800_000_000)
    clock.advance(seconds(600))
    expect(store.getState().running).toEqual([])
    expect(store.getState().progress).toEqual({})
    expect(store.getState().ended[0]).toMatchObject({ id: run!.id, state: 'complete' })
    expect(store.getState().library?.[0]?.versions).toBe(28)
  })

  it('keeps what it knew while the connection is away, and takes the whole state when it is back', async () => {
    const { bridge } = scenario('protected')
    const { store } = connectHouse(bridge, now)
    await settled()
    bridge.setConnection({ state: 'connecting', error: null })
    await bridge.world.addJob({ ...[...bridge.world.jobs.values()][0]!, name: 'Another' })
    expect(store.getState().jobs).toHaveLength(1)
    bridge.setConnection({ state: 'connected', mode: 'system', program: '0.1.0', canUnlock: false })
    expect(store.getState().jobs).toHaveLength(2)
  })

  it('asks again for what was refused when a new connection is there', async () => {
    const { bridge } = scenario('protected')
    let isAllowed = false
    const refusing = {
      ...bridge.topics,
      jobs: ((listener: Parameters<typeof bridge.topics.jobs>[0]) => {
        if (isAllowed) return bridge.topics.jobs(listener)
        listener.refused({ code: 'access.denied', message: 'No.', retryable: false })
        return () => undefined
      }) as typeof bridge.topics.jobs,
    }
    const { store } = connectHouse({ calls: bridge.calls, shell: bridge.shell, topics: refusing }, now)
    await settled()
    expect(store.getState().refused.jobs?.code).toBe('access.denied')
    isAllowed = true
    bridge.setConnection({ state: 'connecting', error: null })
    bridge.setConnection({ state: 'connected', mode: 'system', program: '0.1.0', canUnlock: false })
    await settled()
    expect(store.getState().refused).toEqual({})
    expect(store.getState().jobs).toHaveLength(1)
  })

  it('hears nothing more after it was closed', async () => {
    const { bridge } = scenario('protected')
    const { store, close } = connectHouse(bridge, now)
    await settled()
    close()
    const before = store.getState()
    bridge.world.notify({ title: 'Late', body: '', urgency: 'normal' })
    expect(store.getState()).toBe(before)
  })
})

describe('changes of a topic', () => {
  const notice = (n: number) => ({
    at: '2026-11-26T14:00:00.000Z',
    title: `n${n}`,
    body: '',
    urgency: 'normal' as const,
  })

  it('keep the order, put what is new at the end and drop what was removed', async () => {
    const { bridge } = scenario('manyVersions')
    const [a, b, c] = bridge.world.jobViews()
    const house = topicReducers.jobs.state(emptyHouse, { jobs: [a!, b!] })
    const renamed = { ...a!, job: { ...a!.job, name: 'Renamed' } }
    const after = topicReducers.jobs.change(house, { changed: [renamed, c!], removed: [b!.job.id] })
    expect(after.jobs?.map(({ job }) => job.name)).toEqual(['Renamed', c!.job.name])
  })

  it('keep the newest messages only', () => {
    let house = emptyHouse
    for (let n = 0; n < 250; n++) house = topicReducers.notices.change(house, notice(n))
    expect(house.notices).toHaveLength(200)
    expect(house.notices?.at(-1)?.title).toBe('n249')
  })

  it('leave the progress of a run alone that has ended', async () => {
    const { bridge } = scenario('running')
    const [work] = bridge.world.works.values()
    const house = topicReducers.runs.change(emptyHouse, { ...work!.run, state: 'complete' })
    expect(topicReducers.progress.change(house, work!.progress).progress).toEqual({})
  })
})
