import { expect, test } from 'vitest'
import { Plans } from '../../../engine/helper/plans.ts'
import type { Peer } from '../../../engine/rpc/peer.ts'
import { FakeTime } from '../../support/fakeTime.ts'

const peer = (uid: number, pid = 7): Peer => ({
  transport: 'unix',
  process: { pid, uid, gid: uid, startTicks: '1' },
})
const alice = peer(1000)
const stdio: Peer = { transport: 'stdio' }
const gone = expect.objectContaining({ code: 'config.notFound' })

test('a plan is given back once, to any program of the user who asked for it', () => {
  const plans = new Plans<string>(new FakeTime(0))
  const id = plans.add('erase', alice)
  expect(id).toMatch(/^[0-9a-f]{32}$/)
  expect(plans.take(id, peer(1000, 8))).toBe('erase')
  expect(() => plans.take(id, alice)).toThrow(gone)
  const local = plans.add('local', stdio)
  expect(plans.take(local, stdio)).toBe('local')
})

test('a plan of somebody else is unknown, even to root, and stays with its owner', () => {
  const plans = new Plans<string>(new FakeTime(0))
  const id = plans.add('erase', alice)
  for (const other of [peer(1001), peer(0), stdio]) expect(() => plans.take(id, other)).toThrow(gone)
  expect(plans.take(id, alice)).toBe('erase')
})

test('a plan is good for ten minutes, also when the clock is set back or the computer sleeps', async () => {
  const time = new FakeTime(0)
  const plans = new Plans<string>(time)
  const [first, second, third] = ['first', 'second', 'third'].map(text => plans.add(text, alice))
  await time.advance(10 * 60_000 - 1)
  expect(plans.take(first!, alice)).toBe('first')
  time.jump(-86_400_000)
  expect(plans.take(second!, alice)).toBe('second')
  await time.advance(1)
  expect(() => plans.take(third!, alice)).toThrow(gone)
  const fourth = plans.add('fourth', alice)
  time.jump(8 * 3_600_000)
  expect(() => plans.take(fourth, alice)).toThrow(gone)
})

test('who asks for plans without end loses their own oldest ones only', () => {
  const plans = new Plans<number>(new FakeTime(0))
  const others = plans.add(-1, peer(1001))
  const ids = Array.from({ length: 150 }, (_, i) => plans.add(i, alice))
  expect(() => plans.take(ids[49]!, alice)).toThrow(gone)
  expect(plans.take(ids[50]!, alice)).toBe(50)
  expect(plans.take(ids[149]!, alice)).toBe(149)
  expect(plans.take(others, peer(1001))).toBe(-1)
})
