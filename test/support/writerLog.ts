/**
 * What pages may hold after a writer has been killed that fills pages with a value: its log says "page value" before each write and
 * "flushed" after each flush. `before`: what each may have held when it began.
 */
export function allowedAfter(log: readonly string[], before: readonly ReadonlySet<number>[]): Set<number>[] {
  const allowed = before.map(values => new Set(values))
  let last = new Map<number, number>()
  for (const line of log) {
    if (line === 'flushed') {
      // The last write to each page is what counts, and it was answered before the flush was asked for.
      for (const [page, value] of last) allowed[page] = new Set([value])
      last = new Map()
      continue
    }
    const [page, value] = line.split(' ').map(Number) as [number, number]
    allowed[page]!.add(value)
    last.set(page, value)
  }
  return allowed
}
