/**
 * Sets of whole numbers as sorted lists of ranges: bytes of a source, or blocks of it, whichever the caller counts in.
 *
 * A RangeSet is ascending, its ranges are not empty, and they neither overlap nor touch. Every function here returns one,
 * and all but `normalize` expect one. Costs are linear in the count of ranges.
 */
export interface Span {
  /** First number. */
  start: number
  /** One past the last number; greater than `start`. */
  end: number
}

export type RangeSet = readonly Span[]

/** Adds a span at the end of a list under construction, joined to the last one when they overlap or touch. */
function append(to: Span[], start: number, end: number): void {
  if (end <= start) return
  const last = to.at(-1)
  if (last !== undefined && start <= last.end) last.end = Math.max(last.end, end)
  else to.push({ start, end })
}

/** Makes a RangeSet of spans in any order, which may overlap, touch or be empty. */
export function normalize(spans: Iterable<Span>): RangeSet {
  const sorted = [...spans].sort((a, b) => a.start - b.start)
  const result: Span[] = []
  for (const { start, end } of sorted) append(result, start, end)
  return result
}

/** What is in a, in b or in both. */
export function union(a: RangeSet, b: RangeSet): RangeSet {
  const result: Span[] = []
  let i = 0
  let j = 0
  while (i < a.length || j < b.length) {
    const fromA = j >= b.length || (i < a.length && a[i]!.start <= b[j]!.start)
    const next = fromA ? a[i++]! : b[j++]!
    append(result, next.start, next.end)
  }
  return result
}

/** What is in both. */
export function intersect(a: RangeSet, b: RangeSet): RangeSet {
  const result: Span[] = []
  let i = 0
  let j = 0
  while (i < a.length && j < b.length) {
    const left = a[i]!
    const right = b[j]!
    append(result, Math.max(left.start, right.start), Math.min(left.end, right.end))
    if (left.end <= right.end) i++
    else j++
  }
  return result
}

/** What is in a and not in b. */
export function subtract(a: RangeSet, b: RangeSet): RangeSet {
  const result: Span[] = []
  let j = 0
  for (const { start, end } of a) {
    let from = start
    while (j < b.length && b[j]!.end <= from) j++
    // A span of b may reach into the next span of a, so this walk does not move j past it.
    for (let k = j; k < b.length && b[k]!.start < end; k++) {
      append(result, from, b[k]!.start)
      from = Math.max(from, b[k]!.end)
    }
    append(result, from, end)
  }
  return result
}

/** The units of `unit` numbers each that the set touches at all: [0, unit) is unit 0. */
export function alignOut(set: RangeSet, unit: number): RangeSet {
  const result: Span[] = []
  for (const { start, end } of set) append(result, Math.floor(start / unit), Math.ceil(end / unit))
  return result
}

/**
 * The units of `unit` numbers each that the set covers wholly, where everything ends at `size`: the last, shorter unit is
 * covered when the set reaches `size`.
 */
export function alignIn(set: RangeSet, unit: number, size: number): RangeSet {
  const result: Span[] = []
  for (const { start, end } of set) {
    append(result, Math.ceil(start / unit), end >= size ? Math.ceil(size / unit) : Math.floor(end / unit))
  }
  return result
}

/** How many numbers the set holds. */
export function count(set: RangeSet): number {
  return set.reduce((sum, { start, end }) => sum + end - start, 0)
}

/** Whether the set holds `point`. Logarithmic in the count of ranges. */
export function contains(set: RangeSet, point: number): boolean {
  let low = 0
  let high = set.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (set[middle]!.end <= point) low = middle + 1
    else high = middle
  }
  return low < set.length && set[low]!.start <= point
}
