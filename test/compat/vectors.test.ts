import { describe, expect, it } from 'vitest'
import { listArchive, writeArchive } from '../../engine/recipe/archive.ts'
import { BlockIdentifier, frameKeyOf, openFrame, sealFrame } from '../../engine/repository/blockCrypto.ts'
import { decodeNode, encodeNode, levelsFor } from '../../engine/repository/blockMap.ts'
import { encodeConfig, macFits, parseConfig } from '../../engine/repository/config.ts'
import { compression, mapFanout, pack as packLayout, sealedKind } from '../../engine/repository/format.ts'
import { decodeSegment, encodeSegment } from '../../engine/repository/indexSegment.ts'
import { deriveKeyring } from '../../engine/repository/keyring.ts'
import { openSlot, parseSlot, type Secret } from '../../engine/repository/keySlots.ts'
import { parseMark } from '../../engine/repository/marks.ts'
import {
  decodeFrames,
  encodeFrames,
  openPackIndex,
  type PackFrame,
  parsePackHeader,
  parsePackTrailer,
  unwrapPackKey,
} from '../../engine/repository/pack.ts'
import { phraseFromSecret } from '../../engine/repository/recoveryPhrase.ts'
import { openObject } from '../../engine/repository/sealedObject.ts'
import { parseVersionRecord } from '../../engine/repository/versionRecord.ts'
import { type ReaderFrame, readerFunctions as reader } from '../support/reader.ts'
import { readVectors, type VectorFrame, type VectorSecret } from './vectors.ts'

/**
 * The engine and the stand-alone reader against bytes that were once written down. A vector that does not fit any more means
 * that repositories of today could not be read tomorrow: never change one, add a format version.
 */

const vectors = readVectors()
const { masterKey, repositoryId } = vectors.keys[0]!
const bytes = (hex: string) => Buffer.from(hex, 'hex')
const hex = (data: Uint8Array | undefined) => data && Buffer.from(data).toString('hex')
const keyring = deriveKeyring(bytes(masterKey), repositoryId)
const readerKeys = reader.deriveKeys(bytes(masterKey), repositoryId)

const engineFrame = (frame: PackFrame): VectorFrame => ({
  kind: frame.kind,
  compression: frame.compression,
  offset: frame.offset,
  sealedLength: frame.storedBytes,
  plainLength: frame.plainBytes,
  blocks: frame.blocks.map(block => ({ id: block.id.toString('hex'), length: block.plainBytes })),
})

const readerFrame = (frame: ReaderFrame) => ({
  ...frame,
  blocks: reader.blocksOf(frame).map(({ id, length }) => ({ id: hex(Buffer.from(id, 'latin1')), length })),
})

/** A frame's plaintext in the pieces that its blocks are. */
function cut(plain: Buffer, blocks: VectorFrame['blocks']): string[] {
  let at = 0
  return blocks.map(({ length }) => {
    at += length
    return plain.toString('hex', at - length, at)
  })
}

function engineSecret(secret: VectorSecret): Secret {
  return secret.kind === 'keyfile' ? { kind: 'keyfile', content: bytes(secret.content) } : secret
}

function readerSecret(secret: VectorSecret): string | Buffer {
  if (secret.kind === 'passphrase') return secret.passphrase
  return bytes(secret.kind === 'recovery' ? secret.entropy : secret.content)
}

describe('keys', () => {
  it.each(vectors.keys)('are derived from the master key $masterKey', ({ masterKey, repositoryId, ...keys }) => {
    const { pack, ...others } = deriveKeyring(bytes(masterKey), repositoryId)
    const inHex = (all: object) => Object.fromEntries(Object.entries(all).map(([name, key]) => [name, hex(key)]))
    expect(inHex({ ...others, packKey: pack })).toEqual(keys)
    expect(inHex(reader.deriveKeys(bytes(masterKey), repositoryId))).toEqual(keys)
  })
})

describe('the config', () => {
  const { text, ...config } = vectors.config

  it('has this text and this MAC', () => {
    const parsed = parseConfig(Buffer.from(text), 'file:/x')
    expect(parsed).toEqual(config)
    expect(encodeConfig(parsed!, keyring.config).toString()).toBe(text)
    expect(macFits(Buffer.from(text), keyring.config)).toBe(true)
    expect(reader.macIsRight(text, readerKeys.config)).toBe(true)
  })

  it('does not pass with another block size', () => {
    const altered = text.replace('65536', '32768')
    expect(altered).not.toBe(text)
    expect(macFits(Buffer.from(altered), keyring.config)).toBe(false)
    expect(reader.macIsRight(altered, readerKeys.config)).toBe(false)
  })
})

