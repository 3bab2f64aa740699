import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { inParallel } from '../../../engine/base/inParallel.ts'

describe('work in parallel', () => {
  it('gives results in the order of the items, with no more at a time than asked for', async () => {
    let running = 0
    let most = 0
    const results = await inParallel([30, 1, 20, 5, 10], 2, async ms => {
      most = Math.max(most, ++running)
      await delay(ms)
      running--
      return ms * 2
    })
    expect(results).toEqual([60, 2, 40, 10, 20])
    expect(most).toBe(2)
    expect(await inParallel([], 2, async () => 1)).toEqual([])
  })

  it('begins nothing more when one has failed, and throws its error when what was under way has ended', async () => {
    const begun: number[] = []
    const ended: number[] = []
    const work = async (n: number) => {
      begun.push(n)
      await delay(n === 1 ? 1 : 20)
      if (n === 1) throw new Error('the second')
      ended.push(n)
    }
    await expect(inParallel([0, 1, 2, 3], 2, work)).rejects.toThrow('the second')
    expect(begun).toEqual([0, 1])
    expect(ended).toEqual([0])
  })
})
