import { copyFile, open, rename, truncate as truncateFile, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { type Clock, systemClock } from '../../engine/base/clock.ts'
import { type ErrorCode, HoldfastError } from '../../engine/contract/errors.ts'
import { ForwardingStorage } from '../../engine/storage/forwarding.ts'
import type { ObjectInfo, PutOptions, Range, Storage } from '../../engine/storage/storage.ts'

export type Operation = 'put' | 'get' | 'stat' | 'list' | 'delete' | 'prepare' | 'sweepTemporary' | 'freeBytes'

/** One planned failure. */
export interface Fault {
  operation: Operation
  /** Only for this object or folder; for all when left out. */
  name?: string | RegExp
  /**
   * `before`: nothing is done. `after`: it is done, and then reported as failed, as when an answer is lost. For a list,
   * `after` breaks it off behind the first object.
   */
  when: 'before' | 'after'
  /** Default: a retryable storage.unreachable. */
  error?: HoldfastError
  /** How many matching calls fail. Default 1. */
  times?: number
}

/** Failures at random, the same ones for the same seed and the same calls. */
export interface RandomFaults {
  seed: number
  /** Of a failure before and, apart from that, of a failure after doing it; each 0 to 1. */
  before?: number
  after?: number
  /** Each call takes from 0 to this many milliseconds longer. */
  latencyMs?: number
}

export interface FaultyOptions {
  random?: RandomFaults
  /** A put that takes the sum of all objects put so far beyond this many bytes is storage.full, and stores nothing. */
  capacityBytes?: number
  clock?: Clock
}

/**
 * A storage that fails in every way in which a conforming one may fail. Objects are still whole or not there at all.
 */
export class FaultyStorage extends ForwardingStorage {
  /** Every call, in order, as 'operation name'. */
  readonly calls: string[] = []
  readonly #faults: (Fault & { left: number })[] = []
  readonly #random: (() => number) | undefined
  readonly #options: FaultyOptions
  #usedBytes = 0

  constructor(inner: Storage, options: FaultyOptions = {}) {
    super(inner)
    this.#options = options
    this.#random = options.random && seeded(options.random.seed)
  }

  /** Plans failures; the first that matches a call and has not happened often enough is the one. */
  fail(...faults: Fault[]): void {
    this.#faults.push(...faults.map(fault => ({ ...fault, left: fault.times ?? 1 })))
  }

  override put(name: string, parts: readonly Uint8Array[], options?: PutOptions): Promise<void> {
    return this.#call('put', name, async () => {
      const bytes = parts.reduce((sum, part) => sum + part.length, 0)
      if (this.#usedBytes + bytes > (this.#options.capacityBytes ?? Number.POSITIVE_INFINITY)) throw full(this.url)
      await this.inner.put(name, parts, options)
      this.#usedBytes += bytes
    })
  }

  override get(name: string, range?: Range, signal?: AbortSignal): Promise<Uint8Array> {
    return this.#call('get', name, () => this.inner.get(name, range, signal))
  }

  override stat(name: string, signal?: AbortSignal): Promise<ObjectInfo | undefined> {
    return this.#call('stat', name, () => this.inner.stat(name, signal))
  }

  override async *list(folder: string, signal?: AbortSignal): AsyncGenerator<ObjectInfo> {
    const error = await this.#begin('list', folder)
    for await (const info of this.inner.list(folder, signal)) {
      yield info
      if (error) throw error
    }
    if (error) throw error
  }

  override delete(name: string, signal?: AbortSignal): Promise<void> {
    return this.#call('delete', name, () => this.inner.delete(name, signal))
  }

  override prepare(folders: readonly string[], signal?: AbortSignal): Promise<void> {
    return this.#call('prepare', '', () => this.inner.prepare(folders, signal))
  }

  override sweepTemporary(signal?: AbortSignal): Promise<number> {
    return this.#call('sweepTemporary', '', () => this.inner.sweepTemporary(signal))
  }

  override freeBytes(): Promise<number | undefined> {
    return this.#call('freeBytes', '', () => this.inner.freeBytes())
  }

  async #call<T>(operation: Operation, name: string, action: () => Promise<T>): Promise<T> {
    const error = await this.#begin(operation, name)
    const result = await action()
    if (error) throw error
    return result
  }

  /** Throws what fails before; returns what is to fail after. */
  async #begin(operation: Operation, name: string): Promise<HoldfastError | undefined> {
    this.calls.push(`${operation} ${name}`.trimEnd())
    const random = this.#options.random
    const dice = () => this.#random?.() ?? 1
    // Drawn in the same order on every call, so that a seed means the same run.
    const [late, before, after] = [dice(), dice(), dice()]
    if (random?.latencyMs) await (this.#options.clock ?? systemClock).sleep(late * random.latencyMs)
    const fault = this.#faults.find(({ left, ...fault }) => left > 0 && matches(fault, operation, name))
    if (fault) {
      fault.left--
      const error = fault.error ?? lostConnection(operation, name)
      if (fault.when === 'before') throw error
      return error
    }
    if (before < (random?.before ?? 0)) throw lostConnection(operation, name)
    return after < (random?.after ?? 0) ? lostConnection(operation, name) : undefined
  }
}

function matches(fault: Fault, operation: Operation, name: string): boolean {
  if (fault.operation !== operation) return false
  return fault.name === undefined || (typeof fault.name === 'string' ? fault.name === name : fault.name.test(name))
}

/** An error as a driver would throw it. */
export function storageError(code: ErrorCode, retryable: boolean): HoldfastError {
  return new HoldfastError(code, `${code} on purpose`, { retryable, advice: 'Expect it.' })
}

function lostConnection(operation: Operation, name: string): HoldfastError {
  return new HoldfastError('storage.unreachable', `The connection was lost during ${operation} ${name}.`, {
    retryable: true,
  })
}

function full(url: string): HoldfastError {
  return new HoldfastError('storage.full', `There is no room left at ${url}.`, { advice: 'Make room there.' })
}

/** Numbers in [0, 1), the same for the same seed. Algorithm: mulberry32 by Tommy Ettinger (public domain). */
export function seeded(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Damages the objects of a directory storage behind its back. Names are those of objects. */
export function damageAt(root: string) {
  const pathOf = (name: string) => join(root, name)
  return {
    /** Inverts one byte. A negative offset counts from the end. */
    async flipByte(name: string, offset: number): Promise<void> {
      const file = await open(pathOf(name), 'r+')
      try {
        const position = offset < 0 ? (await file.stat()).size + offset : offset
        const { bytesRead, buffer } = await file.read(Buffer.alloc(1), 0, 1, position)
        if (bytesRead !== 1) throw new Error(`${name} has no byte ${offset}`)
        await file.write(Buffer.of(buffer[0]! ^ 0xff), 0, 1, position)
      } finally {
        await file.close()
      }
    },
    /** Leaves the first `bytes` bytes. */
    truncate: (name: string, bytes: number): Promise<void> => truncateFile(pathOf(name), bytes),
    /** Exchanges two objects. */
    async swap(one: string, other: string): Promise<void> {
      const aside = `${pathOf(one)}.aside`
      await rename(pathOf(one), aside)
      await rename(pathOf(other), pathOf(one))
      await rename(aside, pathOf(other))
    },
    /** Puts a copy of one object in the place of another. */
    replace: (name: string, by: string): Promise<void> => copyFile(pathOf(by), pathOf(name)),
    /** Loses an object. */
    drop: (name: string): Promise<void> => unlink(pathOf(name)),
  }
}
