import fc from 'fast-check'
import { expect, it } from 'vitest'
import { parseSchedule } from '../../../engine/contract/scheduleText.ts'
import { spreadMs } from '../../../engine/scheduler/spread.ts'
import { nextTime, upcomingTimes } from '../../../engine/scheduler/times.ts'
import { anyTimedRule } from '../../support/schedules.ts'

const minuteMs = 60_000

it('is the same for the same job, in whole seconds, and lies within its window', () => {
  fc.assert(
    fc.property(
      fc.string(),
      anyTimedRule,
      fc.option(fc.nat({ max: 720 }), { nil: undefined }),
      (job, rule, minutes) => {
        const spread = spreadMs(job, rule, minutes)
        const window = minutes ?? (rule.kind === 'hourly' && rule.minute === undefined ? 60 : 5)
        expect(spread).toBe(spreadMs(job, rule, minutes))
        expect(spread % 1000).toBe(0)
        expect(spread).toBeGreaterThanOrEqual(0)
        expect(spread).toBeLessThan(Math.max(1, window * minuteMs))
      },
    ),
  )
})

it('is pinned, as a changed spread would move the runs of everybody', () => {
  expect(spreadMs('0123456789abcdef', { kind: 'hourly' }, undefined)).toBe(2_244_000)
  expect(spreadMs('0123456789abcdef', { kind: 'daily', time: '20:00' }, undefined)).toBe(187_000)
})

it('puts a thousand hourly jobs into every twelfth of the hour about equally', () => {
  const twelfths = Array<number>(12).fill(0)
  for (let job = 0; job < 1000; job++) {
    const twelfth = Math.floor(spreadMs(`job ${job}`, { kind: 'hourly' }, undefined) / (5 * minuteMs))
    twelfths[twelfth]! += 1
  }
  expect(Math.min(...twelfths)).toBeGreaterThan(50)
  expect(Math.max(...twelfths)).toBeLessThan(120)
})

it('shifts every time of a job by the same amount, whatever clocks do', () => {
  const loose = parseSchedule('daily at 02:30; in Europe/Berlin')
  const exact = { ...loose, spreadMinutes: 0 }
  const after = Date.UTC(2026, 2, 20)
  const shift = nextTime(loose, 'a job', after)! - nextTime(exact, 'a job', after)!
  expect(shift).toBeGreaterThan(0)
  expect(upcomingTimes(loose, 'a job', after, 300)).toEqual(
    upcomingTimes(exact, 'a job', after, 300).map(time => time + shift),
  )
})

it('keeps a chosen time exactly when asked to', () => {
  const at = nextTime(parseSchedule('daily at 20:00; spread 0; in UTC'), 'a job', Date.UTC(2026, 0, 1))
  expect(at).toBe(Date.UTC(2026, 0, 1, 20))
})
