import { expect, test } from 'vitest'
import { measureDay } from '../../../bench/helperMemory.ts'

const MB = 1e6

/** Twenty jobs, 120 runs a day. */
const schedules = [
  ...Array.from({ length: 2 }, () => 'hourly'),
  ...Array.from({ length: 6 }, () => 'every 4 hours from 00:00'),
  ...Array.from({ length: 12 }, () => 'every 8 hours from 00:00'),
]

// The limit only stops what hangs.
// `npm run bench -- helper-memory` lives a whole day.
test('a helper runs twenty jobs on three repositories at each of their times, and its memory does not grow', {
  timeout: 1_800_000,
}, async () => {
  const { samples, tallies } = await measureDay({ schedules, hours: 12 })
  expect(tallies).toHaveLength(20)
  for (const { expected, ...tally } of tallies) {
    expect(tally).toEqual({ job: tally.job, ran: expected, complete: expected, troubles: [] })
    expect(expected).toBeGreaterThanOrEqual(1)
  }
  const [early, late] = [samples.find(({ hour }) => hour === 3)!, samples.find(({ hour }) => hour === 12)!]
  expect(late.runs - early.runs).toBeGreaterThan(35)
  expect(late.heapUsed - early.heapUsed).toBeLessThan(8 * MB)
  // One set of slots of a backup that nobody let go of is more.
  expect(late.external - early.external).toBeLessThan(8 * MB)
})
