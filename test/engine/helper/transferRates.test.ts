import { describe, expect, it } from 'vitest'
import { fromWallClock } from '../../../engine/base/localTime.ts'
import { transferLimitsSchema } from '../../../engine/contract/transferLimits.ts'
import { limitsAt, ratesOf } from '../../../engine/helper/transferRates.ts'
import { FakeTime } from '../../support/fakeTime.ts'

const at = (time: string) => fromWallClock(Date.parse(`2026-03-10T${time}:00Z`), undefined)
const office = { from: '08:00', to: '18:00', write: 100_000, read: null }
const limits = transferLimitsSchema.parse({
  write: 1_000_000,
  read: 2_000_000,
  hours: [office, { from: '22:00', to: '06:00', write: null, read: null }],
})

describe('the limits of a destination', () => {
  it.each([
    ['07:59', 1_000_000, 2_000_000],
    ['08:00', 100_000, null],
    ['17:59', 100_000, null],
    ['18:00', 1_000_000, 2_000_000],
    ['22:00', null, null],
    ['03:00', null, null],
    ['06:00', 1_000_000, 2_000_000],
  ])('at %s', (time, write, read) => {
    expect(limitsAt(limits, at(time))).toMatchObject({ write, read })
  })

  it('are numbers where the time of day does not matter, and nothing where nothing is limited', () => {
    const clock = new FakeTime(at('12:00'))
    expect(ratesOf(transferLimitsSchema.parse({ write: 5000 }), clock)).toEqual({ writeLimit: 5000 })
    expect(ratesOf(transferLimitsSchema.parse({}), clock)).toEqual({})
    const nothing = { from: '08:00', to: '18:00', write: null, read: null }
    expect(ratesOf(transferLimitsSchema.parse({ hours: [nothing] }), clock)).toEqual({})
  })

  it('follow the clock', () => {
    const now = { time: at('12:00') }
    const clock = { ...new FakeTime(0), now: () => now.time } as unknown as FakeTime
    const { writeLimit, readLimit } = ratesOf(limits, clock)
    const ask = () => [writeLimit, readLimit].map(rate => (typeof rate === 'function' ? rate() : rate))
    expect(ask()).toEqual([100_000, null])
    now.time = at('20:00')
    expect(ask()).toEqual([1_000_000, 2_000_000])
  })
})
