import { readFile, rename, unlink, writeFile } from 'node:fs/promises'
import type { Clock } from '../base/clock.ts'
import type { HelperState } from '../notices/health.ts'

/** A monitor takes what is older than 5 minutes for the sign of a dead helper. */
const leastOftenMs = 60_000

/**
 * How jobs fare, in a file that everybody may read: monitors ask it, not the helper, so that a helper which hangs is
 * noticed. It lies in memory (/run), so writing it wakes no disk.
 */
export class HealthFile {
  readonly #path: string
  readonly #clock: Clock
  #writtenAt = Number.NEGATIVE_INFINITY
  #last = ''
  #turn: Promise<void> = Promise.resolve()

  constructor(path: string, clock: Clock) {
    this.#path = path
    this.#clock = clock
  }

  /** Replaces it, if something has changed or it is a minute old. */
  write(state: HelperState): Promise<void> {
    const jobs = JSON.stringify(state.jobs)
    const age = this.#clock.monotonic() - this.#writtenAt
    if (jobs === this.#last && age < leastOftenMs) return Promise.resolve()
    const write = this.#turn.then(() => this.#replace(JSON.stringify(state)))
    this.#turn = write.catch(() => undefined)
    return write.then(() => {
      this.#last = jobs
      this.#writtenAt = this.#clock.monotonic()
    })
  }

  async #replace(text: string): Promise<void> {
    const temporary = `${this.#path}.new`
    try {
      await writeFile(temporary, text, { mode: 0o644 })
      await rename(temporary, this.#path)
    } catch (error) {
      await unlink(temporary).catch(() => undefined)
      throw error
    }
  }
}

/** Undefined when there is none, or it cannot be read. */
export async function readHealthFile(path: string): Promise<HelperState | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as HelperState
  } catch {
    return undefined
  }
}
