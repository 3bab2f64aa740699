import { describe, expect, test } from 'vitest'
import { parseAddress, parseCount, parsePercent, parseRange, parseRate, parseSize } from '../../../engine/cli/values.ts'

const refused = expect.objectContaining({ code: 'usage.invalid', advice: expect.any(String) })
const mib = 1024 ** 2

describe('parseRange', () => {
  test('reads sizes with units', () => {
    expect(parseRange('1M:64k')).toEqual({ range: { offset: mib, length: 65_536 } })
    expect(parseRange('0:512')).toEqual({ range: { offset: 0, length: 512 } })
  })

  test('reads the place in the target', () => {
    expect(parseRange('1M:64k@2M')).toEqual({ range: { offset: mib, length: 65_536 }, targetOffset: 2 * mib })
    expect(parseRange('1M:64k@0').targetOffset).toBe(0)
  })

  test.each(['', '1M', '1M:', ':1M', '1M:0', '1M:1M@', '1M:1M@2@3', '1:2:3', '-1:5', '1M-2M'])('refuses %j', text => {
    expect(() => parseRange(text)).toThrow(refused)
  })
})

describe('parsePercent', () => {
  test.each([
    ['16', 16],
    ['2.5', 2.5],
    ['100%', 100],
  ])('reads %s', (text, expected) => {
    expect(parsePercent(text, '--percent')).toBe(expected)
  })

  test.each(['', '0', '101', '-3', 'all', '1e1', '5 %', '%'])('refuses %j', text => {
    expect(() => parsePercent(text, '--percent')).toThrow(refused)
  })
})

test('parseCount reads whole numbers from 0', () => {
  expect([parseCount('0', '--min-age'), parseCount('30', '--min-age')]).toEqual([0, 30])
  for (const text of ['', '-1', '1.5', 'x', '1e3', '99999999999999999999']) {
    expect(() => parseCount(text, '--min-age')).toThrow(refused)
  }
})

test('parseSize reads sizes above 0', () => {
  expect(parseSize('50M', '--limit-read')).toBe(50 * mib)
  for (const text of ['0', 'fast', '']) expect(() => parseSize(text, '--limit-read')).toThrow(refused)
})

describe('parseAddress', () => {
  test.each([
    ['127.0.0.1:10809', '127.0.0.1', 10_809],
    ['[::1]:1', '::1', 1],
    ['localhost:0', 'localhost', 0],
    [':65535', '127.0.0.1', 65_535],
  ])('reads %s', (text, host, port) => {
    expect(parseAddress(text, '--listen')).toEqual({ host, port })
  })

  test.each(['', '10809', 'host', 'host:', 'host:65536', '::1:80', '[::1]', '[x]:1', 'host:1:2', 'host:-1'])(
    'refuses %j',
    text => {
      expect(() => parseAddress(text, '--listen')).toThrow(refused)
    },
  )
})

describe('parseRate', () => {
  const day = { from: 480, to: 1080, bytesPerSecond: mib }

  test('reads one limit for all day', () => expect(parseRate('10M', '--limit-upload')).toBe(10 * mib))

  test('reads limits by the time of day, with and without one for the rest', () => {
    expect(parseRate('10M,08:00-18:00=1M', '--limit-upload')).toEqual({ hours: [day], otherwise: 10 * mib })
    expect(parseRate('08:00-18:00=1M', '--limit-upload')).toEqual({
      hours: [day],
      otherwise: Number.POSITIVE_INFINITY,
    })
    expect(parseRate('1M, 22:00-24:00=none, 00:00-06:30=5M', '--limit-upload')).toEqual({
      hours: [
        { from: 1320, to: 1440, bytesPerSecond: Number.POSITIVE_INFINITY },
        { from: 0, to: 390, bytesPerSecond: 5 * mib },
      ],
      otherwise: mib,
    })
  })

  test.each([
    '',
    '0',
    'none',
    '1M,2M',
    '08:00=1M',
    '08:00-18:00',
    '8:00-18:00=1M',
    '08:00-18:60=1M',
    '08:00-24:01=1M',
    '08:00-08:00=1M',
    '08:00-18:00=0',
    '08:00-18:00=1M,',
  ])('refuses %j', text => expect(() => parseRate(text, '--limit-upload')).toThrow(refused))
})
