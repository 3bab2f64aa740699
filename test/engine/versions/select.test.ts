import { describe, expect, it } from 'vitest'
import { HoldfastError } from '../../../engine/contract/errors.ts'
import type { Version } from '../../../engine/contract/models.ts'
import { resolveVersion, resolveVersions } from '../../../engine/versions/select.ts'
import { makeVersion } from '../../support/versions.ts'

const day = (number: number) => `2026-01-${String(number).padStart(2, '0')}T10:00:00.000Z`

const versions: Version[] = [
  makeVersion({ id: 'ab11000000000000', name: 'web01', date: day(1) }),
  makeVersion({ id: 'ab12000000000000', name: 'web01', date: day(3) }),
  makeVersion({ id: 'cd00000000000000', name: 'web01', date: day(2) }),
  makeVersion({ id: 'ef00000000000000', name: 'web01', date: day(9), status: 'damaged' }),
  makeVersion({ id: '0a00000000000000', name: 'web01', date: day(10), status: 'incomplete' }),
  makeVersion({ id: '1200000000000000', name: 'db:main', date: day(5) }),
  makeVersion({ id: '3400000000000000', name: 'hurt', date: day(6), status: 'damaged' }),
  makeVersion({ id: '3500000000000000', name: 'hurt', date: day(7), status: 'incomplete' }),
  makeVersion({ id: '3600000000000000', name: 'begun', date: day(8), status: 'incomplete' }),
]

const idFor = (spec: string, list = versions) => resolveVersion(list, spec).id
const errorFor = (spec: string, list = versions): HoldfastError => {
  try {
    resolveVersion(list, spec)
  } catch (error) {
    if (error instanceof HoldfastError) return error
    throw error
  }
  throw new Error(`“${spec}” was found`)
}

describe('by id', () => {
  it('finds a whole id, a beginning that no other shares, and capitals', () => {
    expect(idFor('cd00000000000000')).toBe('cd00000000000000')
    expect(idFor('cd')).toBe('cd00000000000000')
    expect(idFor('AB12')).toBe('ab12000000000000')
  })

  it('asks for more when several ids begin alike', () => {
    const error = errorFor('ab')
    expect(error.code).toBe('repository.versionAmbiguous')
    expect(error.details.candidates).toEqual([
      { id: 'ab12000000000000', name: 'web01', date: day(3) },
      { id: 'ab11000000000000', name: 'web01', date: day(1) },
    ])
    expect(error.message).toContain('ab12000000000000 (web01, 2026-01-03T10:00:00.000Z), ab11000000000000')
    expect(error.advice).toContain('more digits')
  })

  it('names ten candidates in the message and all in the details', () => {
    const many = Array.from({ length: 13 }, (_, index) =>
      makeVersion({ id: `ff${index.toString(16).padStart(14, '0')}`, date: day(index + 1) }),
    )
    const error = errorFor('ff', many)
    expect(error.details.candidates).toHaveLength(13)
    expect(error.message.match(/\(web01, /g)).toHaveLength(10)
    expect(error.message).toContain(', and 3 more')
    expect(error.message).not.toContain(day(3))
  })

  it('needs two digits', () => {
    const error = errorFor('c')
    expect(error.code).toBe('repository.versionNotFound')
    expect(error.advice).toContain('at least 2 digits')
  })

  it('does not choose between an id and a name that is its beginning', () => {
    const named = makeVersion({ id: '7700000000000000', name: 'cd' })
    const error = errorFor('cd', [...versions, named])
    expect(error.code).toBe('repository.versionAmbiguous')
    expect(error.details.candidates).toHaveLength(2)
    expect(error.advice).toContain('cd:latest')
    expect(idFor('cd0', [...versions, named])).toBe('cd00000000000000')
    const wholeId = makeVersion({ id: '7800000000000000', name: 'cd00000000000000' })
    expect(idFor('cd00000000000000', [...versions, wholeId])).toBe('cd00000000000000')
  })

  it('says that there is no such version', () => {
    for (const spec of ['99', 'nothing', 'cd000000000000001', '', 'web01:newest', 'web01:latest~', 'web01:latest~-1']) {
      expect(errorFor(spec).code).toBe('repository.versionNotFound')
    }
  })
})

describe('by latest', () => {
  it('takes the newest complete version, not what came after it', () => {
    expect(idFor('web01:latest')).toBe('ab12000000000000')
    expect(idFor('web01:latest~0')).toBe('ab12000000000000')
    expect(idFor('web01:latest~1')).toBe('cd00000000000000')
    expect(idFor('web01:latest~2')).toBe('ab11000000000000')
  })

  it('looks at all names when none is given', () => {
    expect(idFor('latest')).toBe('1200000000000000')
    expect(idFor('latest~1')).toBe('ab12000000000000')
  })

  it('takes names with colons', () => {
    expect(idFor('db:main:latest')).toBe('1200000000000000')
  })

  it('takes a damaged version before an incomplete one when none is complete', () => {
    expect(idFor('hurt:latest')).toBe('3400000000000000')
    expect(idFor('begun:latest')).toBe('3600000000000000')
  })

  it('takes the higher id of two versions with the same date', () => {
    const twins = [makeVersion({ id: '0100000000000000' }), makeVersion({ id: '0200000000000000' })]
    expect(idFor('latest', twins)).toBe('0200000000000000')
    expect(idFor('latest', twins.toReversed())).toBe('0200000000000000')
  })

  it('says how many there are when asked for one further back', () => {
    const error = errorFor('web01:latest~3')
    expect(error.code).toBe('repository.versionNotFound')
    expect(error.message).toContain('there are only 3 complete versions of “web01”')
    expect(errorFor('hurt:latest~1').message).toContain('there is only 1 damaged version of “hurt”')
    expect(errorFor('latest~99999999999999999999').code).toBe('repository.versionNotFound')
  })

  it('says that a name has no version, and that there is none at all', () => {
    expect(errorFor('web02:latest').message).toContain('there is none of “web02”')
    expect(errorFor('latest', []).message).toContain('there is none in this repository')
  })
})

it('selects nothing by a name alone but tells how', () => {
  const error = errorFor('web01')
  expect(error.code).toBe('repository.versionNotFound')
  expect(error.advice).toContain('web01:latest')
})

describe('resolveVersions', () => {
  it('finds each version once', () => {
    const found = resolveVersions(versions, ['cd', 'web01:latest', 'ab12', 'web01:latest~1'])
    expect(found.map(({ id }) => id)).toEqual(['cd00000000000000', 'ab12000000000000'])
  })

  it('fails when one of them is not there', () => {
    expect(() => resolveVersions(versions, ['cd', '99'])).toThrow(
      expect.objectContaining({ code: 'repository.versionNotFound' }),
    )
  })
})
