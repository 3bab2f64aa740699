import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { retentionReasonSchema, type Version } from '../../../engine/contract/models.ts'
import { decideRetention, type RetentionDecision } from '../../../engine/maintenance/retention.ts'
import {
  parseRetentionPolicy,
  policyElements,
  type RetentionPolicy,
} from '../../../engine/maintenance/retentionPolicy.ts'
import { idOf, makeVersion } from '../../support/versions.ts'

const minute = 60_000
const now = Date.parse('2019-05-09T00:00:00Z')

const versionsAt = (...dates: (string | number)[]): Version[] =>
  dates.map((date, index) => makeVersion({ id: idOf(index + 1), date: new Date(date).toISOString() }))

const decide = (versions: Version[], policy: string, at: number | string = now, timeZone = 'UTC') =>
  decideRetention(versions, parseRetentionPolicy(policy), { now: new Date(at).getTime(), timeZone })

const keptDates = (decisions: RetentionDecision[]) =>
  decisions.filter(({ keep }) => keep).map(({ version }) => version.date.slice(0, 16))

describe("Benji's vectors: a version every 15 minutes over 90 days", () => {
  const versions = versionsAt(...Array.from({ length: 8641 }, (_, index) => now - index * 15 * minute))

  it.each([
    ['latest3', 3],
    ['latest10', 10],
    ['hours12', 13],
    ['hours25', 26],
    ['days15', 16],
    ['days31', 32],
    ['weeks4', 5],
    ['months1', 2],
    ['months2', 3],
    ['years1', 1],
    ['latest3,months2', 6],
    ['latest3,hours24,days3', 29],
    ['latest3,hours48,days3', 52],
    ['latest3,hours48,days3,months2', 55],
    ['latest3,hours48,days30,months2', 81],
  ])('%s keeps %d', (policy, count) => {
    expect(keptDates(decide(versions, policy))).toHaveLength(count)
  })

  it('keeps the first version after each local midnight over a change of clocks', () => {
    const kept = keptDates(decide(versions, 'days80', now, 'America/New_York'))
    // It is 8 May, 20:00 in New York, where clocks went forward on 10 March: midnight was at 05:00 UTC and is at 04:00.
    expect(kept).toHaveLength(81)
    expect(kept.every(date => date.endsWith(date <= '2019-03-10T05:00' ? 'T05:00' : 'T04:00'))).toBe(true)
  })
})

