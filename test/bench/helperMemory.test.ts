import { describe, expect, it } from 'vitest'
import type { HourSample } from '../../bench/helperDay.ts'
import { busyDay, dayReport, slopePerHour } from '../../bench/helperMemory.ts'
import { parseOptions } from '../../bench/options.ts'

const MiB = 2 ** 20
const hours = (heap: (hour: number) => number): HourSample[] =>
  Array.from({ length: 24 }, (_, i) => ({
    hour: i + 1,
    heapUsed: heap(i + 1),
    external: 10 * MiB,
    rss: 100 * MiB,
    runs: 10 * (i + 1),
  }))

describe('the memory of a day', () => {
  it('has the slope of what grows, whatever swings around it, and none when it stays', () => {
    expect(
      slopePerHour(
        hours(hour => 5 * MiB + hour * 1024),
        'heapUsed',
      ),
    ).toBeCloseTo(1024)
    const swinging = hours(hour => 5 * MiB + (hour % 2 === 0 ? 1 : -1) * 4096)
    expect(Math.abs(slopePerHour(swinging, 'heapUsed'))).toBeLessThan(100)
    expect(
      slopePerHour(
        hours(() => 5),
        'heapUsed',
      ),
    ).toBe(0)
    expect(slopePerHour(hours(() => 5).slice(0, 1), 'heapUsed')).toBe(0)
  })

  it('is told with the jobs that did not run as often as they should', () => {
    const tally = { job: 'Job 1', ran: 24, complete: 24, expected: 24, troubles: [] }
    const samples = hours(hour => hour * MiB)
    const good = dayReport({ samples, tallies: [tally] })
    expect(good).toContain('1 jobs, 240 runs in 24 hours. Every job ran at each of its times.')
    expect(good).toMatch(/heap in use .* 1\.0 .* 6\.0 .* 24\.0 .* 1024 \|/)
    expect(dayReport({ samples, tallies: [{ ...tally, complete: 20 }] })).toContain('Job 1 ran 20 of 24 times.')
  })

  it('is measured with twenty jobs, and only when it is asked for', () => {
    expect(busyDay).toHaveLength(20)
    expect(parseOptions(['helper-memory'])).toBe('helper-memory')
    expect(parseOptions([])).toMatchObject({ rounds: 3 })
    expect(() => parseOptions(['helper-memory', '--keep'])).toThrow()
  })
})