describe.each(vectors.slots)('the key slot of a $secret.kind', ({ secret, slotKey, text }) => {
  it('gives the master key', async () => {
    const slot = parseSlot(Buffer.from(text))!
    expect(hex(await openSlot(repositoryId, slot, engineSecret(secret)))).toBe(masterKey)
    expect(hex(reader.slotKey(JSON.parse(text), readerSecret(secret)))).toBe(slotKey)
    expect(hex(reader.openSlot(JSON.parse(text), repositoryId, readerSecret(secret)))).toBe(masterKey)
  })

  it('is bound to its repository', async () => {
    const other = vectors.keys[1]!.repositoryId
    expect(await openSlot(other, parseSlot(Buffer.from(text))!, engineSecret(secret))).toBeUndefined()
    expect(() => reader.openSlot(JSON.parse(text), other, readerSecret(secret))).toThrow('tag')
  })

  it('has a MAC over its text', () => {
    const altered = text.replace('2026-02-01', '2027-02-01')
    for (const [slot, isRight] of [
      [text, true],
      [altered, false],
    ] as const) {
      expect(macFits(Buffer.from(slot), keyring.config)).toBe(isRight)
      expect(reader.macIsRight(slot, readerKeys.config)).toBe(isRight)
    }
  })
})

describe('secrets', () => {
  it('may have every word of the list in a recovery phrase', () => {
    for (let word = 0; word < 2048; word++) {
      // 23 times the 11 bits of the word, and three zeros.
      const bits = word.toString(2).padStart(11, '0').repeat(23).padEnd(256, '0')
      const entropy = BigInt(`0b${bits}`).toString(16).padStart(64, '0')
      expect(hex(reader.phraseEntropy(phraseFromSecret(bytes(entropy))))).toBe(entropy)
    }
  })

  it('are normalised when they are passphrases', () => {
    const passphrases = vectors.slots.flatMap(({ secret }) => (secret.kind === 'passphrase' ? [secret.passphrase] : []))
    expect(passphrases.filter(passphrase => passphrase !== passphrase.normalize('NFC'))).not.toEqual([])
  })

  it('have 24 words when they are recovery phrases', () => {
    const phrases = vectors.slots.flatMap(({ secret }) => (secret.kind === 'recovery' ? [secret] : []))
    expect(phrases).toHaveLength(1)
    for (const { phrase, entropy } of phrases) {
      expect(phraseFromSecret(bytes(entropy))).toBe(phrase)
      expect(hex(reader.phraseEntropy(`  ${phrase.toUpperCase().replaceAll(' ', '\n')} `))).toBe(entropy)
      const words = phrase.split(' ')
      expect(reader.phraseEntropy(words.toReversed().join(' '))).toBeUndefined()
      expect(reader.phraseEntropy(words.slice(1).join(' '))).toBeUndefined()
      expect(reader.phraseEntropy([...words.slice(1), 'holdfast'].join(' '))).toBeUndefined()
    }
  })
})

it.each(vectors.blockIds)('the id of a block of kind $kind is $id', ({ kind, plain, id }) => {
  expect(hex(new BlockIdentifier(keyring).idOf(kind, bytes(plain)))).toBe(id)
  expect(hex(reader.blockId(readerKeys, kind, bytes(plain)))).toBe(id)
})

describe.each(vectors.frames)('a frame of kind $kind at $offset with compression $compression', vector => {
  const place = { kind: vector.kind, compression: vector.compression, offset: vector.offset }
  const plain = bytes(vector.plain)
  const enginePlace = { ...place, plainBytes: plain.length }
  const readerPlace = { ...place, plainLength: plain.length }

  it('opens', () => {
    expect(openFrame(bytes(vector.frameKey), enginePlace, bytes(vector.sealed))).toEqual({ plain })
    expect(hex(reader.openFrame(bytes(vector.frameKey), readerPlace, bytes(vector.sealed)))).toBe(vector.plain)
  })

  it('opens nowhere else and as nothing else', () => {
    const [kind, method] = [vector.kind === 1 ? 2 : 1, vector.compression === 1 ? 0 : 1] as const
    for (const wrong of [{ offset: vector.offset + 1 }, { kind }, { compression: method }]) {
      const opened = openFrame(bytes(vector.frameKey), { ...enginePlace, ...wrong }, bytes(vector.sealed))
      expect(opened).toEqual({ fault: 'altered' })
      const opening = () => reader.openFrame(bytes(vector.frameKey), { ...readerPlace, ...wrong }, bytes(vector.sealed))
      expect(opening).toThrow('tag')
    }
  })
})

