import { expect, it } from 'vitest'
import { ReadAhead } from '../../../engine/nbd/readAhead.ts'

const kib = 1024
const mib = 1024 * kib
const request = 128 * kib

/** Reads in order from `offset`; returns how far was read ahead. */
function reader(ahead: ReadAhead, offset: number) {
  let at = offset
  return (times: number) => {
    let until = 0
    for (let i = 0; i < times; i++, at += request) {
      const next = ahead.next({ offset: at, length: request })
      if (next) {
        expect(next.offset).toBeGreaterThanOrEqual(at + request)
        until = next.offset + next.length
      }
    }
    return { at, until }
  }
}

it('whoever reads in order is read ahead of, further and further, each byte once', () => {
  const ahead = new ReadAhead(1024 * mib, 8 * mib)
  let covered = 2 * request
  for (let at = 0, i = 0; i < 400; i++, at += request) {
    const next = ahead.next({ offset: at, length: request })
    if (!next) continue
    expect(next.offset).toBe(Math.max(covered, at + request))
    covered = next.offset + next.length
    expect(covered - at - request).toBeLessThanOrEqual(8 * mib)
  }
  expect(covered).toBeGreaterThan(400 * request + 3 * mib)
})

it('readers on parts of their own are told apart', () => {
  const ahead = new ReadAhead(1024 * mib, 8 * mib)
  const readers = [0, 256, 512, 768].map(start => reader(ahead, start * mib))
  const furthest = [0, 0, 0, 0]
  for (let i = 0; i < 60; i++) {
    readers.forEach((read, r) => {
      furthest[r] = Math.max(furthest[r]!, read(1).until)
    })
  }
  furthest.forEach((until, r) => {
    expect(until).toBeGreaterThan(r * 256 * mib + 60 * request)
  })
})

it('requests of one reader may overtake each other', () => {
  const ahead = new ReadAhead(1024 * mib, 8 * mib)
  let found = 0
  for (let i = 0; i < 100; i += 2) {
    for (const n of [i + 1, i]) if (ahead.next({ offset: n * request, length: request })) found++
  }
  expect(found).toBeGreaterThan(0)
})

it('nobody is read ahead of who reads here and there, or the same again', () => {
  const ahead = new ReadAhead(1024 * mib, 8 * mib)
  for (let i = 0; i < 1000; i++) {
    expect(ahead.next({ offset: ((i * 7919) % 1000) * mib, length: 4 * kib })).toBeUndefined()
    expect(ahead.next({ offset: 3 * mib, length: 4 * kib })).toBeUndefined()
  }
})

it('never past the end', () => {
  const ahead = new ReadAhead(2 * mib + 5, 8 * mib)
  const read = reader(ahead, 0)
  expect(read(10).until).toBe(2 * mib + 5)
})
