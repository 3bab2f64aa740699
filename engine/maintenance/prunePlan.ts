import { type PackRow, packState } from '../catalogue/blockRows.ts'

/** A pack of which less than this share is needed is written anew. */
const worthKeeping = 0.75
/** Packs under this size are joined once there are `manySmall` of them. */
const smallBytes = 4 * 1024 * 1024
const manySmall = 24
/** Packs that a killed run left are kept this long, so that the next run finds them again. */
const resumeMs = 24 * 60 * 60 * 1000

export interface PrunePlan {
  /** Nothing needs any of their blocks. */
  dead: PackRow[]
  /** Partly needed: their live blocks move into new packs. */
  rewrite: PackRow[]
  /** Estimate of what rewriting frees. */
  wastedBytes: number
}

export interface PruneFacts {
  /** Packs that no index segment lists, with the time that they were stored (ms since 1970). */
  unlistedAt: ReadonlyMap<string, number>
  /** Backups are running: unlisted packs may be theirs. */
  writersActive: boolean
  now: number
}

/** Decides what to delete and what to write anew, from what is live in each pack. */
export function planPrune(
  packs: readonly PackRow[],
  live: ReadonlyMap<number, { blocks: number; plainBytes: number }>,
  facts: PruneFacts,
): PrunePlan {
  const plan: PrunePlan = { dead: [], rewrite: [], wastedBytes: 0 }
  const small: PackRow[] = []
  for (const pack of packs) {
    if (pack.state !== packState.live && pack.state !== packState.condemned) continue
    const storedAt = facts.unlistedAt.get(pack.id)
    if (storedAt !== undefined && (facts.writersActive || facts.now - storedAt < resumeMs)) continue
    const needed = live.get(pack.num)?.blocks ?? 0
    const share = pack.blockCount === 0 ? 0 : needed / pack.blockCount
    if (share === 0) plan.dead.push(pack)
    else if (share < worthKeeping) {
      plan.rewrite.push(pack)
      plan.wastedBytes += Math.round(pack.sizeBytes * (1 - share))
    } else if (pack.sizeBytes < smallBytes) small.push(pack)
  }
  if (small.length >= manySmall) plan.rewrite.push(...small)
  return plan
}
