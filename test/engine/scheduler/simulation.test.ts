import { describe, expect, it } from 'vitest'
import { parseSchedule } from '../../../engine/contract/scheduleText.ts'
import { upcomingTimes } from '../../../engine/scheduler/times.ts'
import { JobWorld, type SimulatedRun } from '../../support/jobWorld.ts'

const utc = (text: string) => Date.parse(`${text}Z`)
const iso = (at: number) => new Date(at).toISOString().slice(0, 16)
const minute = 60_000
const hour = 60 * minute
const day = 24 * hour
const began = (runs: SimulatedRun[]) => runs.map(({ at }) => iso(at))
const exact = (text: string, zone = 'UTC') => parseSchedule(`${text}; spread 0; in ${zone}`)
const drive = { label: 'Blue', connected: false, lastSeen: null }

describe('a computer that is always on', () => {
  const oftenRules = ['hourly', 'hourly at :15', 'every 5 hours from 01:30', 'cron */30 * * * *']
  const rules = [
    'daily at 02:30',
    'weekly on sun at 02:30',
    'weekly on mon,thu at 3:00',
    'monthly on 31 at 00:00',
    'monthly on last at 23:59',
    'cron */30 1-3 * * sat,sun',
    'cron 0 0 29 2 *',
    'daily at 20:00; weekly on sat at 12:00; monthly on 1 at 20:00',
  ]
  const changesOf2017 = {
    'Europe/Berlin': ['2017-03-26T01:00', '2017-10-29T01:00'],
    'America/New_York': ['2017-03-12T07:00', '2017-11-05T06:00'],
    'Australia/Lord_Howe': ['2017-04-01T15:00', '2017-09-30T15:30'],
    'America/Sao_Paulo': ['2017-02-19T02:00', '2017-10-15T03:00'],
    'Asia/Beirut': ['2017-03-25T22:00', '2017-10-28T21:00'],
  }
  const zones = Object.keys(changesOf2017) as (keyof typeof changesOf2017)[]
  // Sao Paulo still changed its clocks in these years, at midnight as Beirut does.
  const start = utc('2017-01-15T12:34')
  const end = utc('2018-03-15T00:00')

  const runsAtItsTimes = (rule: string, zone: string, from: number, to: number) => {
    const schedule = parseSchedule(`${rule}; in ${zone}`)
    const world = new JobWorld(from, { schedule }).until(to)
    const times = upcomingTimes(schedule, 'job', from, world.runs.length + 1)
    expect(world.runs.map(({ at }) => at)).toEqual(times.slice(0, -1))
    expect(times.at(-1)!).toBeGreaterThanOrEqual(to)
    expect(world.runs.every(({ why }) => why === 'time')).toBe(true)
    expect(world.decisions).toBeLessThanOrEqual(3 * world.runs.length + 2)
  }

  it.each(rules.flatMap(rule => zones.map(zone => [rule, zone] as const)))(
    'runs “%s” in %s for 14 months at each of its times and at no other',
    (rule, zone) => runsAtItsTimes(rule, zone, start, end),
  )

  it.each(oftenRules.flatMap(rule => zones.map(zone => [rule, zone] as const)))(
    'runs “%s” in %s through spring and autumn at each of its times and at no other',
    (rule, zone) => {
      for (const change of changesOf2017[zone]) runsAtItsTimes(rule, zone, utc(change) - 2 * day, utc(change) + 2 * day)
    },
  )

  it('runs once a day on each of 731 days, whatever clocks do', () => {
    const schedule = parseSchedule('daily at 02:30; in Europe/Berlin')
    const { runs } = new JobWorld(utc('2027-01-01T00:00'), { schedule }).until(utc('2029-01-01T00:00'))
    const local = new Intl.DateTimeFormat('sv-SE', { timeZone: 'Europe/Berlin', dateStyle: 'short' })
    expect(new Set(runs.map(({ at }) => local.format(at))).size).toBe(731)
    expect(runs).toHaveLength(731)
  })
})

