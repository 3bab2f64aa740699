/**
 * Whether a server keeps the promise of `If-None-Match: *`: to store an object only where there is none. Many pass the header
 * over without a word, some only in buckets with versions, some refuse it.
 *
 * It is found out with what is stored anyway, so that nothing is left over and no right to remove is needed: an answer 412 shows
 * that the server looks; and behind the first small object that was stored, the very same bytes are put once more, which must
 * be answered with 412. Until then, and where the promise is not kept, it is asked first whether the object is there.
 */
export class ExclusivePuts {
  #state: 'unknown' | 'kept' | 'ignored' | 'refused'

  /** `isKept`: the provider says so. */
  constructor(isKept: boolean) {
    this.#state = isKept ? 'kept' : 'unknown'
  }

  /** The object must be looked for before it is put. */
  get needsLook(): boolean {
    return this.#state !== 'kept'
  }

  /** The header may be sent. */
  get maySend(): boolean {
    return this.#state !== 'refused'
  }

  /** What was just stored, of so many bytes, should be put once more to learn what the server does. */
  isWorthProbing(bytes: number): boolean {
    return this.#state === 'unknown' && bytes <= probeBytes
  }

  /** The server has answered 412. */
  sawRefusal(): void {
    if (this.#state === 'unknown') this.#state = 'kept'
  }

  /** The server has stored over what was there. */
  sawOverwrite(): void {
    this.#state = 'ignored'
  }

  /** The server knows no such header. */
  sawNotImplemented(): void {
    this.#state = 'refused'
  }
}

/** An object that is no burden to send twice. */
const probeBytes = 64 * 1024
