/** How long a job can be paused. Pure. */

export const pauses = ['hour', 'day', 'week', 'forever'] as const
export type Pause = (typeof pauses)[number]

/** Until when: an hour or a week from now, the beginning of tomorrow, or until somebody lets it go on. */
export function pauseUntil(pause: Pause, now: number): string {
  const date = new Date(now)
  switch (pause) {
    case 'hour':
      return new Date(now + 3_600_000).toISOString()
    case 'day':
      return new Date(date.getFullYear(), date.getMonth(), date.getDate() + 1).toISOString()
    case 'week':
      return new Date(now + 7 * 86_400_000).toISOString()
    case 'forever':
      return 'forever'
  }
}
