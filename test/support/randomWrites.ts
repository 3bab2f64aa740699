import type { FileHandle } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type { SeededRandom } from '../../engine/demo/seededRandom.ts'
import type { TrackedVolume } from '../../engine/tracking/trackedVolume.ts'
import { freshBytes, openDirect, sh } from './lvmWorld.ts'

const sector = 4096

/** Writes to a volume of LVM, and discards of it, at random places; what it does follows from the seed alone. */
export class RandomWrites {
  readonly #volume: TrackedVolume
  readonly #random: SeededRandom
  /** What is discarded of a thin volume is whole chunks; in bytes. */
  readonly #chunkBytes: number
  #file: FileHandle | undefined

  constructor(volume: TrackedVolume, random: SeededRandom, chunkBytes: number) {
    this.#volume = volume
    this.#random = random
    this.#chunkBytes = chunkBytes
  }

  /** Up to twelve changes, of which the first is no discard. Only a thin volume that has a snapshot can discard. */
  async change(): Promise<void> {
    const { path, method, sizeBytes } = this.#volume
    const canDiscard = method === 'lvm-thin'
    const file = await this.#open()
    const count = 1 + this.#random.below(12)
    for (let n = 0; n < count; n++) {
      const { offset, length } = this.#place(this.#random.below(4) === 0 ? 256 : 8)
      if (canDiscard && n > 0 && this.#random.below(3) === 0) {
        const start = Math.floor(offset / this.#chunkBytes) * this.#chunkBytes
        const end = Math.min(Math.ceil((offset + length) / this.#chunkBytes) * this.#chunkBytes, sizeBytes)
        sh('blkdiscard', '-o', String(start), '-l', String(end - start), path)
      } else await file.write(freshBytes(this.#random, length), 0, length, offset)
    }
  }

  /** Makes the kernel write zeros, whether there were others or not. */
  zero(): void {
    const { offset, length } = this.#place(64)
    sh('blkdiscard', '-z', '-o', String(offset), '-l', String(length), this.#volume.path)
  }

  /** Writes from two sides until it is told to stop, with a pause after each time. Stopped, it resolves to how often. */
  writeOn(pauseMs = 0): () => Promise<number> {
    let isOver = false
    const writer = async () => {
      const file = await this.#open()
      let count = 0
      while (!isOver) {
        const { offset, length } = this.#place(4)
        await file.write(freshBytes(this.#random, length), 0, length, offset)
        count++
        if (pauseMs > 0) await sleep(pauseMs)
      }
      return count
    }
    const writers = [writer(), writer()]
    return async () => {
      isOver = true
      return (await Promise.all(writers)).reduce((sum, count) => sum + count, 0)
    }
  }

  async close(): Promise<void> {
    await this.#file?.close()
  }

  async #open(): Promise<FileHandle> {
    this.#file ??= await openDirect(this.#volume.path)
    return this.#file
  }

  /** Somewhere in the volume, of so many sectors at most. */
  #place(most: number): { offset: number; length: number } {
    const sectors = 1 + this.#random.below(most)
    const offset = this.#random.below(this.#volume.sizeBytes / sector - sectors) * sector
    return { offset, length: sectors * sector }
  }
}
