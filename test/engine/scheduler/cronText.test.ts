import { describe, expect, it } from 'vitest'
import { type CronFields, readCron } from '../../../engine/contract/cronText.ts'
import { scheduleExpectations } from '../../../engine/contract/scheduleMistake.ts'

const fieldsOf = (text: string): CronFields => {
  const reading = readCron(text)
  if (reading.ok) return reading.fields
  throw new Error(`“${text}” was refused: expected ${reading.mistake.expected}`)
}

describe('readCron', () => {
  it('reads stars, numbers, names, ranges, lists and steps', () => {
    expect(fieldsOf('*/20 8-18/5 1,15 jan-MAR,12 mon-fri')).toEqual({
      minutes: [0, 20, 40],
      hours: [8, 13, 18],
      everyHour: false,
      daysOfMonth: [1, 15],
      months: [1, 2, 3, 12],
      weekdays: [1, 2, 3, 4, 5],
      eitherDay: true,
    })
  })

  it('takes 7 and the end of a range to sun for Sunday', () => {
    expect(fieldsOf('0 0 * * 7').weekdays).toEqual([0])
    expect(fieldsOf('0 0 * * sat-sun').weekdays).toEqual([0, 6])
    expect(fieldsOf('0 0 * * 5-7').weekdays).toEqual([0, 5, 6])
    expect(fieldsOf('0 0 * * sun-sun').weekdays).toEqual([0])
    expect(fieldsOf('0 0 * * */2').weekdays).toEqual([0, 2, 4, 6])
  })

  it('joins the day fields by “or” only when neither contains a star', () => {
    expect(fieldsOf('0 0 1 * 1').eitherDay).toBe(true)
    expect(fieldsOf('0 0 1 * *').eitherDay).toBe(false)
    expect(fieldsOf('0 0 * * 1').eitherDay).toBe(false)
    expect(fieldsOf('0 0 */2 * 1').eitherDay).toBe(false)
  })

  it('follows the hours only when the hour is a bare star', () => {
    expect(fieldsOf('15 * * * *').everyHour).toBe(true)
    expect(fieldsOf('15 */1 * * *').everyHour).toBe(false)
    expect(fieldsOf('15 0-23 * * *').everyHour).toBe(false)
  })

  it('accepts days that only the longest February has', () => {
    expect(fieldsOf('0 0 29 2 *').daysOfMonth).toEqual([29])
    expect(fieldsOf('0 0 30 2 1').eitherDay).toBe(true)
  })

  it.each([
    ['60 * * * *', 0, 'minute from 0 to 59 instead of “60”'],
    ['* 24 * * *', 2, 'hour from 0 to 23'],
    ['* * 0 * *', 4, 'day of the month from 1 to 31'],
    ['* * * 13 *', 6, 'month from 1 to 12 or jan to dec'],
    ['* * * * 8', 8, 'day of the week from 0 to 7 or sun to sat'],
    ['* * * * monday', 8, 'instead of “monday”'],
    ['1,2,x * * * *', 4, 'instead of “x”'],
    ['1,,2 * * * *', 2, 'but there is nothing'],
    ['5-3 * * * *', 2, 'minute not before “5”'],
    ['5- * * * *', 2, 'but there is nothing'],
    ['-5 * * * *', 0, 'but there is nothing'],
    ['5/10 * * * *', 1, '“*” or a range before “/”'],
    ['*/0 * * * *', 2, 'a step from 1 to 59'],
    ['*/ * * * *', 2, 'a step from 1 to 59'],
    ['*/5/5 * * * *', 2, 'a step from 1 to 59'],
    ['1.5 * * * *', 0, 'instead of “1.5”'],
    ['* * 31 4,6,9,11 *', 4, 'a day that the months have'],
    ['* * 30-31 feb *', 4, 'a day that the months have'],
    ['* * 30 2 */2', 4, 'a day that the months have'],
    ['* * L * *', 4, 'instead of “L”'],
    ['@daily', 6, 'hour here'],
    ['* * * * * *', 10, 'the end instead of “*”'],
  ])('refuses “%s” and points to place %d', (text, offset, expected) => {
    const reading = readCron(text)
    expect(reading).toMatchObject({ ok: false, mistake: { offset, expected: expect.stringContaining(expected) } })
    expect(scheduleExpectations).toContain(reading.ok ? '' : reading.mistake.expectation.code)
  })
})