describe('times at which nothing could run', () => {
  it('are made up for by one run when the computer wakes, and the rhythm goes on', () => {
    const world = new JobWorld(utc('2026-01-01T00:00'), { schedule: exact('daily at 20:00') })
    world.sleep(utc('2026-01-03T12:00'), utc('2026-01-09T07:10')).until(utc('2026-01-11T00:00'))
    expect(world.runs.map(({ at, why }) => `${iso(at)} ${why}`)).toEqual([
      '2026-01-01T20:00 time',
      '2026-01-02T20:00 time',
      '2026-01-09T07:10 missed',
      '2026-01-09T20:00 time',
      '2026-01-10T20:00 time',
    ])
  })

  it('never add up, however often the computer is off', () => {
    const world = new JobWorld(utc('2026-01-01T00:00'), { schedule: exact('hourly; daily at 20:00') })
    // On from 08:00 to 08:20 each day.
    for (let n = 0; n < 200; n++) {
      world.sleep(utc('2026-01-01T08:20') + n * day, utc('2026-01-02T08:00') + n * day)
    }
    world.until(utc('2026-07-01T00:00'))
    const perDay = Map.groupBy(world.runs, ({ at }) => iso(at).slice(0, 10))
    perDay.delete('2026-01-01')
    expect(perDay.size).toBe(180)
    for (const [date, runs] of perDay) expect(began(runs)).toEqual([`${date}T08:00`])
  })

  it('that pass during a run are made up for once after it', () => {
    const world = new JobWorld(utc('2026-01-01T00:30'), { schedule: exact('hourly') })
    world.runMs = 200 * minute
    world.until(utc('2026-01-01T09:00'))
    expect(began(world.runs)).toEqual(['2026-01-01T01:00', '2026-01-01T04:20', '2026-01-01T07:40'])
  })

  it('that pass during a pause are made up for once after it', () => {
    const world = new JobWorld(utc('2026-01-01T00:00'), { schedule: exact('daily at 20:00') })
    world.at(utc('2026-01-02T10:00'), facts => {
      facts.pausedUntil = utc('2026-01-05T09:00')
    })
    world.until(utc('2026-01-06T00:00'))
    expect(began(world.runs)).toEqual(['2026-01-01T20:00', '2026-01-05T09:00', '2026-01-05T20:00'])
  })

  it('that fall into quiet hours wait for their end', () => {
    const quietHours = [{ from: '22:00', to: '06:00' }]
    const world = new JobWorld(utc('2026-01-01T12:00'), { schedule: exact('every 4 hours from 00:00'), quietHours })
    world.until(utc('2026-01-02T13:00'))
    expect(began(world.runs)).toEqual([
      ...['2026-01-01T16:00', '2026-01-01T20:00', '2026-01-02T06:00', '2026-01-02T08:00', '2026-01-02T12:00'],
    ])
  })

  it('on battery are made up for when mains power is back', () => {
    const world = new JobWorld(utc('2026-01-01T12:00'), { schedule: exact('hourly at :00') })
    const unplug = (onBattery: boolean) => (facts: JobWorld['facts']) => {
      facts.power.onBattery = onBattery
    }
    world.at(utc('2026-01-01T13:30'), unplug(true)).at(utc('2026-01-01T17:10'), unplug(false))
    world.until(utc('2026-01-01T18:30'))
    expect(began(world.runs)).toEqual(['2026-01-01T13:00', '2026-01-01T17:10', '2026-01-01T18:00'])
  })
})

