import { isHoldfastError } from '../contract/errors.ts'
import type { Storage } from '../storage/storage.ts'
import { names } from './format.ts'

/** How many records are read at a time, so that a storage that is far away does not make a thousand waits of a thousand records. */
export const recordsAtOnce = 8

export type ReadRecord<T> =
  | { state: 'ok'; value: T; bytes: Uint8Array; faults: RecordFault[] }
  | { state: 'missing' }
  | { state: 'damaged'; faults: RecordFault[] }

/** One of the two copies is not as it should be; one that the medium does not give back counts as altered. */
export interface RecordFault {
  name: string
  fault: 'missing' | 'altered'
}

/**
 * Small objects that everything depends on (config, key slots, version records, marks) are kept twice: under their name
 * and under copies/. Either one is enough.
 */
export class MirroredRecords {
  readonly #storage: Storage

  constructor(storage: Storage) {
    this.#storage = storage
  }

  /** The copy is written first: once the object itself is there, both are. May be repeated. */
  async put(name: string, bytes: Uint8Array, signal?: AbortSignal): Promise<void> {
    const options = signal ? { signal, overwrite: true } : { overwrite: true }
    await this.#storage.put(names.copy(name), [bytes], options)
    await this.#storage.put(name, [bytes], options)
  }

  /** Removes the object first and its copy last, so that what is half removed is still whole. May be repeated. */
  async delete(name: string, signal?: AbortSignal): Promise<void> {
    await this.#storage.delete(name, signal)
    await this.#storage.delete(names.copy(name), signal)
  }

  /**
   * Reads the first copy that `parse` accepts; `parse` says undefined for a damaged one. A copy that cannot be read from the
   * medium is an error (storage.failed) only when the other one is no good either.
   */
  async read<T>(
    name: string,
    parse: (bytes: Uint8Array) => T | undefined,
    options: { both?: boolean; signal?: AbortSignal } = {},
  ): Promise<ReadRecord<T>> {
    const faults: RecordFault[] = []
    let found: { value: T; bytes: Uint8Array } | undefined
    let failure: unknown
    for (const copy of [name, names.copy(name)]) {
      const got = await this.#get(copy, options.signal)
      if ('error' in got) {
        failure ??= got.error
        faults.push({ name: copy, fault: 'altered' })
        continue
      }
      const { bytes } = got
      const value = bytes && parse(bytes)
      if (bytes && value !== undefined && (!found || Buffer.compare(found.bytes, bytes) === 0))
        found ??= { value, bytes }
      else faults.push({ name: copy, fault: bytes ? 'altered' : 'missing' })
      if (found && !options.both) break
    }
    if (found) return { state: 'ok', ...found, faults }
    if (failure) throw failure
    return faults.every(fault => fault.fault === 'missing') ? { state: 'missing' } : { state: 'damaged', faults }
  }

  /**
   * The different contents of the two copies: one when all is well, two when one was altered, none when missing. Fails
   * with storage.failed when the medium gives neither back.
   */
  async variants(name: string, signal?: AbortSignal): Promise<Uint8Array[]> {
    const found: Uint8Array[] = []
    let failure: unknown
    for (const got of await Promise.all([name, names.copy(name)].map(copy => this.#get(copy, signal)))) {
      if ('error' in got) failure ??= got.error
      else if (got.bytes && !found.some(other => Buffer.compare(other, got.bytes!) === 0)) found.push(got.bytes)
    }
    if (found.length === 0 && failure) throw failure
    return found
  }

  /** Names under a folder of which at least one copy is there. */
  async list(folder: string, signal?: AbortSignal): Promise<string[]> {
    const list = async (from: string, prefix: string) => {
      const found: string[] = []
      for await (const object of this.#storage.list(from, signal)) found.push(object.name.slice(prefix.length))
      return found
    }
    const both = await Promise.all([list(folder, ''), list(names.copy(folder), names.copy(''))])
    return [...new Set(both.flat())].sort()
  }

  /** Writes a sound record over both its copies. */
  async heal(name: string, bytes: Uint8Array, signal?: AbortSignal): Promise<void> {
    await this.put(name, bytes, signal)
  }

  /** The bytes of one copy (undefined when there is none), or the error when the medium does not give them back. */
  async #get(name: string, signal?: AbortSignal): Promise<{ bytes: Uint8Array | undefined } | { error: unknown }> {
    try {
      return { bytes: await this.#storage.get(name, undefined, signal) }
    } catch (error) {
      if (isHoldfastError(error, 'storage.objectNotFound')) return { bytes: undefined }
      if (isHoldfastError(error, 'storage.failed')) return { error }
      throw error
    }
  }
}
