import { describe, expect, it } from 'vitest'
import { backupResultSchema, retentionReasonSchema, versionSchema } from '../../../engine/contract/models.ts'
import { makeVersion } from '../../support/versions.ts'

describe('versionSchema', () => {
  it('takes a version and gives it back unchanged', () => {
    const version = makeVersion({ base: makeVersion().id, scrubbedAt: '2026-02-01T00:00:00.000Z', labels: { a: 'b' } })
    expect(versionSchema.parse(JSON.parse(JSON.stringify(version)))).toEqual(version)
  })

  it('ignores keys of a newer engine', () => {
    expect(versionSchema.parse({ ...makeVersion(), colour: 'red' })).toEqual(makeVersion())
  })

  it.each([
    ['a local date', { date: '2026-01-31T10:00:00.000+01:00' }],
    ['a date without milliseconds', { date: '2026-01-31T10:00:00Z' }],
    ['an impossible date', { date: '2026-02-31T10:00:00.000Z' }],
    ['a size that is not exact', { sizeBytes: 2 ** 53 }],
    ['a negative size', { storedBytes: -1 }],
    ['part of a byte', { readBytes: 0.5 }],
    ['an unknown status', { status: 'valid' }],
    ['a short id', { id: 'abc' }],
    ['an id in capitals', { id: 'ABCDEF0123456789' }],
    ['a missing base', { base: undefined }],
  ])('refuses %s', (_what, change) => {
    expect(versionSchema.safeParse({ ...makeVersion(), ...change }).success).toBe(false)
  })
})

it('tells reasons of retention apart by their kind', () => {
  const reason = { kind: 'oldest', period: 'days', back: 2, text: 'kept', notes: [] }
  expect(retentionReasonSchema.parse(reason)).toEqual(reason)
  expect(retentionReasonSchema.safeParse({ ...reason, kind: 'represented' }).success).toBe(false)
  expect(retentionReasonSchema.safeParse({ ...reason, period: 'decades' }).success).toBe(false)
})

it('describes the result of a backup by the counters of its version', () => {
  const {
    id,
    name,
    base,
    date,
    labels,
    host,
    source,
    scrubbedAt,
    blockSizeBytes,
    protected: _,
    ...counters
  } = makeVersion()
  const result = { version: id, name, ...counters, hintsRejected: false, warnings: [] }
  expect(backupResultSchema.parse(result)).toEqual(result)
})
