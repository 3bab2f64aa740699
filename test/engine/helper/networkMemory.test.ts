import { expect, it } from 'vitest'
import { NetworkMemory } from '../../../engine/helper/networkMemory.ts'

const minute = 60_000

it('a destination that does not answer is tried again after a minute, and then less and less often', () => {
  const memory = new NetworkMemory()
  const waits: number[] = []
  let now = 0
  for (let i = 0; i < 8; i++) {
    memory.failed('one', now)
    const { retryAt } = memory.of('one')!
    waits.push((retryAt - now) / minute)
    now = retryAt
  }
  expect(waits).toEqual([1, 2, 4, 8, 16, 30, 30, 30])
  expect(memory.of('one')?.since).toBe(0)
  expect(memory.of('other')).toBeNull()
  memory.reached('one')
  expect(memory.of('one')).toBeNull()
})

it('a try that two tell of counts once', () => {
  const memory = new NetworkMemory()
  memory.failed('one', 0)
  memory.failed('one', 10)
  expect(memory.of('one')).toEqual({ since: 0, tries: 1, retryAt: minute })
})

it('another way out of the computer lets everything be tried at once; losing the last one does not', () => {
  const memory = new NetworkMemory()
  memory.noteRoutes('eth0 0101A8C0', 0)
  memory.failed('one', 0)
  memory.noteRoutes('', 10)
  memory.noteRoutes('', 20)
  expect(memory.of('one')?.retryAt).toBe(minute)
  memory.noteRoutes('wlan0 0101A8C0', 30)
  expect(memory.of('one')?.retryAt).toBe(30)
})

it('what somebody asks for is tried at once, and waits anew when that was in vain', () => {
  const memory = new NetworkMemory()
  memory.failed('one', 0)
  memory.tryAtOnce('one', 100)
  memory.tryAtOnce('other', 100)
  expect(memory.of('one')?.retryAt).toBe(100)
  expect(memory.of('other')).toBeNull()
  memory.failed('one', 200)
  expect(memory.of('one')?.retryAt).toBe(200 + minute)
})
