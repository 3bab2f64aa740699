import { afterEach, describe, expect, test } from 'vitest'
import type { DriveInventory } from '../../../engine/contract/drives.ts'
import { type ChangeSource, type DriveChange, DriveWatcher } from '../../../engine/drives/watcher.ts'
import { fakeDevice, listeningLogger } from '../../support/fakeDrives.ts'
import { LeapingClock } from '../../support/leapingClock.ts'

/** A source that hints when the test says so. */
function switchboard() {
  let hint: () => void = () => undefined
  let ended = false
  const source: ChangeSource = {
    name: 'test',
    watch: (given, signal) =>
      new Promise(resolve => {
        hint = given
        signal.addEventListener('abort', () => {
          ended = true
          resolve()
        })
      }),
  }
  return { source, hint: () => hint(), hasEnded: () => ended }
}

const settled = async () => {
  for (let i = 0; i < 20; i++) await new Promise(resolve => setImmediate(resolve))
}

const a = fakeDevice('a')
const b = fakeDevice('b')
const running: DriveWatcher[] = []
afterEach(async () => {
  await Promise.all(running.splice(0).map(watcher => watcher.stop()))
})

function world(first: DriveInventory = { devices: [a] }) {
  const board = switchboard()
  const clock = new LeapingClock()
  const { logger, lines } = listeningLogger()
  const state = { inventory: first, reads: 0, atOnce: 0, mostAtOnce: 0, fail: undefined as Error | undefined }
  const watcher = new DriveWatcher({
    sources: [board.source],
    clock,
    logger,
    async read() {
      state.reads += 1
      state.atOnce += 1
      state.mostAtOnce = Math.max(state.mostAtOnce, state.atOnce)
      const { inventory, fail } = state
      await new Promise(resolve => setImmediate(resolve))
      state.atOnce -= 1
      if (fail) throw fail
      return inventory
    },
  })
  running.push(watcher)
  const changes: DriveChange[] = []
  watcher.subscribe(change => void changes.push(change))
  return { watcher, board, clock, state, changes, lines }
}

describe('the watcher', () => {
  test('answers with what is there first, and tells nobody', async () => {
    const { watcher, changes } = world()
    expect(await watcher.start()).toEqual({ devices: [a] })
    expect(changes).toEqual([])
  })

  test('tells arrivals and departures with the whole inventory', async () => {
    const { watcher, board, state, changes } = world()
    await watcher.start()
    state.inventory = { devices: [b] }
    board.hint()
    await settled()
    expect(changes).toEqual([
      { inventory: { devices: [b] }, arrived: [b], departed: [a], changed: [], volumesChanged: false },
    ])
    expect(watcher.inventory).toEqual({ devices: [b] })
  })

  test('tells nothing when a look finds everything as it was', async () => {
    const { watcher, board, state, changes } = world()
    await watcher.start()
    board.hint()
    await settled()
    expect(state.reads).toBe(2)
    expect(changes).toEqual([])
  })

  test('makes one look of a flood of hints', async () => {
    const { watcher, board, state } = world()
    await watcher.start()
    for (let i = 0; i < 100_000; i++) board.hint()
    await settled()
    expect(state.reads).toBe(2)
  })

  test('looks now and then during a flood that does not end, and never twice at a time', async () => {
    const { watcher, board, state, clock } = world()
    await watcher.start()
    const began = clock.monotonic()
    for (let i = 0; i < 400; i++) {
      board.hint()
      await new Promise(resolve => setImmediate(resolve))
    }
    const looks = state.reads - 1
    expect(looks).toBeGreaterThan(2)
    // 5 s at least between them, while all that goes on.
    expect(looks).toBeLessThanOrEqual((clock.monotonic() - began) / 5000 + 1)
    expect(state.mostAtOnce).toBe(1)
  })

  test('looks again after a hint that came during a look', async () => {
    const { watcher, board, state, changes } = world()
    await watcher.start()
    board.hint()
    while (state.reads < 2) await new Promise(resolve => setImmediate(resolve))
    state.inventory = { devices: [a, b] }
    board.hint()
    await settled()
    expect(changes.map(change => change.arrived)).toEqual([[b]])
  })

  test('tries again after a look that failed', async () => {
    const { watcher, board, state, changes, clock, lines } = world()
    await watcher.start()
    state.inventory = { devices: [] }
    state.fail = new Error('no table')
    board.hint()
    while (state.reads < 3) await new Promise(resolve => setImmediate(resolve))
    state.fail = undefined
    await settled()
    expect(changes.map(change => change.departed)).toEqual([[a]])
    expect(clock.sleeps).toContain(5000)
    expect(lines.join()).toContain('no table')
  })

  test('goes on when a listener fails', async () => {
    const { watcher, board, state, changes, lines } = world()
    await watcher.start()
    watcher.subscribe(() => {
      throw new Error('listener broke')
    })
    const late: DriveChange[] = []
    watcher.subscribe(change => void late.push(change))
    state.inventory = { devices: [] }
    board.hint()
    await settled()
    expect([changes.length, late.length]).toEqual([1, 1])
    expect(lines.join()).toContain('listener broke')
  })

  test('tells nobody who has unsubscribed', async () => {
    const { watcher, board, state } = world()
    await watcher.start()
    let told = 0
    watcher.subscribe(() => {
      told += 1
    })()
    state.inventory = { devices: [] }
    board.hint()
    await settled()
    expect(told).toBe(0)
  })

  test('ends its sources and tells nobody after it was stopped', async () => {
    const { watcher, board, state, changes } = world()
    await watcher.start()
    state.inventory = { devices: [] }
    board.hint()
    await watcher.stop()
    await settled()
    expect(board.hasEnded()).toBe(true)
    expect(changes).toEqual([])
  })

  test('goes on with its other sources when one fails', async () => {
    const board = switchboard()
    const { logger, lines } = listeningLogger()
    let devices = [a]
    const watcher = new DriveWatcher({
      sources: [{ name: 'broken', watch: () => Promise.reject(new Error('no netlink')) }, board.source],
      clock: new LeapingClock(),
      logger,
      read: async () => ({ devices }),
    })
    running.push(watcher)
    await watcher.start()
    devices = []
    board.hint()
    await settled()
    expect(watcher.inventory.devices).toEqual([])
    expect(lines.join()).toContain('no netlink')
  })

  test('fails to start when nothing can be listed, and has ended its sources then', async () => {
    const { watcher, state, board } = world()
    state.fail = new Error('no table')
    await expect(watcher.start()).rejects.toThrow('no table')
    expect(board.hasEnded()).toBe(true)
  })
})
