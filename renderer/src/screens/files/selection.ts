/** Which entries of a list are selected, by their places in it; however many there are, this stays small. Pure. */

/** Of [from, to). */
type Stretch = readonly [from: number, to: number]

export interface Selection {
  /** In order, never touching each other. */
  readonly stretches: readonly Stretch[]
  readonly count: number
}

export const nothing: Selection = { stretches: [], count: 0 }

export const everything = (total: number): Selection => made(total === 0 ? [] : [[0, total]])

export const only = (place: number): Selection => made([[place, place + 1]])

export const has = ({ stretches }: Selection, place: number): boolean =>
  stretches.some(([from, to]) => from <= place && place < to)

/** All from one place to another, both included, in either direction. */
export const between = (a: number, b: number): Selection => made([[Math.min(a, b), Math.max(a, b) + 1]])

export function joinedWith(a: Selection, b: Selection): Selection {
  const all = [...a.stretches, ...b.stretches].toSorted((x, y) => x[0] - y[0])
  const out: [number, number][] = []
  for (const [from, to] of all) {
    const last = out.at(-1)
    if (last && from <= last[1]) last[1] = Math.max(last[1], to)
    else out.push([from, to])
  }
  return made(out)
}

export function without({ stretches }: Selection, place: number): Selection {
  return made(
    stretches.flatMap(([from, to]): Stretch[] => {
      if (place < from || place >= to) return [[from, to]]
      return [[from, place] as const, [place + 1, to] as const].filter(([a, b]) => a < b)
    }),
  )
}

export const toggled = (selection: Selection, place: number): Selection =>
  has(selection, place) ? without(selection, place) : joinedWith(selection, only(place))

/** All places, in order. Only for selections of a bounded count. */
export const placesOf = ({ stretches }: Selection): number[] =>
  stretches.flatMap(([from, to]) => Array.from({ length: to - from }, (_, i) => from + i))

const made = (stretches: readonly Stretch[]): Selection => ({
  stretches,
  count: stretches.reduce((sum, [from, to]) => sum + to - from, 0),
})
