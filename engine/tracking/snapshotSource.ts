import { type Clock, systemClock } from '../base/clock.ts'
import { HoldfastError, isHoldfastError } from '../contract/errors.ts'
import type { RangeSet } from '../sources/ranges.ts'
import type { Consistency, Extent, Source } from '../sources/source.ts'

export interface SnapshotFacts {
  /** Of the volume, as the person named it. */
  path: string
  /** What the snapshot's moment is worth. */
  consistency: Consistency
  /** Bytes that may hold data; the rest reads as zeros or is free. Undefined when that is not known. */
  allocated: RangeSet | undefined
  /** Whether what was read until now is what the snapshot held at its moment. */
  isValid(): Promise<boolean>
  /** What can be done about a snapshot that became invalid. */
  advice: string
  clock?: Clock
}

/** A snapshot of a volume that asks about every failed read would ask a thousand times about a bad disk. */
const askAgainMs = 10_000

/**
 * A snapshot, read in place of its volume. A read that fails because the snapshot became invalid is source.snapshotInvalid, and so is
 * `consistency` then: no version is made of what such a snapshot gave.
 */
export class SnapshotSource implements Source {
  readonly kind = 'device'
  readonly path: string
  readonly sizeBytes: number
  readonly sectorBytes: number
  readonly knowsHoles: boolean
  readonly #device: Source
  readonly #facts: SnapshotFacts
  readonly #clock: Clock
  #foundValidAt = Number.NEGATIVE_INFINITY

  /** `device` is that of the snapshot; closed with this. */
  constructor(device: Source, facts: SnapshotFacts) {
    this.path = facts.path
    this.sizeBytes = device.sizeBytes
    this.sectorBytes = device.sectorBytes
    this.knowsHoles = facts.allocated !== undefined
    this.#device = device
    this.#facts = facts
    this.#clock = facts.clock ?? systemClock
  }

  *extents(from: number, to: number): Generator<Extent> {
    const last = Math.min(to, this.sizeBytes)
    for (const span of this.#facts.allocated ?? [{ start: 0, end: this.sizeBytes }]) {
      const offset = Math.max(span.start, from)
      const end = Math.min(span.end, last)
      if (offset < end) yield { offset, length: end - offset }
    }
  }

  async read(buffer: Uint8Array, offset: number): Promise<number> {
    try {
      return await this.#device.read(buffer, offset)
    } catch (error) {
      if (isHoldfastError(error, 'source.readFailed')) await this.#requireValid({ lately: true })
      throw error
    }
  }

  async consistency(): Promise<Consistency> {
    await this.#requireValid({ lately: false })
    return this.#facts.consistency
  }

  close(): Promise<void> {
    return this.#device.close()
  }

  async #requireValid({ lately }: { lately: boolean }): Promise<void> {
    if (lately && this.#clock.monotonic() - this.#foundValidAt < askAgainMs) return
    if (!(await this.#facts.isValid())) throw snapshotInvalid(this.path, this.#facts.advice)
    this.#foundValidAt = this.#clock.monotonic()
  }
}

const snapshotInvalid = (path: string, advice: string) =>
  new HoldfastError('source.snapshotInvalid', `The snapshot of ${path} became invalid while it was read.`, {
    advice,
    details: { path },
    retryable: true,
  })
