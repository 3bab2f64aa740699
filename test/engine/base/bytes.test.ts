import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatBytes, formatDuration, formatSpeed, parseBytes, parseDuration } from '../../../engine/base/bytes.ts'
import { isHoldfastError } from '../../../engine/contract/errors.ts'

const refused = (run: () => unknown): string => {
  try {
    run()
  } catch (error) {
    if (isHoldfastError(error, 'usage.invalid')) return error.message
    throw error
  }
  throw new Error('nothing was refused')
}

describe('formatBytes', () => {
  it.each([
    [0, '0 B'],
    [1, '1 B'],
    [1023, '1023 B'],
    [1024, '1 KiB'],
    [1536, '1.5 KiB'],
    [64 * 1024, '64 KiB'],
    [1024 ** 2 - 1, '1 MiB'],
    [152 * 1024 ** 2 + 400_000, '152 MiB'],
    [99.96 * 1024 ** 2, '100 MiB'],
    [1.5 * 1024 ** 3, '1.5 GiB'],
    [6 * 1024 ** 4, '6 TiB'],
    [5000 * 1024 ** 5, '5000 PiB'],
  ])('shows %d as %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text)
  })

  it('shows what is no size as nothing', () => {
    expect(formatBytes(-5)).toBe('0 B')
    expect(formatBytes(Number.NaN)).toBe('0 B')
  })

  it('never shows 1024 of a unit that has a larger one', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1024 ** 5, noNaN: true }), bytes => {
        expect(Number.parseFloat(formatBytes(bytes))).toBeLessThan(1024)
      }),
    )
  })
})

it('shows a speed as a size for each second', () => {
  expect(formatSpeed(152 * 1024 ** 2)).toBe('152 MiB/s')
})

describe('parseBytes', () => {
  it.each([
    ['0', 0],
    ['4096', 4096],
    ['512B', 512],
    ['4k', 4096],
    ['4K', 4096],
    ['4 KiB', 4096],
    ['4kB', 4000],
    ['1M', 1024 ** 2],
    ['1mib', 1024 ** 2],
    ['1MB', 1_000_000],
    ['10GiB', 10 * 1024 ** 3],
    [' 1.5G ', 1.5 * 1024 ** 3],
    ['1.1GB', 1_100_000_000],
    ['2T', 2 * 1024 ** 4],
    ['9007199254740991', Number.MAX_SAFE_INTEGER],
  ])('reads %s', (text, bytes) => {
    expect(parseBytes(text)).toBe(bytes)
  })

  it.each(['', 'k', 'GiB', '-1', '1,5G', '1.G', '.5G', '10 apples', '1e9', '10GiB/s', 'constructor', '1constructor'])(
    'refuses “%s”',
    text => {
      expect(refused(() => parseBytes(text))).toContain('is not a size')
    },
  )

  it('refuses part of a byte and what a number cannot hold exactly', () => {
    expect(refused(() => parseBytes('1.5'))).toContain('whole number of bytes')
    expect(refused(() => parseBytes('9007199254740992'))).toContain('too large')
    expect(refused(() => parseBytes('8P'))).toContain('too large')
  })

  it('reads what formatBytes shows to within the shown precision', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1024, max: 2 ** 45 }), bytes => {
        const [value, unit] = formatBytes(bytes).split(' ')
        const read = Number(value) * parseBytes(`1${unit}`)
        expect(Math.abs(read - bytes) / bytes).toBeLessThan(0.05)
      }),
    )
  })
})

describe('formatDuration', () => {
  it.each([
    [0, '0 ms'],
    [450.4, '450 ms'],
    [999.6, '1 s'],
    [5200, '5.2 s'],
    [9949, '9.9 s'],
    [9960, '10 s'],
    [59_400, '59 s'],
    [59_600, '1 min'],
    [125_000, '2 min 5 s'],
    [3_599_600, '1 h'],
    [3 * 3_600_000 + 12 * 60_000 + 40_000, '3 h 13 min'],
    [24 * 3_600_000 - 1000, '1 d'],
    [52 * 3_600_000, '2 d 4 h'],
    [48 * 3_600_000, '2 d'],
    [-5, '0 ms'],
    [Number.NaN, '0 ms'],
  ])('shows %d ms as %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text)
  })
})

describe('parseDuration', () => {
  it.each([
    ['90', 90_000],
    ['90s', 90_000],
    ['5min', 300_000],
    ['5m', 300_000],
    ['1.5 h', 5_400_000],
    ['2d', 172_800_000],
    ['250ms', 250],
    ['0.25s', 250],
  ])('reads %s', (text, ms) => {
    expect(parseDuration(text)).toBe(ms)
  })

  it('refuses units that it does not know and parts of a millisecond', () => {
    expect(refused(() => parseDuration('5 years'))).toContain('is not a duration')
    expect(refused(() => parseDuration('0.5ms'))).toContain('whole number of milliseconds')
  })
})
