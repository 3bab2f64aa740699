import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { dayMs, hourMs, minuteMs } from '../../../engine/base/localTime.ts'
import { isReminder, type NoticeEvent } from '../../../engine/notices/events.ts'
import type { JobHealth } from '../../../engine/notices/health.ts'
import {
  defaultNoticePolicy,
  emptyNoticeMemory,
  type NoticeMemory,
  noticeMemorySchema,
  noticesFor,
} from '../../../engine/notices/noticesFor.ts'
import { jobHealth, noon, unreachable } from '../../support/jobHealth.ts'

/** Somebody who is told, and what the memory was when; memory goes through JSON, as over a restart. */
class Listener {
  memory: NoticeMemory = emptyNoticeMemory
  policy = defaultNoticePolicy

  hear(at: number, ...jobs: JobHealth[]): NoticeEvent[] {
    const { events, memory } = noticesFor(this.memory, { at, jobs }, this.policy)
    this.memory = noticeMemorySchema.parse(JSON.parse(JSON.stringify(memory)))
    return events
  }
}

const failing = (name = 'Home', change: Partial<JobHealth> = {}) =>
  jobHealth(name, { state: 'failed', failure: unreachable, ...change })
const summary = (events: NoticeEvent[]) => events.map(event => `${event.event}: ${event.jobs.map(job => job.name)}`)
const drive = (since: number) => ({ drive: 'Samsung T7', since, lastSeen: since - hourMs })
const damage = (versions: number) => ({ since: noon, repository: 'Cloud', versions, blocks: versions })

