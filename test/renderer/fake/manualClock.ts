/** Time that stands still until it is moved. */
export class ManualClock {
  now: number
  readonly #listeners = new Set<(passedMs: number) => void>()

  constructor(start: string) {
    this.now = Date.parse(start)
  }

  iso(offsetMs = 0): string {
    return new Date(this.now + offsetMs).toISOString()
  }

  /** Moves on in steps, telling everybody after each. */
  advance(ms: number, stepMs = 250): void {
    for (let left = ms; left > 0; left -= stepMs) {
      const passed = Math.min(left, stepMs)
      this.now += passed
      for (const listener of this.#listeners) listener(passed)
    }
  }

  onTick(listener: (passedMs: number) => void): void {
    this.#listeners.add(listener)
  }
}

export const seconds = (count: number): number => count * 1000
export const minutes = (count: number): number => count * 60_000
export const hours = (count: number): number => count * 3_600_000
export const days = (count: number): number => count * 86_400_000
