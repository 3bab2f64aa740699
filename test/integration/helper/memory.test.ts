import { expect, test } from 'vitest'
import { measureDay } from '../../../bench/helperMemory.ts'

const MB = 1e6

/** Six jobs, 108 runs a day. */
const schedules = [
  ...Array.from({ length: 3 }, () => 'hourly'),
  ...Array.from({ length: 3 }, () => 'every 2 hours from 00:00'),
]
/** Of a simulated day; `npm run bench -- helper-memory` lives a whole one with twenty jobs. */
const hours = 5

// The limit only stops what hangs.
test('a helper runs six jobs on three repositories at each of their times, and its memory does not grow', {
  timeout: 1_800_000,
}, async () => {
  const { samples, tallies } = await measureDay({ schedules, hours })
  expect(tallies).toHaveLength(6)
  for (const { expected, ...tally } of tallies) {
    expect(tally).toEqual({ job: tally.job, ran: expected, complete: expected, troubles: [] })
    expect(expected).toBeGreaterThanOrEqual(1)
  }
  const [early, late] = [samples.find(({ hour }) => hour === 2)!, samples.find(({ hour }) => hour === hours)!]
  expect(late.runs - early.runs).toBeGreaterThan(10)
  // What a run once kept was 0.7 MB.
  expect(late.heapUsed - early.heapUsed).toBeLessThan(5 * MB)
  // One set of slots of a backup that nobody let go of is more.
  expect(late.external - early.external).toBeLessThan(8 * MB)
})
