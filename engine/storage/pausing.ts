import type { PauseGate } from '../base/pauseGate.ts'
import { ForwardingStorage } from './forwarding.ts'
import { type ObjectLock, objectLockThrough } from './objectLock.ts'
import type { ObjectInfo, PutOptions, Range, Storage } from './storage.ts'

export interface PausingOptions {
  gate: PauseGate
  /** What goes through all the same. */
  passes(name: string): boolean
}

class PausingStorage extends ForwardingStorage {
  readonly #gate: PauseGate
  readonly #passes: (name: string) => boolean

  constructor(inner: Storage, { gate, passes }: PausingOptions) {
    super(inner)
    this.#gate = gate
    this.#passes = passes
  }

  override put(name: string, parts: readonly Uint8Array[], options?: PutOptions): Promise<void> {
    return this.#held(name, options?.signal, () => this.inner.put(name, parts, options))
  }

  override get(name: string, range?: Range, signal?: AbortSignal, room?: ArrayBuffer): Promise<Uint8Array> {
    return this.#held(name, signal, () => this.inner.get(name, range, signal, room))
  }

  /** Threads read by themselves what they have been given; while it is paused, they ask here and wait. */
  fileOf(name: string): string | undefined {
    return this.#gate.isPaused ? undefined : this.inner.fileOf?.(name)
  }

  override stat(name: string, signal?: AbortSignal): Promise<ObjectInfo | undefined> {
    return this.#held(name, signal, () => this.inner.stat(name, signal))
  }

  override async *list(folder: string, signal?: AbortSignal): AsyncGenerator<ObjectInfo> {
    await this.#gate.pass(signal)
    for await (const info of this.inner.list(folder, signal)) {
      yield info
      // The next one may have to be asked for.
      if (this.#gate.isPaused) await this.#gate.pass(signal)
    }
  }

  override delete(name: string, signal?: AbortSignal): Promise<void> {
    return this.#held(name, signal, () => this.inner.delete(name, signal))
  }

  override async prepare(folders: readonly string[], signal?: AbortSignal): Promise<void> {
    await this.#gate.pass(signal)
    return this.inner.prepare(folders, signal)
  }

  override async sweepTemporary(signal?: AbortSignal): Promise<number> {
    await this.#gate.pass(signal)
    return this.inner.sweepTemporary(signal)
  }

  override async freeBytes(): Promise<number | undefined> {
    await this.#gate.pass()
    return this.inner.freeBytes()
  }

  override get objectLock(): ObjectLock | undefined {
    return objectLockThrough(this.inner.objectLock, async (request, signal) => {
      await this.#gate.pass(signal)
      return request()
    })
  }

  async #held<T>(name: string, signal: AbortSignal | undefined, call: () => Promise<T>): Promise<T> {
    if (this.#gate.isPaused && !this.#passes(name)) await this.#gate.pass(signal)
    return call()
  }
}

/**
 * Holds every call to `storage` while the gate is paused; what is under way ends. Belongs right around the driver, inside of retries and
 * limits, so that what waits there does not begin either.
 */
export function pausing(storage: Storage, options: PausingOptions): Storage {
  return new PausingStorage(storage, options)
}
