#!/usr/bin/env node
/**
 * Gives back what a Holdfast repository holds, without Holdfast: one file, nothing but Node. It was written from
 * docs/repository-format.md alone and imports nothing of the engine; "§" in the comments names a section of that document.
 * Keep a copy of this file and of that page together with your recovery phrase.
 *
 * It only reads the repository, which has to be a folder (copy a bucket or a remote folder to a disk first). It needs no
 * lock; do not run a prune at the same time (§ Locks and condemned packs).
 *
 * Ends with 0 when everything was read, 1 when something is damaged, 2 when it could not begin or go on.
 */
import crypto from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import process from 'node:process'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import zlib from 'node:zlib'

const usage = `Usage: node read-repository.mjs REPO list
       node read-repository.mjs REPO verify VERSION
       node read-repository.mjs REPO restore VERSION FILE

REPO is the folder of the repository, VERSION an id from the list or the beginning of one. FILE must not exist; holes
of the version become holes of FILE.

With one of:
  --passphrase-file F   F holds the passphrase or the 24 words of the recovery phrase
  --key-file F          F is the key file
  HOLDFAST_PASSPHRASE   in the environment: the passphrase or the 24 words`

/** Something is not as it was written; the reader goes on without it wherever it can. */
export class Damage extends Error {}

/** The person has to change something before the reader can work. */
class Stop extends Error {}

const hex = text => Buffer.from(text, 'hex')

// ── § Conventions ────────────────────────────────────────────────────────────────────────────────────────────────────

/** HMAC-SHA-256 of the parts, one behind the other. */
export function hmac(key, ...parts) {
  const mac = crypto.createHmac('sha256', key)
  for (const part of parts) mac.update(part)
  return mac.digest()
}

/** HKDF-SHA-256, 32 bytes. */
export const hkdf = (secret, salt, info) => Buffer.from(crypto.hkdfSync('sha256', secret, salt, info, 32))

const zeroNonce = Buffer.alloc(12)

/** Opens AES-256-GCM; `sealed` has the tag as its last 16 bytes. Throws Damage when the tag is wrong. */
export function gcmOpen(key, nonce, aad, sealed) {
  if (sealed.length < 16) throw new Damage('it is too short')
  const decipher = crypto.createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: 16 })
  decipher.setAAD(Buffer.from(aad)).setAuthTag(sealed.subarray(-16))
  try {
    return Buffer.concat([decipher.update(sealed.subarray(0, -16)), decipher.final()])
  } catch {
    throw new Damage('its tag is wrong')
  }
}

/** Undoes `compression` (0 none, 1 zstd). Throws Damage when the result is longer than `limit` bytes. */
function decompress(compression, body, limit) {
  if (compression === 0) return body
  if (compression !== 1) throw new Damage(`its compression is ${compression}, which is unknown`)
  try {
    return zlib.zstdDecompressSync(body, limit === undefined ? {} : { maxOutputLength: Math.max(1, limit) })
  } catch (error) {
    throw new Damage(`it cannot be decompressed (${error.message})`)
  }
}

// ── § Keys ───────────────────────────────────────────────────────────────────────────────────────────────────────────

/** All keys of a repository from its master key and its id. */
export function deriveKeys(masterKey, repositoryId) {
  const derive = purpose => hkdf(masterKey, hex(repositoryId), `holdfast/v1/${purpose}`)
  return {
    blockId: derive('block-id'),
    mapId: derive('map-id'),
    packKey: derive('pack-key'),
    object: derive('object'),
    config: derive('config'),
  }
}

/** § config: whether the MAC at the end of a config or a key slot is that of the text before it. */
export function macIsRight(text, configKey) {
  const [, before, mac] = /^(\{.*),"mac":"([0-9a-f]{64})"\}\s*$/s.exec(text) ?? []
  return before !== undefined && hmac(configKey, `${before}}`).equals(hex(mac))
}

/** § config. Throws Damage when it is none, and Stop when it is one of a format that this reader does not know. */
function parseConfig(text) {
  const config = JSON.parse(text)
  if (config.format !== 'holdfast-repository') throw new Damage('it is not the config of a Holdfast repository')
  if (config.version !== 1) throw new Stop(`the repository has format version ${config.version}, this reader knows 1`)
  return config
}

/**
 * § Key slots: the slot key. `secret` is the passphrase as text, the 32 bytes of the recovery phrase, or the content of
 * the key file.
 */
export function slotKey(slot, secret) {
  const { kdf } = slot
  if (slot.kind !== 'passphrase') return hkdf(secret, hex(kdf.salt), `holdfast/v1/slot/${slot.kind}`)
  return crypto.argon2Sync('argon2id', {
    message: Buffer.from(secret.normalize('NFC')),
    nonce: hex(kdf.salt),
    memory: kdf.memoryKiB,
    passes: kdf.passes,
    parallelism: kdf.lanes,
    tagLength: 32,
  })
}

