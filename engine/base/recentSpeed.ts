/** The mean is over this long at least, so that it does not jump about. */
const leastMs = 10_000
/** And over so much: what goes in packs of 16 MiB, or under a limit, comes in bursts, of which there should be a few. */
const leastBytes = 128 * 1024 * 1024
/** But never over longer. */
const mostMs = 2 * 60_000
/** Before that, nothing can be said. */
const firstMs = 500

/** How fast something grows that is counted now and then: the mean over the last seconds, or as far back as a few bursts go. */
export class RecentSpeed {
  #samples: { at: number; bytes: number }[] = []

  /** At monotonic `now` (milliseconds), `bytes` were counted in all. */
  note(now: number, bytes: number): void {
    const samples = this.#samples
    samples.push({ at: now, bytes })
    const isEnough = ({ at, bytes: before }: { at: number; bytes: number }) =>
      now - at >= mostMs || (now - at >= leastMs && bytes - before >= leastBytes)
    while (samples.length > 2 && isEnough(samples[1]!)) samples.shift()
  }

  /** Begins anew. */
  clear(): void {
    this.#samples = []
  }

  /** Whole bytes per second as of the last note; undefined in the first half second. */
  get bytesPerSecond(): number | undefined {
    const [first] = this.#samples
    const last = this.#samples.at(-1)
    if (!first || !last || last.at - first.at <= firstMs) return undefined
    return Math.round(((last.bytes - first.bytes) / (last.at - first.at)) * 1000)
  }
}