describe('a drive', () => {
  const plug = (connected: boolean) => (facts: JobWorld['facts']) => {
    facts.drive = { ...drive, connected }
  }

  it('that is away for weeks is awaited without an error and used once on its return', () => {
    const world = new JobWorld(utc('2026-01-01T00:00'), { schedule: exact('daily at 20:00'), drive })
    plug(true)(world.facts)
    world.at(utc('2026-01-03T00:00'), plug(false)).at(utc('2026-01-25T09:15'), plug(true))
    world.until(utc('2026-01-26T00:00'))
    expect(began(world.runs)).toEqual(['2026-01-01T20:00', '2026-01-02T20:00', '2026-01-25T09:15', '2026-01-25T20:00'])
    expect(new Set(world.states)).toEqual(new Set(['scheduled', 'due', 'running', 'waitingForDrive']))
  })

  it('starts a run when it is connected, at most once per interval', () => {
    const world = new JobWorld(utc('2026-01-01T00:00'), { schedule: exact('when the drive is connected'), drive })
    const evenings = ['2026-01-01T19:30', '2026-01-02T19:00', '2026-01-03T21:45', '2026-01-08T18:00']
    for (const evening of evenings) {
      // Connected for an hour, with a loose plug.
      const at = utc(evening)
      world
        .at(at, plug(true))
        .at(at + 10 * minute, plug(false))
        .at(at + 11 * minute, plug(true))
        .at(at + hour, plug(false))
    }
    world.until(utc('2026-01-10T00:00'))
    expect(began(world.runs)).toEqual(evenings)
    expect(world.runs.every(({ why }) => why === 'drive')).toBe(true)
  })

  it('that stays connected is used once per interval', () => {
    const schedule = exact('when the drive is connected, at most every 24 hours')
    const world = new JobWorld(utc('2026-01-01T09:00'), { schedule, drive: { ...drive, connected: true } })
    world.until(utc('2026-01-05T00:00'))
    expect(began(world.runs)).toEqual(['2026-01-01T09:00', '2026-01-02T09:00', '2026-01-03T09:00', '2026-01-04T09:00'])
  })
})

describe('a run that fails', () => {
  it('is tried again after 2, 4, 8 … 360 minutes, and the rhythm goes on once it succeeds', () => {
    const world = new JobWorld(utc('2026-01-01T19:00'), { schedule: exact('daily at 20:00') })
    world.runMs = minute
    world.outcomeOf = at => (at < utc('2026-01-03T07:00') ? 'failed' : 'complete')
    world.until(utc('2026-01-04T00:00'))
    const waits = world.runs.slice(1).map(({ at }, index) => (at - world.runs[index]!.at) / minute - 1)
    expect(waits.slice(0, 13)).toEqual([2, 4, 8, 16, 32, 64, 128, 256, 360, 360, 360, 360, 360])
    expect(world.runs.findIndex(({ outcome }) => outcome === 'complete')).toBe(13)
    expect(began(world.runs.slice(14))).toEqual(['2026-01-03T20:00'])
  })

  it('does not hold back a run that somebody asks for, and its success ends the back-off', () => {
    const world = new JobWorld(utc('2026-01-01T19:00'), { schedule: exact('daily at 20:00') })
    const asked = utc('2026-01-02T01:00')
    world.outcomeOf = at => (at < asked ? 'failed' : 'complete')
    world.at(asked, facts => {
      facts.requestedAt = asked
    })
    world.until(utc('2026-01-03T00:00'))
    expect(world.runs.slice(-2)).toEqual([
      { at: asked, why: 'manual', outcome: 'complete' },
      { at: utc('2026-01-02T20:00'), why: 'time', outcome: 'complete' },
    ])
  })

  it('is given up by its owner: nothing more happens until the next time', () => {
    const world = new JobWorld(utc('2026-01-01T19:00'), { schedule: exact('daily at 20:00') })
    world.outcomeOf = at => (at < utc('2026-01-02T00:00') ? 'cancelled' : 'complete')
    world.until(utc('2026-01-03T00:00'))
    expect(began(world.runs)).toEqual(['2026-01-01T20:00', '2026-01-02T20:00'])
  })

  it('because the computer went down is taken up at once', () => {
    const world = new JobWorld(utc('2026-01-01T19:00'), { schedule: exact('daily at 20:00') })
    world.outcomeOf = at => (at === utc('2026-01-01T20:00') ? 'interrupted' : 'complete')
    world.until(utc('2026-01-02T00:00'))
    expect(began(world.runs)).toEqual(['2026-01-01T20:00', '2026-01-01T20:01'])
  })
})