/** § Key slots: the master key. Throws Damage when the secret is not that of the slot. */
export function openSlot(slot, repositoryId, secret) {
  const aad = `holdfast/v1/slot/${repositoryId}/${slot.id}/${slot.kind}`
  return gcmOpen(slotKey(slot, secret), hex(slot.nonce), aad, hex(slot.wrapped))
}

/** § Key slots: the 32 bytes that 24 words stand for (BIP-39), or undefined when they are no recovery phrase. */
export function phraseEntropy(text) {
  const numbers = text
    .normalize('NFKD')
    .toLowerCase()
    .split(/\s+/)
    .filter(word => word !== '')
    .map(word => wordList.indexOf(word))
  if (numbers.length !== 24 || numbers.includes(-1)) return undefined
  const bits = numbers.reduce((sum, number) => (sum << 11n) | BigInt(number), 0n)
  const bytes = hex(bits.toString(16).padStart(66, '0'))
  const entropy = bytes.subarray(0, 32)
  return crypto.createHash('sha256').update(entropy).digest()[0] === bytes[32] ? entropy : undefined
}

// ── § Sealed objects ─────────────────────────────────────────────────────────────────────────────────────────────────

export const objectKinds = { index: 1, version: 2, mark: 3, lock: 4, condemned: 5 }

/** The plaintext of a sealed object that stands (or whose first copy stands) under `name`. */
export function openObject(keys, name, kind, bytes) {
  const head = bytes.subarray(0, 40)
  if (head.length < 40 || head.toString('latin1', 0, 4) !== 'HFSO') throw new Damage('it is no sealed object')
  if (head[4] !== 1) throw new Damage(`its envelope has version ${head[4]}, this reader knows 1`)
  if (head[5] !== kind) throw new Damage(`its kind is ${head[5]} instead of ${kind}`)
  const key = hmac(keys.object, head.subarray(8, 40))
  return decompress(head[6], gcmOpen(key, zeroNonce, Buffer.concat([head, Buffer.from(name)]), bytes.subarray(40)))
}

// ── § Blocks and frames, § Packs ─────────────────────────────────────────────────────────────────────────────────────

export const blockKinds = { data: 1, node: 2 }

/** The id of a block or of a map node, 32 bytes. */
export const blockId = (keys, kind, plain) => hmac(kind === blockKinds.node ? keys.mapId : keys.blockId, plain)

const packHeaderBytes = 84
const packTrailerBytes = 8

/** Bytes 0 … 23 of a pack. */
const packHead = id => Buffer.concat([Buffer.from('HFPK\x01\0\0\0', 'latin1'), hex(id)])

/** § Packs: the key of a pack from the 60 bytes in its header or in an index segment. */
export const openPackKey = (keys, id, wrapped) =>
  gcmOpen(keys.packKey, wrapped.subarray(0, 12), packHead(id), wrapped.subarray(12))

/** The plaintext of a frame. `frame` is an entry of a list of frames, `sealed` its bytes in the pack. */
export function openFrame(packKey, frame, sealed) {
  const offset = Buffer.alloc(4)
  offset.writeUInt32LE(frame.offset)
  const aad = Buffer.from([frame.kind, frame.compression, 0, 0, 0, 0])
  aad.writeUInt32LE(frame.plainLength, 2)
  const body = gcmOpen(hmac(packKey, 'frame', offset), zeroNonce, aad, sealed)
  const plain = decompress(frame.compression, body, frame.plainLength)
  if (plain.length !== frame.plainLength) throw new Damage('it has not the length that its pack says')
  return plain
}

/**
 * § Packs: what a pack says itself: its wrapped key and its list of frames. `read(offset, length)` gives bytes of the
 * pack, which is `size` bytes long.
 */
export function openPackIndex(keys, id, size, read) {
  if (size < packHeaderBytes + 16 + packTrailerBytes) throw new Damage('it is too short for a pack')
  const header = read(0, packHeaderBytes)
  const trailer = read(size - packTrailerBytes, packTrailerBytes)
  const head = header.subarray(0, 24)
  if (!head.equals(packHead(id))) throw new Damage('its header is wrong')
  if (trailer.toString('latin1', 4) !== 'HFPE') throw new Damage('its end is wrong')
  const length = trailer.readUInt32LE(0)
  if (length > size - packHeaderBytes - packTrailerBytes) throw new Damage('its index does not fit into it')
  const wrapped = header.subarray(24)
  const sealed = read(size - packTrailerBytes - length, length)
  return { id, wrapped, list: gcmOpen(hmac(openPackKey(keys, id, wrapped), 'index'), zeroNonce, head, sealed) }
}

