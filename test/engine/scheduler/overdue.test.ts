import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseSchedule } from '../../../engine/contract/scheduleText.ts'
import { decide } from '../../../engine/scheduler/decision.ts'
import { longestGapMs } from '../../../engine/scheduler/longestGap.ts'
import { type OverdueFacts, overdueState } from '../../../engine/scheduler/overdue.ts'
import { upcomingTimes } from '../../../engine/scheduler/times.ts'
import { JobWorld, plainFacts } from '../../support/jobWorld.ts'
import { anyTimedSchedule } from '../../support/schedules.ts'

const utc = (text: string) => Date.parse(`${text}Z`)
const minute = 60_000
const hour = 60 * minute
const day = 24 * hour

describe('longestGapMs', () => {
  it.each<[string, number]>([
    ['hourly', 1],
    ['hourly at :15', 1],
    ['every 6 hours from 02:00', 6],
    ['every 9 hours from 20:30', 9],
    ['daily at 20:00', 24],
    ['daily at 20:00; daily at 8:00', 12],
    ['daily at 20:00; daily at 23:00', 21],
    ['weekly on sun at 03:00', 7 * 24],
    ['weekly on mon,thu at 3:00', 4 * 24],
    ['weekly on mon at 3:00; weekly on thu at 4:00', 95],
    ['daily at 20:00; weekly on sun at 03:00', 24],
    ['cron 0 9-17 * * 1-5', 64],
    ['cron * * 1-7 * *', 24 * 24 + 1 / 60],
    ['cron 0 12 * 1-11 *', 32 * 24],
    ['monthly on 1 at 04:00', 31 * 24],
    ['monthly on 31 at 04:00', 31 * 24],
    ['monthly on 15 at 04:00; monthly on last at 4:00', 16 * 24],
    ['cron 0 0 29 2 *', 1461 * 24],
    ['cron 0 0 */31 2 mon', 11 * 365.25 * 24 + 6],
    ['hourly; when the drive is connected', 1],
  ])('of “%s” is %d hours', (text, hours) => {
    expect(longestGapMs(parseSchedule(text))! / hour).toBeCloseTo(hours, 5)
  })

  it('does not exist for a drive alone', () => {
    expect(longestGapMs(parseSchedule('when the drive is connected'))).toBeNull()
  })

  it('is never exceeded by real times, apart from spread and changes of clocks, and they reach it', () => {
    const start = utc('2001-03-01T00:00')
    fc.assert(
      fc.property(anyTimedSchedule, schedule => {
        const longest = longestGapMs({ ...schedule })!
        const times = upcomingTimes({ ...schedule, timeZone: 'UTC', spreadMinutes: 0 }, 'job', start, 40)
        for (const [index, time] of times.slice(1).entries()) expect(time - times[index]!).toBeLessThanOrEqual(longest)
      }),
      { numRuns: 60 },
    )
  })
})

