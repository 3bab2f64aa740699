import type { RangeSet, Span } from '../sources/ranges.ts'

/**
 * A set that holds all of `set` in at most `limit` (1 or more) ranges: where there are more, the smallest gaps between them are
 * filled. For what may have changed, of which more is right and less is not.
 */
export function coarsened(set: RangeSet, limit: number): RangeSet {
  if (set.length <= limit) return set
  const gaps = set.slice(1).map((span, index) => ({ index, bytes: span.start - set[index]!.end }))
  gaps.sort((a, b) => b.bytes - a.bytes || a.index - b.index)
  // The widest gaps stay: one range more than there are gaps between them.
  const kept = gaps
    .slice(0, limit - 1)
    .map(({ index }) => index)
    .sort((a, b) => a - b)
  const result: Span[] = []
  let first = 0
  for (const last of [...kept, set.length - 1]) {
    result.push({ start: set[first]!.start, end: set[last]!.end })
    first = last + 1
  }
  return result
}
