import { describe, expect, test } from 'vitest'
import { hasFailed, parseClassicStatus, parsePoolStatus } from '../../../engine/lvm/deviceStatus.ts'
import { whyNoRoom } from '../../../engine/lvm/poolRoom.ts'
import { recorded, statusLine } from './recorded.ts'

const chunk = 65_536
const pool = (name: string) => parsePoolStatus(statusLine(recorded(name), 'my--vg-the--pool-tpool'))

describe('the status of a thin pool', () => {
  test('is read', () => {
    expect(pool('dmsetup-status')).toEqual({
      metadata: { used: 113, total: 1024 },
      data: { used: 178, total: 3200 },
      heldRoot: undefined,
      mode: 'writable',
    })
  })

  test('says where a snapshot of its metadata is held', () => {
    const line = '0 409600 thin-pool 4 114/1024 178/3200 56 rw discard_passdown queue_if_no_space - 256 '
    expect(parsePoolStatus(line)?.heldRoot).toBe(56)
  })

  test('says when it is full or may not be written', () => {
    expect(pool('dmsetup-status-full')?.mode).toBe('out of data space')
    const line = (mode: string) =>
      `0 409600 thin-pool 4 114/1024 178/3200 - ${mode} discard_passdown queue_if_no_space - 256`
    expect(parsePoolStatus(line('ro'))?.mode).toBe('read-only')
    expect(parsePoolStatus(line('what'))?.mode).toBe('read-only')
  })

  test.each(['', '0 409600 thin-pool Fail', '0 409600 thin-pool Error', '0 8192 linear ', '0 1 thin-pool 4 1/2 3/4'])(
    'is none: %j',
    line => {
      expect(parsePoolStatus(line)).toBeUndefined()
    },
  )

  test('a thin volume that has failed is told from one that works', () => {
    expect(hasFailed('0 524288 thin 20480 208895')).toBe(false)
    expect(hasFailed('0 524288 thin - ')).toBe(false)
    expect(hasFailed('0 524288 thin Fail')).toBe(true)
    expect(hasFailed('0 8192 error ')).toBe(true)
  })
})

describe('room in a pool', () => {
  const fine = pool('dmsetup-status')!
  test('is there', () => {
    expect(whyNoRoom(fine, chunk)).toBeUndefined()
  })

  test('is not, and the reason is told', () => {
    expect(whyNoRoom(pool('dmsetup-status-full')!, chunk)).toBe('it is full')
    expect(whyNoRoom({ ...fine, mode: 'read-only' }, chunk)).toMatch(/read-only/)
    expect(whyNoRoom({ ...fine, data: { used: 3190, total: 3200 } }, chunk)).toBe('99 % of its room is used')
    expect(whyNoRoom({ ...fine, metadata: { used: 1000, total: 1024 } }, chunk)).toMatch(/97 % .* metadata/)
  })

  test('a gigabyte is enough, however large the pool', () => {
    const tenTerabytes = (10 * 1024 ** 4) / chunk
    const status = { ...fine, data: { used: tenTerabytes - 20_000, total: tenTerabytes } }
    expect(whyNoRoom(status, chunk)).toBeUndefined()
  })
})

describe('the status of a classic snapshot', () => {
  const of = (name: string, device: string) => parseClassicStatus(statusLine(recorded(name), device))

  test('tells what is used of its room', () => {
    expect(of('dmsetup-status', 'two-holdfast--s1')).toEqual({
      valid: true,
      usedBytes: 2448 * 512,
      roomBytes: 16_384 * 512,
    })
  })

  test('tells when it ran out of room, whatever is free now', () => {
    expect(of('dmsetup-status-overflow', 'two-renamed')).toEqual({ valid: false, why: 'Invalid' })
    expect(of('dmsetup-status-overflow', 'two-big')).toMatchObject({ valid: true })
  })

  test.each(['Overflow', 'Merge failed', 'Unknown', ''])('is not valid when the kernel says %j', word => {
    expect(parseClassicStatus(`0 114688 snapshot ${word}`)).toMatchObject({ valid: false })
  })

  test('other devices have none', () => {
    expect(of('dmsetup-status', 'two-root')).toBeUndefined()
    expect(parseClassicStatus('')).toBeUndefined()
  })
})
