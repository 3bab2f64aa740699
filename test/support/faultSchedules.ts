import type { SeededRandom } from '../../engine/demo/seededRandom.ts'
import type { Fault, FaultPlan } from './faultProxy.ts'

/** Faults after which the same request may go well. */
const passing: readonly ((random: SeededRandom) => Fault)[] = [
  () => ({ kind: 'reset', when: 'before' }),
  () => ({ kind: 'reset', when: 'request' }),
  () => ({ kind: 'reset', when: 'answered' }),
  () => ({ kind: 'reset', when: 'answer' }),
  () => ({ kind: 'refusal', status: 500, code: 'InternalError' }),
  () => ({ kind: 'refusal', status: 503, code: 'SlowDown' }),
  random => ({
    kind: 'refusal',
    status: 503,
    code: 'SlowDown',
    headers: { 'retry-after': String(1 + random.below(600)) },
  }),
  () => ({ kind: 'truncated' }),
  () => ({ kind: 'damagedPut' }),
  random => ({ kind: 'slow', pauseMs: 1 + random.below(15) }),
  () => ({ kind: 'silent' }),
]

/** Faults that stay, and end a run. */
const lasting: readonly (() => Fault)[] = [
  () => ({ kind: 'refusal', status: 400, code: 'ExpiredToken' }),
  () => ({
    kind: 'refusal',
    status: 403,
    code: 'RequestTimeTooSkewed',
    headers: { date: new Date(Date.now() + 3_600_000).toUTCString() },
  }),
  () => ({ kind: 'reset', when: 'before' }),
  () => ({ kind: 'refusal', status: 403, code: 'AccessDenied' }),
  () => ({ kind: 'refusal', status: 403, code: 'QuotaExceeded' }),
]

/** A schedule of faults, and what it is called in messages. */
export interface Schedule {
  plan: FaultPlan
  /** From some request on nothing works any more, so that the run must fail if it gets there. */
  ends: boolean
}

/**
 * A schedule by lot: one to four kinds of passing faults, at a rate of up to a quarter of the requests; in every third one
 * something that stays comes between request 4 and 60.
 */
export function drawSchedule(random: SeededRandom): Schedule {
  const kinds = Array.from({ length: 1 + random.below(4) }, () => random.pick(passing))
  const percent = 2 + random.below(24)
  const ends = random.below(3) === 0
  const last = random.pick(lasting)()
  const lastFrom = ends ? 4 + random.below(57) : Number.POSITIVE_INFINITY
  // Opening is tried once; most schedules let it pass.
  const first = random.below(5) === 0 ? 0 : 3
  return {
    ends,
    plan: ({ number }) => {
      if (number >= lastFrom) return last
      // Drawn for each request, so that a seed means the same lots.
      const hit = random.below(100) < percent
      const fault = random.pick(kinds)(random)
      return hit && number >= first ? fault : undefined
    },
  }
}
