import { createCipheriv, createDecipheriv } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { aes, builtInAes, directAes } from '../../../engine/base/linux/aes.ts'
import { randomBytes } from '../../../engine/base/random.ts'

const ways = { 'the library in the process': directAes()!, 'node:crypto': builtInAes(), 'what is chosen': aes() }
const bytes = (maxLength: number, minLength = 0) => fc.uint8Array({ minLength, maxLength }).map(Buffer.from)
const key = bytes(32, 32)
const nonce = bytes(12, 12)

describe.each(Object.entries(ways))('AES through %s', (_, way) => {
  it('seals what others open, and opens what others seal', () => {
    fc.assert(
      fc.property(key, nonce, bytes(40), bytes(5000), (key, nonce, aad, plain) => {
        const sealed = Buffer.alloc(plain.length + 16)
        way.seal(key, nonce, aad, plain, sealed)
        const decipher = createDecipheriv('aes-256-gcm', key, nonce)
        decipher.setAAD(aad).setAuthTag(sealed.subarray(plain.length))
        expect(Buffer.concat([decipher.update(sealed.subarray(0, -16)), decipher.final()])).toEqual(plain)

        const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(aad)
        const theirs = Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()])
        const out = Buffer.alloc(plain.length)
        expect(way.open(key, nonce, aad, theirs, out)).toBe(true)
        expect(out).toEqual(plain)
      }),
    )
  })

  it('works in place', () => {
    const [k, n, aad, plain] = [randomBytes(32), randomBytes(12), randomBytes(6), randomBytes(300_000)]
    const memory = Buffer.concat([plain, Buffer.alloc(16)])
    way.seal(k, n, aad, memory.subarray(0, plain.length), memory)
    expect(memory.subarray(0, 100)).not.toEqual(plain.subarray(0, 100))
    expect(way.open(k, n, aad, memory, memory)).toBe(true)
    expect(memory.subarray(0, plain.length).equals(plain)).toBe(true)
  })

  it('works on memory that is shared between threads', () => {
    const [k, n] = [randomBytes(32), randomBytes(12)]
    const shared = Buffer.from(new SharedArrayBuffer(1016))
    shared.fill(7)
    way.seal(k, n, Buffer.alloc(0), shared.subarray(0, 1000), shared)
    expect(way.open(k, n, Buffer.alloc(0), shared, shared)).toBe(true)
    expect(shared.subarray(0, 1000).every(byte => byte === 7)).toBe(true)
  })

  it('notices any flipped bit, of bytes, tag and associated data, and goes on after it', () => {
    const [k, n, aad, plain] = [randomBytes(32), randomBytes(12), randomBytes(6), randomBytes(50)]
    const sealed = Buffer.alloc(66)
    way.seal(k, n, aad, plain, sealed)
    const out = Buffer.alloc(50)
    for (let bit = 0; bit < 66 * 8; bit++) {
      const altered = Buffer.from(sealed)
      altered[bit >> 3]! ^= 1 << (bit & 7)
      expect(way.open(k, n, aad, altered, out)).toBe(false)
    }
    expect(way.open(k, n, Buffer.concat([aad, aad]), sealed, out)).toBe(false)
    expect(way.open(k, n, aad, sealed, out)).toBe(true)
    expect(out).toEqual(plain)
  })

  it('computes GMACs, one after the other under one key', () => {
    fc.assert(
      fc.property(key, nonce, fc.array(bytes(3000), { minLength: 1, maxLength: 5 }), (key, nonce, list) => {
        const gmac = way.gmac(key, nonce)
        for (const data of list) {
          const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(data)
          cipher.final()
          const tag = Buffer.alloc(16)
          gmac(data, tag)
          expect(tag).toEqual(cipher.getAuthTag())
        }
      }),
    )
  })

  it('encrypts single blocks, in any number', () => {
    const k = randomBytes(32)
    const permute = way.permutation(k)
    for (let i = 0; i < 5; i++) {
      const block = randomBytes(16)
      const expected = createCipheriv('aes-256-ecb', k, null).setAutoPadding(false).update(block)
      permute(block)
      expect(block).toEqual(expected)
    }
  })

  it('writes nothing where there is no room', () => {
    const [k, n, none] = [randomBytes(32), randomBytes(12), Buffer.alloc(0)]
    expect(() => way.seal(k, n, none, Buffer.alloc(20), Buffer.alloc(20))).toThrow(RangeError)
    expect(() => way.open(k, n, none, Buffer.alloc(40), Buffer.alloc(20))).toThrow(RangeError)
    expect(() => way.gmac(k, n)(Buffer.alloc(40), Buffer.alloc(15))).toThrow(RangeError)
  })
})

it('is the library in the process on the pinned runtime', () => {
  expect(directAes()).toBeDefined()
})
