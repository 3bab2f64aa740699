import { describe, expect, test } from 'vitest'
import { count } from '../../../engine/sources/ranges.ts'
import type { Changes } from '../../../engine/tracking/trackedVolume.ts'
import {
  emptyRecord,
  formatRecord,
  keepSnapshot,
  mostPendingRanges,
  parseRecord,
  planReading,
  type TrackingRecord,
  withoutRepository,
  withResizedEnd,
} from '../../../engine/tracking/trackingRecord.ts'

const first = 'a'.repeat(32)
const second = 'b'.repeat(32)
const version = (n: number) => String(n).repeat(16)
const snapshot = (n: number) => {
  return { id: `s${n}`, name: `holdfast_00000000_0000000${n}`, sizeBytes: 1000, takenAt: '2026-01-31T10:00:00.000Z' }
}
const written = (...spans: [number, number][]): Changes => {
  return { known: true, written: spans.map(([start, end]) => ({ start, end })), discarded: [] }
}
const fresh = emptyRecord('id', '/dev/group/volume', 'lvm-thin')

/** Version 1 in the first repository, version 2 in the second, 100..200 written between them. */
function twoRepositories(): TrackingRecord {
  const one = keepSnapshot(fresh, { repository: first, version: version(1), snapshot: snapshot(1), changes: undefined })
  return keepSnapshot(one, {
    repository: second,
    version: version(2),
    snapshot: snapshot(2),
    changes: written([100, 200]),
  })
}

describe('several repositories share one kept snapshot', () => {
  test('a run for one adds to what the others have yet to read', () => {
    const record = twoRepositories()
    expect(record.kept?.id).toBe('s2')
    expect(record.repositories.get(first)).toEqual({ version: version(1), pending: [{ start: 100, end: 200 }] })
    expect(record.repositories.get(second)).toEqual({ version: version(2), pending: [] })

    expect(planReading(record, first, written([400, 500]), 1000)).toEqual({
      known: true,
      base: version(1),
      written: [
        { start: 100, end: 200 },
        { start: 400, end: 500 },
      ],
      discarded: [],
    })
    expect(planReading(record, second, written([400, 500]), 1000)).toMatchObject({
      base: version(2),
      written: [{ start: 400, end: 500 }],
    })
  })

  test('what was discarded last is not read, though it was written before', () => {
    const changes: Changes = { known: true, written: [], discarded: [{ start: 150, end: 300 }] }
    expect(planReading(twoRepositories(), first, changes, 1000)).toMatchObject({
      written: [{ start: 100, end: 150 }],
      discarded: [{ start: 150, end: 300 }],
    })
  })

  test('a repository of which nothing is known reads everything, without any complaint', () => {
    expect(planReading(twoRepositories(), 'c'.repeat(32), written(), 1000)).toEqual({ known: false, why: null })
    expect(planReading(fresh, first, undefined, 1000)).toEqual({ known: false, why: null })
  })

  test('changes that are not known are for nobody, and why is told', () => {
    const unknown: Changes = { known: false, why: 'the pool does not answer' }
    expect(planReading(twoRepositories(), first, unknown, 1000)).toEqual({
      known: false,
      why: 'the pool does not answer',
    })
    const run = { repository: first, version: version(3), snapshot: snapshot(3), changes: unknown }
    const after = keepSnapshot(twoRepositories(), run)
    expect([...after.repositories.keys()]).toEqual([first])
    expect(after.kept?.id).toBe('s3')
  })

  test('a version with parts missing is no base: what changed is added to the older one', () => {
    const run = { repository: first, version: undefined, snapshot: snapshot(3), changes: written([400, 500]) }
    const after = keepSnapshot(twoRepositories(), run)
    expect(after.repositories.get(first)).toEqual({
      version: version(1),
      pending: [
        { start: 100, end: 200 },
        { start: 400, end: 500 },
      ],
    })
  })

  test('a first version with parts missing keeps nothing', () => {
    const run = { repository: first, version: undefined, snapshot: snapshot(1), changes: undefined }
    expect(keepSnapshot(fresh, run)).toMatchObject({ kept: null, repositories: new Map() })
  })

  test('what was kept goes with its last repository', () => {
    const one = withoutRepository(twoRepositories(), first)
    expect(one.kept?.id).toBe('s2')
    expect(withoutRepository(one, second).kept).toBeNull()
  })
})

describe('a volume of another size', () => {
  test('what it has grown by was written', () => {
    expect(withResizedEnd(written([0, 10]), 1000, 1200)).toEqual(written([0, 10], [1000, 1200]))
  })

  test('beyond its end, nothing is asked for', () => {
    const shrunk = withResizedEnd(written([0, 10], [900, 950]), 1000, 500)
    expect(planReading(twoRepositories(), second, shrunk, 500)).toMatchObject({ written: [{ start: 0, end: 10 }] })
  })

  test('an end that was cut off and came back was written, whatever the driver says', () => {
    const cut = keepSnapshot(twoRepositories(), {
      repository: second,
      version: version(3),
      snapshot: { ...snapshot(3), sizeBytes: 500 },
      changes: withResizedEnd(written(), 1000, 500),
    })
    const plan = planReading(cut, first, withResizedEnd(written(), 500, 1000), 1000)
    expect(plan).toMatchObject({
      written: [
        { start: 100, end: 200 },
        { start: 500, end: 1000 },
      ],
    })
  })
})

test('what a repository has yet to read stays bounded, and nothing of it is lost', () => {
  const spans = Array.from({ length: mostPendingRanges + 500 }, (_, n) => [n * 10, n * 10 + 5] as [number, number])
  const run = { repository: second, version: version(3), snapshot: snapshot(3), changes: written(...spans) }
  const { pending } = keepSnapshot(twoRepositories(), run).repositories.get(first)!
  expect(pending.length).toBe(mostPendingRanges)
  expect(count(pending)).toBeGreaterThanOrEqual(spans.length * 5)
})

test('a record is the same after it was written and read', () => {
  const record = twoRepositories()
  expect(parseRecord(formatRecord(record))).toEqual(record)
})

test.each(['', 'null', '{}', '{"volume":"x"}', formatRecord(fresh).replace('null', '7')])('%j is no record', text => {
  expect(parseRecord(text)).toBeUndefined()
})