/** § List of frames. `blocks` of a frame is the part of the list that `blocksOf` takes apart. */
export function* framesOf(list) {
  let offset = packHeaderBytes
  for (let at = 0; at < list.length; ) {
    const blocksAt = at + 12
    const end = blocksAt <= list.length ? blocksAt + 36 * list.readUInt16LE(at + 2) : Number.POSITIVE_INFINITY
    if (end > list.length) throw new Damage('a list of frames is cut off')
    const sealedLength = list.readUInt32LE(at + 4)
    const plainLength = list.readUInt32LE(at + 8)
    const blocks = list.subarray(blocksAt, end)
    yield { kind: list[at], compression: list[at + 1], offset, sealedLength, plainLength, blocks }
    offset += sealedLength
    at = end
  }
}

/** § List of frames: the blocks of a frame; an id is given as a string of 32 Latin-1 characters, one for each byte. */
export function* blocksOf(frame) {
  let offset = 0
  for (let at = 0; at < frame.blocks.length; at += 36) {
    const length = frame.blocks.readUInt32LE(at + 32)
    yield { id: frame.blocks.toString('latin1', at, at + 32), offset, length }
    offset += length
  }
}

// ── § Index segments ─────────────────────────────────────────────────────────────────────────────────────────────────

/** The packs of a segment with their lists, and the ids of the segments that it supersedes. */
export function parseSegment(plain) {
  let at = 0
  const take = length => {
    at += length
    if (at > plain.length) throw new Damage('it is cut off')
    return plain.subarray(at - length, at)
  }
  const u32 = () => take(4).readUInt32LE(0)
  const packs = []
  for (let count = u32(); count > 0; count--) {
    const id = take(16).toString('hex')
    const wrapped = take(60)
    packs.push({ id, wrapped, size: u32(), list: take(u32()) })
  }
  const superseded = []
  for (let count = u32(); count > 0; count--) superseded.push(take(16).toString('hex'))
  return { packs, superseded }
}

// ── § Maps ───────────────────────────────────────────────────────────────────────────────────────────────────────────

const places = 128

/** The number of levels of the map of a source of `blocks` blocks. */
export function levelsOf(blocks) {
  let levels = 1
  while (places ** levels < blocks) levels++
  return levels
}

/** The places of a node that have an id: [place, id as in `blocksOf`]. */
export function parseNode(plain, level) {
  if (plain.length < 20 || plain.readUInt32LE(0) !== level) throw new Damage(`it is no map node of level ${level}`)
  const entries = []
  let at = 20
  for (let place = 0; place < places; place++) {
    if ((plain[4 + (place >> 3)] & (1 << (place & 7))) === 0) continue
    entries.push([place, plain.toString('latin1', at, at + 32)])
    at += 32
  }
  if (at !== plain.length) throw new Damage('it is a map node of the wrong length')
  return entries
}

// ── Objects in a folder (§ Objects) ──────────────────────────────────────────────────────────────────────────────────

const noted = new Set()

/** Tells once on standard error what the reader had to do without. */
function note(text) {
  if (!noted.has(text)) console.error(`note: ${text}`)
  noted.add(text)
}

/** Runs `read`; any failure means that `what` is damaged. */
function orDamage(what, read) {
  try {
    return read()
  } catch (error) {
    if (error instanceof Stop) throw error
    throw new Damage(error.code === 'ENOENT' ? `${what} is missing` : `${what} cannot be read: ${error.message}`)
  }
}

/** Runs `read`; damage is noted, and the answer is `otherwise`. */
function orNote(otherwise, read) {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof Damage)) throw error
    note(error.message)
    return otherwise
  }
}

/** Names in a folder of the repository that match; none when there is no such folder. */
function namesIn(dir, folder, pattern) {
  try {
    return fs.readdirSync(path.join(dir, folder)).filter(name => pattern.test(name))
  } catch (error) {
    if (error.code === 'ENOENT') return []
    throw error
  }
}

/** Names of objects that are stored twice and of which at least one is there, sorted. */
const namesOfTwice = (dir, folder, pattern) =>
  [...new Set([...namesIn(dir, folder, pattern), ...namesIn(dir, `copies/${folder}`, pattern)])].sort()

/** A sealed JSON object that is stored twice: the first of the two that opens. */
export function readRecord(repository, name, kind) {
  const read = place => {
    const bytes = fs.readFileSync(path.join(repository.dir, place))
    return JSON.parse(openObject(repository.keys, name, kind, bytes))
  }
  return (
    orNote(undefined, () => orDamage(name, () => read(name))) ??
    orDamage(`the copy of ${name}`, () => read(`copies/${name}`))
  )
}

/** `length` bytes of an open file from `offset`. Throws Damage when they are not there. */
function readAt(fd, offset, length) {
  const bytes = Buffer.allocUnsafe(length)
  for (let done = 0; done < length; ) {
    const count = fs.readSync(fd, bytes, done, length - done, offset + done)
    if (count === 0) throw new Damage('it ends too early')
    done += count
  }
  return bytes
}

// ── § How to read a version, 1: opening a repository ─────────────────────────────────────────────────────────────────

