import { minuteMs } from '../base/localTime.ts'

/** What the scheduler remembers of the clock, to be kept across restarts. */
export interface ClockMemory {
  /** What the clock showed when it was last looked at. */
  seen: number
  /** What it showed just after it was last set back; null when it never was. */
  setBackAt: number | null
}

/** Time servers shift clocks by seconds; that is not being set back. */
export const clockToleranceMs = 5 * minuteMs

/**
 * The memory after a look at the clock (milliseconds since 1970 UTC). Look at least before each round of decisions; the
 * result says from when on stamps that lie in the future can no longer be believed.
 */
export function noteClock(memory: ClockMemory | null, now: number): ClockMemory {
  if (memory === null) return { seen: now, setBackAt: null }
  if (now < memory.seen - clockToleranceMs) return { seen: now, setBackAt: now }
  return { seen: Math.max(now, memory.seen), setBackAt: memory.setBackAt }
}

/** A remembered instant, or, if a clock that was set back has it in the future, the moment at which that happened. */
export const believable = (stamp: number, now: number, clockSetBackAt: number | null): number =>
  stamp > now && clockSetBackAt !== null ? Math.min(stamp, clockSetBackAt) : stamp
