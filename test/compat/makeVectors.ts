import { argon2Sync, hash, hkdfSync } from 'node:crypto'
import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { zstdCompressSync } from 'node:zlib'
import { writeArchive } from '../../engine/recipe/archive.ts'
import { BlockIdentifier, frameKeyOf, sealFrame } from '../../engine/repository/blockCrypto.ts'
import { encodeNode } from '../../engine/repository/blockMap.ts'
import { encodeConfig } from '../../engine/repository/config.ts'
import {
  type BlockKind,
  blockKind,
  compression,
  mapFanout,
  names,
  type SealedKind,
  sealedKind,
} from '../../engine/repository/format.ts'
import { encodeSegment } from '../../engine/repository/indexSegment.ts'
import { deriveKeyring } from '../../engine/repository/keyring.ts'
import { createSlot, type Secret } from '../../engine/repository/keySlots.ts'
import { encodeFrames, type PackInfo, unwrapPackKey } from '../../engine/repository/pack.ts'
import { PackBuilder } from '../../engine/repository/packBuilder.ts'
import { phraseFromSecret } from '../../engine/repository/recoveryPhrase.ts'
import { sealObject } from '../../engine/repository/sealedObject.ts'
import type { VectorFrame, VectorSecret, Vectors } from './vectors.ts'

/**
 * Makes the test vectors of docs/repository-format.md: test/compat/vectors.json. Run once by hand when a format version is
 * added (node_modules/.bin/node test/compat/makeVectors.ts) and never again for it: engine and reader are held against what
 * was once written down.
 */

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
/** Fixed bytes that mean nothing; at most 32. */
const fill = (what: string, length: number) => hash('sha256', what, 'buffer').subarray(0, length)
const text = (words: number) => Array.from({ length: words }, (_, i) => `word ${i % 7}`).join(', ')

const masterKey = fill('master key', 32)
const repositoryId = hex(fill('repository', 16))
const keyring = deriveKeyring(masterKey, repositoryId)
const idOf = (kind: BlockKind, plain: Uint8Array) => new BlockIdentifier(keyring).idOf(kind, plain)

function keysVector(master: Buffer, id: string): Vectors['keys'][number] {
  const { blockId, mapId, idMask, pack, object, config } = deriveKeyring(master, id)
  return {
    masterKey: hex(master),
    repositoryId: id,
    blockId: hex(blockId),
    mapId: hex(mapId),
    idMask: hex(idMask),
    packKey: hex(pack),
    object: hex(object),
    config: hex(config),
  }
}

function configVector(): Vectors['config'] {
  const config = { repositoryId, blockSizeBytes: 65536, createdAt: '2026-01-31T10:00:00.000Z' } as const
  const bytes = encodeConfig(config as Parameters<typeof encodeConfig>[0], keyring.config)
  return { ...config, text: bytes.toString() }
}

function slotVector(secret: Secret, given: VectorSecret): Vectors['slots'][number] {
  const label = given.kind === 'passphrase' ? 'Büro' : ''
  const { bytes } = createSlot(repositoryId, masterKey, keyring.config, secret, label, '2026-02-01T11:30:00.250Z')
  return { secret: given, slotKey: hex(slotKey(given, JSON.parse(bytes.toString()).kdf)), text: bytes.toString() }
}

/** Spelled out here because the engine keeps its own to itself. */
function slotKey(
  secret: VectorSecret,
  kdf: { salt: string; memoryKiB: number; passes: number; lanes: number },
): Buffer {
  const salt = Buffer.from(kdf.salt, 'hex')
  if (secret.kind !== 'passphrase') {
    const material = Buffer.from(secret.kind === 'recovery' ? secret.entropy : secret.content, 'hex')
    return Buffer.from(hkdfSync('sha256', material, salt, `holdfast/v1/slot/${secret.kind}`, 32))
  }
  const message = Buffer.from(secret.passphrase.normalize('NFC'))
  const costs = { memory: kdf.memoryKiB, passes: kdf.passes, parallelism: kdf.lanes }
  return argon2Sync('argon2id', { message, nonce: salt, tagLength: 32, ...costs })
}