/**
 * Tries each secret (`{ kind, value }`, see slotKey) on each slot, with both copies of everything. Throws Stop when none
 * opens, and when the format is unknown.
 */
export function openRepository(dir, secrets) {
  const problems = []
  const attempt = (what, run) => {
    try {
      return orDamage(what, run)
    } catch (error) {
      problems.push(error.message)
      return undefined
    }
  }
  const textsOf = name => {
    const read = place => attempt(place, () => fs.readFileSync(path.join(dir, place), 'utf8'))
    return new Set([read(name), read(`copies/${name}`)].filter(text => text !== undefined))
  }
  const slotTexts = namesOfTwice(dir, 'keys', /^[0-9a-f]{8}$/).flatMap(id => [...textsOf(`keys/${id}`)])
  const slots = slotTexts.flatMap(text => attempt('a key slot', () => ({ text, ...JSON.parse(text) })) ?? [])
  for (const configText of textsOf('config')) {
    const config = attempt('config', () => parseConfig(configText))
    for (const slot of config === undefined ? [] : slots) {
      for (const secret of secrets.filter(candidate => candidate.kind === slot.kind)) {
        const what = `key slot ${slot.id} (${slot.kind})`
        const masterKey = attempt(what, () => openSlot(slot, config.repositoryId, secret.value))
        if (masterKey === undefined) continue
        const keys = deriveKeys(masterKey, config.repositoryId)
        if (!macIsRight(configText, keys.config)) problems.push('the MAC of a config is wrong')
        else if (!macIsRight(slot.text, keys.config)) problems.push(`the MAC of ${what} is wrong`)
        else return { dir, config, keys }
      }
    }
  }
  throw new Stop([`${dir} does not open with this secret.`, ...problems].join('\n  '))
}

// ── § How to read a version, 2: where every block is ─────────────────────────────────────────────────────────────────

const readSegment = (repository, id) =>
  orDamage(`index/${id}`, () => {
    const bytes = fs.readFileSync(path.join(repository.dir, 'index', id))
    return parseSegment(openObject(repository.keys, `index/${id}`, objectKinds.index, bytes))
  })

const packPath = (repository, id) => path.join(repository.dir, 'packs', id.slice(0, 2), id)

const readPackIndex = (repository, id) =>
  orDamage(`the index of pack ${id}`, () => {
    const fd = fs.openSync(packPath(repository, id))
    try {
      return openPackIndex(repository.keys, id, fs.fstatSync(fd).size, (at, length) => readAt(fd, at, length))
    } finally {
      fs.closeSync(fd)
    }
  })

/** Finds out which segments count, and which packs none of them tells about: of those, their own index will be read. */
export function surveyIndex(repository) {
  const segments = new Map()
  const superseded = new Set()
  for (const id of namesIn(repository.dir, 'index', /^[0-9a-f]{32}$/)) {
    const segment = orNote(undefined, () => readSegment(repository, id))
    const packs = segment?.packs.map(pack => pack.id)
    if (packs !== undefined) segments.set(id, packs)
    for (const old of segment?.superseded ?? []) superseded.add(old)
  }
  for (const id of superseded) segments.delete(id)
  const told = new Set([...segments.values()].flat())
  const folders = namesIn(repository.dir, 'packs', /^[0-9a-f]{2}$/)
  const packs = folders.flatMap(folder => namesIn(repository.dir, `packs/${folder}`, /^[0-9a-f]{32}$/))
  return { segments: [...segments.keys()], packs: packs.filter(id => !told.has(id)) }
}

/** All packs with their lists of frames; one segment at a time is in memory. */
function* packsOf(repository, survey) {
  for (const id of survey.segments) yield* orNote([], () => readSegment(repository, id).packs)
  for (const id of survey.packs) yield* orNote([], () => [readPackIndex(repository, id)])
}

// ── § How to read a version, 3 to 5 ──────────────────────────────────────────────────────────────────────────────────

/**
 * Reads all blocks of one kind whose ids are in `wanted` (id → places), pack by pack and every frame at most once. Each
 * goes to `take(plain, places)` and leaves `wanted`; when a copy of a block is damaged, another one will do. What is left
 * in `wanted` at the end cannot be had. Damage that `take` throws counts as damage of the block.
 */
function readBlocks(repository, survey, kind, wanted, take) {
  for (const pack of packsOf(repository, survey)) {
    if (wanted.size === 0) return
    let open
    const readFrame = frame => {
      open ??= {
        fd: fs.openSync(packPath(repository, pack.id)),
        key: openPackKey(repository.keys, pack.id, pack.wrapped),
      }
      return openFrame(open.key, frame, readAt(open.fd, frame.offset, frame.sealedLength))
    }
    const readWanted = frame => {
      let plain
      for (const { id, offset, length } of blocksOf(frame)) {
        const places = wanted.get(id)
        if (places === undefined) continue
        plain ??= orDamage(`the frame at ${frame.offset} of pack ${pack.id}`, () => readFrame(frame))
        const block = plain.subarray(offset, offset + length)
        if (blockId(repository.keys, kind, block).toString('latin1') !== id)
          throw new Damage(`a block at ${frame.offset} of pack ${pack.id} has the wrong id`)
        take(block, places)
        wanted.delete(id)
      }
    }
    try {
      orNote(undefined, () => {
        for (const frame of framesOf(pack.list)) if (frame.kind === kind) orNote(undefined, () => readWanted(frame))
      })
    } finally {
      if (open !== undefined) fs.closeSync(open.fd)
    }
  }
}

