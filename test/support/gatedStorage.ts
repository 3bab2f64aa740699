import { ForwardingStorage } from '../../engine/storage/forwarding.ts'
import type { PutOptions, Storage } from '../../engine/storage/storage.ts'

/** A storage that holds back the first put under a prefix until it is told to go on, as a writer that is stalled does. */
export class GatedStorage extends ForwardingStorage {
  /** Resolves when somebody waits at the gate. */
  readonly reached: Promise<void>
  #reach: () => void = () => undefined
  #open: () => void = () => undefined
  readonly #opened: Promise<void>
  readonly #prefix: string

  constructor(inner: Storage, prefix: string) {
    super(inner)
    this.#prefix = prefix
    this.reached = new Promise(resolve => {
      this.#reach = resolve
    })
    this.#opened = new Promise(resolve => {
      this.#open = resolve
    })
  }

  open(): void {
    this.#open()
  }

  override async put(name: string, parts: readonly Uint8Array[], options?: PutOptions): Promise<void> {
    if (name.startsWith(this.#prefix)) {
      this.#reach()
      await this.#opened
    }
    await super.put(name, parts, options)
  }

  /** The inner storage outlives its user. */
  override async close(): Promise<void> {}
}
