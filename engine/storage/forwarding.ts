import type { ObjectInfo, PutOptions, Range, Storage } from './storage.ts'

/** Passes every call on. Decorators extend it and override what they change. */
export class ForwardingStorage implements Storage {
  protected readonly inner: Storage

  constructor(inner: Storage) {
    this.inner = inner
  }

  get url(): string {
    return this.inner.url
  }

  get parallelPuts(): number | undefined {
    return this.inner.parallelPuts
  }

  put(name: string, parts: readonly Uint8Array[], options?: PutOptions): Promise<void> {
    return this.inner.put(name, parts, options)
  }

  get(name: string, range?: Range, signal?: AbortSignal, room?: ArrayBuffer): Promise<Uint8Array> {
    return this.inner.get(name, range, signal, room)
  }

  stat(name: string, signal?: AbortSignal): Promise<ObjectInfo | undefined> {
    return this.inner.stat(name, signal)
  }

  list(folder: string, signal?: AbortSignal): AsyncIterable<ObjectInfo> {
    return this.inner.list(folder, signal)
  }

  delete(name: string, signal?: AbortSignal): Promise<void> {
    return this.inner.delete(name, signal)
  }

  prepare(folders: readonly string[], signal?: AbortSignal): Promise<void> {
    return this.inner.prepare(folders, signal)
  }

  sweepTemporary(signal?: AbortSignal): Promise<number> {
    return this.inner.sweepTemporary(signal)
  }

  freeBytes(): Promise<number | undefined> {
    return this.inner.freeBytes()
  }

  close(): Promise<void> {
    return this.inner.close()
  }
}