const uncompressed = vectors.frames.filter(frame => frame.compression === compression.none)
it.each(uncompressed)('a frame of kind $kind at $offset is sealed to these bytes', vector => {
  const { kind, offset } = vector
  const plain = bytes(vector.plain)
  const room = Buffer.alloc(offset + plain.length + 16)
  const place = { kind, compression: compression.none, offset, plainBytes: plain.length }
  const length = sealFrame(bytes(vector.frameKey), place, plain, room)
  expect(hex(room.subarray(offset, offset + length))).toBe(vector.sealed)
})

describe('the pack', () => {
  const { id, packKey, frameKey, wrapped, frames, list, plain } = vectors.pack
  const whole = bytes(vectors.pack.bytes)
  const packId = id as Parameters<typeof openPackIndex>[1]

  it('is read by the engine', () => {
    const header = parsePackHeader(id, whole.subarray(0, packLayout.headerBytes))
    expect(hex(header)).toBe(wrapped)
    expect(hex(unwrapPackKey(keyring.pack, id, header!))).toBe(packKey)
    const length = parsePackTrailer(whole.subarray(-packLayout.trailerBytes), whole.length)!
    const end = whole.length - packLayout.trailerBytes
    const info = openPackIndex(keyring.pack, packId, header!, whole.subarray(end - length, end), whole.length)!
    expect(info.frames.map(engineFrame)).toEqual(frames)
    const found = info.frames.flatMap(frame => {
      const opened = openFrame(
        frameKeyOf(bytes(packKey)),
        frame,
        whole.subarray(frame.offset, frame.offset + frame.storedBytes),
      )
      return 'plain' in opened ? cut(opened.plain, engineFrame(frame).blocks) : [opened.fault]
    })
    expect(found).toEqual(plain)
  })

  it('is read by the reader', () => {
    const read = (offset: number, length: number) => whole.subarray(offset, offset + length)
    const pack = reader.openPackIndex(readerKeys, id, whole.length, read)
    expect(hex(pack.wrapped)).toBe(wrapped)
    expect(pack.frames.map(readerFrame)).toEqual(frames)
    expect(hex(reader.openPackKey(readerKeys, id, pack.wrapped))).toBe(packKey)
    const key = reader.openFrameKey(readerKeys, id, pack.wrapped)
    expect(hex(key)).toBe(frameKey)
    const found = pack.frames.flatMap(frame => {
      const opened = reader.openFrame(key, frame, read(frame.offset, frame.sealedLength))
      return cut(opened, readerFrame(frame).blocks as VectorFrame['blocks'])
    })
    expect(found).toEqual(plain)
  })

  it('holds blocks of both kinds, whose ids fit', () => {
    expect(new Set(frames.map(frame => frame.kind))).toEqual(new Set([1, 2]))
    const kinds = frames.flatMap(frame => frame.blocks.map(() => frame.kind))
    const ids = plain.map((block, i) => hex(new BlockIdentifier(keyring).idOf(kinds[i]!, bytes(block))))
    expect(ids).toEqual(frames.flatMap(frame => frame.blocks.map(block => block.id)))
  })

  it('has this list of frames', () => {
    const decoded = decodeFrames(bytes(list))!
    expect(decoded.map(engineFrame)).toEqual(frames)
    expect(hex(encodeFrames(decoded))).toBe(list)
    expect(reader.framesOf(bytes(list)).map(readerFrame)).toEqual(frames)
    expect(() => reader.framesOf(bytes(list).subarray(0, -1))).toThrow('cut off')
  })
})

it('an index segment has this plaintext', () => {
  const { plain, packs, superseded } = vectors.segment
  const decoded = decodeSegment(bytes(plain))!
  const facts = decoded.packs.map(pack => ({
    id: pack.id,
    wrapped: hex(pack.wrappedKey),
    size: pack.sizeBytes,
    frames: pack.frames.map(engineFrame),
  }))
  expect({ packs: facts, superseded: decoded.supersedes }).toEqual({ packs, superseded })
  expect(hex(encodeSegment(decoded))).toBe(plain)

  const read = reader.parseSegment(bytes(plain))
  const seen = read.packs.map(pack => ({ ...pack, wrapped: hex(pack.wrapped), frames: pack.frames.map(readerFrame) }))
  expect({ packs: seen, superseded: read.superseded }).toEqual({ packs, superseded })
  expect(() => reader.parseSegment(bytes(plain).subarray(0, -1))).toThrow('cut off')
})