describe('what is worth telling', () => {
  it('is nothing while all is in order', () => {
    expect(new Listener().hear(noon, jobHealth('Home'), jobHealth('New', { state: 'new', lastSuccess: null }))).toEqual(
      [],
    )
  })

  it('is a failure, once, with its cause', () => {
    const listener = new Listener()
    const [event] = listener.hear(noon, failing())
    expect(event).toMatchObject({
      event: 'run-failed',
      at: noon,
      jobs: [{ name: 'Home', reminder: false, failure: unreachable }],
    })
    for (let minute = 1; minute < 600; minute++) expect(listener.hear(noon + minute * minuteMs, failing())).toEqual([])
  })

  it('is a failure again when the reason is a new one, but not when an old one returns', () => {
    const listener = new Listener()
    const because = (code: 'storage.unreachable' | 'repository.wrongKey') =>
      failing('Home', { failure: { ...unreachable, code } })
    const heard = (
      ['storage.unreachable', 'repository.wrongKey', 'storage.unreachable', 'repository.wrongKey'] as const
    ).map((code, hour) => listener.hear(noon + hour * hourMs, because(code)).length)
    expect(heard).toEqual([1, 1, 0, 0])
  })

  it('is no run that somebody cancelled', () => {
    const listener = new Listener()
    const called = failing('Home', { failure: { ...unreachable, code: 'run.cancelled' } })
    expect(listener.hear(noon, called)).toEqual([])
    expect(listener.hear(noon + hourMs, failing())).toHaveLength(1)
    // Cancelling one attempt does not end the failure.
    expect(listener.hear(noon + 2 * hourMs, called)).toEqual([])
    expect(listener.hear(noon + 3 * hourMs, failing())).toEqual([])
    expect(summary(listener.hear(noon + 4 * hourMs, jobHealth('Home', { lastSuccess: noon + 4 * hourMs })))).toEqual([
      'recovered: Home',
    ])
  })

  it('is one message for many jobs that fail together', () => {
    const jobs = Array.from({ length: 20 }, (_, index) => failing(`Job ${index}`))
    const events = new Listener().hear(noon, ...jobs)
    expect(events).toHaveLength(1)
    expect(events[0]!.jobs).toHaveLength(20)
  })

  it('is gathered for a while after a message of the same kind', () => {
    const listener = new Listener()
    expect(summary(listener.hear(noon, failing('A')))).toEqual(['run-failed: A'])
    expect(listener.hear(noon + minuteMs, failing('A'), failing('B'))).toEqual([])
    expect(listener.hear(noon + 10 * minuteMs, failing('A'), failing('B'), failing('C'))).toEqual([])
    const later = listener.hear(noon + 15 * minuteMs, failing('A'), failing('B'), failing('C'))
    expect(summary(later)).toEqual(['run-failed: B,C'])
  })

  it('leaves out what was over before its turn came', () => {
    const listener = new Listener()
    listener.hear(noon, failing('A'))
    listener.hear(noon + minuteMs, failing('A'), failing('B'))
    const healed = jobHealth('B', { lastSuccess: noon + 5 * minuteMs })
    expect(listener.hear(noon + 15 * minuteMs, failing('A'), healed)).toEqual([])
  })

  it('stays below the limit of a day when a job fails and recovers all the time', () => {
    const listener = new Listener()
    let messages = 0
    for (let halfHour = 0; halfHour < 48; halfHour++) {
      const at = noon + halfHour * 30 * minuteMs
      const good = halfHour % 2 === 1
      const job = good
        ? jobHealth('Home', { lastSuccess: at })
        : failing('Home', { failure: { ...unreachable, since: at } })
      messages += listener.hear(at, job).length
    }
    expect(messages).toBeGreaterThan(10)
    expect(messages).toBeLessThanOrEqual(2 * defaultNoticePolicy.maxPerDay)
  })

  it('is a reminder after the set time, and never sooner', () => {
    const listener = new Listener()
    listener.hear(noon, failing())
    const heard: number[] = []
    for (let hour = 1; hour <= 24 * 22; hour++) {
      const events = listener.hear(noon + hour * hourMs, failing())
      expect(events.every(isReminder)).toBe(true)
      if (events.length > 0) heard.push(hour / 24)
    }
    expect(heard).toEqual([7, 14, 21])
  })

  it('is no reminder when those are switched off', () => {
    const listener = new Listener()
    listener.policy = { ...defaultNoticePolicy, reminderMs: null }
    listener.hear(noon, failing())
    expect(listener.hear(noon + 1000 * dayMs, failing())).toEqual([])
  })

  it('is overdue, with the drive or the failure that is to blame', () => {
    const overdue = { since: noon - hourMs }
    const [event] = new Listener().hear(noon, jobHealth('Home', { overdue, waitingFor: drive(noon - 9 * dayMs) }))
    expect(event).toMatchObject({
      event: 'overdue',
      jobs: [{ since: overdue.since, waitingFor: { drive: 'Samsung T7' } }],
    })
    const events = new Listener().hear(noon, failing('Home', { overdue }))
    expect(summary(events)).toEqual(['run-failed: Home', 'overdue: Home'])
    expect(events[1]).toMatchObject({ jobs: [{ failure: unreachable }] })
  })

  it('is a drive that stays away too long, once, and not beside being overdue', () => {
    const listener = new Listener()
    const waiting = jobHealth('Home', { waitingFor: drive(noon) })
    expect(listener.hear(noon + 3 * dayMs - 1, waiting)).toEqual([])
    expect(summary(listener.hear(noon + 3 * dayMs, waiting))).toEqual(['waiting-for-drive: Home'])
    expect(listener.hear(noon + 4 * dayMs, waiting)).toEqual([])
    const overdue = { ...waiting, overdue: { since: noon + 5 * dayMs } }
    expect(summary(listener.hear(noon + 5 * dayMs, overdue))).toEqual(['overdue: Home'])
    expect(listener.hear(noon + 11 * dayMs, overdue)).toEqual([])
  })

  it('is damage, again when it grows, and its end', () => {
    const listener = new Listener()
    const damaged = (versions: number) => jobHealth('Home', { damaged: damage(versions) })
    expect(summary(listener.hear(noon, damaged(2)))).toEqual(['damaged: Home'])
    expect(listener.hear(noon + hourMs, damaged(2))).toEqual([])
    expect(listener.hear(noon + 2 * hourMs, damaged(1))).toEqual([])
    expect(summary(listener.hear(noon + 3 * hourMs, damaged(3)))).toEqual(['damaged: Home'])
    expect(listener.hear(noon + 4 * hourMs, jobHealth('Home'))).toMatchObject([
      { event: 'recovered', jobs: [{ from: ['damaged'], since: noon }] },
    ])
  })

  it('is a hook that failed, once until a run went by without it', () => {
    const listener = new Listener()
    const hooked = (...hooks: string[]) =>
      jobHealth('Home', {
        hookFailures: hooks.map(hook => ({ hook, moment: 'after-backup', at: noon, reason: 'exit code 1' })),
      })
    const heard = [hooked('a'), hooked('a'), hooked('a', 'b'), hooked(), hooked('a')].map(
      (job, hour) => listener.hear(noon + hour * hourMs, job).length,
    )
    expect(heard).toEqual([1, 0, 1, 0, 1])
  })
})

