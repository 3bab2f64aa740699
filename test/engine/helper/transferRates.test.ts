import { describe, expect, it } from 'vitest'
import { fromWallClock } from '../../../engine/base/localTime.ts'
import { rateAt } from '../../../engine/base/rateSchedule.ts'
import { transferLimitsSchema } from '../../../engine/contract/transferLimits.ts'
import { lowerRate, ratesOf } from '../../../engine/helper/transferRates.ts'

const at = (time: string) => fromWallClock(Date.parse(`2026-03-10T${time}:00Z`), undefined)
const office = { from: '08:00', to: '18:00', write: 100_000, read: null }
const limits = transferLimitsSchema.parse({
  write: 1_000_000,
  read: 2_000_000,
  hours: [office, { from: '22:00', to: '06:00', write: null, read: null }],
})
const none = Number.POSITIVE_INFINITY

describe('the limits of a destination', () => {
  it.each([
    ['07:59', 1_000_000, 2_000_000],
    ['08:00', 100_000, none],
    ['17:59', 100_000, none],
    ['18:00', 1_000_000, 2_000_000],
    ['22:00', none, none],
    ['03:00', none, none],
    ['06:00', 1_000_000, 2_000_000],
  ])('at %s', (time, write, read) => {
    const { writeLimit, readLimit } = ratesOf(limits)
    expect({ write: rateAt(writeLimit!, at(time)), read: rateAt(readLimit!, at(time)) }).toEqual({ write, read })
  })

  it('are numbers where the time of day does not matter, and nothing where nothing is limited', () => {
    expect(ratesOf(transferLimitsSchema.parse({ write: 5000 }))).toEqual({ writeLimit: 5000 })
    expect(ratesOf(transferLimitsSchema.parse({}))).toEqual({})
    const nothing = { from: '08:00', to: '18:00', write: null, read: null }
    expect(ratesOf(transferLimitsSchema.parse({ hours: [nothing] }))).toEqual({})
  })

  it.each([
    ['12:00', 100_000],
    ['20:00', 300_000],
    ['23:00', 300_000],
  ])('are held together with that of a job: at %s', (time, write) => {
    expect(rateAt(lowerRate(300_000, ratesOf(limits).writeLimit)!, at(time))).toBe(write)
  })

  it('do not matter where there are none', () => {
    expect(lowerRate(undefined, undefined)).toBeUndefined()
    expect(lowerRate(5, undefined)).toBe(5)
    expect(lowerRate(undefined, 7)).toBe(7)
    expect(lowerRate(5, 7)).toBe(5)
  })
})
