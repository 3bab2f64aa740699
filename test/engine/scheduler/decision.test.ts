import { describe, expect, it } from 'vitest'
import { parseSchedule } from '../../../engine/contract/scheduleText.ts'
import { backOffMs } from '../../../engine/scheduler/backOff.ts'
import { noteClock } from '../../../engine/scheduler/clockMemory.ts'
import { decide } from '../../../engine/scheduler/decision.ts'
import type { JobFacts } from '../../../engine/scheduler/facts.ts'
import { plainFacts } from '../../support/jobWorld.ts'

const utc = (text: string) => Date.parse(`${text}Z`)
const minute = 60_000
const hour = 60 * minute
const schedule = parseSchedule('daily at 20:00; spread 0; in UTC')
/** Monday evening; the run of Sunday was complete. */
const now = utc('2026-01-05T20:05')
const sunday = utc('2026-01-04T20:00')
const due = (facts: Partial<JobFacts> = {}) => plainFacts({ schedule, lastSuccess: sunday, ...facts })
const drive = { label: 'Blue', connected: false, lastSeen: utc('2026-01-03T09:30') }
const failed = { startedAt: now - 3 * minute, endedAt: now - minute, outcome: 'failed' as const }

const everythingAgainstIt: Partial<JobFacts> = {
  pausedUntil: Number.POSITIVE_INFINITY,
  lastAttempt: failed,
  consecutiveFailures: 9,
  quietHours: [{ from: '20:00', to: '06:00' }],
  power: { onBattery: true, runOnBattery: false },
  network: { metered: true, runOnMetered: false },
  localDestination: false,
}