describe('recovery', () => {
  const success = (at: number) => jobHealth('Home', { lastSuccess: at })

  it('is told after a failure and being overdue, once, with what is over', () => {
    const listener = new Listener()
    listener.hear(noon, failing('Home', { overdue: { since: noon - dayMs } }))
    const at = noon + hourMs
    expect(listener.hear(at, success(at))).toMatchObject([
      {
        event: 'recovered',
        jobs: [{ name: 'Home', from: ['run-failed', 'overdue'], since: noon - dayMs, lastSuccess: at }],
      },
    ])
    expect(listener.hear(at + hourMs, success(at))).toEqual([])
  })

  it('waits until the job neither fails nor is overdue', () => {
    const listener = new Listener()
    listener.hear(noon, failing('Home', { overdue: { since: noon - dayMs } }))
    expect(listener.hear(noon + hourMs, jobHealth('Home', { overdue: { since: noon - dayMs } }))).toEqual([])
    const at = noon + 2 * hourMs
    expect(listener.hear(at, success(at))).toMatchObject([
      { event: 'recovered', jobs: [{ from: ['run-failed', 'overdue'] }] },
    ])
  })

  it('waits until damage is over too, and the other way round', () => {
    for (const rest of [{ damaged: damage(1) }, { overdue: { since: noon } }]) {
      const listener = new Listener()
      listener.hear(noon, jobHealth('Home', { damaged: damage(1), overdue: { since: noon } }))
      const at = noon + hourMs
      expect(listener.hear(at, jobHealth('Home', { lastSuccess: at, ...rest }))).toEqual([])
      expect(listener.hear(at + hourMs, success(at + hourMs))).toMatchObject([
        { event: 'recovered', jobs: [{ from: ['overdue', 'damaged'] }] },
      ])
    }
  })

  it('is not claimed without a success', () => {
    const listener = new Listener()
    listener.hear(noon, jobHealth('Home', { overdue: { since: noon } }))
    // The schedule was changed.
    expect(listener.hear(noon + hourMs, jobHealth('Home'))).toEqual([])
    expect(listener.hear(noon + 2 * hourMs, success(noon + 2 * hourMs))).toEqual([])
  })

  it('is not told of what was never told', () => {
    const listener = new Listener()
    listener.hear(noon, failing('A'))
    listener.hear(noon + minuteMs, failing('A'), failing())
    expect(summary(listener.hear(noon + hourMs, failing('A'), success(noon + hourMs)))).toEqual([])
  })

  it('is told later when another recovery was told just now', () => {
    const listener = new Listener()
    listener.hear(noon, failing('A'), failing('B'))
    const a = jobHealth('A', { lastSuccess: noon + hourMs })
    const b = jobHealth('B', { lastSuccess: noon + hourMs + minuteMs })
    expect(summary(listener.hear(noon + hourMs, a, failing('B')))).toEqual(['recovered: A'])
    expect(listener.hear(noon + hourMs + minuteMs, a, b)).toEqual([])
    expect(summary(listener.hear(noon + hourMs + 20 * minuteMs, a, b))).toEqual(['recovered: B'])
  })

  it('and a new failure between two looks is a new failure', () => {
    const listener = new Listener()
    listener.hear(noon, failing())
    const again = failing('Home', { failure: { ...unreachable, since: noon + 2 * hourMs }, lastSuccess: noon + hourMs })
    expect(summary(listener.hear(noon + 2 * hourMs, again))).toEqual(['run-failed: Home'])
  })
})

