import { type Cipheriv, createCipheriv, createDecipheriv } from 'node:crypto'
import { createRequire } from 'node:module'
import { freeWith } from './foreignMemory.ts'

/**
 * AES-256 for many blocks in one thread: GCM with a nonce of 12 bytes and a tag of 16 (NIST SP 800-38D), GMAC, and single
 * blocks.
 * Node carries libcrypto and exports its functions; called directly with contexts that are kept, they take a third of the
 * time that node:crypto takes for a small block, and they work where the bytes are instead of in fresh memory. Where the
 * functions cannot be reached, node:crypto does it.
 */
export interface Aes {
  /**
   * Encrypts `plain` into `out`, which must be 16 bytes longer, and puts the tag behind it. `out` may begin where `plain`
   * does. A key and nonce must never be used for two messages.
   */
  seal(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, plain: Uint8Array, out: Uint8Array): void
  /**
   * Decrypts what `seal` made into `out`, which must have room for all but the tag and may begin where `sealed` does. False
   * when the tag does not fit; what `out` then holds means nothing.
   */
  open(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, sealed: Uint8Array, out: Uint8Array): boolean
  /** GMAC under one key and nonce: writes the 16-byte tag of `data` to `tag`. Not for use from two threads. */
  gmac(key: Uint8Array, nonce: Uint8Array): (data: Uint8Array, tag: Uint8Array) => void
  /** Encrypts one block of 16 bytes in its place. Not for use from two threads. */
  permutation(key: Uint8Array): (block: Uint8Array) => void
}

const tagBytes = 16

/** For tests that must run both. */
export function builtInAes(): Aes {
  return {
    seal(key, nonce, aad, plain, out) {
      mustFit(plain.length + tagBytes, out)
      const cipher = createCipheriv('aes-256-gcm', key, nonce)
      cipher.setAAD(aad)
      out.set(cipher.update(plain))
      cipher.final()
      out.set(cipher.getAuthTag(), plain.length)
    },
    open(key, nonce, aad, sealed, out) {
      mustFit(sealed.length - tagBytes, out)
      const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes })
      decipher.setAAD(aad)
      decipher.setAuthTag(sealed.subarray(sealed.length - tagBytes))
      out.set(decipher.update(sealed.subarray(0, sealed.length - tagBytes)))
      try {
        decipher.final()
        return true
      } catch {
        return false
      }
    },
    gmac: (key, nonce) => (data, tag) => {
      mustFit(tagBytes, tag)
      const cipher = createCipheriv('aes-256-gcm', key, nonce)
      cipher.setAAD(data)
      cipher.final()
      tag.set(cipher.getAuthTag())
    },
    permutation(key) {
      const cipher: Cipheriv = createCipheriv('aes-256-ecb', key, null).setAutoPadding(false)
      return block => block.set(cipher.update(block))
    },
  }
}

/** openssl/evp.h: EVP_CTRL_AEAD_GET_TAG, EVP_CTRL_AEAD_SET_TAG. */
const getTag = 0x10
const setTag = 0x11

