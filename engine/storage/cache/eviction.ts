/** A file of the cache. */
export interface CachedFile {
  path: string
  sizeBytes: number
  /** When it was last used, milliseconds since 1970 UTC. */
  usedAt: number
}

/** The cache takes at most half of the room that would be free without it, so that it never is what fills a disk. */
export function roomFor(limitBytes: number, usedBytes: number, freeBytes: number): number {
  return Math.min(limitBytes, Math.floor((usedBytes + freeBytes) / 2))
}

/** Which files go so that the rest takes at most `targetBytes`: those that were not used for longest. */
export function filesToDrop(files: readonly CachedFile[], targetBytes: number, now: number): CachedFile[] {
  let total = files.reduce((sum, file) => sum + file.sizeBytes, 0)
  if (total <= targetBytes) return []
  // What was used in the future was written before a clock was set right: nothing is known of it.
  const age = (file: CachedFile) => (file.usedAt > now ? 0 : file.usedAt)
  const dropped: CachedFile[] = []
  for (const file of [...files].sort((a, b) => age(a) - age(b))) {
    if (total <= targetBytes) break
    dropped.push(file)
    total -= file.sizeBytes
  }
  return dropped
}
