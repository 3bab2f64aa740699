import { expect, it } from 'vitest'
import { systemClock } from '../../../engine/base/clock.ts'
import { type Lease, type MemoryAccount, MemoryBudget } from '../../../engine/nbd/memoryBudget.ts'
import { until } from '../../support/nbdServer.ts'

const limits = { ownBytes: 10, sharedBytes: 100, sharedBytesOfOne: 60, stallMs: 3_600_000 }
const never = () => expect.unreachable('nobody is to be cut')

/** Takes memory and keeps what came of it where it can be looked at. */
function ask(account: MemoryAccount, bytes: number): { lease?: Lease | undefined; isDone: boolean } {
  const asked: { lease?: Lease | undefined; isDone: boolean } = { isDone: false }
  const done = (lease: Lease | undefined) => Object.assign(asked, { lease, isDone: true })
  const wanted = account.take(bytes)
  if (wanted instanceof Promise) void wanted.then(done)
  else done(wanted)
  return asked
}

it('gives everybody their own, whatever others hold', () => {
  const budget = new MemoryBudget(limits, systemClock)
  const [greedy, other, modest] = [budget.open(never), budget.open(never), budget.open(never)]
  for (const account of [greedy, other]) ask(account, 50)
  expect(ask(greedy, 20).isDone).toBe(false)
  expect(ask(modest, 10).isDone).toBe(true)
  expect(budget.heldBytes).toBe(110)
  expect(budget.waiting).toBe(1)
  for (const account of [greedy, other, modest]) account.close()
})

it('serves in order what all share, and nobody waits behind one who only waits for itself', async () => {
  const budget = new MemoryBudget(limits, systemClock)
  const [a, b, c, d] = Array.from({ length: 4 }, () => budget.open(never)) as [
    MemoryAccount,
    MemoryAccount,
    MemoryAccount,
    MemoryAccount,
  ]
  const first = ask(a, 55)
  // 45 are left; this one may not have more than 60 in all.
  const second = ask(a, 20)
  const third = ask(b, 30)
  await until(() => third.isDone)
  const large = ask(c, 50)
  const small = ask(d, 12)
  first.lease!.release()
  await until(() => second.isDone && large.isDone)
  // 100 are taken, and the small one came last.
  expect(small.isDone).toBe(false)
  third.lease!.release()
  third.lease!.release()
  await until(() => small.isDone)
  for (const { lease } of [second, large, small]) lease!.release()
  expect(budget.heldBytes).toBe(0)
})

it('lets one who waits go on with their own when that becomes free', async () => {
  const budget = new MemoryBudget(limits, systemClock)
  const [a, b, c] = [budget.open(never), budget.open(never), budget.open(never)]
  ask(b, 50)
  ask(c, 50)
  const own = ask(a, 10)
  const next = ask(a, 8)
  expect(next.isDone).toBe(false)
  own.lease!.release()
  await until(() => next.isDone)
  for (const account of [a, b, c]) account.close()
})

it('answers those who wait when their account is closed', async () => {
  const budget = new MemoryBudget(limits, systemClock)
  const [a, b] = [budget.open(never), budget.open(never)]
  ask(b, 60)
  ask(b, 10)
  const waiting = ask(a, 60)
  a.close()
  await until(() => waiting.isDone)
  expect(waiting.lease).toBeUndefined()
  expect(budget.waiting).toBe(0)
})

it('cuts those whose clients keep what others wait for, and no others', async () => {
  const budget = new MemoryBudget({ ...limits, stallMs: 20 }, systemClock)
  const cut: string[] = []
  const open = (name: string) => budget.open(() => cut.push(name))
  const [slow, busy, own, waiting] = [open('slow'), open('busy'), open('own'), open('waiting')]
  const leases = [ask(slow, 40), ask(busy, 40), ask(own, 10)].map(({ lease }) => lease!)
  leases[0]!.waitForClient(true)
  leases[1]!.waitForClient(true)
  leases[1]!.waitForClient(false)
  leases[2]!.waitForClient(true)
  const asked = ask(waiting, 50)
  await until(() => cut.length > 0)
  leases[0]!.release()
  await until(() => asked.isDone)
  expect(new Set(cut)).toEqual(new Set(['slow']))
})
