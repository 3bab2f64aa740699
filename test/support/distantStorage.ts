import { ForwardingStorage } from '../../engine/storage/forwarding.ts'
import type { ObjectInfo, Range } from '../../engine/storage/storage.ts'

/**
 * A storage that is far away: answers arrive together, some time after the first of them was asked for. What is asked at once
 * costs one round trip, and what waits for an answer the next.
 */
export class DistantStorage extends ForwardingStorage {
  /** Round trips of reads and listings so far. */
  rounds = 0
  #underWay: Promise<void> | undefined

  override async get(name: string, range?: Range, signal?: AbortSignal, room?: ArrayBuffer): Promise<Uint8Array> {
    await this.#round()
    return await super.get(name, range, signal, room)
  }

  override async *list(folder: string, signal?: AbortSignal): AsyncIterable<ObjectInfo> {
    await this.#round()
    yield* super.list(folder, signal)
  }

  #round(): Promise<void> {
    if (this.#underWay === undefined) {
      this.rounds++
      this.#underWay = new Promise(resolve =>
        setTimeout(() => {
          this.#underWay = undefined
          resolve()
        }, 50),
      )
    }
    return this.#underWay
  }
}
