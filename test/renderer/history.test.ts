import { describe, expect, it } from 'vitest'
import { type Run, runSchema } from '../../engine/contract/jobs.ts'
import {
  amountOf,
  beforeOldest,
  dayTotals,
  everything,
  hasTrouble,
  isShown,
  mergeRuns,
} from '../../renderer/src/screens/activity/history.ts'
import { partOf } from './fake/world.ts'

const run = (id: number, facts: Partial<Run> = {}): Run =>
  runSchema.parse({
    id: id.toString(16).padStart(16, '0'),
    job: null,
    jobName: 'This computer',
    destination: 'd'.repeat(16),
    destinationName: 'Samsung T7',
    trigger: 'schedule',
    state: 'complete',
    startedAt: '2026-11-26T12:00:00.000Z',
    finishedAt: '2026-11-26T12:11:00.000Z',
    phase: null,
    parts: [],
    error: null,
    warnings: [],
    ...facts,
  })
const scrub = (damagedCount: number): Run['outcome'] => ({
  kind: 'scrub',
  depth: 'deep',
  checkedBytes: 7,
  damaged: [],
  damagedCount,
})

describe('the history of runs', () => {
  it('shows each run once, as the first answer has it, newest first', () => {
    const newer = run(1, { startedAt: '2026-11-26T13:00:00.000Z' })
    const merged = mergeRuns([run(2, { state: 'failed' })], [newer, run(2)])
    expect(merged.map(({ id, state }) => [Number.parseInt(id, 16), state])).toEqual([
      [1, 'complete'],
      [2, 'failed'],
    ])
  })

  it('asks for older runs so that those of the same millisecond are not lost', () => {
    expect(beforeOldest([])).toBeUndefined()
    expect(beforeOldest([run(1)])).toBe('2026-11-26T12:00:00.001Z')
  })

  it('calls it trouble when a check was complete and found damage, and not when a person stopped a run', () => {
    expect(hasTrouble(run(1, { kind: 'scrub', outcome: scrub(2) }))).toBe(true)
    expect(hasTrouble(run(1, { kind: 'scrub', outcome: scrub(0) }))).toBe(false)
    expect(hasTrouble(run(1, { state: 'cancelled' }))).toBe(false)
    expect(hasTrouble(run(1, { state: 'interrupted' }))).toBe(true)
  })

  it('filters by kind, by trouble, and by a part of either name in any case', () => {
    expect(isShown(run(1), everything)).toBe(true)
    expect(isShown(run(1), { ...everything, kind: 'restore' })).toBe(false)
    expect(isShown(run(1), { ...everything, onlyTrouble: true })).toBe(false)
    expect(isShown(run(1), { ...everything, text: ' samsung ' })).toBe(true)
    expect(isShown(run(1), { ...everything, text: 'nas' })).toBe(false)
  })

  it('tells the amount that belongs to each kind, and none before there is one', () => {
    expect(amountOf(run(1))).toBeNull()
    expect(amountOf(run(1, { parts: [partOf('a', { newBytes: 3 }), partOf('b', { newBytes: 4 })] }))).toBe(7)
    expect(amountOf(run(1, { kind: 'scrub', outcome: scrub(0) }))).toBe(7)
    expect(amountOf(run(1, { kind: 'restore' }))).toBeNull()
  })

  it('adds up what backups changed on each day, and leaves out days that older runs may lie on', () => {
    const now = new Date(2026, 10, 26, 14).getTime()
    const at = (day: number) => new Date(2026, 10, day, 9).toISOString()
    const of = (day: number, newBytes: number) => run(day, { startedAt: at(day), parts: [partOf('a', { newBytes })] })
    const runs = [of(26, 1), of(25, 10), run(99, { kind: 'scrub', startedAt: at(25), outcome: scrub(0) }), of(24, 100)]
    expect(dayTotals(runs, now, false).map(({ bytes }) => bytes)).toEqual([100, 10, 1])
    expect(dayTotals(runs, now, true, 4).map(({ bytes }) => bytes)).toEqual([0, 100, 10, 1])
  })
})
