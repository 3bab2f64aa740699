import { describe, expect, it } from 'vitest'
import type { DestinationState } from '../../engine/contract/drives.ts'
import { daysLeft, driveToEject, savedShare, stateSentences } from '../../renderer/src/screens/destinations/state.ts'
import { deviceId } from './fake/devices.ts'
import { scenario } from './fake/scenarios.ts'
import { spoken } from './fake/speech.ts'

const usage = {
  at: '2026-11-26T12:00:00.000Z',
  storedBytes: 100,
  virtualBytes: 1000,
  uniqueBytes: 200,
  freeBytes: 900,
  versions: 3,
}
const { bridge, clock } = scenario('protected')
const [view] = bridge.world.destinationViews()

const saying = (state: DestinationState, language: 'en' | 'de' = 'en') =>
  stateSentences({ ...view!, state }, spoken(language), clock.now).join(' ')

describe('what is said of a destination', () => {
  it('tells how long the room lasts only where growth and room are known', () => {
    expect(daysLeft({ usage, growthPerDay: 90 })).toEqual({ kind: 'about', days: 10 })
    expect(daysLeft({ usage, growthPerDay: 0.01 })).toEqual({ kind: 'long' })
    expect(daysLeft({ usage, growthPerDay: -5 })).toEqual({ kind: 'long' })
    expect(daysLeft({ usage, growthPerDay: null })).toEqual({ kind: 'unknown' })
    expect(daysLeft({ usage: { ...usage, freeBytes: null }, growthPerDay: 90 })).toEqual({ kind: 'unknown' })
    expect(daysLeft({ usage: null, growthPerDay: 90 })).toEqual({ kind: 'unknown' })
  })

  it('never claims to have saved less than nothing, or something of nothing', () => {
    expect(savedShare(usage)).toBeCloseTo(0.9)
    expect(savedShare({ ...usage, storedBytes: 2000 })).toBe(0)
    expect(savedShare({ ...usage, virtualBytes: 0 })).toBeNull()
  })

  it('names the drive that is waited for, when it was last seen, and that this is no error', () => {
    const lastSeenAt = clock.iso(-3 * 86_400_000)
    expect(saying({ state: 'missing', lastSeenAt })).toBe(
      'Waiting for Samsung T7, last seen 3 days ago. That is no error: what is due starts as soon as it is connected.',
    )
    expect(saying({ state: 'missing', lastSeenAt: null }, 'de')).toContain('Wartet auf Samsung T7.')
  })

  it('has a sentence of its own for every state', () => {
    const lastSeenAt = null
    const wrong = { path: null, foundRepositoryId: null, drive: null }
    const states: DestinationState[] = [
      { state: 'connected', path: '/x', drive: null },
      { state: 'present-unmounted', devices: [deviceId('/dev/sdb1')] },
      { state: 'locked', devices: [deviceId('/dev/sdb1')] },
      { state: 'missing', lastSeenAt },
      { state: 'wrong-drive', reason: 'other-repository', ...wrong },
      { state: 'wrong-drive', reason: 'other-copy', ...wrong },
      { state: 'wrong-drive', reason: 'repository-gone', ...wrong },
      { state: 'ambiguous', paths: ['/a', '/b'] },
      { state: 'unreachable', reason: 'network', lastSeenAt },
      { state: 'unreachable', reason: 'silent', lastSeenAt },
    ]
    const said = states.map(state => saying(state))
    expect(new Set(said).size).toBe(states.length)
    for (const sentence of said) expect(sentence).not.toMatch(/\{\w+\}/)
  })

  it('offers to eject the whole drive, and never what this computer runs from or what does not come and go', () => {
    const { devices } = bridge.world
    expect(driveToEject(view!.state, devices)).toBe(deviceId('/dev/sdb'))
    expect(driveToEject({ state: 'connected', path: '/mnt/nas', drive: null }, devices)).toBeNull()
    const root = deviceId('/dev/mapper/laptop-root')
    expect(driveToEject({ state: 'connected', path: '/', drive: root }, devices)).toBeNull()
    expect(driveToEject({ state: 'missing', lastSeenAt: null }, devices)).toBeNull()
  })
})