describe('jobs and clocks', () => {
  it('a paused job is left in peace, except for damage, and speaks again afterwards', () => {
    const listener = new Listener()
    const paused = { state: 'paused' as const, overdue: { since: noon } }
    expect(listener.hear(noon, failing('Home', paused))).toEqual([])
    expect(summary(listener.hear(noon, failing('Home', { ...paused, damaged: damage(1) })))).toEqual(['damaged: Home'])
    expect(summary(listener.hear(noon + hourMs, failing('Home', { damaged: damage(1) })))).toEqual(['run-failed: Home'])
  })

  it('pausing a job that failed is no recovery', () => {
    const listener = new Listener()
    listener.hear(noon, failing())
    expect(listener.hear(noon + hourMs, jobHealth('Home', { state: 'paused' }))).toEqual([])
    const at = noon + 2 * hourMs
    expect(summary(listener.hear(at, jobHealth('Home', { lastSuccess: at })))).toEqual(['recovered: Home'])
  })

  it('a job that is gone is forgotten', () => {
    const listener = new Listener()
    listener.hear(noon, failing())
    expect(listener.hear(noon + hourMs)).toEqual([])
    expect(listener.memory.told).toEqual([])
  })

  it('a clock that was far ahead does not silence anything for long', () => {
    const listener = new Listener()
    expect(listener.hear(noon + 5000 * dayMs, failing('A'))).toHaveLength(1)
    expect(summary(listener.hear(noon, failing('A'), failing('B')))).toEqual(['run-failed: B'])
    expect(summary(listener.hear(noon + 7 * dayMs, failing('A'), failing('B')))).toEqual(['run-failed: A,B'])
  })

  it('job ids are only compared, whatever they are', () => {
    const listener = new Listener()
    const odd = failing('Home', { id: '__proto__' })
    expect(listener.hear(noon, odd)).toHaveLength(1)
    expect(listener.hear(noon + hourMs, odd)).toEqual([])
  })

  it('whatever happens, a second look at the same moment tells nothing, and memory stays small', () => {
    const anyJob = fc.record(
      {
        failure: fc.constantFrom(unreachable, { ...unreachable, code: 'storage.full' as const, since: noon }),
        overdue: fc.constant({ since: noon }),
        damaged: fc.integer({ min: 1, max: 3 }).map(damage),
        waitingFor: fc.constant(drive(noon - 9 * dayMs)),
        state: fc.constantFrom('ok', 'failed', 'paused'),
        lastSuccess: fc.integer({ min: noon - dayMs, max: noon + 60 * dayMs }),
      },
      { requiredKeys: [] },
    )
    const steps = fc.array(fc.tuple(fc.integer({ min: -hourMs, max: 3 * dayMs }), fc.array(anyJob, { maxLength: 4 })), {
      maxLength: 30,
    })
    fc.assert(
      fc.property(steps, list => {
        const listener = new Listener()
        let at = noon
        for (const [ms, changes] of list) {
          at += ms
          const jobs = changes.map((change, index) => jobHealth(`Job ${index}`, change as Partial<JobHealth>))
          const events = listener.hear(at, ...jobs)
          expect(new Set(events.map(event => event.event)).size).toBe(events.length)
          expect(listener.hear(at, ...jobs)).toEqual([])
          expect(listener.memory.told.length).toBeLessThanOrEqual(5 * jobs.length)
        }
      }),
      { numRuns: 200 },
    )
  })
})