describe('a clock that is set', () => {
  it('back by hours does not run a time twice and goes on as it shows', () => {
    const world = new JobWorld(utc('2026-01-01T00:00'), { schedule: exact('daily at 20:00') })
    // The run of 2 January begins a little late, and still its time is not run again at its second showing.
    world.sleep(utc('2026-01-02T19:59'), utc('2026-01-02T20:03'))
    world.setClock(utc('2026-01-02T20:10'), -6 * hour).until(utc('2026-01-05T12:00'))
    expect(began(world.runs)).toEqual([
      ...['2026-01-01T20:00', '2026-01-02T20:03', '2026-01-03T20:00', '2026-01-04T20:00'],
    ])
  })

  it('back by minutes does not run an hour twice', () => {
    const world = new JobWorld(utc('2026-01-01T00:30'), { schedule: exact('hourly') })
    world.setClock(utc('2026-01-01T03:02'), -20 * minute).until(utc('2026-01-01T06:00'))
    expect(began(world.runs)).toEqual([
      '2026-01-01T01:00',
      '2026-01-01T02:00',
      '2026-01-01T03:00',
      '2026-01-01T04:00',
      '2026-01-01T05:00',
    ])
  })

  it('back by a year does not stop runs for a year', () => {
    const world = new JobWorld(utc('2026-01-01T00:00'), {
      schedule: exact('daily at 20:00; when the drive is connected'),
    })
    world.facts.drive = { ...drive, connected: true }
    world.setClock(utc('2026-01-03T10:00'), -365 * day).until(utc('2026-01-06T00:00'))
    const after = began(world.runs).filter(at => at < '2026')
    expect(after).toEqual([
      '2025-01-03T20:00',
      '2025-01-04T08:00',
      '2025-01-04T20:00',
      '2025-01-05T08:00',
      '2025-01-05T20:00',
    ])
  })

  it('back by a year does not make a back-off last a year: the next time is used', () => {
    const world = new JobWorld(utc('2026-01-01T19:00'), { schedule: exact('daily at 20:00') })
    world.outcomeOf = at => (at === utc('2026-01-01T20:00') ? 'failed' : 'complete')
    world.setClock(utc('2026-01-01T20:02'), -365 * day).until(utc('2026-01-03T00:00'))
    expect(began(world.runs)).toEqual(['2026-01-01T20:00', '2025-01-02T20:00'])
  })

  it('forward by a year causes one run', () => {
    const world = new JobWorld(utc('2026-01-01T00:00'), {
      schedule: exact('hourly; daily at 20:00; weekly on sun at 3:00'),
    })
    world.setClock(utc('2026-01-01T02:10'), 365 * day).at(utc('2026-01-01T02:11'), () => {})
    world.until(utc('2026-01-01T04:30'))
    expect(began(world.runs)).toEqual([
      '2026-01-01T01:00',
      '2026-01-01T02:00',
      '2027-01-01T02:10',
      '2027-01-01T03:00',
      '2027-01-01T04:00',
    ])
  })

  it('forward and back again causes one run more and loses none', () => {
    const world = new JobWorld(utc('2026-01-01T00:00'), { schedule: exact('daily at 20:00') })
    world.setClock(utc('2026-01-02T10:00'), 400 * day).setClock(utc('2026-01-02T15:00'), 0)
    world.until(utc('2026-01-05T00:00'))
    expect(world.runs).toHaveLength(5)
    expect(began(world.runs).filter(at => at < '2027')).toEqual([
      ...['2026-01-01T20:00', '2026-01-02T20:00', '2026-01-03T20:00', '2026-01-04T20:00'],
    ])
  })
})

it('runs a new job first at its next time, and one that is asked to begin at once right away', () => {
  const created = utc('2026-01-01T20:30')
  const schedule = exact('daily at 20:00')
  expect(began(new JobWorld(created, { schedule }).until(utc('2026-01-02T21:00')).runs)).toEqual(['2026-01-02T20:00'])
  expect(began(new JobWorld(created, { schedule, firstRunAtOnce: true }).until(utc('2026-01-02T21:00')).runs)).toEqual([
    '2026-01-01T20:30',
    '2026-01-02T20:00',
  ])
})
