import type { Frame } from './frames.ts'

/**
 * Which frame is in which room of the cache's memory. When all are taken, the one goes that was not used for longest, nearly:
 * a hand goes round and spares what was used since it last came by (the clock algorithm).
 */
export class FrameRooms {
  readonly count: number
  readonly #frames: (Frame | undefined)[]
  readonly #used: Uint8Array
  readonly #byKey = new Map<number, Frame>()
  #hand = 0

  constructor(count: number) {
    this.count = count
    this.#frames = new Array<Frame | undefined>(count).fill(undefined)
    this.#used = new Uint8Array(count)
  }

  /** The frame of this place that is in memory or on its way. */
  find(key: number): Frame | undefined {
    return this.#byKey.get(key)
  }

  /** Notes that a frame is asked for: from now on, it is the one of its place. */
  enter(frame: Frame): void {
    this.#byKey.set(frame.key, frame)
  }

  /** A frame that is in memory was used. */
  touch(frame: Frame): void {
    this.#used[frame.room] = 1
  }

  /** Gives a frame a room, if need be that of another. False when all are being filled. */
  take(frame: Frame): boolean {
    // Twice round: the first time, everything may have been used.
    for (let step = 0; step < this.count * 2; step++) {
      const room = this.#hand
      this.#hand = (room + 1) % this.count
      const holder = this.#frames[room]
      if (holder && holder.state !== 'ready') continue
      if (holder && this.#used[room]) {
        this.#used[room] = 0
        continue
      }
      if (holder) this.leave(holder)
      this.#frames[room] = frame
      this.#used[room] = 0
      frame.room = room
      return true
    }
    return false
  }

  /** A frame is no longer in memory, or never came. */
  leave(frame: Frame): void {
    if (frame.room >= 0) this.#frames[frame.room] = undefined
    frame.room = -1
    frame.state = 'idle'
    for (const block of frame.blocks) block.state = 'unchecked'
    if (this.#byKey.get(frame.key) === frame) this.#byKey.delete(frame.key)
  }
}
