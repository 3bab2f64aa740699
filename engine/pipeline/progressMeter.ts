import type { Clock } from '../base/clock.ts'
import { RecentSpeed } from '../base/recentSpeed.ts'
import type { OnProgress, Phase, Progress } from '../contract/progress.ts'

const reportEveryMs = 250

/** Work that stores something. */
export interface Storing {
  /** Bytes that are stored by now. */
  stored: () => number
  /** Whether the speed of sending says more than that of reading: to a place elsewhere, or out of another repository. */
  tellsSpeed: boolean
}

/** Turns counted bytes into progress reports: at most four a second, with speeds and time left. */
export class ProgressMeter {
  readonly #clock: Clock
  readonly #report: OnProgress | undefined
  readonly #storing: Storing | undefined
  #phase: Phase = 'opening'
  #doneBytes = 0
  #totalBytes: number | undefined
  #sentBytes = 0
  #lastReportAt = Number.NEGATIVE_INFINITY
  readonly #speed = new RecentSpeed()
  readonly #sendingSpeed = new RecentSpeed()

  constructor(clock: Clock, report: OnProgress | undefined, storing?: Storing) {
    this.#storing = storing
    this.#clock = clock
    this.#report = report
  }

  /** Begins a phase and reports it at once. */
  phase(phase: Phase, totalBytes?: number): void {
    this.#phase = phase
    this.#doneBytes = 0
    this.#totalBytes = totalBytes
    this.#speed.clear()
    this.#emit(this.#clock.monotonic())
  }

  /** Counts work done. */
  add(bytes: number): void {
    this.#doneBytes += bytes
    this.#emitSoon(this.#clock.monotonic())
  }

  /** Counts what went out to the destination. */
  sent(bytes: number): void {
    const now = this.#clock.monotonic()
    // Before the first byte there was nothing to send.
    if (this.#sentBytes === 0) this.#sendingSpeed.note(now, 0)
    this.#sentBytes += bytes
    this.#emitSoon(now)
  }

  /** Reports the end of the phase. */
  end(): void {
    this.#emit(this.#clock.monotonic())
  }

  #emitSoon(now: number): void {
    if (now - this.#lastReportAt >= reportEveryMs) this.#emit(now)
  }

  #emit(now: number): void {
    this.#lastReportAt = now
    if (!this.#report) return
    this.#speed.note(now, this.#doneBytes)
    const progress: Progress = { phase: this.#phase, doneBytes: this.#doneBytes }
    if (this.#totalBytes !== undefined) progress.totalBytes = this.#totalBytes
    const { bytesPerSecond } = this.#speed
    // Where nothing is gone through, nothing has a speed.
    if (bytesPerSecond !== undefined && (this.#totalBytes !== undefined || this.#doneBytes > 0)) {
      progress.bytesPerSecond = bytesPerSecond
      if (this.#totalBytes !== undefined && bytesPerSecond > 0) {
        progress.secondsLeft = Math.round((this.#totalBytes - this.#doneBytes) / bytesPerSecond)
      }
    }
    if (this.#storing) {
      progress.storedBytes = this.#storing.stored()
      if (this.#sentBytes > 0) this.#sendingSpeed.note(now, this.#sentBytes)
      const sent = this.#storing.tellsSpeed ? this.#sendingSpeed.bytesPerSecond : undefined
      if (sent !== undefined) progress.sentBytesPerSecond = sent
    }
    this.#report(progress)
  }
}
