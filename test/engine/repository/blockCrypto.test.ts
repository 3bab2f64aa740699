import { createCipheriv } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { randomBytes } from '../../../engine/base/random.ts'
import {
  BlockIdentifier,
  compressFrame,
  type FramePlace,
  openFrame,
  sealFrame,
  zstdLevel,
} from '../../../engine/repository/blockCrypto.ts'
import { blockKind, compression } from '../../../engine/repository/format.ts'

const key32 = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(Buffer.from)

describe('BlockIdentifier', () => {
  it('is AES of the GMAC under the keys of the kind, for any keys and any blocks in any order', () => {
    const blocks = fc.array(fc.tuple(fc.boolean(), fc.uint8Array({ minLength: 1, maxLength: 2000 })), {
      minLength: 1,
      maxLength: 8,
    })
    fc.assert(
      fc.property(key32, key32, key32, blocks, (blockId, mapId, idMask, list) => {
        const identifier = new BlockIdentifier({ blockId, mapId, idMask })
        for (const [isMap, plain] of list) {
          const gmac = createCipheriv('aes-256-gcm', isMap ? mapId : blockId, Buffer.alloc(12))
          gmac.setAAD(plain).final()
          const expected = createCipheriv('aes-256-ecb', idMask, null).setAutoPadding(false).update(gmac.getAuthTag())
          expect(identifier.idOf(isMap ? blockKind.map : blockKind.data, plain)).toEqual(expected)
        }
      }),
      { numRuns: 100 },
    )
  })

  it('gives ids that stay as they are when the next block is identified', () => {
    const [blockId, mapId, idMask] = [randomBytes(32), randomBytes(32), randomBytes(32)] as const
    const identifier = new BlockIdentifier({ blockId, mapId, idMask })
    const first = identifier.idOf(blockKind.data, Buffer.from('one'))
    const copy = Buffer.from(first)
    identifier.idOf(blockKind.data, Buffer.alloc(70_000, 1))
    expect(first).toEqual(copy)
  })

  it('gives blocks that differ in length alone different ids', () => {
    const identifier = new BlockIdentifier({
      blockId: randomBytes(32),
      mapId: randomBytes(32),
      idMask: randomBytes(32),
    })
    const ids = [1, 15, 16, 17, 32, 4096].map(length =>
      identifier.idOf(blockKind.data, Buffer.alloc(length)).toString('hex'),
    )
    expect(new Set(ids).size).toBe(ids.length)
  })
})

describe('frames', () => {
  const frameKey = randomBytes(32)
  const seal = (plain: Buffer, kind: FramePlace['kind'] = blockKind.data, offset = 84) => {
    const { body, method } = compressFrame(kind, plain, zstdLevel.later, Buffer.alloc(plain.length + 1000))
    const place: FramePlace = { kind, compression: method, offset, plainBytes: plain.length }
    const pack = Buffer.alloc(offset + body.length + 16)
    const storedBytes = sealFrame(frameKey, place, body, pack)
    expect(storedBytes).toBe(body.length + 16)
    return { place, sealed: pack.subarray(offset) }
  }

  it('come back as they were, at any place', () => {
    const plains = fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 3000 }).map(Buffer.from),
      fc.tuple(fc.nat(255), fc.integer({ min: 1, max: 300_000 })).map(([byte, length]) => Buffer.alloc(length, byte)),
    )
    fc.assert(
      fc.property(plains, fc.constantFrom(1, 2), fc.nat(100_000), (plain, kind, offset) => {
        const { place, sealed } = seal(plain, kind as FramePlace['kind'], offset)
        const opened = openFrame(frameKey, place, sealed)
        expect('plain' in opened && opened.plain.equals(plain)).toBe(true)
      }),
      { numRuns: 100 },
    )
  })

  it('are compressed when that makes them smaller, and stored as they are otherwise', () => {
    expect(seal(Buffer.alloc(10_000)).place.compression).toBe(compression.zstd)
    expect(seal(Buffer.alloc(10_000)).sealed.length).toBeLessThan(200)
    expect(seal(randomBytes(10_000)).place.compression).toBe(compression.none)
    expect(seal(Buffer.alloc(10_000), blockKind.map).place.compression).toBe(compression.none)
  })

  it.each([
    ['compressed', Buffer.from('Holdfast '.repeat(20))],
    ['raw', randomBytes(60)],
  ])('are known to be altered when any bit was turned (%s)', (_, plain) => {
    const { place, sealed } = seal(plain)
    for (let at = 0; at < sealed.length; at++) {
      for (const mask of [0x01, 0x80, 0xff]) {
        const bad = Buffer.from(sealed)
        bad[at]! ^= mask
        expect(openFrame(frameKey, place, bad)).toEqual({ fault: 'altered' })
      }
    }
  })

  it('are known to be altered when they are cut short, or stand elsewhere than they were sealed', () => {
    const { place, sealed } = seal(Buffer.from('Holdfast '.repeat(20)))
    for (let length = 0; length < sealed.length; length++) {
      expect(openFrame(frameKey, place, sealed.subarray(0, length))).toEqual({ fault: 'altered' })
    }
    const others: Partial<FramePlace>[] = [
      { offset: place.offset + 1 },
      { kind: blockKind.map },
      { compression: compression.none },
      { plainBytes: place.plainBytes + 1 },
    ]
    for (const other of others)
      expect(openFrame(frameKey, { ...place, ...other }, sealed)).toEqual({ fault: 'altered' })
    expect(openFrame(randomBytes(32), place, sealed)).toEqual({ fault: 'altered' })
  })

  it('are told from sound ones when their seal is genuine and their content is not', () => {
    const sealAs = (place: FramePlace, body: Buffer) => {
      const pack = Buffer.alloc(body.length + 16)
      sealFrame(frameKey, place, body, pack)
      return openFrame(frameKey, place, pack)
    }
    const opened = { kind: blockKind.data, offset: 0, plainBytes: 5000 }
    const zstd = { ...opened, compression: compression.zstd }
    expect(sealAs({ ...opened, compression: compression.none }, Buffer.alloc(4999))).toEqual({ fault: 'wrong length' })
    expect(sealAs(zstd, Buffer.from('this is not zstd'))).toEqual({ fault: 'undecodable' })
    const badLength = (body: Buffer, plainBytes: number) => {
      expect(sealAs({ ...zstd, plainBytes }, body)).toEqual({
        fault: expect.toBeOneOf(['wrong length', 'undecodable']),
      })
    }
    badLength(Buffer.alloc(0), 5000)
    const { body } = compressFrame(blockKind.data, Buffer.alloc(5000), zstdLevel.first, Buffer.alloc(6000))
    for (const plainBytes of [4999, 5001, 64, 1]) badLength(Buffer.from(body), plainBytes)
  })
})