describe('decideRetention', () => {
  it('keeps the oldest of each period and removes the others and what is too old', () => {
    const decisions = decide(
      versionsAt('2019-05-08T20:00Z', '2019-05-08T08:00Z', '2019-05-07T08:00Z', '2019-05-01T08:00Z'),
      'days2',
      '2019-05-08T21:00Z',
    )
    expect(decisions.map(({ keep, reason }) => [keep, reason.kind, reason.text])).toEqual([
      [
        false,
        'represented',
        `removed: the current day is represented by version ${idOf(2)} of 2019-05-08 08:00; it is the newest complete version of its name`,
      ],
      [true, 'oldest', 'kept: oldest of the current day'],
      [true, 'oldest', 'kept: oldest of day 1 back'],
      [false, 'too-old', 'removed: older than everything that the policy keeps'],
    ])
    expect(decisions[0]!.reason).toMatchObject({ period: 'days', back: 0, by: idOf(2), notes: ['newest-complete'] })
  })

  it('lets the shortest period that reaches a version claim it', () => {
    const [decision] = decide(versionsAt('2019-05-07T00:00Z'), 'hours48,days7')
    expect(decision!.reason).toMatchObject({ kind: 'oldest', period: 'hours', back: 48 })
    const [later] = decide(versionsAt('2019-05-06T23:59Z'), 'hours48,days7')
    expect(later!.reason).toMatchObject({ kind: 'oldest', period: 'days', back: 3 })
  })

  it('takes the latest out before it looks at periods', () => {
    const decisions = decide(versionsAt('2019-05-08T23:00Z', '2019-05-08T22:00Z', '2019-05-08T21:00Z'), 'latest2,days1')
    expect(decisions.map(({ reason }) => reason.text)).toEqual([
      'kept: the newest of the 2 latest',
      'kept: number 2 of the 2 latest',
      'kept: oldest of day 1 back',
    ])
    expect(decide(versionsAt('2019-05-08T23:00Z'), 'latest1')[0]!.reason.text).toBe('kept: the latest')
  })

  it('keeps protected and incomplete versions without counting them', () => {
    const versions = versionsAt('2019-05-08T23:00Z', '2019-05-08T22:00Z', '2019-05-08T21:00Z')
    versions[0]!.protected = true
    versions[1]!.status = 'incomplete'
    const decisions = decide(versions, 'latest1')
    expect(decisions.map(({ reason }) => reason.text)).toEqual([
      'kept: protected',
      'kept: incomplete is not counted',
      'kept: the latest',
    ])
  })

  it('calls nothing the newest complete version when a protected one is newer', () => {
    const versions = versionsAt('2019-05-08T23:00Z', '2019-05-08T22:00Z', '2019-05-08T21:00Z')
    versions[0]!.protected = true
    expect(decide(versions, 'days1')[1]!.reason).toMatchObject({ kind: 'represented', notes: [] })
    versions[0]!.status = 'incomplete'
    expect(decide(versions, 'days1')[1]!.reason).toMatchObject({ kind: 'represented', notes: ['newest-complete'] })
  })

  it('counts damaged versions and says when one stands for a period', () => {
    const versions = versionsAt('2019-05-08T23:00Z', '2019-05-08T22:00Z', '2019-05-08T21:00Z')
    versions[2]!.status = 'damaged'
    const decisions = decide(versions, 'latest1,days1')
    expect(decisions.map(({ keep }) => keep)).toEqual([true, false, true])
    expect(decisions[1]!.reason).toMatchObject({ notes: ['keeper-damaged'] })
    expect(decisions[1]!.reason.text).toMatch(/; that version is damaged$/)
  })

  it('keeps versions dated in the future', () => {
    const decisions = decide(versionsAt('2019-05-09T00:00:00.001Z', '2019-05-10T00:00Z', '2019-05-08T23:00Z'), 'hours1')
    expect(decisions.map(({ reason }) => reason.kind)).toEqual(['future', 'future', 'oldest'])
    expect(decisions[0]!.reason.text).toBe('kept: dated in the future')
  })

  it('does not let a version dated in the future take the place of a real one', () => {
    const decisions = decide(versionsAt('2030-01-01T00:00Z', '2019-05-08T00:00Z'), 'latest1')
    expect(decisions.map(decision => [decision.keep, decision.reason.kind])).toEqual([
      [true, 'future'],
      [true, 'latest'],
    ])
  })

  it('decides for each name apart and answers in the order given', () => {
    const versions = versionsAt('2019-05-01T00:00Z', '2019-05-02T00:00Z', '2019-05-03T00:00Z', '2019-05-04T00:00Z')
    versions[1]!.name = versions[2]!.name = 'web02'
    const decisions = decide(versions, 'latest1')
    expect(decisions.map(({ version, keep }) => [version.name, version.id, keep])).toEqual([
      ['web01', idOf(1), false],
      ['web02', idOf(2), false],
      ['web02', idOf(3), true],
      ['web01', idOf(4), true],
    ])
  })

  it('refuses an empty policy instead of removing everything', () => {
    expect(() => decideRetention(versionsAt(now), {}, { now })).toThrow(
      expect.objectContaining({ code: 'usage.policyInvalid' }),
    )
  })

  it('refuses to sort by a date that cannot be read', () => {
    const broken = makeVersion({ date: 'soon' })
    expect(() => decide([broken], 'latest1')).toThrow(expect.objectContaining({ code: 'internal.bug' }))
  })

  it('takes the higher id as the newer of two versions with the same date', () => {
    const twins = versionsAt('2019-05-08T23:00Z', '2019-05-08T23:00Z')
    for (const list of [twins, twins.toReversed()]) {
      const kept = decide(list, 'latest1').filter(({ keep }) => keep)
      expect(kept.map(({ version }) => version.id)).toEqual([idOf(2)])
    }
  })

  it('has nothing to decide about nothing', () => {
    expect(decide([], 'latest1')).toEqual([])
  })
})

