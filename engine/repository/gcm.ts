import { createCipheriv, createDecipheriv, createHmac } from 'node:crypto'
import { gcmNonceBytes, gcmTagBytes } from './format.ts'

/** Every key that is used with this nonce seals exactly one message. */
export const zeroNonce = Buffer.alloc(gcmNonceBytes)

/** HMAC-SHA-256 of the concatenated parts: keys derived from a random key, and MACs. */
export function hmac(key: Uint8Array, ...parts: readonly (Uint8Array | string)[]): Buffer {
  const h = createHmac('sha256', key)
  for (const part of parts) h.update(part)
  return h.digest()
}

/** AES-256-GCM: ciphertext with the 16-byte tag behind it. */
export function gcmSeal(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, plain: Uint8Array): Buffer {
  const cipher = createCipheriv('aes-256-gcm', key, nonce)
  cipher.setAAD(aad)
  return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()])
}

/** Opens what gcmSeal made. Undefined when the tag does not fit: wrong key, other associated data, or altered bytes. */
export function gcmOpen(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, sealed: Uint8Array): Buffer | undefined {
  if (sealed.length < gcmTagBytes) return undefined
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: gcmTagBytes })
  decipher.setAAD(aad)
  decipher.setAuthTag(sealed.subarray(sealed.length - gcmTagBytes))
  const plain = decipher.update(sealed.subarray(0, sealed.length - gcmTagBytes))
  try {
    decipher.final()
    return plain
  } catch {
    return undefined
  }
}
