/** What an overlay keeps track of. Most file systems write no less at once. */
export const pageBytes = 4096

/** base: as in the version. data: in the overlay's own file. zero: reads as zeros, and is nowhere. */
export type PageState = 'base' | 'data' | 'zero'
const states: readonly PageState[] = ['base', 'data', 'zero']

/** Pages [from, to) that are alike. */
export interface PageRun {
  from: number
  to: number
  state: PageState
}

/** Two bits each: a stretch of 64 MiB takes 4 KiB. */
const stretchPages = 16_384

/**
 * The state of every page of a device. Memory grows with the stretches that are not all alike, so that a discarded terabyte takes
 * next to none.
 */
export class OverlayPages {
  /** A number when the whole stretch is alike. Stretches that are missing are base. */
  readonly #stretches = new Map<number, Uint8Array | number>()

  get(page: number): PageState {
    return states[this.#number(page)]!
  }

  /** Sets pages [from, to). Returns whether that changed any. */
  set(from: number, to: number, state: PageState): boolean {
    const value = states.indexOf(state)
    let changed = false
    for (let at = from; at < to; ) {
      const stretch = Math.floor(at / stretchPages)
      const begin = stretch * stretchPages
      const end = Math.min(to, begin + stretchPages)
      if (this.#setIn(stretch, at - begin, end - begin, value)) changed = true
      at = end
    }
    return changed
  }

  /** The runs that [from, to) consists of, in order and without gaps; neighbours differ. */
  *runs(from: number, to: number): Generator<PageRun> {
    let run: PageRun | undefined
    for (let at = from; at < to; ) {
      const stretch = this.#stretches.get(Math.floor(at / stretchPages)) ?? 0
      const end = Math.min(to, (Math.floor(at / stretchPages) + 1) * stretchPages)
      const until = typeof stretch === 'number' ? end : at + 1
      const state = this.get(at)
      if (run?.state === state) run.to = until
      else {
        if (run) yield run
        run = { from: at, to: until, state }
      }
      at = until
    }
    if (run) yield run
  }

  /** All runs that are not base, ascending. */
  *changed(): Generator<PageRun> {
    let last: PageRun | undefined
    for (const stretch of [...this.#stretches.keys()].sort((a, b) => a - b)) {
      for (const run of this.runs(stretch * stretchPages, (stretch + 1) * stretchPages)) {
        if (run.state === 'base') continue
        if (last?.to === run.from && last.state === run.state) {
          last.to = run.to
          continue
        }
        if (last) yield last
        last = run
      }
    }
    if (last) yield last
  }

  #number(page: number): number {
    const stretch = this.#stretches.get(Math.floor(page / stretchPages)) ?? 0
    if (typeof stretch === 'number') return stretch
    const at = page % stretchPages
    return (stretch[at >> 2]! >> ((at & 3) * 2)) & 3
  }

  #setIn(number: number, from: number, to: number, value: number): boolean {
    const known = this.#stretches.get(number) ?? 0
    if (known === value) return false
    if (to - from === stretchPages) {
      this.#stretches.set(number, value)
      return true
    }
    let bits: Uint8Array
    if (typeof known === 'number') {
      bits = new Uint8Array(stretchPages / 4).fill(known * 0b01010101)
      this.#stretches.set(number, bits)
    } else bits = known
    let changed = false
    for (let at = from; at < to; at++) {
      const shift = (at & 3) * 2
      const old = bits[at >> 2]!
      const now = (old & ~(3 << shift)) | (value << shift)
      if (now === old) continue
      bits[at >> 2] = now
      changed = true
    }
    return changed
  }
}
