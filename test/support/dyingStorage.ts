import { HoldfastError } from '../../engine/contract/errors.ts'
import { ForwardingStorage } from '../../engine/storage/forwarding.ts'
import type { ObjectInfo, PutOptions, Range, Storage } from '../../engine/storage/storage.ts'

/**
 * A storage whose user dies, as by SIGKILL, at one exact moment: right after its nth change (put or delete, counted from 1).
 * From then on nothing that it is asked to do is done. What is in `inner` is what the killed process left.
 */
export class DyingStorage extends ForwardingStorage {
  /** What was changed, in order: 'put packs/ab/ab12…'. */
  readonly changes: string[] = []
  isDead = false
  readonly #diesAt: number

  constructor(inner: Storage, diesAt: number) {
    super(inner)
    this.#diesAt = diesAt
  }

  override put(name: string, parts: readonly Uint8Array[], options?: PutOptions): Promise<void> {
    return this.#change(`put ${name}`, () => this.inner.put(name, parts, options))
  }

  override delete(name: string, signal?: AbortSignal): Promise<void> {
    return this.#change(`delete ${name}`, () => this.inner.delete(name, signal))
  }

  override async get(name: string, range?: Range, signal?: AbortSignal): Promise<Uint8Array> {
    this.#live()
    return await this.inner.get(name, range, signal)
  }

  override async stat(name: string, signal?: AbortSignal): Promise<ObjectInfo | undefined> {
    this.#live()
    return await this.inner.stat(name, signal)
  }

  override async *list(folder: string, signal?: AbortSignal): AsyncGenerator<ObjectInfo> {
    for await (const info of this.inner.list(folder, signal)) {
      this.#live()
      yield info
    }
    this.#live()
  }

  /** The inner storage outlives its user. */
  override async close(): Promise<void> {}

  async #change(change: string, action: () => Promise<void>): Promise<void> {
    this.#live()
    const mine = this.changes.push(change) === this.#diesAt
    await action()
    if (mine) this.isDead = true
    this.#live()
  }

  #live(): void {
    if (this.isDead) throw new HoldfastError('storage.failed', 'The process was killed here.', { retryable: false })
  }
}