describe('decide', () => {
  it('says since when a run is due', () => {
    expect(decide(due(), now)).toEqual({
      state: 'due',
      why: 'time',
      text: 'Due since 2026-01-05 20:00.',
      at: null,
      since: utc('2026-01-05T20:00'),
    })
  })

  it('names the first of the times that were missed', () => {
    expect(decide(due(), utc('2026-01-09T08:00'))).toMatchObject({
      state: 'due',
      why: 'missed',
      text: 'Due: the run of 2026-01-05 20:00 was missed.',
      since: utc('2026-01-05T20:00'),
    })
  })

  it('waits for the next time when the last one is done', () => {
    expect(decide(due({ lastSuccess: now - minute }), now)).toEqual({
      state: 'scheduled',
      why: 'nextTime',
      text: 'Next run at 2026-01-06 20:00.',
      at: utc('2026-01-06T20:00'),
      since: null,
    })
  })

  it('waits for a network that does not answer until it is to be tried again, also when somebody asked', () => {
    const offline = { label: 'Cloud', retryAt: now + 2 * minute }
    const waiting = {
      state: 'waiting',
      why: 'offline',
      text: 'Waiting for the network: Cloud does not answer. Next attempt at 2026-01-05 20:07.',
      at: now + 2 * minute,
    }
    expect(decide(due({ offline, localDestination: false }), now)).toEqual({
      ...waiting,
      since: utc('2026-01-05T20:00'),
    })
    expect(decide(due({ ...everythingAgainstIt, offline, requestedAt: now }), now)).toEqual({ ...waiting, since: now })
    expect(decide(due({ offline: { ...offline, retryAt: now }, localDestination: false }), now).state).toBe('due')
    expect(decide(due({ offline, lastSuccess: now - minute }), now).state).toBe('scheduled')
  })

  it('does not hold a time from before its creation for missed, unless asked to begin at once', () => {
    const created = { scheduledSince: now - minute, lastSuccess: null }
    expect(decide(due(created), now)).toMatchObject({ state: 'scheduled', at: utc('2026-01-06T20:00') })
    expect(decide(due({ ...created, firstRunAtOnce: true }), now)).toMatchObject({ state: 'due', why: 'firstRun' })
    expect(decide(due({ ...created, firstRunAtOnce: true, lastSuccess: now - 1 }), now).state).toBe('scheduled')
  })

  it('runs a job without a schedule only on request', () => {
    expect(decide(due({ schedule: null }), now)).toMatchObject({ state: 'unscheduled', why: 'noSchedule', at: null })
    expect(decide(due({ schedule: null, requestedAt: now }), now)).toMatchObject({ state: 'due', why: 'manual' })
  })

  it('lets nothing stop a run that somebody asked for', () => {
    expect(decide(due({ ...everythingAgainstIt, requestedAt: now }), now)).toMatchObject({
      state: 'due',
      why: 'manual',
    })
  })

  it('lets even a requested run wait for the drive and for the run under way', () => {
    expect(decide(due({ requestedAt: now, drive }), now).state).toBe('waitingForDrive')
    expect(decide(due({ requestedAt: now, running: true }), now).state).toBe('running')
  })

  it('names the first thing that stands in the way, one after the other', () => {
    const facts = due({ ...everythingAgainstIt, drive })
    expect(decide(facts, now)).toMatchObject({ state: 'paused', at: null })
    facts.pausedUntil = now + hour
    expect(decide(facts, now)).toMatchObject({
      state: 'paused',
      at: now + hour,
      text: 'Paused until 2026-01-05 21:05.',
    })
    facts.pausedUntil = now
    expect(decide(facts, now)).toMatchObject({
      state: 'waitingForDrive',
      text: 'Waiting for drive Blue, last seen 2026-01-03 09:30.',
    })
    facts.drive = { ...drive, connected: true }
    expect(decide(facts, now)).toMatchObject({
      state: 'backingOff',
      at: now - minute + 6 * hour,
      text: 'Failed 9 times in a row; next attempt at 2026-01-06 02:04.',
    })
    facts.consecutiveFailures = 0
    expect(decide(facts, now)).toMatchObject({ state: 'waiting', why: 'quietHours', at: utc('2026-01-06T06:00') })
    facts.quietHours = []
    expect(decide(facts, now)).toMatchObject({ state: 'waiting', why: 'battery' })
    facts.power.runOnBattery = true
    expect(decide(facts, now)).toMatchObject({ state: 'waiting', why: 'metered' })
    facts.network.runOnMetered = true
    expect(decide(facts, now)).toMatchObject({ state: 'due', why: 'time' })
  })

  it('ignores a metered connection for a local destination', () => {
    const network = { metered: true, runOnMetered: false }
    expect(decide(due({ network, localDestination: true }), now).state).toBe('due')
    expect(decide(due({ network, localDestination: false }), now).state).toBe('waiting')
  })

  it('does not speak of a drive, a battery or failures while nothing is due', () => {
    const facts = due({ ...everythingAgainstIt, pausedUntil: null, drive, lastSuccess: now })
    expect(decide(facts, now).state).toBe('scheduled')
  })

  it('takes a cancelled run for done and a failed or interrupted one for not', () => {
    const attempt = { startedAt: now - 2 * minute, endedAt: now - minute }
    const stateAfter = (outcome: 'cancelled' | 'failed' | 'interrupted') =>
      decide(due({ lastAttempt: { ...attempt, outcome } }), now).state
    expect(stateAfter('cancelled')).toBe('scheduled')
    expect(stateAfter('failed')).toBe('due')
    expect(stateAfter('interrupted')).toBe('due')
  })

  it('counts the back-off from the start of an attempt whose end nobody saw', () => {
    const lastAttempt = { startedAt: now - minute, endedAt: null, outcome: 'failed' as const }
    expect(decide(due({ lastAttempt, consecutiveFailures: 1 }), now)).toMatchObject({
      state: 'backingOff',
      at: now + minute,
      text: 'Failed once; next attempt at 2026-01-05 20:06.',
    })
  })

  it('writes times in the zone of the schedule', () => {
    const berlin = parseSchedule('daily at 20:00; spread 0; in Europe/Berlin')
    expect(decide(due({ schedule: berlin, lastSuccess: now }), now).text).toBe('Next run at 2026-01-06 20:00.')
  })
})

describe('a rule “when the drive is connected”', () => {
  const onDrive = parseSchedule('when the drive is connected, at most every 12 hours')
  const there = { ...drive, connected: true }
  const facts = (more: Partial<JobFacts>) =>
    plainFacts({ schedule: onDrive, scheduledSince: now, drive: there, ...more })

  it('is due at once for a new job whose drive is there', () => {
    expect(decide(facts({}), now)).toMatchObject({ state: 'due', why: 'drive', text: 'Due: drive Blue is connected.' })
  })

  it('waits for a drive that was never seen', () => {
    expect(decide(facts({ drive: { ...drive, lastSeen: null } }), now)).toMatchObject({
      state: 'waitingForDrive',
      text: 'Waiting for drive Blue, never seen.',
      at: null,
    })
  })

  it('is not due again before its interval is over', () => {
    expect(decide(facts({ lastSuccess: now - 11 * hour }), now)).toMatchObject({ state: 'scheduled', at: now + hour })
    expect(decide(facts({ lastSuccess: now - 12 * hour }), now).state).toBe('due')
    expect(decide(facts({ lastSuccess: now - 12 * hour, drive }), now).state).toBe('waitingForDrive')
  })

  it('takes a destination that cannot be taken away for always connected', () => {
    expect(decide(facts({ drive: null }), now)).toMatchObject({ state: 'due', why: 'drive' })
  })
})

