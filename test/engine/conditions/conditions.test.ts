import { expect, test } from 'vitest'
import { ConditionReader } from '../../../engine/conditions/conditions.ts'
import { LeapingClock } from '../../support/leapingClock.ts'

function world() {
  const clock = new LeapingClock()
  const state = { power: 'mains' as const, reads: 0, fail: false }
  const reader = new ConditionReader({
    clock,
    readPower: async () => state.power,
    async readRoutes() {
      if (state.fail) throw new Error('no tables')
      return 'eth0 0101A8C0'
    },
    async readMetered() {
      state.reads += 1
      if (state.fail) throw new Error('no bus')
      return state.reads % 2 === 1 ? 'yes' : 'no'
    },
  })
  return { clock, state, reader }
}

test('all who ask within some seconds get one answer', async () => {
  const { clock, state, reader } = world()
  expect(await Promise.all([reader.metered(), reader.metered()])).toEqual(['yes', 'yes'])
  clock.advance(14_999)
  expect(await reader.read()).toEqual({ power: 'mains', metered: 'yes', routes: 'eth0 0101A8C0' })
  expect(state.reads).toBe(1)
  clock.advance(1)
  expect(await reader.metered()).toBe('no')
})

test('an answer from before the clock was set back does not hold', async () => {
  const { clock, reader } = world()
  expect(await reader.metered()).toBe('yes')
  clock.advance(-1)
  expect(await reader.metered()).toBe('no')
})

test('a failure to find out is no failure', async () => {
  const { state, reader } = world()
  state.fail = true
  expect(await reader.read()).toEqual({ power: 'mains', metered: 'unknown', routes: '' })
})
