import { describe, expect, it } from 'vitest'
import type { LibraryVersion } from '../../engine/contract/library.ts'
import {
  comparable,
  copiesByMoment,
  daysOf,
  filtered,
  isFiltering,
  isLabelKey,
  isLabelValue,
  isReachable,
  isRemarkable,
  joinedParts,
  keyOf,
  neighboursOf,
  noFilter,
  rowsOf,
} from '../../renderer/src/screens/versions/shelf.ts'
import { offsetsOf, rowsWithin } from '../../renderer/src/screens/versions/virtualRows.ts'

let count = 0
const version = (facts: Partial<LibraryVersion> = {}): LibraryVersion => ({
  id: String(++count).padStart(16, '0') as LibraryVersion['id'],
  name: 'root',
  date: '2026-11-26T14:02:00.000Z',
  blockSizeBytes: 32_768,
  protected: false,
  labels: {},
  sizeBytes: 1,
  readBytes: 1,
  newBytes: 1,
  storedBytes: 1,
  holeBytes: 0,
  durationMs: 1,
  method: 'full',
  consistency: 'consistent',
  status: 'complete',
  unreadable: [],
  source: '/dev/root',
  host: 'laptop',
  base: null,
  scrubbedAt: null,
  destination: 'aaaaaaaaaaaaaaaa',
  job: null,
  ...facts,
})
const at = (date: string, facts: Partial<LibraryVersion> = {}) => version({ date, ...facts })
/** Noon where the person is, so that the day is the same everywhere. */
const noon = (day: number) => new Date(2026, 10, day, 12).toISOString()

describe('versions on a shelf', () => {
  it('stand below their day, in their order, with how many of a day are damaged', () => {
    const all = [at(noon(3)), at(noon(2), { status: 'damaged' }), at(noon(2))]
    const days = daysOf(all)
    expect(days.map(({ day, damaged, versions }) => [day, versions.length, damaged])).toEqual([
      ['2026-11-03', 1, 0],
      ['2026-11-02', 2, 1],
    ])
    expect(rowsOf(days).map(row => (row.kind === 'day' ? row.day.day : row.version))).toEqual([
      '2026-11-03',
      all[0],
      '2026-11-02',
      all[1],
      all[2],
    ])
  })

  it('belong to the day of the person, not to that of UTC', () => {
    const late = new Date(2026, 10, 2, 23, 59)
    const early = new Date(2026, 10, 3, 0, 1)
    expect(daysOf([at(early.toISOString()), at(late.toISOString())]).map(({ day }) => day)).toEqual([
      '2026-11-03',
      '2026-11-02',
    ])
  })

  it('are found by all words in name, computer, note and labels, whatever the case', () => {
    const noted = version({ labels: { note: 'Before the Move', reason: 'monthly' } })
    const all = [noted, version({ name: 'home' })]
    const find = (text: string) => filtered(all, { ...noFilter, text })
    expect(find('move BEFORE')).toEqual([noted])
    expect(find('reason=month')).toEqual([noted])
    expect(find('laptop')).toEqual(all)
    expect(find('note')).toEqual([])
    expect(find('move home')).toEqual([])
  })

  it('are narrowed by job, name, destination and computer together', () => {
    const wanted = version({ job: 'j', host: 'tower' })
    const all = [wanted, version({ job: 'j' }), version({ host: 'tower' })]
    expect(filtered(all, { ...noFilter, job: 'j', host: 'tower', name: 'root' })).toEqual([wanted])
    expect(filtered(all, { ...noFilter, destination: 'elsewhere' })).toEqual([])
  })

  it('are the same list when nothing is asked for', () => {
    const all = [version()]
    expect(filtered(all, { ...noFilter, text: '  ' })).toBe(all)
    expect(isFiltering({ ...noFilter, text: ' ' })).toBe(false)
  })

  it('have copies where another destination holds the same moment of the same thing', () => {
    const here = version()
    const there = version({ destination: 'bbbbbbbbbbbbbbbb' })
    const others = [version({ name: 'home' }), version({ host: 'tower' }), at('2026-11-26T14:02:00.001Z')]
    const copies = copiesByMoment([here, there, ...others])
    expect(copies(here)).toEqual([here, there])
    expect(copies(others[0]!)).toEqual([others[0]])
  })

  it('have neighbours of the same thing in the same destination only', () => {
    const [newest, middle, oldest] = [at(noon(3)), at(noon(2)), at(noon(1))]
    const all = [newest, version({ name: 'home' }), middle, version({ destination: 'bbbbbbbbbbbbbbbb' }), oldest]
    expect(neighboursOf(middle, all)).toEqual({ before: oldest, after: newest })
    expect(neighboursOf(newest, all)).toEqual({ before: middle, after: undefined })
    expect(neighboursOf(version(), all)).toEqual({ before: undefined, after: undefined })
  })

  it('can be compared two at a time, within one destination, older first', () => {
    const [newer, older] = [at(noon(3)), at(noon(1))]
    expect(comparable([newer, older])).toEqual({ older, newer })
    expect(comparable([newer])).toBeNull()
    expect(comparable([newer, older, older])).toBeNull()
    expect(comparable([newer, { ...older, destination: 'bbbbbbbbbbbbbbbb' }])).toBeNull()
  })

  it('are remarkable when anything about them is not as usual, and have more room then', () => {
    const usual = version()
    expect(isRemarkable(usual, 'laptop', false)).toBe(false)
    expect(isRemarkable(usual, null, false)).toBe(false)
    expect(isRemarkable(usual, 'tower', false)).toBe(true)
    expect(isRemarkable(usual, 'laptop', true)).toBe(true)
    const facts: Partial<LibraryVersion>[] = [
      { protected: true },
      { status: 'damaged' },
      { consistency: 'crash-consistent' },
      { labels: { note: 'n' } },
    ]
    for (const fact of facts) expect(isRemarkable(version(fact), 'laptop', false)).toBe(true)
  })

  it('are told apart by destination and id', () => {
    expect(keyOf(version({ id: '1'.padStart(16, '0') as never }))).toBe('aaaaaaaaaaaaaaaa 0000000000000001')
  })

  it('can be reached when their drive only has to be mounted, and not when it is away or unknown', () => {
    expect(isReachable({ state: 'present-unmounted', devices: ['d'] })).toBe(true)
    expect(isReachable({ state: 'missing', lastSeenAt: null })).toBe(false)
    expect(isReachable(undefined)).toBe(false)
  })
})

