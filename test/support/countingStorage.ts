import { ForwardingStorage } from '../../engine/storage/forwarding.ts'
import type { ObjectInfo, PutOptions, Range } from '../../engine/storage/storage.ts'

/** One call of a storage; a listing is one. */
export interface Request {
  operation: 'put' | 'get' | 'stat' | 'list' | 'delete'
  name: string
  range?: Range | undefined
}

/** Writes down what is asked of a storage. */
export class CountingStorage extends ForwardingStorage {
  readonly requests: Request[] = []

  /** How many requests `work` makes, by operation and by the first folder of the name. */
  async during(work: () => Promise<unknown>): Promise<{ all: number; packReads: number; readBytes: number }> {
    const before = this.requests.length
    await work()
    const made = this.requests.slice(before)
    const reads = made.filter(({ operation, name }) => operation === 'get' && name.startsWith('packs/'))
    return {
      all: made.length,
      packReads: reads.length,
      readBytes: reads.reduce((sum, { range }) => sum + (range?.length ?? 0), 0),
    }
  }

  override put(name: string, parts: readonly Uint8Array[], options?: PutOptions): Promise<void> {
    this.requests.push({ operation: 'put', name })
    return super.put(name, parts, options)
  }

  override get(name: string, range?: Range, signal?: AbortSignal, room?: ArrayBuffer): Promise<Uint8Array> {
    this.requests.push({ operation: 'get', name, range })
    return super.get(name, range, signal, room)
  }

  override stat(name: string, signal?: AbortSignal): Promise<ObjectInfo | undefined> {
    this.requests.push({ operation: 'stat', name })
    return super.stat(name, signal)
  }

  override list(folder: string, signal?: AbortSignal): AsyncIterable<ObjectInfo> {
    this.requests.push({ operation: 'list', name: folder })
    return super.list(folder, signal)
  }

  override delete(name: string, signal?: AbortSignal): Promise<void> {
    this.requests.push({ operation: 'delete', name })
    return super.delete(name, signal)
  }
}
