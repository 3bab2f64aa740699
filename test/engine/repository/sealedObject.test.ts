import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { randomBytes } from '../../../engine/base/random.ts'
import { compression, sealed, sealedKind } from '../../../engine/repository/format.ts'
import { gcmSeal, hmac, zeroNonce } from '../../../engine/repository/gcm.ts'
import { openObject, sealObject } from '../../../engine/repository/sealedObject.ts'

const key = randomBytes(32)
const name = 'versions/0123456789abcdef'
const { version } = sealedKind
const someContent = Buffer.from(JSON.stringify({ hello: 'world', again: 'world world world world world world' }))

describe('a sealed object', () => {
  it('gives back what was sealed', () => {
    const contents = fc.oneof(fc.uint8Array({ maxLength: 300 }), fc.string({ maxLength: 3000 }).map(Buffer.from))
    fc.assert(
      fc.property(contents, fc.constantFrom(...Object.values(sealedKind)), (plain, kind) => {
        const opened = openObject(key, kind, name, sealObject(key, kind, name, plain))
        expect(opened).toEqual(Buffer.from(plain))
      }),
      { numRuns: 100 },
    )
  })

  it('is smaller than what repeats itself, and larger than noise by header and tag only', () => {
    expect(sealObject(key, version, name, Buffer.alloc(100_000)).length).toBeLessThan(1000)
    const noise = randomBytes(10_000)
    expect(sealObject(key, version, name, noise)).toHaveLength(sealed.headerBytes + noise.length + 16)
  })

  it('never looks the same twice', () => {
    const [one, other] = [sealObject(key, version, name, someContent), sealObject(key, version, name, someContent)]
    expect(one.subarray(8, 40)).not.toEqual(other.subarray(8, 40))
    expect(one.subarray(40)).not.toEqual(other.subarray(40))
  })

  it('does not open as another kind, under another name or with another key', () => {
    const bytes = sealObject(key, version, name, someContent)
    expect(openObject(key, sealedKind.mark, name, bytes)).toBeUndefined()
    expect(openObject(key, version, 'versions/0123456789abcdee', bytes)).toBeUndefined()
    expect(openObject(randomBytes(32), version, name, bytes)).toBeUndefined()
    // The kind is part of what is sealed, not only of what is compared.
    const relabelled = Buffer.from(bytes)
    relabelled[5] = sealedKind.mark
    expect(openObject(key, sealedKind.mark, name, relabelled)).toBeUndefined()
  })

  it.each([
    ['compressed', someContent],
    ['raw', randomBytes(50)],
    ['empty', Buffer.alloc(0)],
  ])('does not open when any bit of it was turned (%s)', (_, plain) => {
    const bytes = sealObject(key, version, name, plain)
    for (let at = 0; at < bytes.length; at++) {
      for (const mask of [0x01, 0x02, 0x80, 0xff]) {
        const bad = Buffer.from(bytes)
        bad[at]! ^= mask
        expect(openObject(key, version, name, bad), `byte ${at}`).toBeUndefined()
      }
    }
  })

  it('does not open when it was cut short or has something behind it', () => {
    const bytes = sealObject(key, version, name, someContent)
    for (let length = 0; length < bytes.length; length++) {
      expect(openObject(key, version, name, bytes.subarray(0, length))).toBeUndefined()
    }
    expect(openObject(key, version, name, Buffer.concat([bytes, Buffer.alloc(1)]))).toBeUndefined()
  })

  it('says so when a newer Holdfast made it', () => {
    const header = Buffer.alloc(sealed.headerBytes)
    header.set(sealed.magic)
    header[4] = sealed.version + 1
    header[5] = version
    const aad = Buffer.concat([header, Buffer.from(name)])
    const bytes = Buffer.concat([header, gcmSeal(hmac(key, header.subarray(8)), zeroNonce, aad, someContent)])
    expect(() => openObject(key, version, name, bytes)).toThrow(
      expect.objectContaining({ code: 'repository.formatTooNew' }),
    )
  })

  it('does not open when its content claims to be compressed and is not', () => {
    const header = Buffer.alloc(sealed.headerBytes)
    header.set(sealed.magic)
    header.set([sealed.version, version, compression.zstd], 4)
    const aad = Buffer.concat([header, Buffer.from(name)])
    const bytes = Buffer.concat([header, gcmSeal(hmac(key, header.subarray(8)), zeroNonce, aad, someContent)])
    expect(openObject(key, version, name, bytes)).toBeUndefined()
  })

  it('is refused when it would be too large to be opened again', () => {
    const tooLarge = Buffer.alloc(64 * 1024 * 1024 + 1)
    expect(() => sealObject(key, version, name, tooLarge)).toThrow(expect.objectContaining({ code: 'internal.bug' }))
    const largest = tooLarge.subarray(1)
    expect(openObject(key, version, name, sealObject(key, version, name, largest))).toHaveLength(largest.length)
  })
})
