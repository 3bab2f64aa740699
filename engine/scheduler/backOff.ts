import { hourMs, minuteMs } from '../base/localTime.ts'

const firstDelayMs = 2 * minuteMs
const longestDelayMs = 6 * hourMs

/**
 * How long to wait after the end of the last failed attempt, in milliseconds: 2 minutes, doubled with each further
 * failure, up to 6 hours; 0 without a failure.
 */
export function backOffMs(consecutiveFailures: number): number {
  if (consecutiveFailures < 1) return 0
  return Math.min(firstDelayMs * 2 ** Math.min(consecutiveFailures - 1, 30), longestDelayMs)
}
