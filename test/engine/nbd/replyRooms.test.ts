import { expect, test } from 'vitest'
import { ReplyRooms } from '../../../engine/nbd/replyRooms.ts'

test('what was given back is given out again, whatever part of it was asked for', () => {
  const rooms = new ReplyRooms()
  const first = rooms.take(100_000)
  rooms.give(first)
  expect(rooms.take(80_000).buffer).toBe(first.buffer)
  expect(rooms.take(80_000).buffer).not.toBe(first.buffer)
})

test('small replies are cut from memory that others have parts of, which is never given out', () => {
  const rooms = new ReplyRooms()
  // As large as what Node cuts small buffers from, whatever that is in this version.
  for (const size of [Buffer.poolSize, 64 * 1024]) {
    const shared = new ArrayBuffer(size)
    rooms.give(Buffer.from(shared, 4096, 4096))
    rooms.give(rooms.take(1000))
    const next = rooms.take(64 * 1024)
    expect(next.buffer).not.toBe(shared)
    expect(next.buffer).not.toBe(Buffer.allocUnsafe(8).buffer)
  }
})