/** So many map nodes are looked for at a time; with 128 blocks each, this bounds the memory whatever the size. */
const nodesAtATime = 4096

/**
 * Reads the blocks of a version and gives each to `write(bytes, offset)`; holes are left out. Goes on past whatever is
 * damaged. Answers the byte ranges that could not be read, in ascending order: [offset, length].
 */
export function readVersion(repository, version, write) {
  const { sizeBytes, blockSizeBytes } = version
  if (version.root === null) return []
  const survey = surveyIndex(repository)
  const blocks = Math.ceil(sizeBytes / blockSizeBytes)
  let lost = []

  /** Notes as lost what node or block `number` stands for; `span` blocks. */
  const lose = (number, span) => {
    const from = number * span * blockSizeBytes
    lost.push([from, Math.min(span * blockSizeBytes, sizeBytes - from)])
  }

  const readData = pairs => {
    const wanted = Map.groupBy(pairs, pair => pair.id)
    readBlocks(repository, survey, blockKinds.data, wanted, (plain, at) => {
      for (const { number } of at) {
        const offset = number * blockSizeBytes
        if (plain.length !== Math.min(blockSizeBytes, sizeBytes - offset))
          throw new Damage('a block has a wrong length')
        write(plain, offset)
      }
    })
    for (const left of wanted.values()) for (const { number } of left) lose(number, 1)
    lost = joinRanges(lost)
  }

  /** `pairs` are nodes of one level: `{ id, number }` (§ Maps). */
  const readNodes = (level, pairs) => {
    for (let at = 0; at < pairs.length; at += nodesAtATime) {
      const wanted = Map.groupBy(pairs.slice(at, at + nodesAtATime), pair => pair.id)
      const below = []
      readBlocks(repository, survey, blockKinds.node, wanted, (plain, nodes) => {
        const entries = parseNode(plain, level)
        for (const { number } of nodes) {
          for (const [place, id] of entries) {
            const child = number * places + place
            if (child * places ** level >= blocks) throw new Damage('a map node goes on beyond the end of its source')
            below.push({ id, number: child })
          }
        }
      })
      for (const left of wanted.values()) for (const { number } of left) lose(number, places ** (level + 1))
      if (level === 0) readData(below)
      else readNodes(level - 1, below)
    }
  }

  readNodes(levelsOf(blocks) - 1, [{ id: hex(version.root).toString('latin1'), number: 0 }])
  return joinRanges(lost)
}

/** Ranges in ascending order, with neighbours joined. */
function joinRanges(ranges) {
  const joined = []
  for (const [offset, length] of ranges.toSorted((a, b) => a[0] - b[0])) {
    const last = joined.at(-1)
    if (last !== undefined && last[0] + last[1] === offset) last[1] += length
    else joined.push([offset, length])
  }
  return joined
}

// ── Commands ─────────────────────────────────────────────────────────────────────────────────────────────────────────

const versionIds = repository => namesOfTwice(repository.dir, 'versions', /^[0-9a-f]{16}$/)

/** § Marks: what they say about protection and labels, by version. */
function readMarks(repository) {
  const marks = new Map()
  for (const name of namesOfTwice(repository.dir, 'marks', /^[0-9a-f]{20}$/)) {
    const mark = orNote({}, () => readRecord(repository, `marks/${name}`, objectKinds.mark))
    if (mark.kind !== 'protect' && mark.kind !== 'labels') continue
    const list = marks.get(mark.version) ?? []
    marks.set(mark.version, [...list, mark])
  }
  return marks
}

/** Prints one line of JSON for each version, oldest first. Answers whether all records could be read. */
function list(repository) {
  const marks = readMarks(repository)
  const ids = versionIds(repository)
  const versions = ids.flatMap(id => orNote([], () => readRecord(repository, `versions/${id}`, objectKinds.version)))
  for (const version of versions.sort((a, b) => (a.startedAt < b.startedAt ? -1 : 1))) {
    const { id, name, startedAt, sizeBytes, status } = version
    const labels = { ...version.labels }
    let isProtected = false
    for (const mark of marks.get(id) ?? []) {
      if (mark.kind === 'protect') isProtected = mark.protected
      else for (const key of mark.remove) delete labels[key]
      if (mark.kind === 'labels') Object.assign(labels, mark.set)
    }
    console.log(JSON.stringify({ id, name, startedAt, sizeBytes, status, protected: isProtected, labels }))
  }
  return versions.length === ids.length
}

