import { describe, expect, it } from 'vitest'
import { filesToDrop, roomFor } from '../../../../engine/storage/cache/eviction.ts'

const file = (path: string, usedAt: number, sizeBytes = 10) => ({ path, usedAt, sizeBytes })
const paths = (files: { path: string }[]) => files.map(({ path }) => path)

describe('room for the cache', () => {
  it('is the limit where there is plenty', () => expect(roomFor(100, 50, 1000)).toBe(100))
  it('is half of what would be free without it where there is little', () => expect(roomFor(1000, 50, 30)).toBe(40))
  it('is nothing on a full disk', () => expect(roomFor(1000, 0, 0)).toBe(0))
})

describe('files that go', () => {
  it('are none while all fit', () => expect(filesToDrop([file('a', 1), file('b', 2)], 20, 5)).toEqual([]))

  it('are those that were not used for longest, as many as it takes', () => {
    const files = [file('b', 2), file('d', 4), file('a', 1), file('c', 3)]
    expect(paths(filesToDrop(files, 25, 5))).toEqual(['a', 'b'])
    expect(paths(filesToDrop(files, 0, 5))).toEqual(['a', 'b', 'c', 'd'])
  })

  it('are first of all those that seem to be used in the future', () =>
    expect(paths(filesToDrop([file('a', 1), file('z', 99)], 10, 5))).toEqual(['z']))
})
