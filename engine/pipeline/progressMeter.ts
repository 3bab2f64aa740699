import type { Clock } from '../base/clock.ts'
import type { OnProgress, Phase, Progress } from '../contract/progress.ts'

const reportEveryMs = 250
/** Speed is the mean over about this long, so that time left does not jump about. */
const windowMs = 10_000

/** Turns counted bytes into progress reports: at most four a second, with speed and time left. */
export class ProgressMeter {
  readonly #clock: Clock
  readonly #report: OnProgress | undefined
  #phase: Phase = 'opening'
  #doneBytes = 0
  #totalBytes: number | undefined
  #lastReportAt = Number.NEGATIVE_INFINITY
  readonly #stored: (() => number) | undefined
  #samples: { at: number; bytes: number }[] = []

  /** `stored` tells how many bytes are stored by now, for work that stores some. */
  constructor(clock: Clock, report: OnProgress | undefined, stored?: () => number) {
    this.#stored = stored
    this.#clock = clock
    this.#report = report
  }

  /** Begins a phase and reports it at once. */
  phase(phase: Phase, totalBytes?: number): void {
    this.#phase = phase
    this.#doneBytes = 0
    this.#totalBytes = totalBytes
    this.#samples = []
    this.#emit(this.#clock.monotonic())
  }

  /** Counts work done. */
  add(bytes: number): void {
    this.#doneBytes += bytes
    const now = this.#clock.monotonic()
    if (now - this.#lastReportAt >= reportEveryMs) this.#emit(now)
  }

  /** Reports the end of the phase. */
  end(): void {
    this.#emit(this.#clock.monotonic())
  }

  #emit(now: number): void {
    this.#lastReportAt = now
    if (!this.#report) return
    this.#samples.push({ at: now, bytes: this.#doneBytes })
    while (this.#samples.length > 2 && now - this.#samples[0]!.at > windowMs) this.#samples.shift()
    const first = this.#samples[0]!
    const progress: Progress = { phase: this.#phase, doneBytes: this.#doneBytes }
    if (this.#totalBytes !== undefined) progress.totalBytes = this.#totalBytes
    if (this.#stored) progress.storedBytes = this.#stored()
    if (now - first.at > 500) {
      progress.bytesPerSecond = Math.round(((this.#doneBytes - first.bytes) / (now - first.at)) * 1000)
      if (this.#totalBytes !== undefined && progress.bytesPerSecond > 0) {
        progress.secondsLeft = Math.round((this.#totalBytes - this.#doneBytes) / progress.bytesPerSecond)
      }
    }
    this.#report(progress)
  }
}
