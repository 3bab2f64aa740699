import { describe, expect, it } from 'vitest'
import { databasePages, logText, seededRandom, shuffledBy } from '../../../engine/demo/seededRandom.ts'

const numbers = (seed: string | number): number[] => {
  const random = seededRandom(seed)
  return Array.from({ length: 50 }, () => random.below(1000))
}

describe('seededRandom', () => {
  it('gives the same stream for the same seed and another one for another seed', () => {
    expect(numbers(7)).toEqual(numbers(7))
    expect(numbers(7)).not.toEqual(numbers(8))
    expect(seededRandom('a').bytes(64).equals(seededRandom('a').bytes(64))).toBe(true)
  })

  it('keeps numbers inside their limits and reaches both ends', () => {
    const random = seededRandom(1)
    const seen = new Set(Array.from({ length: 500 }, () => random.between(3, 6)))
    expect([...seen].sort()).toEqual([3, 4, 5, 6])
  })
})

describe('shuffledBy', () => {
  const items = Array.from({ length: 100 }, (_, i) => `item ${i}`)
  const order = (seed: number, of: string[]): string[] => shuffledBy(seed, of, item => item)

  it('keeps every item and changes the order with the seed', () => {
    expect(order(1, items).toSorted()).toEqual(items.toSorted())
    expect(order(1, items)).not.toEqual(order(2, items))
  })

  it('leaves the order of the others alone when an item more comes in', () => {
    const more = order(1, ['new', ...items])
    expect(more).toContain('new')
    expect(more.filter(item => item !== 'new')).toEqual(order(1, items))
  })
})

describe('contents', () => {
  it('makes log text of exactly the length asked for, without zero bytes', () => {
    const text = logText(seededRandom(1), 12_345)
    expect(text.length).toBe(12_345)
    expect(text.includes(0)).toBe(false)
  })

  it('makes database pages that differ from each other', () => {
    const pages = databasePages(seededRandom(1), 3)
    expect(pages.length).toBe(3 * 4096)
    expect(pages.subarray(0, 4096).equals(pages.subarray(4096, 8192))).toBe(false)
  })
})
