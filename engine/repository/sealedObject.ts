import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { randomBytes } from '../base/random.ts'
import { HoldfastError } from '../contract/errors.ts'
import { compression, sealed as layout, type SealedKind } from './format.ts'
import { gcmOpen, gcmSeal, hmac, zeroNonce } from './gcm.ts'

/** Larger plaintexts than this are refused on sealing and on opening: nothing that Holdfast writes comes near. */
const maximumPlainBytes = 64 * 1024 * 1024

/**
 * Seals a small object: 40-byte header (magic, version, kind, compression, zero, salt), AES-256-GCM ciphertext, tag.
 * The key is HMAC-SHA-256(object key, salt) and seals this object alone; header and name are associated data, so an object
 * under another name, or of another kind, does not open.
 */
export function sealObject(objectKey: Uint8Array, kind: SealedKind, name: string, plain: Uint8Array): Buffer {
  if (plain.length > maximumPlainBytes) {
    throw new HoldfastError(
      'internal.bug',
      `The object ${name} would have ${plain.length} bytes, and never open again.`,
      {
        advice: 'Report this as a bug.',
        details: { name, plainBytes: plain.length },
      },
    )
  }
  const packed = zstdCompressSync(plain, { params: { [constants.ZSTD_c_compressionLevel]: 3 } })
  const shrunk = packed.length < plain.length
  const header = Buffer.alloc(layout.headerBytes)
  header.set(layout.magic, 0)
  header[4] = layout.version
  header[5] = kind
  header[6] = shrunk ? compression.zstd : compression.none
  header.set(randomBytes(layout.saltBytes), 8)
  const key = hmac(objectKey, header.subarray(8))
  return Buffer.concat([
    header,
    gcmSeal(key, zeroNonce, Buffer.concat([header, Buffer.from(name)]), shrunk ? packed : plain),
  ])
}

/** Opens what sealObject made. Undefined when it is not an intact object of this kind and name. */
export function openObject(
  objectKey: Uint8Array,
  kind: SealedKind,
  name: string,
  bytes: Uint8Array,
): Buffer | undefined {
  if (bytes.length < layout.headerBytes) return undefined
  const header = Buffer.from(bytes.subarray(0, layout.headerBytes))
  if (!header.subarray(0, 4).equals(layout.magic) || header[5] !== kind || header[7] !== 0) return undefined
  const key = hmac(objectKey, header.subarray(8))
  const body = gcmOpen(key, zeroNonce, Buffer.concat([header, Buffer.from(name)]), bytes.subarray(layout.headerBytes))
  if (!body) return undefined
  if (header[4] !== layout.version) {
    throw new HoldfastError('repository.formatTooNew', `The object ${name} was written by a newer Holdfast.`, {
      advice: 'Update Holdfast on this computer and try again.',
      details: { name, version: header[4] },
    })
  }
  if (header[6] !== compression.zstd) return body
  try {
    return zstdDecompressSync(body, { maxOutputLength: maximumPlainBytes })
  } catch {
    return undefined
  }
}