function slotVectors(): Vectors['slots'] {
  // A decomposed ö, as some keyboards give it.
  const passphrase = 'Gro\u0308\u00dfe 12'
  const entropy = fill('entropy', 32)
  const phrase = phraseFromSecret(entropy)
  const content = Buffer.concat([fill('key file', 32), Buffer.from('\n')])
  return [
    slotVector({ kind: 'passphrase', passphrase }, { kind: 'passphrase', passphrase }),
    slotVector({ kind: 'recovery', phrase }, { kind: 'recovery', phrase, entropy: hex(entropy) }),
    slotVector({ kind: 'keyfile', content }, { kind: 'keyfile', content: hex(content) }),
  ]
}

function frameVector(kind: BlockKind, offset: number, plain: Buffer, isCompressed: boolean): Vectors['frames'][number] {
  const frameKey = fill('frame key', 32)
  const method = isCompressed ? compression.zstd : compression.none
  const body = isCompressed ? zstdCompressSync(plain) : plain
  const room = Buffer.alloc(offset + body.length + 16)
  sealFrame(frameKey, { kind, compression: method, offset, plainBytes: plain.length }, body, room)
  return {
    frameKey: hex(frameKey),
    offset,
    kind,
    compression: method,
    plain: hex(plain),
    sealed: hex(room.subarray(offset)),
  }
}

const node = (level: number, places: Record<number, string>): Vectors['nodes'][number] => {
  const children = Array.from({ length: mapFanout }, (_, place) =>
    places[place] === undefined ? undefined : Buffer.from(places[place], 'hex'),
  )
  return { level, places, plain: hex(encodeNode({ level, children })) }
}

const framesOf = ({ frames }: PackInfo): VectorFrame[] =>
  frames.map(({ kind, compression: method, offset, storedBytes, plainBytes, blocks }) => ({
    kind,
    compression: method,
    offset,
    sealedLength: storedBytes,
    plainLength: plainBytes,
    blocks: blocks.map(block => ({ id: hex(block.id), length: block.plainBytes })),
  }))

function buildPack(nodes: Vectors['nodes']): { vector: Vectors['pack']; info: PackInfo } {
  const builder = new PackBuilder(keyring.pack, { buffer: Buffer.alloc(100) })
  // Nodes first: the frame of data is sealed when the pack ends.
  const blocks = [
    ...nodes.map(({ plain }) => ({ kind: blockKind.map, plain: Buffer.from(plain, 'hex') })),
    { kind: blockKind.data, plain: Buffer.from(text(40)) },
    { kind: blockKind.data, plain: fill('a block that does not shrink', 31) },
  ]
  for (const { kind, plain } of blocks) builder.add(kind, idOf(kind, plain), plain)
  const { bytes, ...info } = builder.finish()
  const packKey = unwrapPackKey(keyring.pack, info.id, info.wrappedKey)!
  const vector = {
    id: info.id,
    packKey: hex(packKey),
    frameKey: hex(frameKeyOf(packKey)),
    wrapped: hex(info.wrappedKey),
    bytes: hex(bytes),
    list: hex(encodeFrames(info.frames)),
    frames: framesOf(info),
    plain: blocks.map(block => hex(block.plain)),
  }
  return { vector, info }
}

function segmentVector(info: PackInfo): Vectors['segment'] {
  const other = { ...info, id: hex(fill('other pack', 16)) as PackInfo['id'], sizeBytes: 123_456, frames: [] }
  const superseded = [hex(fill('segment 1', 16)), hex(fill('segment 2', 16))]
  const segment = { packs: [info, other], supersedes: superseded } as Parameters<typeof encodeSegment>[0]
  const packs = [info, other].map(pack => {
    return { id: pack.id, wrapped: hex(pack.wrappedKey), size: pack.sizeBytes, frames: framesOf(pack) }
  })
  return { plain: hex(encodeSegment(segment)), packs, superseded }
}