describe('local time', () => {
  const backOf = (date: string, policy: string, at: string, timeZone: string) => {
    const [decision] = decide(versionsAt(date), policy, at, timeZone)
    return decision!.reason.kind === 'oldest' ? decision!.reason.back : decision!.reason.kind
  }

  it('begins days at local midnight', () => {
    // 22:30 UTC is 00:30 of the next day in Berlin's summer.
    expect(backOf('2026-07-01T22:30Z', 'days9', '2026-07-02T20:00Z', 'Europe/Berlin')).toBe(0)
    expect(backOf('2026-07-01T21:30Z', 'days9', '2026-07-02T20:00Z', 'Europe/Berlin')).toBe(1)
  })

  it('counts a day of 23 hours as one day', () => {
    // Berlin's clocks go forward on 29 March 2026; both times are noon.
    expect(backOf('2026-03-28T11:00Z', 'days9', '2026-03-29T10:00Z', 'Europe/Berlin')).toBe(1)
    expect(backOf('2026-03-27T11:00Z', 'days9', '2026-04-02T10:00Z', 'Europe/Berlin')).toBe(6)
  })

  it('counts a day of 25 hours as one day', () => {
    expect(backOf('2026-10-24T22:00Z', 'days9', '2026-10-25T22:59Z', 'Europe/Berlin')).toBe(0)
    expect(backOf('2026-10-24T21:59Z', 'days9', '2026-10-25T22:59Z', 'Europe/Berlin')).toBe(1)
  })

  it('tells the two hours apart that clocks show twice', () => {
    const decisions = decide(
      versionsAt('2026-10-25T00:30Z', '2026-10-25T01:30Z'),
      'hours5',
      '2026-10-25T02:30Z',
      'Europe/Berlin',
    )
    expect(decisions.map(({ keep, reason }) => [keep, 'back' in reason && reason.back])).toEqual([
      [true, 2],
      [true, 1],
    ])
  })

  it('begins hours by the local clock where the offset is half an hour', () => {
    expect(backOf('2026-01-01T10:29Z', 'hours9', '2026-01-01T10:31Z', 'Asia/Kolkata')).toBe(1)
    expect(backOf('2026-01-01T10:29Z', 'hours9', '2026-01-01T10:31Z', 'UTC')).toBe(0)
  })

  it('begins weeks on Monday', () => {
    // 31 January 2026 is a Saturday.
    expect(backOf('2026-01-26T00:00Z', 'weeks9', '2026-01-31T10:00Z', 'UTC')).toBe(0)
    expect(backOf('2026-01-25T23:59Z', 'weeks9', '2026-01-31T10:00Z', 'UTC')).toBe(1)
    expect(backOf('2026-01-25T23:59Z', 'weeks9', '2026-01-31T10:00Z', 'Europe/Berlin')).toBe(0)
  })

  it('counts months and years over the turn of the year', () => {
    expect(backOf('2025-11-30T12:00Z', 'months9', '2026-01-01T12:00Z', 'UTC')).toBe(2)
    expect(backOf('2025-12-31T23:30Z', 'years1', '2026-01-31T12:00Z', 'UTC')).toBe(1)
    expect(backOf('2025-12-31T23:30Z', 'years1', '2026-01-31T12:00Z', 'Europe/Berlin')).toBe(0)
  })

  it('never counts backwards where clocks go back over midnight', () => {
    // St. John's, 29 October 2006: at 00:01 clocks go back to 23:01 of the day before.
    expect(backOf('2006-10-29T02:30:30Z', 'days9', '2006-10-29T03:00Z', 'America/St_Johns')).toBe(0)
  })
})