function findVersion(repository, beginning) {
  const found = versionIds(repository).filter(id => id.startsWith(beginning))
  if (found.length === 1) return readRecord(repository, `versions/${found[0]}`, objectKinds.version)
  throw new Stop(
    found.length === 0 ? `There is no version ${beginning}.` : `More than one version begins so: ${found.join(' ')}`,
  )
}

/** Reads a version into `file`, or only reads it when there is none. Answers whether nothing was damaged. */
function restore(repository, version, file) {
  const fd = file === undefined ? undefined : fs.openSync(file, 'wx', 0o600)
  const write = (bytes, offset) => {
    for (let done = 0; done < bytes.length && fd !== undefined; ) {
      done += fs.writeSync(fd, bytes, done, bytes.length - done, offset + done)
    }
  }
  if (fd !== undefined) fs.ftruncateSync(fd, version.sizeBytes)
  const lost = readVersion(repository, version, write)
  if (fd !== undefined) fs.fsyncSync(fd)
  for (const { offset, length } of version.unreadable)
    note(`zeros since the backup: offset ${offset}, length ${length}`)
  for (const [offset, length] of lost) console.log(`damaged: offset ${offset}, length ${length}`)
  console.log(`${version.id}: ${lost.length === 0 ? 'complete' : 'the damaged parts are zeros'}`)
  return lost.length === 0
}

/** What the arguments and the environment give as secrets: those to try, the likeliest first. */
function secretsFrom(options) {
  if (options['key-file'] !== undefined) return [{ kind: 'keyfile', value: fs.readFileSync(options['key-file']) }]
  const file = options['passphrase-file']
  const text =
    file === undefined ? process.env.HOLDFAST_PASSPHRASE : fs.readFileSync(file, 'utf8').replace(/\r?\n$/, '')
  if (text === undefined) throw new Stop(usage)
  const entropy = phraseEntropy(text)
  const passphrase = { kind: 'passphrase', value: text }
  return entropy === undefined ? [passphrase] : [{ kind: 'recovery', value: entropy }, passphrase]
}

/** Runs the program. Answers the exit code. */
function main(args) {
  if (crypto.argon2Sync === undefined || zlib.zstdDecompressSync === undefined) {
    console.error(`This is Node ${process.version}, which lacks Argon2 or zstd. Get Node 24.7 or newer from`)
    console.error('https://nodejs.org and start this file with it: /path/to/that/node read-repository.mjs …')
    return 2
  }
  try {
    const options = { 'passphrase-file': { type: 'string' }, 'key-file': { type: 'string' } }
    const { values, positionals } = parseArgs({ args, options, allowPositionals: true })
    const [dir, command, version, file] = positionals
    const counts = { list: 2, verify: 3, restore: 4 }
    if (counts[command] !== positionals.length) throw new Stop(usage)
    const repository = openRepository(dir, secretsFrom(values))
    if (command === 'list') return list(repository) ? 0 : 1
    return restore(repository, findVersion(repository, version), file) ? 0 : 1
  } catch (error) {
    console.error(error.message)
    return error instanceof Damage ? 1 : 2
  }
}

