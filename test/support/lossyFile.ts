import type { DurableFile } from '../../engine/base/durableFile.ts'
import { randomBelow } from '../../engine/base/random.ts'

const sectorBytes = 512

/**
 * A file in memory as a power cut leaves one: of what was written since the last sync, each sector may be there or not, in any
 * order. A sync covers what was written before it began.
 */
export class LossyFile implements DurableFile {
  #content = Buffer.alloc(0)
  /** What is on the medium for certain. */
  #durable = Buffer.alloc(0)
  /** Fails the next syncs. */
  failingSyncs = 0
  #isCut = false

  async read(buffer: Uint8Array, position: number): Promise<void> {
    const part = this.#content.subarray(position, position + buffer.length)
    buffer.set(part)
    buffer.fill(0, part.length)
  }

  async write(bytes: Uint8Array, position: number): Promise<void> {
    this.#mustBeThere()
    if (position + bytes.length > this.#content.length) await this.truncate(position + bytes.length)
    this.#content.set(bytes, position)
  }

  async sync(): Promise<void> {
    this.#mustBeThere()
    const now = Buffer.from(this.#content)
    await new Promise(resolve => setImmediate(resolve))
    this.#mustBeThere()
    if (this.failingSyncs-- > 0) throw Object.assign(new Error('EIO: fsync'), { code: 'EIO' })
    this.#durable = now
  }

  async size(): Promise<number> {
    return this.#content.length
  }

  async truncate(size: number): Promise<void> {
    const next = Buffer.alloc(size)
    this.#content.copy(next)
    this.#content = next
  }

  async punch(offset: number, length: number): Promise<boolean> {
    this.#mustBeThere()
    this.#content.subarray(offset, offset + length).fill(0)
    return true
  }

  async reserve(offset: number, length: number): Promise<boolean> {
    return await this.punch(offset, length)
  }

  async close(): Promise<void> {}

  /** From now on everything fails, as for a process that is gone. */
  cut(): void {
    this.#isCut = true
  }

  /** The file as the next boot finds it. */
  afterCut(): LossyFile {
    const found = new LossyFile()
    // Lengths are lost as well: the file may end anywhere between.
    const lengths = [this.#durable.length, this.#content.length]
    const length = Math.min(...lengths) + randomBelow(Math.abs(lengths[0]! - lengths[1]!) + 1)
    found.#content = Buffer.alloc(length)
    for (let at = 0; at < length; at += sectorBytes) {
      const from = randomBelow(2) === 0 ? this.#durable : this.#content
      if (at < from.length) from.copy(found.#content, at, at, Math.min(at + sectorBytes, length))
    }
    found.#durable = Buffer.from(found.#content)
    return found
  }

  #mustBeThere(): void {
    if (this.#isCut) throw Object.assign(new Error('EIO: the power is gone'), { code: 'EIO' })
  }
}
