import { describe, expect, it } from 'vitest'
import { ReplyRooms } from '../../../engine/nbd/replyRooms.ts'

const kib = 1024

describe('memory of replies', () => {
  it('is used again once it is given back, whatever the length asked for', () => {
    const rooms = new ReplyRooms()
    const first = rooms.take(100 * kib)
    rooms.give(first)
    const second = rooms.take(90 * kib)
    expect(second.buffer).toBe(first.buffer)
    expect(second.length).toBe(90 * kib)
    expect(rooms.take(90 * kib).buffer).not.toBe(first.buffer)
  })

  it('never takes memory that is not its own: small buffers share theirs with the whole program', () => {
    const rooms = new ReplyRooms()
    const small = rooms.take(4 * kib)
    const others = [Buffer.from('somebody’s'), Buffer.allocUnsafe(kib), Buffer.alloc(64 * kib), Buffer.alloc(128 * kib)]
    for (const buffer of [small, ...others]) rooms.give(buffer)
    const mine = [64, 64, 128, 128].map(size => rooms.take(size * kib))
    for (const buffer of [small, ...others]) for (const room of mine) expect(room.buffer).not.toBe(buffer.buffer)
  })

  it('is taken back once, so that nobody gets what another still writes to', () => {
    const rooms = new ReplyRooms()
    const room = rooms.take(64 * kib)
    rooms.give(room)
    rooms.give(room)
    expect(rooms.take(64 * kib).buffer).not.toBe(rooms.take(64 * kib).buffer)
  })
})