describe('quiet hours', () => {
  const berlin = (quietHours: JobFacts['quietHours'], at: string) =>
    decide(
      plainFacts({ schedule: parseSchedule('hourly at :00; spread 0; in Europe/Berlin'), lastSuccess: 1, quietHours }),
      utc(at),
    )

  it('hold runs back from their first to their last minute, also over midnight', () => {
    const night = [{ from: '22:00', to: '06:00' }]
    expect(berlin(night, '2026-01-05T20:59').state).toBe('due')
    expect(berlin(night, '2026-01-05T21:00')).toMatchObject({ why: 'quietHours', at: utc('2026-01-06T05:00') })
    expect(berlin(night, '2026-01-06T04:59')).toMatchObject({ why: 'quietHours', at: utc('2026-01-06T05:00') })
    expect(berlin(night, '2026-01-06T05:00').state).toBe('due')
  })

  it('hold runs back within a day', () => {
    const office = [{ from: '09:00', to: '17:00' }]
    expect(berlin(office, '2026-01-05T07:59').state).toBe('due')
    expect(berlin(office, '2026-01-05T08:00')).toMatchObject({ why: 'quietHours', at: utc('2026-01-05T16:00') })
    expect(berlin(office, '2026-01-05T16:00').state).toBe('due')
  })

  it('of which there are several hold runs back in each, and until the last of those that touch or overlap is over', () => {
    const several = [
      { from: '12:00', to: '13:00' },
      { from: '06:00', to: '08:00' },
      { from: '22:00', to: '05:30' },
      { from: '05:00', to: '06:00' },
    ]
    expect(berlin(several, '2026-01-05T11:30')).toMatchObject({ why: 'quietHours', at: utc('2026-01-05T12:00') })
    expect(berlin(several, '2026-01-05T12:00').state).toBe('due')
    expect(berlin(several, '2026-01-05T21:30')).toMatchObject({ why: 'quietHours', at: utc('2026-01-06T07:00') })
    expect(berlin(several, '2026-01-06T07:00').state).toBe('due')
    expect(berlin([], '2026-01-06T02:00').state).toBe('due')
  })

  it('end when clocks skip their end', () => {
    expect(berlin([{ from: '22:00', to: '02:30' }], '2026-03-29T00:30')).toMatchObject({ at: utc('2026-03-29T01:00') })
  })
})

describe('backOffMs', () => {
  it('is 2 minutes, doubles and stays at 6 hours', () => {
    expect([0, 1, 2, 3, 4, 8, 9, 10, 1000, 1e9].map(failures => backOffMs(failures) / minute)).toEqual([
      0, 2, 4, 8, 16, 256, 360, 360, 360, 360,
    ])
  })
})

describe('noteClock', () => {
  it('notices a clock that was set back, and nothing else', () => {
    const first = noteClock(null, now)
    expect(first).toEqual({ seen: now, setBackAt: null })
    const corrected = noteClock(first, now - 4 * minute)
    expect(corrected).toEqual({ seen: now, setBackAt: null })
    const forward = noteClock(corrected, now + 1000 * hour)
    expect(forward).toEqual({ seen: now + 1000 * hour, setBackAt: null })
    const back = noteClock(forward, now)
    expect(back).toEqual({ seen: now, setBackAt: now })
    expect(noteClock(back, now + hour)).toEqual({ seen: now + hour, setBackAt: now })
  })

  it('notices a clock that goes back in small steps', () => {
    let memory = noteClock(null, now)
    for (let step = 1; step <= 10; step++) memory = noteClock(memory, now - step * minute)
    expect(memory.setBackAt).toBe(now - 6 * minute)
  })
})
