import { setImmediate } from 'node:timers/promises'
import type { Target } from '../../engine/targets/target.ts'

/** A target in memory that can be told to lose or garble what is written to it. */
export class MemoryTarget implements Target {
  readonly path = '/dev/target'
  readonly kind = 'device'
  readonly sizeBytes: number
  readonly sectorBytes = 512
  readonly startsZeroed: boolean
  readonly content: Buffer
  writtenBytes = 0
  /** How often it was asked to forget what the system remembers. */
  forgotten = 0
  /** Writes are passed through it; returning undefined loses them. */
  tamper: (data: Uint8Array, offset: number) => Uint8Array | undefined = data => data

  constructor(sizeBytes: number, fill = 0) {
    this.sizeBytes = sizeBytes
    this.startsZeroed = fill === 0
    this.content = Buffer.alloc(sizeBytes, fill)
  }

  async write(data: Uint8Array, offset: number): Promise<void> {
    this.writtenBytes += data.length
    // Like a real one it lets others go on meanwhile.
    await setImmediate()
    const kept = this.tamper(Buffer.from(data), offset)
    if (kept) this.content.set(kept, offset)
  }

  async zero(offset: number, length: number): Promise<void> {
    this.content.fill(0, offset, offset + length)
  }

  async read(buffer: Uint8Array, offset: number): Promise<number> {
    const part = this.content.subarray(offset, offset + buffer.length)
    buffer.set(part)
    return part.length
  }

  async flush(): Promise<void> {}

  async forget(): Promise<void> {
    this.forgotten++
  }

  async readPartitions(): Promise<'none'> {
    return 'none'
  }

  async close(): Promise<void> {}
}
