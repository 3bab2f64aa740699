/**
 * Chooses the packs for a scrub by percent. Packs are taken in the order of their (random) ids, going on after the last one
 * that was checked and round again, until their bytes reach the share. So 15 % a day really reaches everything in a week:
 * no lots are drawn. Packs that are added behind the cursor wait at most one round.
 *
 * `percent` is in (0, 100]. Returns the chosen packs and the new cursor: null when a round was completed.
 */
export function choosePacks<P extends { id: string; sizeBytes: number }>(
  packs: readonly P[],
  percent: number,
  cursor: string | null,
): { chosen: P[]; cursor: string | null } {
  const sorted = [...packs].sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0))
  const total = sorted.reduce((sum, pack) => sum + pack.sizeBytes, 0)
  const wanted = (total * Math.min(percent, 100)) / 100
  const first = cursor === null ? 0 : sorted.findIndex(pack => pack.id > cursor)
  const start = first < 0 ? 0 : first
  const chosen: P[] = []
  let bytes = 0
  for (let i = 0; i < sorted.length && bytes < wanted; i++) {
    const pack = sorted[(start + i) % sorted.length]!
    chosen.push(pack)
    bytes += pack.sizeBytes
  }
  const last = chosen.at(-1)
  return { chosen, cursor: !last || last === sorted.at(-1) ? null : last.id }
}
