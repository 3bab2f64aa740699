import { cancelled, throwIfAborted } from '../../contract/errors.ts'

/** Reads [start, end) of an object; the signal fires when nobody waits for it any more. */
export type ReadStretch = (
  start: number,
  end: number,
  signal: AbortSignal,
  isCurrent: () => boolean,
) => Promise<Uint8Array>

/** A read under way, of bytes [start, end). */
class SharedRead {
  readonly start: number
  readonly end: number
  readonly #abort = new AbortController()
  #bytes: Promise<Uint8Array>
  #waiting = 0
  /** The object was replaced meanwhile: who asks from now on must not get this. */
  isStale = false

  constructor(start: number, end: number, read: ReadStretch) {
    this.start = start
    this.end = end
    this.#bytes = read(start, end, this.#abort.signal, () => !this.isStale)
    this.#bytes.catch(() => undefined)
  }

  covers(start: number, end: number): boolean {
    return !this.isStale && !this.#abort.signal.aborted && this.start <= start && end <= this.end
  }

  /** The bytes, or `run.cancelled` as soon as the signal of this one who waits fires; the read goes on for others. */
  async wait(signal: AbortSignal | undefined): Promise<Uint8Array> {
    this.#waiting++
    let stop: (() => void) | undefined
    const stopped = new Promise<never>((_, reject) => {
      stop = () => reject(cancelled())
      signal?.addEventListener('abort', stop)
    })
    try {
      throwIfAborted(signal)
      return await Promise.race([this.#bytes, stopped])
    } finally {
      if (stop) signal?.removeEventListener('abort', stop)
      if (--this.#waiting === 0) this.#abort.abort()
    }
  }

  async settled(): Promise<void> {
    await this.#bytes.catch(() => undefined)
  }
}

/** Reads under way by object, so that those who want the same bytes at the same time ask for them once. */
export class SharedReads {
  readonly #reads = new Map<string, Set<SharedRead>>()

  /** The read under way that gives these bytes, if there is one. */
  find(name: string, start: number, end: number): SharedRead | undefined {
    return [...(this.#reads.get(name) ?? [])].find(read => read.covers(start, end))
  }

  /** Begins to read; the result must be waited for. */
  begin(name: string, start: number, end: number, read: ReadStretch): SharedRead {
    const begun = new SharedRead(start, end, read)
    const reads = this.#reads.get(name) ?? new Set()
    this.#reads.set(name, reads.add(begun))
    void begun.settled().then(() => {
      reads.delete(begun)
      if (reads.size === 0 && this.#reads.get(name) === reads) this.#reads.delete(name)
    })
    return begun
  }

  /** From now on nobody gets what is being read of an object, and nothing of it is kept. */
  discredit(name: string): void {
    for (const read of this.#reads.get(name) ?? []) read.isStale = true
  }

  /** Resolves when what is being read of an object now has ended. */
  async settled(name: string): Promise<void> {
    for (const read of [...(this.#reads.get(name) ?? [])]) await read.settled()
  }
}
