import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto'
import type { DurableFile } from '../base/durableFile.ts'
import { pageBytes } from './overlayPages.ts'

const cipher = 'aes-256-xts'
/** What drives write at once, or not at all. */
const sectorBytes = 512
const zeros = Buffer.alloc(sectorBytes)

/** The key of an overlay: HKDF-SHA-256 of the master key (RFC 5869), salt = its id, info = "holdfast/v1/overlay"; 64 bytes. */
export function overlayKey(masterKey: Uint8Array, id: string): Buffer {
  return Buffer.from(hkdfSync('sha256', masterKey, Buffer.from(id, 'hex'), 'holdfast/v1/overlay', 64))
}

/**
 * The pages of an overlay in a sparse file, each at the place that it has in the device, encrypted by AES-256-XTS with its number
 * as the tweak (IEEE 1619, as disk encryption does): pages are written over in place, with no room for a nonce, and one that
 * is torn by a power cut still decrypts 16 bytes by 16 bytes. A sector of zeros in the file is a hole, not a ciphertext.
 */
export class OverlayData {
  readonly #file: DurableFile
  readonly #key: Buffer

  constructor(file: DurableFile, key: Buffer) {
    this.#file = file
    this.#key = key
  }

  /** Fills whole pages from page `first` on. */
  async read(buffer: Buffer, first: number): Promise<void> {
    await this.#file.read(buffer, first * pageBytes)
    for (let at = 0; at < buffer.length; at += pageBytes) {
      const page = buffer.subarray(at, at + pageBytes)
      const empty = emptySectors(page)
      if (empty.length < pageBytes / sectorBytes) {
        createDecipheriv(cipher, this.#key, tweak(first + at / pageBytes))
          .update(page)
          .copy(page)
      }
      for (const sector of empty) page.fill(0, sector, sector + sectorBytes)
    }
  }

  /** Writes whole pages. */
  async write(plain: Buffer, first: number): Promise<void> {
    const sealed = Buffer.allocUnsafe(plain.length)
    for (let at = 0; at < plain.length; at += pageBytes) {
      const page = createCipheriv(cipher, this.#key, tweak(first + at / pageBytes)).update(
        plain.subarray(at, at + pageBytes),
      )
      page.copy(sealed, at)
    }
    await this.#file.write(sealed, first * pageBytes)
  }

  /** Keeps room for pages [from, to), which read as zeros then. */
  async reserve(from: number, to: number): Promise<void> {
    if (await this.#file.reserve(from * pageBytes, (to - from) * pageBytes)) return
    const most = 256
    for (let at = from; at < to; at += most) await this.write(Buffer.alloc(Math.min(most, to - at) * pageBytes), at)
  }

  /** Gives the room of pages [from, to) back, if that can be. */
  async release(from: number, to: number): Promise<void> {
    await this.#file.punch(from * pageBytes, (to - from) * pageBytes)
  }

  sync(): Promise<void> {
    return this.#file.sync()
  }
}

/** Where in a page sectors begin that hold nothing. Most others are told by their first byte. */
function emptySectors(page: Buffer): number[] {
  const found: number[] = []
  for (let at = 0; at < page.length; at += sectorBytes) {
    if (page[at] === 0 && page.compare(zeros, 0, sectorBytes, at, at + sectorBytes) === 0) found.push(at)
  }
  return found
}

function tweak(page: number): Buffer {
  const bytes = Buffer.alloc(16)
  bytes.writeBigUInt64LE(BigInt(page), 0)
  return bytes
}
