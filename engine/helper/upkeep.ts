import type { JobSettings } from '../contract/jobs.ts'

/** When a destination was last looked after by any job; milliseconds since 1970 UTC. */
export interface UpkeepFacts {
  prunedAt: number | undefined
  /** When the last share was checked. */
  scrubbedAt: number | undefined
}

export interface UpkeepPlan {
  prune: boolean
  /** Share of the repository to check now, in (0, 100]; undefined when none. */
  scrubPercent: number | undefined
}

const dayMs = 24 * 60 * 60 * 1000
/** So much at least, or the work around it would outweigh it. */
const leastPercent = 0.5

/**
 * What to do for a destination after a backup. The share to check grows with the time since the last one, so that everything
 * is reached within the chosen number of days however often or rarely backups run; a little more is taken, because packs
 * are taken whole. Pure.
 */
export function planUpkeep(settings: JobSettings['upkeep'], facts: UpkeepFacts, now: number): UpkeepPlan {
  const { pruneEveryDays, scrubWithinDays } = settings
  const prune = pruneEveryDays !== null && isOver(facts.prunedAt, pruneEveryDays * dayMs, now)
  if (scrubWithinDays === null) return { prune, scrubPercent: undefined }
  // A clock that went back counts as a day gone, so that nothing waits for the old time to come again.
  const since = facts.scrubbedAt === undefined ? dayMs : now - facts.scrubbedAt
  const elapsed = since < 0 ? dayMs : since
  const share = (elapsed / (scrubWithinDays * dayMs)) * 100 * 1.1
  return { prune, scrubPercent: share < leastPercent ? undefined : Math.min(100, share) }
}

function isOver(at: number | undefined, periodMs: number, now: number): boolean {
  return at === undefined || now < at || now - at >= periodMs
}