function objectVectors(segment: Vectors['segment']): Vectors['objects'] {
  const seal = (name: string, kind: SealedKind, plain: Buffer): Vectors['objects'][number] => {
    const bytes = sealObject(keyring.object, kind, name, plain)
    return { name, kind, compression: bytes[6] === 1 ? 1 : 0, plain: hex(plain), bytes: hex(bytes) }
  }
  const json = (value: unknown) => Buffer.from(JSON.stringify(value))
  const [at, version, lock] = ['2026-02-01T12:00:00.000Z', hex(fill('version', 8)), hex(fill('lock', 16))]
  const counters = { readBytes: 1 << 20, newBytes: 65536, storedBytes: 1234, holeBytes: 0, durationMs: 321 }
  const record = {
    id: version,
    name: 'web01',
    startedAt: at,
    finishedAt: '2026-02-01T12:00:01.000Z',
    sizeBytes: 1 << 20,
    blockSizeBytes: 65536,
    root: hex(fill('root', 16)),
    status: 'incomplete',
    method: 'full',
    consistency: 'crash-consistent',
    source: { path: '/dev/vg0/web01', kind: 'device' },
    host: 'server1',
    base: null,
    labels: { kind: 'nightly' },
    unreadable: [{ offset: 65536, length: 65536 }],
    ...counters,
  }
  const other = hex(fill('version with a recipe', 8))
  const recipe = { root: hex(fill('root of a recipe', 16)), sizeBytes: 16_789_504 }
  const holder = { host: 'server1/0', bootId: 'b', pidNamespace: '4026531836', pid: 4711, startTicks: '99' }
  const times = { startedAt: Date.parse(at), refreshedAt: Date.parse(at) + 300_000 }
  return [
    seal(names.segment(hex(fill('segment 3', 16))), sealedKind.indexSegment, Buffer.from(segment.plain, 'hex')),
    seal(names.version(version), sealedKind.version, json(record)),
    seal(names.version(other), sealedKind.version, json({ ...record, id: other, recipe })),
    seal(names.mark('019c28191b61abcdef01'), sealedKind.mark, json({ kind: 'protect', at, version, protected: true })),
    seal(names.lock(lock), sealedKind.lock, json({ id: lock, kind: 'shared', purpose: 'backup', holder, ...times })),
    seal(names.condemned(hex(fill('list', 16))), sealedKind.condemned, json({ packs: [segment.packs[0]!.id], at })),
  ]
}

function recipeVector(): Vectors['recipe'] {
  const files = [
    { name: 'luks/0b1c2d3e-0000-4000-8000-000000000001.header', bytes: fill('header', 32) },
    { name: 'disks/sda.sfdisk', bytes: Buffer.from(`label: gpt\n${text(100)}\n`) },
    { name: 'empty', bytes: Buffer.alloc(0) },
  ]
  const shown = files.map(({ name, bytes }) => ({ name, content: hex(bytes) }))
  return { files: shown, archive: hex(writeArchive(files)) }
}

function make(): Vectors {
  const ids = Array.from({ length: 3 }, (_, i) => hex(fill(`block ${i}`, 16)))
  const nodes = [node(0, { 0: ids[0]!, 9: ids[1]!, 127: ids[2]! }), node(1, { 3: ids[1]! })]
  const { vector, info } = buildPack(nodes)
  const segment = segmentVector(info)
  const blocks = [Buffer.from('a'), Buffer.from(text(30)), Buffer.alloc(64, 0xff)]
  return {
    keys: [keysVector(masterKey, repositoryId), keysVector(Buffer.alloc(32, 1), `${'00'.repeat(15)}80`)],
    config: configVector(),
    slots: slotVectors(),
    blockIds: [blockKind.data, blockKind.map].flatMap(kind =>
      blocks.map(plain => ({ kind, plain: hex(plain), id: hex(idOf(kind, plain)) })),
    ),
    frames: [
      frameVector(blockKind.data, 84, Buffer.from(text(50)), true),
      frameVector(blockKind.data, 16_777_300, Buffer.from('short'), false),
      frameVector(blockKind.map, 300, Buffer.from(nodes[0]!.plain, 'hex'), false),
    ],
    pack: vector,
    segment,
    levels: Object.entries({ 0: 1, 1: 1, 128: 1, 129: 2, 16384: 2, 16385: 3, 2097152: 3, 2097153: 4 }).map(
      ([count, levels]) => ({ blocks: Number(count), levels }),
    ),
    nodes,
    objects: objectVectors(segment),
    recipe: recipeVector(),
  }
}

const place = join(import.meta.dirname, 'vectors.json')
if (existsSync(place)) throw new Error(`${place} is there already, and frozen.`)
await writeFile(place, `${JSON.stringify(make(), undefined, 2)}\n`)
