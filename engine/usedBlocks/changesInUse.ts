import { intersect, type RangeSet, subtract, union } from '../sources/ranges.ts'

/**
 * What a run on top of a base must do with changes when it is known what is in use now: of what was written, only that is read; all
 * that is free becomes a hole, also what the base still has from before it was freed. All in bytes, of a source of `sizeBytes`; the
 * result is meant for `hintedBlocks` (sources/hints.ts). Nothing is in both.
 *
 * A place that was free when the base was made (a hole there), is in use now and was not written in between holds whatever the
 * device held before, which its file system shows to nobody. It is not named here: whoever compares such places with the
 * base will find them to differ.
 */
export function changesInUse(
  changes: { written: RangeSet; discarded: RangeSet },
  used: RangeSet,
  sizeBytes: number,
): { written: RangeSet; discarded: RangeSet } {
  const free = subtract(sizeBytes > 0 ? [{ start: 0, end: sizeBytes }] : [], used)
  const written = intersect(changes.written, used)
  return { written, discarded: subtract(union(changes.discarded, free), written) }
}
