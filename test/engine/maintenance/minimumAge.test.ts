import { describe, expect, it } from 'vitest'
import { HoldfastError } from '../../../engine/contract/errors.ts'
import { ageInDays, requireMinimumAge, tooYoung } from '../../../engine/maintenance/minimumAge.ts'
import { makeVersion } from '../../support/versions.ts'

const version = makeVersion({ date: '2026-01-31T10:00:00.000Z' })
const later = (days: number, ms = 0) => Date.parse(version.date) + days * 86_400_000 + ms

describe('tooYoung', () => {
  it('holds until the last full day has passed', () => {
    expect(tooYoung(version, 6, later(6, -1))).toBe(true)
    expect(tooYoung(version, 6, later(6))).toBe(false)
    expect(tooYoung(version, 6, later(100))).toBe(false)
    expect(tooYoung(version, 1, later(0))).toBe(true)
  })

  it('guards nothing with a minimum of 0, not even a version from the future', () => {
    expect(tooYoung(version, 0, later(0))).toBe(false)
    expect(tooYoung(version, 0, later(-5))).toBe(false)
  })

  it('guards versions dated in the future and dates that cannot be read', () => {
    expect(tooYoung(version, 1, later(-5))).toBe(true)
    expect(tooYoung({ date: 'yesterday' }, 1, later(50))).toBe(true)
  })

  it.each([-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])('refuses a minimum of %d days', days => {
    expect(() => tooYoung(version, days, later(1))).toThrow(expect.objectContaining({ code: 'usage.invalid' }))
  })
})

it('counts full days of age', () => {
  expect(ageInDays(version, later(2, -1))).toBe(1)
  expect(ageInDays(version, later(0, -1))).toBe(-1)
})

describe('requireMinimumAge', () => {
  it('names the version and what to do when it is too young', () => {
    const attempt = () => requireMinimumAge(version, 6, later(1))
    expect(attempt).toThrow(HoldfastError)
    expect(attempt).toThrow(
      expect.objectContaining({
        code: 'repository.versionTooYoung',
        message: expect.stringContaining('web01'),
        advice: expect.stringContaining('6 days'),
        details: expect.objectContaining({ id: version.id, minimumAgeDays: 6 }),
      }),
    )
  })

  it('lets an old version pass', () => {
    expect(() => requireMinimumAge(version, 6, later(6))).not.toThrow()
  })
})
