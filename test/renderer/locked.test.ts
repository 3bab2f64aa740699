import { describe, expect, it } from 'vitest'
import type { VersionLock } from '../../engine/contract/library.ts'
import { lockWords } from '../../renderer/src/screens/destinations/lockWords.ts'
import { isLocked, lockedAtLeast, versionLockWords } from '../../renderer/src/screens/versions/versionLock.ts'
import { scenario } from './fake/scenarios.ts'
import { spoken } from './fake/speech.ts'

const at = '2026-11-26T12:00:00.000Z'
const now = Date.parse('2026-11-26T14:00:00.000Z')
const later = '2026-12-26T14:00:00.000Z'
const lock = (facts: Partial<VersionLock>): { lock: VersionLock } => ({
  lock: { until: later, at, by: 'server', ...facts },
})

describe('until when a version is locked', () => {
  const told = (facts: Partial<VersionLock>, language: 'en' | 'de' = 'en') =>
    versionLockWords(lock(facts), spoken(language), now)

  it('is told with who said so', () => {
    expect(told({})).toEqual({
      isLocked: true,
      text: 'It cannot be removed until 26 December 2026',
      source: expect.stringContaining('As the server said of each object'),
    })
    expect(told({ by: 'notes' })).toMatchObject({
      isLocked: true,
      text: 'It cannot be removed until 26 December 2026 at least',
      source: expect.stringContaining('noted on this computer'),
    })
    expect(told({}, 'de').text).toBe('Sie kann bis zum 26. Dezember 2026 nicht gelöscht werden')
    expect(told({ by: 'notes' }, 'de').text).toContain('mindestens bis zum 26. Dezember 2026')
  })

  it('never counts once it is over, or where it is not known', () => {
    expect(told({ until: '2026-11-26T14:00:00.000Z' })).toMatchObject({ isLocked: false })
    expect(told({ until: null })).toMatchObject({ isLocked: false, text: expect.stringContaining('Not all of it') })
    expect(told({ until: null, by: 'notes' }).text).toBe('It is not known until when')
    expect(versionLockWords({}, spoken('de'), now)).toEqual({
      isLocked: false,
      text: 'Es ist nicht bekannt, bis wann',
      source: null,
    })
    expect([lock({}), lock({ until: null }), lock({ until: at }), {}].map(one => isLocked(one, now))).toEqual([
      true,
      false,
      false,
      false,
    ])
  })

  it('is the latest of several, and none when all are over', () => {
    const soon = '2026-12-01T00:00:00.000Z'
    expect(lockedAtLeast([lock({ until: soon }), {}, lock({}), lock({ until: at })], now)).toBe(later)
    expect(lockedAtLeast([lock({ until: at }), lock({ until: null }), {}], now)).toBeNull()
  })
})

describe('until when a destination is locked', () => {
  const usage = { at, lock: { mode: 'compliance' as const, lockedUntil: null } }
  const asked = { at: '2026-11-26T13:00:00.000Z', mode: 'compliance' as const, lockedUntil: later, objects: 1284 }

  it('is what the server said, when it said so last', () => {
    const words = lockWords({ usage, askedLocks: asked }, spoken('en'), now)!
    expect(words.isLocked).toBe(true)
    expect(words.source).toContain('The server said so of each of 1,284 objects')
    const german = lockWords({ usage, askedLocks: { ...asked, mode: 'governance' } }, spoken('de'), now)!
    expect(german.source).toContain('Das hat der Server von jedem der 1.284 Objekte gesagt')
    expect(german.source).toContain('Wem der Bucket gehört')
  })

  it('is what was noted since, when that reaches further', () => {
    const noted = { at: '2026-11-26T13:30:00.000Z', lock: { mode: 'compliance' as const, lockedUntil: later } }
    const before = { ...asked, lockedUntil: '2026-12-01T00:00:00.000Z' }
    expect(lockWords({ usage: noted, askedLocks: before }, spoken('en'), now)).toMatchObject({
      text: 'Everything is locked against removal until 26 December 2026',
      source: expect.stringContaining('when it was stored or its lock was extended'),
    })
  })

  it('is nothing to rely on when the server knows of something that is not locked', () => {
    const words = lockWords({ usage, askedLocks: { ...asked, lockedUntil: null } }, spoken('en'), now)
    expect(words).toMatchObject({ isLocked: false, text: 'Not everything is locked against removal' })
  })
})

it('versions say it once the server was asked', async () => {
  const { bridge } = scenario('locked')
  const { world } = bridge
  const view = world.destinationViews().find(({ destination }) => destination.name === 'Cloud')!
  const newest = () => world.versionsOf(view.destination.id)[0]!
  expect(newest().lock).toBeUndefined()
  const reply = await bridge.calls['destinations.readLocks']({ destination: view.destination.id })
  expect(reply).toMatchObject({ ok: true })
  expect(newest().lock).toMatchObject({ by: 'server' })
  expect(world.destinationViews().find(({ destination }) => destination.name === 'Cloud')!.askedLocks).toBeDefined()
})
