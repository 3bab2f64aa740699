import { setImmediate as turn } from 'node:timers/promises'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Slots } from '../../../../engine/storage/slots.ts'
import { piecesOf, pipelined } from '../../../../engine/storage/sftp/transfer.ts'

describe('pieces of an object', () => {
  it('are its parts in order, of one size but the last', () => {
    const parts = fc.array(fc.uint8Array({ maxLength: 20 }), { maxLength: 12 })
    fc.assert(
      fc.property(parts, fc.integer({ min: 1, max: 17 }), (parts, size) => {
        const pieces = [...piecesOf(parts, size)]
        expect(Buffer.concat(pieces.map(piece => piece.bytes))).toEqual(Buffer.concat(parts))
        expect(pieces.map(piece => piece.position)).toEqual(pieces.map((_, index) => index * size))
        for (const piece of pieces.slice(0, -1)) expect(piece.bytes.length).toBe(size)
      }),
    )
  })
})

describe('work in a pipeline', () => {
  it('is done for each item once, so many at a time', async () => {
    const done: number[] = []
    let most = 0
    let now = 0
    const work = async (item: number) => {
      most = Math.max(most, ++now)
      await turn()
      now--
      done.push(item)
    }
    await pipelined([1, 2, 3, 4, 5, 6, 7], 3, work, undefined)
    expect(done.sort()).toEqual([1, 2, 3, 4, 5, 6, 7])
    expect(most).toBe(3)
  })

  it('ends with the first failure when what was begun has ended, and begins nothing more', async () => {
    let begun = 0
    let ended = 0
    const work = async (item: number) => {
      begun++
      if (item === 2) throw new Error('two')
      await turn()
      ended++
    }
    await expect(pipelined([1, 2, 3, 4, 5, 6], 3, work, undefined)).rejects.toThrow('two')
    expect({ begun, ended }).toEqual({ begun: 3, ended: 2 })
  })

  it('begins nothing more once it is cancelled', async () => {
    const abort = new AbortController()
    let begun = 0
    const work = async () => {
      if (++begun === 4) abort.abort()
      await turn()
    }
    await expect(pipelined([1, 2, 3, 4, 5, 6, 7, 8], 2, work, abort.signal)).rejects.toMatchObject({
      code: 'run.cancelled',
    })
    expect(begun).toBe(4)
  })
})

it('slots are given out in order, and given back by what fails', async () => {
  const slots = new Slots(2)
  const order: number[] = []
  let most = 0
  let now = 0
  const ends = await Promise.allSettled(
    [1, 2, 3, 4, 5].map(item =>
      slots.run(async () => {
        order.push(item)
        most = Math.max(most, ++now)
        await turn()
        now--
        if (item % 2 === 1) throw new Error('odd')
      }),
    ),
  )
  expect(order).toEqual([1, 2, 3, 4, 5])
  expect(most).toBe(2)
  expect(ends.map(end => end.status)).toEqual(['rejected', 'fulfilled', 'rejected', 'fulfilled', 'rejected'])
})