/** The English words of BIP-39. */
// biome-ignore format: one line of 2048 words
const wordList = "abandon ability able about above absent absorb abstract absurd abuse access accident account accuse achieve acid acoustic acquire across act action actor actress actual adapt add addict address adjust admit adult advance advice aerobic affair afford afraid again age agent agree ahead aim air airport aisle alarm album alcohol alert alien all alley allow almost alone alpha already also alter always amateur amazing among amount amused analyst anchor ancient anger angle angry animal ankle announce annual another answer antenna antique anxiety any apart apology appear apple approve april arch arctic area arena argue arm armed armor army around arrange arrest arrive arrow art artefact artist artwork ask aspect assault asset assist assume asthma athlete atom attack attend attitude attract auction audit august aunt author auto autumn average avocado avoid awake aware away awesome awful awkward axis baby bachelor bacon badge bag balance balcony ball bamboo banana banner bar barely bargain barrel base basic basket battle beach bean beauty because become beef before begin behave behind believe below belt bench benefit best betray better between beyond bicycle bid bike bind biology bird birth bitter black blade blame blanket blast bleak bless blind blood blossom blouse blue blur blush board boat body boil bomb bone bonus book boost border boring borrow boss bottom bounce box boy bracket brain brand brass brave bread breeze brick bridge brief bright bring brisk broccoli broken bronze broom brother brown brush bubble buddy budget buffalo build bulb bulk bullet bundle bunker burden burger burst bus business busy butter buyer buzz cabbage cabin cable cactus cage cake call calm camera camp can canal cancel candy cannon canoe canvas canyon capable capital captain car carbon card cargo carpet carry cart case cash casino castle casual cat catalog catch category cattle caught cause caution cave ceiling celery cement census century cereal certain chair chalk champion change chaos chapter charge chase chat cheap check cheese chef cherry chest chicken chief child chimney choice choose chronic chuckle chunk churn cigar cinnamon circle citizen city civil claim clap clarify claw clay clean clerk clever click client cliff climb clinic clip clock clog close cloth cloud clown club clump cluster clutch coach coast coconut code coffee coil coin collect color column combine come comfort comic common company concert conduct confirm congress connect consider control convince cook cool copper copy coral core corn correct cost cotton couch country couple course cousin cover coyote crack cradle craft cram crane crash crater crawl crazy cream credit creek crew cricket crime crisp critic crop cross crouch crowd crucial cruel cruise crumble crunch crush cry crystal cube culture cup cupboard curious current curtain curve cushion custom cute cycle dad damage damp dance danger daring dash daughter dawn day deal debate debris decade december decide decline decorate decrease deer defense define defy degree delay deliver demand demise denial dentist deny depart depend deposit depth deputy derive describe desert design desk despair destroy detail detect develop device devote diagram dial diamond diary dice diesel diet differ digital dignity dilemma dinner dinosaur direct dirt disagree discover disease dish dismiss disorder display distance divert divide divorce dizzy doctor document dog doll dolphin domain donate donkey donor door dose double dove draft dragon drama drastic draw dream dress drift drill drink drip drive drop drum dry duck dumb dune during dust dutch duty dwarf dynamic eager eagle early earn earth easily east easy echo ecology economy edge edit educate effort egg eight either elbow elder electric elegant element elephant elevator elite else embark embody embrace emerge emotion employ empower empty enable enact end endless endorse enemy energy enforce engage engine enhance enjoy enlist enough enrich enroll ensure enter entire entry envelope episode equal equip era erase erode erosion error erupt escape essay essence estate eternal ethics evidence evil evoke evolve exact example excess exchange excite exclude excuse execute exercise exhaust exhibit exile exist exit exotic expand expect expire explain expose express extend extra eye eyebrow fabric face faculty fade faint faith fall false fame family famous fan fancy fantasy farm fashion fat fatal father fatigue fault favorite feature february federal fee feed feel female fence festival fetch fever few fiber fiction field figure file film filter final find fine finger finish fire firm first fiscal fish fit fitness fix flag flame flash flat flavor flee flight flip float flock floor flower fluid flush fly foam focus fog foil fold follow food foot force forest forget fork fortune forum forward fossil foster found fox fragile frame frequent fresh friend fringe frog front frost frown frozen fruit fuel fun funny furnace fury future gadget gain galaxy gallery game gap garage garbage garden garlic garment gas gasp gate gather gauge gaze general genius genre gentle genuine gesture ghost giant gift giggle ginger giraffe girl give glad glance glare glass glide glimpse globe gloom glory glove glow glue goat goddess gold good goose gorilla gospel gossip govern gown grab grace grain grant grape grass gravity great green grid grief grit grocery group grow grunt guard guess guide guilt guitar gun gym habit hair half hammer hamster hand happy harbor hard harsh harvest hat have hawk hazard head health heart heavy hedgehog height hello helmet help hen hero hidden high hill hint hip hire history hobby hockey hold hole holiday hollow home honey hood hope horn horror horse hospital host hotel hour hover hub huge human humble humor hundred hungry hunt hurdle hurry hurt husband hybrid ice icon idea identify idle ignore ill illegal illness image imitate immense immune impact impose improve impulse inch include income increase index indicate indoor industry infant inflict inform inhale inherit initial inject injury inmate inner innocent input inquiry insane insect inside inspire install intact interest into invest invite involve iron island isolate issue item ivory jacket jaguar jar jazz jealous jeans jelly jewel job join joke journey joy judge juice jump jungle junior junk just kangaroo keen keep ketchup key kick kid kidney kind kingdom kiss kit kitchen kite kitten kiwi knee knife knock know lab label labor ladder lady lake lamp language laptop large later latin laugh laundry lava law lawn lawsuit layer lazy leader leaf learn leave lecture left leg legal legend leisure lemon lend length lens leopard lesson letter level liar liberty library license life lift light like limb limit link lion liquid list little live lizard load loan lobster local lock logic lonely long loop lottery loud lounge love loyal lucky luggage lumber lunar lunch luxury lyrics machine mad magic magnet maid mail main major make mammal man manage mandate mango mansion manual maple marble march margin marine market marriage mask mass master match material math matrix matter maximum maze meadow mean measure meat mechanic medal media melody melt member memory mention menu mercy merge merit merry mesh message metal method middle midnight milk million mimic mind minimum minor minute miracle mirror misery miss mistake mix mixed mixture mobile model modify mom moment monitor monkey monster month moon moral more morning mosquito mother motion motor mountain mouse move movie much muffin mule multiply muscle museum mushroom music must mutual myself mystery myth naive name napkin narrow nasty nation nature near neck need negative neglect neither nephew nerve nest net network neutral never news next nice night noble noise nominee noodle normal north nose notable note nothing notice novel now nuclear number nurse nut oak obey object oblige obscure observe obtain obvious occur ocean october odor off offer office often oil okay old olive olympic omit once one onion online only open opera opinion oppose option orange orbit orchard order ordinary organ orient original orphan ostrich other outdoor outer output outside oval oven over own owner oxygen oyster ozone pact paddle page pair palace palm panda panel panic panther paper parade parent park parrot party pass patch path patient patrol pattern pause pave payment peace peanut pear peasant pelican pen penalty pencil people pepper perfect permit person pet phone photo phrase physical piano picnic picture piece pig pigeon pill pilot pink pioneer pipe pistol pitch pizza place planet plastic plate play please pledge pluck plug plunge poem poet point polar pole police pond pony pool popular portion position possible post potato pottery poverty powder power practice praise predict prefer prepare present pretty prevent price pride primary print priority prison private prize problem process produce profit program project promote proof property prosper protect proud provide public pudding pull pulp pulse pumpkin punch pupil puppy purchase purity purpose purse push put puzzle pyramid quality quantum quarter question quick quit quiz quote rabbit raccoon race rack radar radio rail rain raise rally ramp ranch random range rapid rare rate rather raven raw razor ready real reason rebel rebuild recall receive recipe record recycle reduce reflect reform refuse region regret regular reject relax release relief rely remain remember remind remove render renew rent reopen repair repeat replace report require rescue resemble resist resource response result retire retreat return reunion reveal review reward rhythm rib ribbon rice rich ride ridge rifle right rigid ring riot ripple risk ritual rival river road roast robot robust rocket romance roof rookie room rose rotate rough round route royal rubber rude rug rule run runway rural sad saddle sadness safe sail salad salmon salon salt salute same sample sand satisfy satoshi sauce sausage save say scale scan scare scatter scene scheme school science scissors scorpion scout scrap screen script scrub sea search season seat second secret section security seed seek segment select sell seminar senior sense sentence series service session settle setup seven shadow shaft shallow share shed shell sheriff shield shift shine ship shiver shock shoe shoot shop short shoulder shove shrimp shrug shuffle shy sibling sick side siege sight sign silent silk silly silver similar simple since sing siren sister situate six size skate sketch ski skill skin skirt skull slab slam sleep slender slice slide slight slim slogan slot slow slush small smart smile smoke smooth snack snake snap sniff snow soap soccer social sock soda soft solar soldier solid solution solve someone song soon sorry sort soul sound soup source south space spare spatial spawn speak special speed spell spend sphere spice spider spike spin spirit split spoil sponsor spoon sport spot spray spread spring spy square squeeze squirrel stable stadium staff stage stairs stamp stand start state stay steak steel stem step stereo stick still sting stock stomach stone stool story stove strategy street strike strong struggle student stuff stumble style subject submit subway success such sudden suffer sugar suggest suit summer sun sunny sunset super supply supreme sure surface surge surprise surround survey suspect sustain swallow swamp swap swarm swear sweet swift swim swing switch sword symbol symptom syrup system table tackle tag tail talent talk tank tape target task taste tattoo taxi teach team tell ten tenant tennis tent term test text thank that theme then theory there they thing this thought three thrive throw thumb thunder ticket tide tiger tilt timber time tiny tip tired tissue title toast tobacco today toddler toe together toilet token tomato tomorrow tone tongue tonight tool tooth top topic topple torch tornado tortoise toss total tourist toward tower town toy track trade traffic tragic train transfer trap trash travel tray treat tree trend trial tribe trick trigger trim trip trophy trouble truck true truly trumpet trust truth try tube tuition tumble tuna tunnel turkey turn turtle twelve twenty twice twin twist two type typical ugly umbrella unable unaware uncle uncover under undo unfair unfold unhappy uniform unique unit universe unknown unlock until unusual unveil update upgrade uphold upon upper upset urban urge usage use used useful useless usual utility vacant vacuum vague valid valley valve van vanish vapor various vast vault vehicle velvet vendor venture venue verb verify version very vessel veteran viable vibrant vicious victory video view village vintage violin virtual virus visa visit visual vital vivid vocal voice void volcano volume vote voyage wage wagon wait walk wall walnut want warfare warm warrior wash wasp waste water wave way wealth weapon wear weasel weather web wedding weekend weird welcome west wet whale what wheat wheel when where whip whisper wide width wife wild will win window wine wing wink winner winter wire wisdom wise wish witness wolf woman wonder wood wool word work world worry worth wrap wreck wrestle wrist write wrong yard year yellow you young youth zebra zero zone zoo".split(" ")

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(fs.realpathSync(process.argv[1])).href) {
  process.exitCode = main(process.argv.slice(2))
}
