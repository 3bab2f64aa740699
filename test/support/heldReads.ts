import { throwIfAborted } from '../../engine/contract/errors.ts'
import { ForwardingStorage } from '../../engine/storage/forwarding.ts'
import type { Range } from '../../engine/storage/storage.ts'

/** A storage that reads at once, and holds back what it has read until it is told to go on. */
export class HeldReads extends ForwardingStorage {
  readonly #reach = Promise.withResolvers<void>()
  readonly #go = Promise.withResolvers<void>()
  /** How many reads have begun. */
  begun = 0

  /** Resolves when something has been read. */
  get reached(): Promise<void> {
    return this.#reach.promise
  }

  open(): void {
    this.#go.resolve()
  }

  override async get(name: string, range?: Range, signal?: AbortSignal, room?: ArrayBuffer): Promise<Uint8Array> {
    this.begun++
    const data = await super.get(name, range, signal, room)
    this.#reach.resolve()
    await this.#go.promise
    throwIfAborted(signal)
    return data
  }
}