it.each(vectors.levels)('a map of $blocks blocks has $levels levels', ({ blocks, levels }) => {
  expect(levelsFor(blocks)).toBe(levels)
  expect(reader.levelsOf(blocks)).toBe(levels)
})

it.each(vectors.nodes)('a map node of level $level has this plaintext', ({ level, places, plain }) => {
  const children = Array.from({ length: mapFanout }, (_, place) => places[place] && bytes(places[place]))
  expect(decodeNode(bytes(plain), level)).toEqual({ level, children })
  expect(hex(encodeNode({ level, children: children.map(child => child || undefined) }))).toBe(plain)

  const read = reader.parseNode(bytes(plain), level)
  expect(Object.fromEntries(read.map(([place, id]) => [place, hex(Buffer.from(id, 'latin1'))]))).toEqual(places)
  expect(() => reader.parseNode(bytes(plain), level + 1)).toThrow('no map node')
  expect(() => reader.parseNode(bytes(plain).subarray(0, -1), level)).toThrow('wrong length')
})

describe.each(vectors.objects)('the sealed object $name', ({ name, kind, plain, bytes: sealed }) => {
  it('opens under its name', () => {
    expect(hex(openObject(keyring.object, kind, name, bytes(sealed)))).toBe(plain)
    expect(hex(reader.openObject(readerKeys, name, kind, bytes(sealed)))).toBe(plain)
  })

  it('opens under no other name, as no other kind and with no bit changed', () => {
    const otherKind = kind === 5 ? 1 : ((kind + 1) as typeof kind)
    const altered = bytes(sealed)
    altered[altered.length - 20]! ^= 1
    expect(openObject(keyring.object, kind, `copies/${name}`, bytes(sealed))).toBeUndefined()
    expect(openObject(keyring.object, otherKind, name, bytes(sealed))).toBeUndefined()
    expect(openObject(keyring.object, kind, name, altered)).toBeUndefined()
    expect(() => reader.openObject(readerKeys, `copies/${name}`, kind, bytes(sealed))).toThrow('tag')
    expect(() => reader.openObject(readerKeys, name, otherKind, bytes(sealed))).toThrow('kind')
    expect(() => reader.openObject(readerKeys, name, kind, altered)).toThrow('tag')
  })
})

describe('sealed objects', () => {
  it('are there of every kind, and both compressed and not', () => {
    const kinds = new Set(vectors.objects.map(object => object.kind))
    expect(kinds).toEqual(new Set(Object.values(sealedKind)))
    expect(new Set(vectors.objects.map(object => object.compression))).toEqual(new Set([0, 1]))
    for (const object of vectors.objects) expect(bytes(object.bytes)[6]).toBe(object.compression)
  })

  it('hold records that the engine takes as they are', () => {
    const plain = (kind: number) => bytes(vectors.objects.find(object => object.kind === kind)!.plain)
    for (const [kind, parse] of [
      [sealedKind.version, parseVersionRecord],
      [sealedKind.mark, parseMark],
    ] as const) {
      expect(parse(plain(kind))).toEqual(JSON.parse(plain(kind).toString()))
    }
    expect(hex(plain(sealedKind.indexSegment))).toBe(vectors.segment.plain)
  })

  it('hold a record with a recipe, and one without', () => {
    const records = vectors.objects
      .filter(object => object.kind === sealedKind.version)
      .map(({ plain }) => bytes(plain))
    expect(records.map(plain => parseVersionRecord(plain)?.recipe)).toEqual([
      undefined,
      { root: expect.stringMatching(/^[0-9a-f]{32}$/), sizeBytes: 16_789_504 },
    ])
    for (const plain of records) expect(parseVersionRecord(plain)).toEqual(JSON.parse(plain.toString()))
  })
})

describe('the archive of a recipe', () => {
  const archive = bytes(vectors.recipe.archive)
  const files = vectors.recipe.files.map(({ name, content }) => ({ name, bytes: bytes(content) }))

  it('is what its files make', () => {
    expect(hex(writeArchive(files))).toBe(vectors.recipe.archive)
  })

  it('holds its files', async () => {
    const read = async ({ offset, length }: { offset: number; length: number }) =>
      archive.subarray(offset, offset + length)
    const entries = await listArchive(read, archive.length)
    expect(
      entries.map(({ name, offset, sizeBytes }) => ({ name, bytes: archive.subarray(offset, offset + sizeBytes) })),
    ).toEqual(files)
  })
})