describe('the table beside a comparison', () => {
  it('joins parts to stretches of equal length that cover everything', () => {
    const rows = joinedParts(
      Array.from({ length: 256 }, (_, i) => (i < 16 ? 1 : 0)),
      16,
    )
    expect(rows).toHaveLength(16)
    expect(rows[0]).toEqual({ from: 0, to: 1 / 16, share: 1 })
    expect(rows[1]!.share).toBe(0)
    expect(rows.at(-1)!.to).toBe(1)
  })

  it('leaves few parts as they are, and is empty for none', () => {
    expect(joinedParts([0.5, 1], 16).map(({ share }) => share)).toEqual([0.5, 1])
    expect(joinedParts([], 16)).toEqual([])
  })
})

describe('labels that are typed', () => {
  it('are held to the syntax of the service', () => {
    expect(['note', 'a.b/c-d_e', 'X1'].map(isLabelKey)).toEqual([true, true, true])
    expect(['', '-a', 'a b', 'a/b/c', 'ä', 'A/b', 'x'.repeat(64)].map(isLabelKey)).not.toContain(true)
    expect(['', 'v1.2', 'x'.repeat(63)].map(isLabelValue)).toEqual([true, true, true])
    expect(['a b', '-', 'x'.repeat(64)].map(isLabelValue)).not.toContain(true)
  })
})

describe('rows of a long list', () => {
  const offsets = offsetsOf([10, 20, 30, 40])

  it('are drawn when they touch the window', () => {
    expect(offsets).toEqual([0, 10, 30, 60, 100])
    expect(rowsWithin(offsets, 0, 10)).toEqual({ first: 0, end: 1 })
    expect(rowsWithin(offsets, 15, 31)).toEqual({ first: 1, end: 3 })
    expect(rowsWithin(offsets, -500, 5)).toEqual({ first: 0, end: 1 })
    expect(rowsWithin(offsets, -500, 5000)).toEqual({ first: 0, end: 4 })
  })

  it('are none when there are none, or the window is behind them', () => {
    expect(rowsWithin(offsetsOf([]), 0, 500)).toEqual({ first: 0, end: 0 })
    expect(rowsWithin(offsets, 400, 900)).toEqual({ first: 4, end: 4 })
  })

  it('are few however many there are', () => {
    const many = offsetsOf(Array.from({ length: 10_000 }, () => 64))
    const { first, end } = rowsWithin(many, 300_000, 301_000)
    expect(end - first).toBeLessThan(20)
    expect(many[first]!).toBeLessThanOrEqual(300_000)
    expect(many[end]!).toBeGreaterThanOrEqual(301_000)
  })
})
