import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import type { PutOptions } from '../storage.ts'

/** What goes to a connection at one time. */
const chunkBytes = 256 * 1024
/** So much is hashed before others get their turn: some milliseconds. */
const hashBytes = 4 * 1024 * 1024

export const lengthOf = (parts: readonly Uint8Array[]): number => parts.reduce((sum, part) => sum + part.length, 0)

/** Parts that go out in one request, not copied, and their hash. */
export class Upload {
  readonly length: number
  /** SHA-256 of everything, in hex: signed with the request, and checked by the server against what it got. */
  readonly hash: string
  /** In base64, where it was asked for: what is put under a lock must have it. */
  readonly md5: string | undefined
  readonly #parts: readonly Uint8Array[]
  readonly #onSent: PutOptions['onSent']
  #isHandedOut = false

  private constructor(
    parts: readonly Uint8Array[],
    { hash, md5, onSent }: { hash: string; md5: string | undefined; onSent: PutOptions['onSent'] },
  ) {
    this.md5 = md5
    this.#onSent = onSent
    this.#parts = parts
    this.length = lengthOf(parts)
    this.hash = hash
  }

  static async of(
    parts: readonly Uint8Array[],
    { md5: wantsMd5 = false, onSent }: { md5?: boolean; onSent?: PutOptions['onSent'] } = {},
  ): Promise<Upload> {
    const hash = createHash('sha256')
    const md5 = wantsMd5 ? createHash('md5') : undefined
    let sinceTurn = 0
    for (const piece of pieces(parts, hashBytes)) {
      hash.update(piece)
      md5?.update(piece)
      sinceTurn += piece.length
      if (sinceTurn < hashBytes) continue
      await setImmediate()
      sinceTurn = 0
    }
    return new Upload(parts, { hash: hash.digest('hex'), md5: md5?.digest('base64'), onSent })
  }

  /**
   * True when the last byte may have left: the server may have all of it and store it whatever becomes of the connection, so
   * that only its answer can tell what there is.
   */
  get isHandedOut(): boolean {
    return this.#isHandedOut || this.length === 0
  }

  body(): Readable | Uint8Array {
    if (this.length === 0) return new Uint8Array(0)
    return Readable.from(this.#handOut(), { objectMode: false, highWaterMark: chunkBytes })
  }

  *#handOut(): Generator<Uint8Array> {
    let left = this.length
    for (const piece of pieces(this.#parts, chunkBytes)) {
      left -= piece.length
      if (left === 0) this.#isHandedOut = true
      this.#onSent?.(piece.length)
      yield piece
    }
  }
}

/** The range [offset, offset + length) of parts that are taken as one, not copied. */
export function cut(parts: readonly Uint8Array[], offset: number, length: number): Uint8Array[] {
  const found: Uint8Array[] = []
  let start = 0
  for (const part of parts) {
    const from = Math.max(offset - start, 0)
    const to = Math.min(offset + length - start, part.length)
    if (from < to) found.push(part.subarray(from, to))
    start += part.length
  }
  return found
}

function* pieces(parts: readonly Uint8Array[], most: number): Generator<Uint8Array> {
  for (const part of parts) {
    for (let offset = 0; offset < part.length; offset += most) yield part.subarray(offset, offset + most)
  }
}
