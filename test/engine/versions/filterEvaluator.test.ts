import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { filterVersions } from '../../../engine/versions/filterEvaluator.ts'
import { idOf, makeVersion } from '../../support/versions.ts'

const context = { now: Date.parse('2026-01-31T12:00:00Z'), timeZone: 'Europe/Berlin' }

const web = makeVersion({
  id: idOf(1),
  name: 'web01',
  date: '2026-01-31T10:00:00.500Z',
  labels: { app: 'web', empty: '' },
  protected: true,
})
const db = makeVersion({
  id: idOf(2),
  name: 'db01',
  date: '2026-01-30T22:59:59.999Z',
  labels: { app: 'db' },
  status: 'damaged',
  method: 'hints',
  consistency: 'crash-consistent',
  base: idOf(9),
  sizeBytes: 1024 ** 3,
  holeBytes: 0,
  durationMs: 300_000,
  host: 'db01',
})
const old = makeVersion({
  id: idOf(3),
  name: 'db01',
  date: '2025-12-01T00:00:00.000Z',
  status: 'incomplete',
  storedBytes: 0,
})

const all = [web, db, old]
const found = (filter: string, versions = all) => filterVersions(versions, filter, context).map(({ id }) => Number(id))

describe('filterVersions', () => {
  it.each<[string, number[]]>([
    ['name == "web01"', [1]],
    ['web01', [1]],
    ['WEB01', []],
    ['name != "web01"', [3, 2]],
    ['name > "db01"', [1]],
    ['id == "0000000000000002"', [2]],
    ['name == host', [2]],
    ['name like "%01"', [3, 2, 1]],
    ['name like "w%"', [1]],
    ['name like "W%"', []],
    ['name like "_b0_"', [3, 2]],
    ['name like "b"', []],
    ['source like "/dev/%/web01"', [3, 2, 1]],
    ['size >= 10GiB', [3, 1]],
    ['size < 10GiB', [2]],
    ['size == 1073741824', [2]],
    ['stored < new', [3, 2, 1]],
    ['stored >= size', []],
    ['holes', [3, 1]],
    ['not holes', [2]],
    ['read and stored', [2, 1]],
    ['blockSize == 64k', [3, 2, 1]],
    ['duration >= 5min', [2]],
    ['duration < 100', [3, 1]],
    ['protected', [1]],
    ['protected == false', [3, 2]],
    ['protected != False', [1]],
    ['status == "damaged"', [2]],
    ['status != "complete"', [3, 2]],
    ['method == "hints"', [2]],
    ['consistency != "consistent"', [2]],
    ['base', [2]],
    ['base != "x"', [3, 2, 1]],
    ['base like "%9"', [2]],
    ['host', [3, 2, 1]],
    ['date', [3, 2, 1]],
    ['true', [3, 2, 1]],
    ['false', []],
    ['labels["app"]', [2, 1]],
    ['labels["empty"]', [1]],
    ['not labels["app"]', [3]],
    ['labels["constructor"]', []],
    ['labels["__proto__"]', []],
    ['labels["app"] == "web"', [1]],
    ['labels["app"] != "web"', [2]],
    ['not labels["app"] == "web"', [3, 2]],
    ['labels["empty"] == ""', [1]],
    ['name == "db01" and status == "damaged" or protected', [2, 1]],
    ['name == "db01" and (status == "complete" or protected)', []],
  ])('%s', (filter, ids) => {
    expect(found(filter)).toEqual(ids)
  })

  it.each<[string, number[]]>([
    // Midnight in Berlin is 23:00 UTC of the day before: db is of the 30th, web of the 31st.
    ['date == "2026-01-31"', [1]],
    ['date != "2026-01-31"', [3, 2]],
    ['date >= "2026-01-31"', [1]],
    ['date > "2026-01-31"', []],
    ['date > "2026-01-30"', [1]],
    ['date <= "2026-01-30"', [3, 2]],
    ['date < "2026-01-31"', [3, 2]],
    ['date == "2026-01-31T11:00:00"', [1]],
    ['date == "2026-01-31T10:00:00Z"', [1]],
    ['date == "2026-01-31T10:00:00.000Z"', []],
    ['date > "2026-01-31T10:00:00Z"', []],
    ['date > "2026-01-31T10:00:00.499Z"', [1]],
    ['date >= "today"', [1]],
    ['date == "yesterday"', [2]],
    ['date < "1 week ago"', [3]],
    ['"2 days ago" < date', [2, 1]],
    ['date < "1 hour ago"', [3, 2, 1]],
    ['date < "3 hours ago"', [3, 2]],
  ])('%s, in the local zone', (filter, ids) => {
    expect(found(filter)).toEqual(ids)
  })

  it('answers by name, then by date, and lets everything through without a filter', () => {
    expect(filterVersions(all, undefined, context).map(({ id }) => Number(id))).toEqual([3, 2, 1])
    expect(all.map(({ id }) => Number(id))).toEqual([1, 2, 3])
  })

  it('answers a pattern of many wildcards about a long text', () => {
    const long = makeVersion({ source: 'a'.repeat(5000) })
    expect(found(`source like "${'%a'.repeat(200)}%b"`, [long])).toEqual([])
    expect(found(`source like "${'%a'.repeat(200)}%"`, [long])).toEqual([1])
  })

  it('matches patterns like a regular expression does, character by character', () => {
    const unit = fc.constantFrom('a', 'b', '%', '_', '😀', '.')
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 12 }), fc.string({ unit, maxLength: 8 }), (source, pattern) => {
        const body = pattern.replaceAll('.', '\\.').replaceAll('%', '.*').replaceAll('_', '.')
        const expected = new RegExp(`^${body}$`, 'su').test(source)
        expect(found(`source like "${pattern}"`, [makeVersion({ source })])).toEqual(expected ? [1] : [])
      }),
      { numRuns: 500 },
    )
  })

  it('lets each version through either a filter or its negation', () => {
    const filters = fc.constantFrom(
      'name like "w%"',
      'date > "yesterday"',
      'labels["app"] != "web"',
      'size > 5G',
      'base',
    )
    fc.assert(
      fc.property(filters, filters, (a, b) => {
        expect(found(`not (${a} and ${b})`)).toEqual(found(`not ${a} or not ${b}`))
        expect([...found(a), ...found(`not ${a}`)].sort()).toEqual([1, 2, 3])
      }),
    )
  })
})