describe('overdueState', () => {
  const created = utc('2026-01-01T12:00')
  const daily: OverdueFacts = {
    schedule: parseSchedule('daily at 20:00; in UTC'),
    overdueAfterMs: null,
    createdAt: created,
    completeVersions: [],
  }
  const versions = (...dates: string[]) => ({ ...daily, completeVersions: dates.map(utc) })

  it('allows one and a half times the longest gap, and exactly that is still in time', () => {
    const facts = versions('2026-01-04T20:00', '2026-01-05T20:00', '2026-01-03T20:00')
    const limit = utc('2026-01-07T08:00')
    expect(overdueState(facts, null, limit)).toEqual({
      overdue: false,
      at: limit,
      ageMs: 36 * hour,
      limitMs: 36 * hour,
      text: 'The newest complete version is of 2026-01-05 20:00, 1 day 12 hours ago. In time: the limit is 1 day 12 hours.',
    })
    expect(overdueState(facts, null, limit + 1)).toMatchObject({
      overdue: true,
      at: limit,
      text: expect.stringContaining('Overdue: the limit is 1 day 12 hours.'),
    })
  })

  it('takes the limit that was set instead', () => {
    const facts = { ...versions('2026-01-05T20:00'), overdueAfterMs: 3 * day }
    expect(overdueState(facts, null, utc('2026-01-08T20:00')).overdue).toBe(false)
    expect(overdueState(facts, null, utc('2026-01-08T20:01')).overdue).toBe(true)
  })

  it('counts a job that never succeeded from its creation', () => {
    expect(overdueState(daily, null, created + 36 * hour)).toMatchObject({ overdue: false, ageMs: null })
    expect(overdueState(daily, null, created + 36 * hour + minute)).toMatchObject({
      overdue: true,
      text: 'No complete version since the job was created at 2026-01-01 12:00. Overdue: the limit is 1 day 12 hours.',
    })
  })

  it('gives a new job time although the destination holds old versions', () => {
    expect(overdueState(versions('2025-06-01T00:00'), null, created + hour)).toMatchObject({ overdue: false })
    expect(overdueState(versions('2025-06-01T00:00'), null, created + 37 * hour)).toMatchObject({ overdue: true })
  })

  it('becomes overdue while it waits for the drive, and says so', () => {
    const drive = { label: 'Blue', connected: false, lastSeen: utc('2026-01-05T20:30') }
    const now = utc('2026-01-09T00:00')
    const facts = versions('2026-01-05T20:00')
    const decision = decide(plainFacts({ schedule: facts.schedule, drive, lastSuccess: utc('2026-01-05T20:00') }), now)
    expect(decision.state).toBe('waitingForDrive')
    expect(overdueState(facts, decision, now)).toMatchObject({
      overdue: true,
      text: expect.stringMatching(/Overdue.* Waiting for drive Blue, last seen 2026-01-05 20:30\.$/),
    })
  })

  it('is not excused by a pause, and says so', () => {
    const now = utc('2026-01-09T00:00')
    const decision = decide(plainFacts({ schedule: daily.schedule, pausedUntil: Number.POSITIVE_INFINITY }), now)
    expect(overdueState(daily, decision, now)).toMatchObject({
      overdue: true,
      text: expect.stringContaining('Paused until somebody resumes it.'),
    })
  })

  it('never applies to a job without schedule and limit', () => {
    const facts = { ...daily, schedule: null }
    expect(overdueState(facts, null, created + 1000 * day)).toMatchObject({ overdue: false, at: null, limitMs: null })
    expect(overdueState({ ...facts, overdueAfterMs: day }, null, created + 2 * day).overdue).toBe(true)
  })

  it('judges a job that waits for its drive alone by weeks', () => {
    const limitOf = (text: string) =>
      overdueState({ ...daily, schedule: parseSchedule(text) }, null, created).limitMs! / day
    expect(limitOf('when the drive is connected')).toBe(10.5)
    expect(limitOf('when the drive is connected, at most every 720 hours')).toBe(45)
  })

  it('judges a job that is due each minute as if it were due each hour', () => {
    const facts = { ...daily, schedule: parseSchedule('cron * * * * *') }
    expect(overdueState(facts, null, created).limitMs).toBe(90 * minute)
  })

  it('does not believe versions from the future', () => {
    const facts = versions('2026-01-02T20:00', '2099-01-01T00:00')
    expect(overdueState(facts, null, utc('2026-01-05T00:00'))).toMatchObject({ overdue: true, ageMs: 52 * hour })
  })

  it('tells of a clock that cannot be right rather than stay silent', () => {
    expect(overdueState(daily, null, created - day)).toMatchObject({
      overdue: true,
      text: expect.stringContaining('check the clock'),
    })
    expect(overdueState(daily, null, created - minute).overdue).toBe(false)
    expect(overdueState(versions('2025-12-30T20:00'), null, created - day).overdue).toBe(false)
  })

  it.each([
    ['hourly', 70],
    ['cron 0 9-17 * * 1-5', 90],
    ['weekly on mon,thu at 3:00', 730],
    ['monthly on 31 at 4:00', 730],
  ])(
    'never happens to “%s” in %d days on a computer that is on, and does soon after runs begin to fail',
    (text, days) => {
      const schedule = parseSchedule(`${text}; in Europe/Berlin`)
      const start = utc('2026-02-01T00:00')
      const fails = start + days * day
      const world = new JobWorld(start, { schedule })
      world.outcomeOf = at => (at < fails ? 'complete' : 'failed')
      world.until(fails + 50 * day)
      const complete = world.runs.filter(({ outcome }) => outcome === 'complete').map(({ at }) => at)
      const facts = { schedule, overdueAfterMs: null, createdAt: start }
      const states = complete.map((_, index) =>
        overdueState(
          { ...facts, completeVersions: complete.slice(index, index + 1) },
          null,
          complete[index + 1] ?? fails,
        ),
      )
      expect(states.some(({ overdue }) => overdue)).toBe(false)
      const last = overdueState({ ...facts, completeVersions: complete }, world.decide(), world.now)
      expect(last.overdue).toBe(true)
      expect(last.text).toContain('times in a row')
    },
  )
})