/** Calls into the libcrypto of this process; undefined when it exports none, or koffi cannot be loaded. */
export function directAes(): Aes | undefined {
  try {
    const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi')
    const lib = koffi.load(null)
    const newContext = lib.func('void *EVP_CIPHER_CTX_new()')
    const freeContext = lib.func('void EVP_CIPHER_CTX_free(void *ctx)')
    const gcm = lib.func('void *EVP_aes_256_gcm()')() as unknown
    const ecb = lib.func('void *EVP_aes_256_ecb()')() as unknown
    const unpadded = lib.func('int EVP_CIPHER_CTX_set_padding(void *ctx, int pad)')
    const control = lib.func('int EVP_CIPHER_CTX_ctrl(void *ctx, int type, int arg, uint8_t *ptr)')
    const init = (way: 'Encrypt' | 'Decrypt'): Foreign =>
      lib.func(`int EVP_${way}Init_ex(void *ctx, void *type, void *engine, uint8_t *key, uint8_t *iv)`)
    const update = (way: 'Encrypt' | 'Decrypt'): Foreign =>
      lib.func(`int EVP_${way}Update(void *ctx, uint8_t *out, uint8_t *outl, uint8_t *in, int inl)`)
    const end = (way: 'Encrypt' | 'Decrypt'): Foreign =>
      lib.func(`int EVP_${way}Final_ex(void *ctx, uint8_t *out, uint8_t *outl)`)
    const [encryptInit, encrypt, encryptEnd] = [init('Encrypt'), update('Encrypt'), end('Encrypt')]
    const [decryptInit, decrypt, decryptEnd] = [init('Decrypt'), update('Decrypt'), end('Decrypt')]
    /** Where the functions say how much they wrote, which is always all of it. */
    const length = Buffer.alloc(4)
    const nothing = Buffer.alloc(tagBytes)
    const must = (result: number) => {
      if (result !== 1) throw new Error('libcrypto refused a call')
    }
    const sealing = newContext() as unknown
    const opening = newContext() as unknown
    must(encryptInit(sealing, gcm, null, null, null))
    must(decryptInit(opening, gcm, null, null, null))
    const direct: Aes = {
      seal(key, nonce, aad, plain, out) {
        mustFit(plain.length + tagBytes, out)
        must(encryptInit(sealing, null, null, key, nonce))
        must(encrypt(sealing, null, length, aad, aad.length))
        must(encrypt(sealing, out, length, plain, plain.length))
        must(encryptEnd(sealing, nothing, length))
        must(control(sealing, getTag, tagBytes, out.subarray(plain.length)))
      },
      open(key, nonce, aad, sealed, out) {
        const bytes = sealed.length - tagBytes
        mustFit(bytes, out)
        must(decryptInit(opening, null, null, key, nonce))
        must(decrypt(opening, null, length, aad, aad.length))
        must(decrypt(opening, out, length, sealed, bytes))
        must(control(opening, setTag, tagBytes, sealed.subarray(bytes)))
        return decryptEnd(opening, nothing, length) === 1
      },
      gmac(key, nonce) {
        const context = newContext() as unknown
        must(encryptInit(context, gcm, null, key, nonce))
        const tagOf = (data: Uint8Array, tag: Uint8Array): void => {
          mustFit(tagBytes, tag)
          // Key schedule and hash table are those of before; only the nonce is set again.
          must(encryptInit(context, null, null, null, nonce))
          must(encrypt(context, null, length, data, data.length))
          must(encryptEnd(context, nothing, length))
          must(control(context, getTag, tagBytes, tag))
        }
        freeWith(tagOf, () => freeContext(context))
        return tagOf
      },
      permutation(key) {
        const context = newContext() as unknown
        must(encryptInit(context, ecb, null, key, null))
        must(unpadded(context, 0))
        const permute = (block: Uint8Array): void => must(encrypt(context, block, length, block, tagBytes))
        freeWith(permute, () => freeContext(context))
        return permute
      },
    }
    freeWith(direct, () => {
      freeContext(sealing)
      freeContext(opening)
    })
    return direct
  } catch {
    return undefined
  }
}

function mustFit(bytes: number, room: Uint8Array): void {
  if (room.length < bytes) throw new RangeError(`There is room for ${room.length} bytes; ${bytes} are needed.`)
}

type Foreign = (...values: unknown[]) => number

let shared: Aes | undefined

/** The quickest AES that works here; one for each thread. */
export function aes(): Aes {
  shared ??= tried(directAes()) ?? builtInAes()
  return shared
}

/** Foreign functions are believed only after they have shown that they do what node:crypto does. */
function tried(candidate: Aes | undefined): Aes | undefined {
  if (!candidate) return undefined
  const [one, other] = [probe(candidate), probe(builtInAes())]
  return one.every((bytes, i) => bytes.equals(other[i]!)) ? candidate : undefined
}

/** What an implementation makes of fixed bytes, twice, since contexts are kept. */
function probe(way: Aes): Buffer[] {
  const key = Buffer.alloc(32, 7)
  const nonce = Buffer.alloc(12, 9)
  const aad = Buffer.from('associated')
  const plain = Buffer.from('holdfast '.repeat(9))
  const out: Buffer[] = []
  const gmac = way.gmac(key, nonce)
  const permute = way.permutation(key)
  for (let i = 0; i < 2; i++) {
    const sealed = Buffer.alloc(plain.length + tagBytes)
    way.seal(key, nonce, aad, plain, sealed)
    const back = Buffer.alloc(plain.length)
    const good = way.open(key, nonce, aad, sealed, back)
    const altered = Buffer.from(sealed)
    altered[3]! ^= 1
    const bad = way.open(key, nonce, aad, altered, Buffer.alloc(plain.length))
    const tag = Buffer.alloc(tagBytes)
    gmac(plain, tag)
    const block = Buffer.from(tag)
    permute(block)
    out.push(sealed, back, tag, block, Buffer.from([good ? 1 : 0, bad ? 1 : 0]))
  }
  return out
}
