import type { Limiter } from '../base/limiter.ts'
import { ForwardingStorage } from './forwarding.ts'
import type { PutOptions, Range, Storage } from './storage.ts'

export interface Limits {
  /** For get. No limit when left out. */
  read?: Limiter
  /** For put. No limit when left out. May be the same object as `read`, or shared by several storages. */
  write?: Limiter
}

class LimitingStorage extends ForwardingStorage {
  readonly #limits: Limits

  constructor(inner: Storage, limits: Limits) {
    super(inner)
    this.#limits = limits
  }

  override async put(name: string, parts: readonly Uint8Array[], options?: PutOptions): Promise<void> {
    const bytes = parts.reduce((sum, part) => sum + part.length, 0)
    await this.#limits.write?.take(bytes, options?.signal)
    return this.inner.put(name, parts, options)
  }

  override async get(name: string, range?: Range, signal?: AbortSignal, room?: ArrayBuffer): Promise<Uint8Array> {
    if (range !== undefined) await this.#limits.read?.take(range.length, signal)
    const data = await this.inner.get(name, range, signal, room)
    // How large a whole object is shows only now; it is paid for afterwards.
    if (range === undefined) await this.#limits.read?.take(data.length, signal)
    return data
  }

  /** What threads read by themselves would not be counted. */
  fileOf(name: string): string | undefined {
    return this.#limits.read === undefined ? this.inner.fileOf?.(name) : undefined
  }
}

/** Holds get and put of `storage` to a number of bytes per second, on average. Every attempt counts, a failed one too. */
export function limiting(storage: Storage, limits: Limits): Storage {
  return new LimitingStorage(storage, limits)
}
