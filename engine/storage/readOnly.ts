import { HoldfastError } from '../contract/errors.ts'
import { ForwardingStorage } from './forwarding.ts'
import type { Storage } from './storage.ts'

class ReadOnlyStorage extends ForwardingStorage {
  get uncached(): Storage | undefined {
    return this.inner.uncached && new ReadOnlyStorage(this.inner.uncached)
  }

  override put(name: string): Promise<void> {
    return this.#refuse(`${name} was not written`)
  }

  override delete(name: string): Promise<void> {
    return this.#refuse(`${name} was not removed`)
  }

  override prepare(): Promise<void> {
    return this.#refuse('no folders were created')
  }

  /** Nothing could be extended. */
  override get objectLock(): undefined {
    return undefined
  }

  fileOf(name: string): string | undefined {
    return this.inner.fileOf?.(name)
  }

  /** Housekeeping that others may do as well: nothing is removed, and that is no failure. */
  override async sweepTemporary(): Promise<number> {
    return 0
  }

  async #refuse(what: string): Promise<never> {
    throw new HoldfastError('storage.readOnly', `${this.url} is open for reading only: ${what}.`, {
      advice: 'Open the repository for writing and run it again.',
      details: { url: this.url },
    })
  }
}

/** A view of `storage` that can change nothing: put, delete and prepare are `storage.readOnly`. */
export function readOnly(storage: Storage): Storage {
  return new ReadOnlyStorage(storage)
}