describe('properties', () => {
  const end = Date.parse('2026-11-01T05:00:00Z')
  const version = fc.record({
    name: fc.constantFrom('web01', 'web02'),
    at: fc.oneof(
      fc.integer({ min: end - 3 * 366 * 86_400_000, max: end + 86_400_000 }),
      fc.integer({ min: end - 3 * 86_400_000, max: end }),
    ),
    status: fc.constantFrom('complete', 'complete', 'damaged', 'incomplete' as const),
    protected: fc.constantFrom(false, false, true),
  })
  const versionList = fc
    .array(version, { maxLength: 60 })
    .map(list =>
      list.map(({ at, ...facts }, index) =>
        makeVersion({ ...facts, id: idOf(index), date: new Date(at).toISOString() }),
      ),
    )
  const policies: fc.Arbitrary<RetentionPolicy> = fc.dictionary(
    fc.constantFrom(...policyElements),
    fc.integer({ min: 1, max: 12 }),
    { minKeys: 1 },
  )
  const zone = fc.constantFrom('UTC', 'Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Pacific/Apia')

  const check = (test: (versions: Version[], policy: RetentionPolicy, timeZone: string) => void) =>
    fc.assert(fc.property(versionList, policies, zone, test))

  it('removes nothing more when applied to what it keeps', () => {
    check((versions, policy, timeZone) => {
      const kept = decideRetention(versions, policy, { now: end, timeZone }).filter(({ keep }) => keep)
      const again = decideRetention(
        kept.map(decision => decision.version),
        policy,
        { now: end, timeZone },
      )
      expect(again.every(({ keep }) => keep)).toBe(true)
    })
  })

  it('decides the same whatever order the versions come in', () => {
    check((versions, policy, timeZone) => {
      const decided = (list: Version[]) =>
        decideRetention(list, policy, { now: end, timeZone })
          .map(({ version: { id }, reason }) => `${id} ${reason.text}`)
          .sort()
      expect(decided(versions.toReversed())).toEqual(decided(versions))
    })
  })

  it('removes only what an older kept version of the name represents, or what is too old', () => {
    check((versions, policy, timeZone) => {
      const decisions = decideRetention(versions, policy, { now: end, timeZone })
      const byId = new Map(decisions.map(decision => [decision.version.id, decision]))
      for (const { version: removed, keep, reason } of decisions) {
        if (keep) continue
        expect(removed.protected || removed.status === 'incomplete' || Date.parse(removed.date) > end).toBe(false)
        if (reason.kind !== 'represented') continue
        const by = byId.get(reason.by)!
        expect(by.keep).toBe(true)
        expect(by.version.name).toBe(removed.name)
        expect(by.version.date <= removed.date).toBe(true)
      }
    })
  })

  it('keeps the newest candidate of every name when there is a latest element', () => {
    check((versions, policy, timeZone) => {
      const decisions = decideRetention(versions, { ...policy, latest: 1 }, { now: end, timeZone })
      for (const name of ['web01', 'web02']) {
        const newest = decisions
          .filter(({ version: v }) => v.name === name && !v.protected && v.status !== 'incomplete')
          .sort((a, b) => (a.version.date < b.version.date ? 1 : -1))[0]
        expect(newest?.keep ?? true).toBe(true)
      }
    })
  })

  it('gives reasons that the contract knows', () => {
    check((versions, policy, timeZone) => {
      for (const { keep, reason } of decideRetention(versions, policy, { now: end, timeZone })) {
        expect(retentionReasonSchema.parse(reason)).toEqual(reason)
        expect(reason.text.startsWith(keep ? 'kept: ' : 'removed: ')).toBe(true)
      }
    })
  })
})
