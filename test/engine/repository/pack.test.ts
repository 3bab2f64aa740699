import { hash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { randomBytes, randomHex } from '../../../engine/base/random.ts'
import { frameKeyOf, openFrame } from '../../../engine/repository/blockCrypto.ts'
import {
  type BlockKind,
  blockKind,
  frameTargetBytes,
  idBytes,
  pack as layout,
  names,
} from '../../../engine/repository/format.ts'
import {
  decodeFrames,
  encodeFrames,
  openPackIndex,
  type PackInfo,
  parsePackHeader,
  parsePackTrailer,
  unwrapPackKey,
} from '../../../engine/repository/pack.ts'
import { type FinishedPack, PackBuilder } from '../../../engine/repository/packBuilder.ts'
import { listPacks, readPackInfo } from '../../../engine/repository/packReader.ts'
import { MemoryStorage } from '../../../engine/storage/memory.ts'

const packKeyKey = randomBytes(32)

interface Added {
  kind: BlockKind
  id: Buffer
  plain: Buffer
}

function build(blocks: readonly Added[], endStretchAfter = -1): FinishedPack {
  const builder = new PackBuilder(packKeyKey, { buffer: Buffer.alloc(200) })
  for (const [i, { kind, id, plain }] of blocks.entries()) {
    // The builder copies: what becomes of the caller's buffer is nothing to it.
    const lent = Buffer.from(plain)
    builder.add(kind, id, lent)
    lent.fill(0xee)
    if (i === endStretchAfter) builder.endStretch()
  }
  return builder.finish()
}

/** What a reader finds in a pack, going by nothing but its bytes. Undefined as soon as something is not right. */
function readWhole(id: PackInfo['id'], bytes: Buffer): { kind: number; id: Buffer; plain: Buffer }[] | undefined {
  const wrappedKey = parsePackHeader(id, bytes.subarray(0, layout.headerBytes))
  const trailer = bytes.subarray(Math.max(0, bytes.length - layout.trailerBytes))
  const indexBytes = parsePackTrailer(trailer, bytes.length)
  if (!wrappedKey || indexBytes === undefined) return undefined
  const indexAt = bytes.length - layout.trailerBytes - indexBytes
  const sealedIndex = bytes.subarray(indexAt, indexAt + indexBytes)
  const info = openPackIndex(packKeyKey, id, wrappedKey, sealedIndex, bytes.length)
  const key = unwrapPackKey(packKeyKey, id, wrappedKey)
  if (!info || !key) return undefined
  const blocks = []
  for (const frame of info.frames) {
    const opened = openFrame(frameKeyOf(key), frame, bytes.subarray(frame.offset, frame.offset + frame.storedBytes))
    if ('fault' in opened) return undefined
    let at = 0
    for (const { id, plainBytes } of frame.blocks) {
      blocks.push({ kind: frame.kind as number, id, plain: opened.plain.subarray(at, at + plainBytes) })
      at += plainBytes
    }
  }
  return blocks
}

/** In order of their ids; short, because comparing large buffers byte by byte takes long. */
const summary = (blocks: readonly { kind: number; id: Buffer; plain: Buffer }[] | undefined): string[] | undefined =>
  blocks?.map(({ kind, id, plain }) => `${id.toString('hex')} ${kind} ${hash('sha256', plain)}`).sort()

const sizes = fc.oneof(
  fc.integer({ min: 1, max: 5000 }),
  fc.constantFrom(-1, 0, 1).map(off => frameTargetBytes + off),
  fc.constantFrom(-1, 0, 1).map(off => frameTargetBytes / 2 + off),
  fc.constantFrom(65_536, 131_072, 2 * frameTargetBytes),
)
const someBlocks = fc.array(
  fc
    .record({ isMap: fc.nat(4).map(n => n === 0), size: sizes, byte: fc.nat(255), noisy: fc.boolean() })
    .map(({ isMap, size, byte, noisy }): Added => {
      const plain = noisy ? randomBytes(size) : Buffer.alloc(size, byte)
      return { kind: isMap ? blockKind.map : blockKind.data, id: randomBytes(idBytes), plain }
    }),
  { maxLength: 12 },
)

describe('a pack', () => {
  it('gives back every block that was added, whatever their sizes', () => {
    fc.assert(
      fc.property(someBlocks, fc.nat(12), (blocks, stretch) => {
        const { id, bytes, frames, sizeBytes } = build(blocks, stretch)
        expect(sizeBytes).toBe(bytes.length)
        expect(summary(readWhole(id, bytes))).toEqual(summary(blocks))
        for (const frame of frames) {
          if (frame.blocks.length > 1) expect(frame.plainBytes).toBeLessThanOrEqual(frameTargetBytes)
          if (frame.kind === blockKind.map) expect(frame.blocks).toHaveLength(1)
        }
      }),
      { numRuns: 60 },
    )
  })

  it('fills its frames to the brim, and not beyond', () => {
    const block = (size: number): Added => ({
      kind: blockKind.data,
      id: randomBytes(idBytes),
      plain: Buffer.alloc(size, 1),
    })
    const counts = (...list: number[]) => build(list.map(block)).frames.map(frame => frame.blocks.length)
    const half = frameTargetBytes / 2
    expect(counts(half, half, half)).toEqual([2, 1])
    expect(counts(half, half + 1)).toEqual([1, 1])
    expect(counts(half - 1, 1, half, 1)).toEqual([3, 1])
    expect(counts(1, frameTargetBytes, 1)).toEqual([1, 2])
    expect(counts(frameTargetBytes - 1, 1)).toEqual([2])
  })

  it('may be empty', () => {
    const { id, bytes } = build([])
    expect(readWhole(id, bytes)).toEqual([])
  })

  it('never gives wrong data when any byte of it was altered', () => {
    const blocks: Added[] = [
      { kind: blockKind.data, id: randomBytes(idBytes), plain: Buffer.from('compressible '.repeat(10)) },
      { kind: blockKind.data, id: randomBytes(idBytes), plain: randomBytes(40) },
      { kind: blockKind.map, id: randomBytes(idBytes), plain: randomBytes(52) },
    ]
    const { id, bytes } = build(blocks)
    for (let at = 0; at < bytes.length; at++) {
      for (const mask of [0x01, 0x10, 0x80, 0xff]) {
        const bad = Buffer.from(bytes)
        bad[at]! ^= mask
        expect(readWhole(id, bad), `byte ${at}`).toBeUndefined()
      }
    }
  })

  it('is not taken for whole when it was cut short or has grown, nor under another id', () => {
    const { id, bytes } = build([{ kind: blockKind.data, id: randomBytes(idBytes), plain: randomBytes(100) }])
    for (let length = 0; length < bytes.length; length++) {
      expect(readWhole(id, bytes.subarray(0, length))).toBeUndefined()
    }
    expect(readWhole(id, Buffer.concat([bytes, Buffer.alloc(1)]))).toBeUndefined()
    // Grown in the middle, with a sound trailer.
    expect(readWhole(id, Buffer.concat([bytes.subarray(0, 84), Buffer.alloc(7), bytes.subarray(84)]))).toBeUndefined()
    expect(readWhole(randomHex(16) as PackInfo['id'], bytes)).toBeUndefined()
  })

  it('does not open with the index of another pack', () => {
    const [one, other] = [1, 2].map(() =>
      build([{ kind: blockKind.data, id: randomBytes(idBytes), plain: Buffer.alloc(100, 1) }]),
    ) as [FinishedPack, FinishedPack]
    const tail = (pack: FinishedPack) =>
      pack.bytes.subarray(pack.frames.at(-1)!.offset + pack.frames.at(-1)!.storedBytes)
    expect(one.bytes.length).toBe(other.bytes.length)
    const mixed = Buffer.concat([one.bytes.subarray(0, one.bytes.length - tail(one).length), tail(other)])
    expect(readWhole(one.id, mixed)).toBeUndefined()
  })
})

describe('frames in an index', () => {
  it('come back as they were', () => {
    fc.assert(
      fc.property(someBlocks, blocks => {
        const { frames } = build(blocks)
        expect(decodeFrames(encodeFrames(frames))).toEqual(frames)
      }),
      { numRuns: 20 },
    )
  })

  it('are refused when their lengths do not add up', () => {
    const blocks = [10, 20, 30].map(size => ({
      kind: blockKind.data,
      id: randomBytes(idBytes),
      plain: Buffer.alloc(size),
    }))
    const bytes = encodeFrames(build(blocks).frames)
    for (let length = 1; length < bytes.length; length++) {
      expect(decodeFrames(bytes.subarray(0, length))).toBeUndefined()
    }
    bytes.writeUInt32LE(61, 8)
    expect(decodeFrames(bytes)).toBeUndefined()
  })
})

describe('readPackInfo and listPacks', () => {
  const stored = async () => {
    const storage = new MemoryStorage()
    const { bytes, ...info } = build([{ kind: blockKind.data, id: randomBytes(idBytes), plain: randomBytes(300) }])
    await storage.put(names.pack(info.id), [bytes])
    return { storage, info, bytes }
  }

  it('say of a pack what its builder said', async () => {
    const { storage, info } = await stored()
    const listed = await listPacks(storage)
    expect([...listed.keys()]).toEqual([info.id])
    expect(await readPackInfo(storage, packKeyKey, info.id, listed.get(info.id)!.sizeBytes)).toEqual(info)
  })

  it('give nothing for a pack that is missing, of another size or of another repository', async () => {
    const { storage, info } = await stored()
    const read = (id: PackInfo['id'], size: number, key = packKeyKey) => readPackInfo(storage, key, id, size)
    expect(await read(randomHex(16) as PackInfo['id'], info.sizeBytes)).toBeUndefined()
    for (const size of [0, 50, 91, 92, info.sizeBytes - 1, info.sizeBytes + 1]) {
      expect(await read(info.id, size)).toBeUndefined()
    }
    expect(await read(info.id, info.sizeBytes, randomBytes(32))).toBeUndefined()
  })

  it('leave alone what is no pack, or stands where none belongs', async () => {
    const { storage, info, bytes } = await stored()
    const other = randomHex(16)
    for (const name of ['packs/desktop.ini', 'packs/00/..x', `packs/00/${other.slice(1)}`, `packs/${other}`]) {
      await storage.put(name, [bytes])
    }
    expect([...(await listPacks(storage)).keys()]).toEqual([info.id])
  })
})
