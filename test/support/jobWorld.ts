import type { JobState } from '../../engine/contract/schedule.ts'
import { type ClockMemory, noteClock } from '../../engine/scheduler/clockMemory.ts'
import { type Decision, decide } from '../../engine/scheduler/decision.ts'
import type { JobFacts, RunOutcome } from '../../engine/scheduler/facts.ts'

/** Facts of a job on mains power, with nothing in its way, that was created at 1970. */
export const plainFacts = (facts: Partial<JobFacts> & Pick<JobFacts, 'schedule'>): JobFacts => ({
  jobId: 'job',
  scheduledSince: 0,
  firstRunAtOnce: false,
  lastSuccess: null,
  lastAttempt: null,
  consecutiveFailures: 0,
  pausedUntil: null,
  requestedAt: null,
  running: false,
  clockSetBackAt: null,
  localDestination: true,
  drive: null,
  power: { onBattery: false, runOnBattery: false },
  network: { metered: false, runOnMetered: false },
  quietHours: [],
  ...facts,
})

export interface SimulatedRun {
  /** What the clock of the computer showed, milliseconds since 1970 UTC. */
  at: number
  why: Decision['why']
  outcome: RunOutcome
}

/**
 * One job on one computer, in simulated time. Asks for decisions when told to by the last one and after each event, as
 * the helper does, starts a run when it is due, and keeps the facts up to date. The clock of the computer may differ from
 * real time, and the computer may sleep.
 */
export class JobWorld {
  readonly facts: JobFacts
  readonly runs: SimulatedRun[] = []
  /** Every state that a decision had, without repetitions in a row. */
  readonly states: JobState[] = []
  decisions = 0
  runMs = 60_000
  /** The outcome of the run that begins now. */
  outcomeOf: (at: number) => RunOutcome = () => 'complete'
  #real: number
  #skew = 0
  #memory: ClockMemory | null = null
  #events: { at: number; apply: () => void }[] = []
  #sleeps: [number, number][] = []

  /** Begins at `start`; the job is created then. */
  constructor(start: number, facts: Partial<JobFacts> & Pick<JobFacts, 'schedule'>) {
    this.#real = start
    this.facts = plainFacts({ scheduledSince: start, ...facts })
  }

  /** What the clock of the computer shows. */
  get now(): number {
    return this.#real + this.#skew
  }

  /** Something that happens at a real time. */
  at(real: number, apply: (facts: JobFacts) => void): this {
    this.#events.push({ at: real, apply: () => apply(this.facts) })
    this.#events.sort((a, b) => a.at - b.at)
    return this
  }

  /** At a real time, the clock begins to differ from real time by so much. */
  setClock(real: number, skew: number): this {
    return this.at(real, () => {
      this.#skew = skew
    })
  }

  /** The computer is suspended between two real times; nothing runs and nobody decides. */
  sleep(from: number, to: number): this {
    this.#sleeps.push([from, to])
    return this
  }

  /** Lives until a real time. */
  until(end: number): this {
    while (this.#real < end) {
      this.#applyEvents()
      const decision = this.#decide()
      if (decision.state === 'due') this.#run(decision)
      else this.#moveTo(Math.min(end, this.#wakeUp(decision)))
    }
    return this
  }

  decide(): Decision {
    return decide(this.facts, this.now)
  }

  #decide(): Decision {
    this.decisions++
    this.#memory = noteClock(this.#memory, this.now)
    this.facts.clockSetBackAt = this.#memory.setBackAt
    const decision = this.decide()
    if (this.states.at(-1) !== decision.state) this.states.push(decision.state)
    return decision
  }

  #wakeUp({ at }: Decision): number {
    if (at !== null && at <= this.now) throw new Error(`A decision at ${this.now} asks to be woken at ${at}`)
    const event = this.#events[0]?.at ?? Number.POSITIVE_INFINITY
    return Math.min(at === null ? Number.POSITIVE_INFINITY : at - this.#skew, event)
  }

  #run({ why }: Decision): void {
    const at = this.now
    const outcome = this.outcomeOf(at)
    this.facts.requestedAt = null
    this.facts.running = true
    this.#decide()
    this.#moveTo(this.#real + this.runMs)
    this.#applyEvents()
    this.facts.running = false
    this.facts.lastAttempt = { startedAt: at, endedAt: this.now, outcome }
    if (outcome === 'complete') {
      this.facts.lastSuccess = at
      this.facts.consecutiveFailures = 0
    } else if (outcome === 'failed') {
      this.facts.consecutiveFailures++
    }
    this.runs.push({ at, why, outcome })
  }

  #applyEvents(): void {
    while (this.#events.length > 0 && this.#events[0]!.at <= this.#real) this.#events.shift()!.apply()
  }

  #moveTo(real: number): void {
    this.#real = real
    for (const [from, to] of this.#sleeps) if (this.#real >= from && this.#real < to) this.#real = to
  }
}
