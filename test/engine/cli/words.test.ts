import { describe, expect, test } from 'vitest'
import { bytesInTime, counted, idDigits, labelWords, listed, rangeList, readWords } from '../../../engine/cli/words.ts'

describe('words', () => {
  test('count in singular and plural', () => {
    expect([counted(0, 'version'), counted(1, 'version'), counted(1234, 'version')]).toEqual([
      '0 versions',
      '1 version',
      '1,234 versions',
    ])
  })

  test('list with commas and an “and”', () => {
    expect([listed([]), listed(['a']), listed(['a', 'b']), listed(['a', 'b', 'c'])]).toEqual([
      '',
      'a',
      'a and b',
      'a, b and c',
    ])
  })

  test('give a speed only where a time was measured', () => {
    expect(bytesInTime(1024 ** 3, 2000)).toBe('1 GiB in 2 s (512 MiB/s)')
    expect(bytesInTime(1024, 3)).toBe('1 KiB in 3 ms')
    expect(bytesInTime(0, 3000)).toBe('0 B in 3 s')
  })

  test('name a few ranges and count the rest', () => {
    const ranges = Array.from({ length: 5 }, (_, i) => ({ offset: i * 1_000_000, length: 512 }))
    expect(rangeList(ranges, 2)).toEqual(['512 B at byte 0', '512 B at byte 1,000,000', 'and 3 more parts'])
  })

  test('show labels as they are written', () => {
    expect(labelWords({ owner: 'anna', keep: '' })).toBe('keep, owner=anna')
  })
})

describe('idDigits', () => {
  test('shows 8 digits, and more when these do not tell ids apart', () => {
    expect(idDigits([])).toBe(8)
    expect(idDigits(['0123456789abcdef', '1123456789abcdef'])).toBe(8)
    expect(idDigits(['0123456789abcdef', '012345678aabcdef'])).toBe(10)
    expect(idDigits(['0123456789abcdef', '0123456789abcdee'])).toBe(16)
  })

  test('is not misled by an id that stands there twice', () => {
    expect(idDigits(['0123456789abcdef', '0123456789abcdef'])).toBe(8)
  })
})

test('what was read is said with why it was not less', () => {
  expect(readWords({ method: 'full' })).toBe('everything was read')
  const usedBlocks = { fileSystem: 'xfs', whyAll: null }
  expect(readWords({ method: 'allocation', usedBlocks })).toBe('what is in use by xfs was read')
  const all = { fileSystem: null, whyAll: 'it is in use' }
  expect(readWords({ method: 'full', usedBlocks: all })).toBe('everything was read: it is in use')
})
