/**
 * Memory that libraries have given to one thread: nobody else knows of it, so it would outlive whatever used it, and even the
 * thread.
 */
const kept = new Set<() => void>()
const abandoned = new FinalizationRegistry<() => void>(letGo)

/** Frees something when its owner is garbage. `free` must not refer to the owner. */
export function freeWith(owner: object, free: () => void): void {
  kept.add(free)
  abandoned.register(owner, free)
}

/** Frees everything. For the very end of a thread: what owned it must not be used any more. */
export function freeForeignMemory(): void {
  for (const free of [...kept]) letGo(free)
}

function letGo(free: () => void): void {
  if (kept.delete(free)) free()
}
