#!/usr/bin/env node
/**
 * Gives back what a Holdfast repository holds, without Holdfast: one file, nothing but Node. It was written from
 * docs/repository-format.md alone and imports nothing of the engine; "§" in the comments names a section of that page.
 *
 * It only reads the repository, which has to be a folder (copy a bucket or a remote folder to a disk first). It takes no
 * lock: let no prune run at the same time. It needs 500 MB of memory at most, and 200 bytes for each pack.
 *
 * Ends with 0 when everything was read, 1 when something is damaged, 2 when it could not begin or not go on.
 */
import crypto from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import zlib from 'node:zlib'

const usage = `Usage: node read-repository.mjs REPO list
       node read-repository.mjs REPO verify VERSION
       node read-repository.mjs REPO restore VERSION FILE [--recipe]

With --recipe, FILE becomes the machine recipe of the version, a tar archive, instead of its data.
REPO is the folder of the repository, VERSION an id from the list or the beginning of one; FILE must not exist.
The secret: --passphrase-file F (holds the passphrase or the 24 words of the recovery phrase), --key-file F, or
HOLDFAST_PASSPHRASE in the environment (the passphrase or the 24 words).`

const hex = text => Buffer.from(text, 'hex')
const zeroNonce = Buffer.alloc(12)

/** § Conventions: HMAC-SHA-256 of the parts, one behind the other. */
export const hmac = (key, ...parts) =>
  parts.reduce((mac, part) => mac.update(part), crypto.createHmac('sha256', key)).digest()

/** § Conventions: HKDF-SHA-256, 32 bytes. */
export const hkdf = (secret, salt, info) => Buffer.from(crypto.hkdfSync('sha256', secret, salt, info, 32))

/** § Conventions: opens AES-256-GCM; the last 16 bytes of `sealed` are the tag. */
export function gcmOpen(key, nonce, aad, sealed) {
  const decipher = crypto.createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: 16 })
  decipher.setAAD(Buffer.from(aad)).setAuthTag(sealed.subarray(-16))
  const plain = decipher.update(sealed.subarray(0, -16))
  try {
    return Buffer.concat([plain, decipher.final()])
  } catch {
    throw new Error('its tag is wrong')
  }
}

/** Undoes `compression` (0 none, 1 zstd). Fails when the result would be longer than `limit` bytes. */
function decompress(compression, body, limit) {
  if (compression > 1) throw new Error(`its compression ${compression} is unknown`)
  return compression === 0 ? body : zlib.zstdDecompressSync(body, { maxOutputLength: Math.max(1, limit) })
}

/** § Keys: all keys of a repository. */
export function deriveKeys(masterKey, repositoryId) {
  const derive = purpose => hkdf(masterKey, hex(repositoryId), `holdfast/v1/${purpose}`)
  const purposes = ['block-id', 'map-id', 'id-mask', 'pack-key', 'object', 'config']
  const [blockId, mapId, idMask, packKey, object, config] = purposes.map(derive)
  return { blockId, mapId, idMask, packKey, object, config }
}

/** § config: whether the MAC at the end of a config or of a key slot is that of the text before it. */
export function macIsRight(text, configKey) {
  const [, before, mac] = /^(\{.*),"mac":"([0-9a-f]{64})"\}$/.exec(text) ?? []
  return before !== undefined && hmac(configKey, `${before}}`).equals(hex(mac))
}

/** § Key slots: the slot key. `secret` is the passphrase as text, the entropy of the phrase, or the content of the file. */
export function slotKey({ kind, kdf }, secret) {
  const salt = hex(kdf.salt)
  if (kind !== 'passphrase') return hkdf(secret, salt, `holdfast/v1/slot/${kind}`)
  const { memoryKiB: memory, passes, lanes: parallelism } = kdf
  if (memory > 1024 * 1024 || passes > 32 || parallelism > 16) throw new Error('its costs are too high')
  const message = Buffer.from(secret.normalize('NFC'))
  return crypto.argon2Sync('argon2id', { message, nonce: salt, memory, passes, parallelism, tagLength: 32 })
}

/** § Key slots: the master key. Fails when the secret is not that of the slot. */
export function openSlot(slot, repositoryId, secret) {
  const aad = `holdfast/v1/slot/${repositoryId}/${slot.id}/${slot.kind}`
  return gcmOpen(slotKey(slot, secret), hex(slot.nonce), aad, hex(slot.wrapped))
}

/** § Key slots: the 32 bytes that 24 words stand for (BIP-39); undefined when the text is no recovery phrase. */
export function phraseEntropy(text) {
  const numbers = Array.from(text.trim().toLowerCase().split(/\s+/), word => wordList.indexOf(word))
  if (numbers.length !== 24 || numbers.includes(-1)) return undefined
  const bits = numbers.reduce((sum, number) => (sum << 11n) | BigInt(number), 0n)
  const bytes = hex(bits.toString(16).padStart(66, '0'))
  const entropy = bytes.subarray(0, 32)
  return crypto.createHash('sha256').update(entropy).digest()[0] === bytes[32] ? entropy : undefined
}

export const objectKinds = { index: 1, version: 2, mark: 3, lock: 4, condemned: 5 }

/** § Sealed objects: the plaintext of the object whose first (or only) copy stands under `name`. */
export function openObject(keys, name, kind, bytes) {
  const head = bytes.subarray(0, 40)
  if (head.length < 40 || head.toString('latin1', 0, 4) !== 'HFSO') throw new Error('it is no sealed object')
  if (head[4] !== 1) throw new Error(`its envelope has version ${head[4]}; this reader knows 1`)
  if (head[5] !== kind) throw new Error(`its kind is ${head[5]} instead of ${kind}`)
  const aad = Buffer.concat([head, Buffer.from(name)])
  const body = gcmOpen(hmac(keys.object, head.subarray(8)), zeroNonce, aad, bytes.subarray(40))
  return decompress(head[6], body, 64 * 1024 * 1024)
}

export const blockKinds = { data: 1, node: 2 }

/** § Blocks and frames: the id of a block or map node, 16 bytes: AES of the GMAC. */
export function blockId(keys, kind, plain) {
  const gmac = crypto.createCipheriv('aes-256-gcm', kind === blockKinds.node ? keys.mapId : keys.blockId, zeroNonce)
  gmac.setAAD(plain).final()
  return crypto.createCipheriv('aes-256-ecb', keys.idMask, null).setAutoPadding(false).update(gmac.getAuthTag())
}

/** § Packs: bytes 0…23. */
const packHead = id => Buffer.concat([Buffer.from('HFPK\x01\0\0\0', 'latin1'), hex(id)])

/** § Packs: the key of a pack from the 60 bytes in its header or in an index segment. */
export const openPackKey = (keys, id, wrapped) =>
  gcmOpen(keys.packKey, wrapped.subarray(0, 12), packHead(id), wrapped.subarray(12))

/** § Blocks and frames: the key of all frames of a pack. */
export const openFrameKey = (keys, id, wrapped) => hmac(openPackKey(keys, id, wrapped), 'frames')

/** § Blocks and frames: the plaintext of a frame. `frame` is an entry of framesOf, `sealed` are its bytes in the pack. */
export function openFrame(frameKey, { kind, compression, offset, plainLength }, sealed) {
  const nonce = Buffer.alloc(12)
  nonce.writeUInt32LE(offset)
  const aad = Buffer.from([kind, compression, 0, 0, 0, 0])
  aad.writeUInt32LE(plainLength, 2)
  return decompress(compression, gcmOpen(frameKey, nonce, aad, sealed), plainLength)
}

/** § Packs: what a pack of `size` bytes says of itself. `read(offset, length)` gives bytes of it. */
export function openPackIndex(keys, id, size, read) {
  const head = read(0, 24)
  if (!head.equals(packHead(id))) throw new Error('its header is wrong')
  const wrapped = read(24, 60)
  const end = read(size - 8, 8)
  const length = end.readUInt32LE(0)
  if (end.toString('latin1', 4) !== 'HFPE' || length > size - 92) throw new Error('its end is wrong')
  const indexKey = hmac(openPackKey(keys, id, wrapped), 'index')
  return { id, wrapped, frames: framesOf(gcmOpen(indexKey, zeroNonce, head, read(size - 8 - length, length))) }
}

/** § List of frames. What `blocks` of a frame holds is for blocksOf. */
export function framesOf(list) {
  const frames = []
  for (let at = 0, offset = 84; at < list.length; ) {
    const [kind, compression, blockCount] = [list[at], list[at + 1], list.readUInt16LE(at + 2)]
    const [sealedLength, plainLength] = [list.readUInt32LE(at + 4), list.readUInt32LE(at + 8)]
    const blocks = list.subarray(at + 12, at + 12 + 20 * blockCount)
    if (blocks.length < 20 * blockCount) throw new Error('a list of frames is cut off')
    frames.push({ kind, compression, offset, sealedLength, plainLength, blocks })
    offset += sealedLength
    at += 12 + blocks.length
  }
  return frames
}

/** § List of frames: the blocks of a frame. An id is a string here, one Latin-1 character for each of its 16 bytes. */
export function blocksOf({ blocks }) {
  let end = 0
  return Array.from({ length: blocks.length / 20 }, (_, i) => {
    const length = blocks.readUInt32LE(20 * i + 16)
    end += length
    return { id: blocks.toString('latin1', 20 * i, 20 * i + 16), offset: end - length, length }
  })
}

/** § Index segments: the packs with their frames, and the ids of the segments that this one supersedes. */
export function parseSegment(plain) {
  let at = 0
  const take = length => {
    at += length
    if (at > plain.length) throw new Error('it is cut off')
    return plain.subarray(at - length, at)
  }
  const u32 = () => take(4).readUInt32LE(0)
  const id = () => take(16).toString('hex')
  const readPack = () => ({ id: id(), wrapped: take(60), size: u32(), frames: framesOf(take(u32())) })
  return { packs: Array.from({ length: u32() }, readPack), superseded: Array.from({ length: u32() }, id) }
}

/** § Maps: the number of levels over so many blocks. */
export function levelsOf(blocks) {
  let levels = 1
  while (128 ** levels < blocks) levels++
  return levels
}

/** § Maps: the places of a node that are not holes: [place, id as in blocksOf]. */
export function parseNode(plain, level) {
  if (plain.length < 20 || plain.readUInt32LE(0) !== level) throw new Error(`it is no map node of level ${level}`)
  const entries = []
  for (let place = 0; place < 128; place++) {
    if ((plain[4 + (place >> 3)] & (1 << (place & 7))) === 0) continue
    const at = 20 + 16 * entries.length
    entries.push([place, plain.toString('latin1', at, at + 16)])
  }
  if (plain.length !== 20 + 16 * entries.length) throw new Error('it is a map node of the wrong length')
  return entries
}

const noted = new Set()

/** Tells on standard error, once, what the reader had to do without. */
function note(text) {
  if (!noted.has(text)) console.error(`note: ${text}`)
  noted.add(text)
}

/** What `run` answers; undefined when it fails, which means that `what` is damaged. */
function attempt(what, run, report = note) {
  try {
    return run()
  } catch (error) {
    report(error.code === 'ENOENT' ? `${what} is missing` : `${what} cannot be read: ${error.message}`)
    return undefined
  }
}

/** Names in a folder of the repository that match. A folder without objects may be missing (§ Objects). */
function namesIn(dir, folder, pattern) {
  const at = path.join(dir, folder)
  const names = fs.existsSync(at) ? attempt(folder, () => fs.readdirSync(at)) : []
  return (names ?? []).filter(name => pattern.test(name))
}

/** § Objects: names of objects that are stored twice and of which at least one copy is there, sorted. */
const namesOfTwice = (dir, folder, pattern) =>
  [...new Set([folder, `copies/${folder}`].flatMap(at => namesIn(dir, at, pattern)))].sort()

/** § Objects: a sealed JSON object that is stored twice, from the first copy that opens; undefined when none does. */
function readRecord({ dir, keys }, name, kind) {
  const read = place => JSON.parse(openObject(keys, name, kind, fs.readFileSync(path.join(dir, place))).toString())
  return attempt(name, () => read(name)) ?? attempt(`copies/${name}`, () => read(`copies/${name}`))
}

/** `length` bytes of an open file from `offset`. */
function readAt(fd, offset, length) {
  const bytes = Buffer.allocUnsafe(length)
  for (let done = 0, count = 0; done < length; done += count) {
    count = fs.readSync(fd, bytes, done, length - done, offset + done)
    if (count === 0) throw new Error('it ends too early')
  }
  return bytes
}

/** § How to read a version, 1: tries the secret (`{ kind, value }`, see slotKey) on all copies of slots and config. */
function openRepository(dir, secret) {
  const problems = new Set()
  const quietly = (what, run) => attempt(what, run, problem => problems.add(problem))
  const copiesOf = name => {
    const texts = [name, `copies/${name}`].map(at => quietly(at, () => fs.readFileSync(path.join(dir, at), 'utf8')))
    const different = [...new Set(texts)].filter(text => text !== undefined)
    return different.flatMap(text => quietly(name, () => ({ ...JSON.parse(text), text })) ?? [])
  }
  const slots = namesOfTwice(dir, 'keys', /^[0-9a-f]{8}$/).flatMap(id => copiesOf(`keys/${id}`))
  for (const config of copiesOf('config')) {
    const isKnown = config.format === 'holdfast-repository' && config.version === 1
    if (!isKnown) problems.add(`config: ${config.format} ${config.version}; this reader knows holdfast-repository 1`)
    for (const slot of slots.filter(({ kind }) => isKnown && kind === secret.kind)) {
      const masterKey = quietly(`key slot ${slot.id}`, () => openSlot(slot, config.repositoryId, secret.value))
      if (masterKey === undefined) continue
      const keys = deriveKeys(masterKey, config.repositoryId)
      if (!macIsRight(slot.text, keys.config)) note(`key slot ${slot.id} was altered; its label may be wrong`)
      if (macIsRight(config.text, keys.config)) return { dir, keys }
      problems.add('config was altered')
    }
  }
  throw new Error([`The repository in ${dir} does not open with this secret.`, ...problems].join('\n  '))
}

const readSegment = ({ dir, keys }, id) =>
  attempt(`index/${id}`, () => {
    const bytes = fs.readFileSync(path.join(dir, 'index', id))
    return parseSegment(openObject(keys, `index/${id}`, objectKinds.index, bytes))
  })

const openPack = ({ dir }, id) => fs.openSync(path.join(dir, 'packs', id.slice(0, 2), id))

const readPackIndex = (repository, id) =>
  attempt(`the index of pack ${id}`, () => {
    const fd = openPack(repository, id)
    try {
      return openPackIndex(repository.keys, id, fs.fstatSync(fd).size, (at, length) => readAt(fd, at, length))
    } finally {
      fs.closeSync(fd)
    }
  })

/** § Index segments: those that count, and the packs that none of them names; of these, their own index will be read. */
function surveyIndex(repository) {
  const packsBy = new Map()
  const superseded = new Set()
  for (const segment of namesIn(repository.dir, 'index', /^[0-9a-f]{32}$/)) {
    const read = readSegment(repository, segment)
    for (const old of read?.superseded ?? []) superseded.add(old)
    if (read !== undefined) packsBy.set(segment, new Set(read.packs.map(({ id }) => id)))
  }
  for (const old of superseded) packsBy.delete(old)
  const named = new Set([...packsBy.values()].flatMap(ids => [...ids]))
  const folders = namesIn(repository.dir, 'packs', /^[0-9a-f]{2}$/)
  const packs = folders.flatMap(at => namesIn(repository.dir, `packs/${at}`, new RegExp(`^${at}[0-9a-f]{30}$`)))
  return { segments: [...packsBy.keys()], packs: packs.filter(id => !named.has(id)) }
}

/** All packs with their frames; one segment at a time is in memory. */
function* packsOf(repository, survey) {
  for (const id of survey.segments) yield* readSegment(repository, id)?.packs ?? []
  for (const id of survey.packs) yield* [readPackIndex(repository, id) ?? []].flat()
}

/**
 * § How to read a version, 4: reads all blocks of one kind whose ids are keys of `wanted`, pack by pack and each frame at
 * most once. `take(plain, number)` gets each of them for every number that it is wanted for; then it leaves `wanted`. When
 * one copy of a block is damaged, the next one will do. What is left in `wanted` at the end cannot be had.
 */
function readBlocks(repository, survey, kind, wanted, take) {
  for (const { id: packId, wrapped, frames } of packsOf(repository, survey)) {
    if (wanted.size === 0) return
    let pack
    const readFrame = frame => {
      pack ??= { fd: openPack(repository, packId), key: openFrameKey(repository.keys, packId, wrapped) }
      return openFrame(pack.key, frame, readAt(pack.fd, frame.offset, frame.sealedLength))
    }
    for (const frame of frames.filter(other => other.kind === kind)) {
      const here = blocksOf(frame).filter(({ id }) => wanted.has(id))
      const what = `the frame at ${frame.offset} of pack ${packId}`
      const plain = here.length > 0 && attempt(what, () => readFrame(frame))
      for (const { id, offset, length } of plain ? here : []) {
        const block = plain.subarray(offset, offset + length)
        if (blockId(repository.keys, kind, block).toString('latin1') === id) {
          for (const { number } of wanted.get(id) ?? []) take(block, number)
          wanted.delete(id)
        } else note(`${what} holds a wrong block`)
      }
    }
    if (pack !== undefined) fs.closeSync(pack.fd)
  }
}

/** So many map nodes, with 128 blocks each, are looked for at a time: this bounds the memory. */
const nodesAtATime = 4096

/**
 * § How to read a version, 3 to 5 (for a version, or for its recipe): gives each block to `write(bytes, offset)`, in no order and without holes, and goes on
 * past what is damaged. Answers the byte ranges that could not be read, ascending: [offset, length].
 */
function readVersion(repository, { root, sizeBytes, blockSizeBytes }, write) {
  if (root === null) return []
  const survey = surveyIndex(repository)
  let lost = []
  const lose = (number, blocks) => {
    const offset = number * blocks * blockSizeBytes
    lost.push([offset, Math.min(blocks * blockSizeBytes, sizeBytes - offset)])
  }
  /** `pairs` are nodes of one level, or blocks when it is -1: the id, and the number in the level (§ Maps). */
  const readAll = (level, pairs) => {
    const wanted = Map.groupBy(pairs, pair => pair.id)
    const below = []
    const takeNode = (plain, number) => {
      const entries = attempt('a map node', () => parseNode(plain, level))
      if (entries === undefined) lose(number, 128 ** (level + 1))
      for (const [place, id] of entries ?? []) below.push({ id, number: number * 128 + place })
    }
    if (level >= 0) readBlocks(repository, survey, blockKinds.node, wanted, takeNode)
    else
      readBlocks(repository, survey, blockKinds.data, wanted, (plain, number) => write(plain, number * blockSizeBytes))
    for (const { number } of [...wanted.values()].flat()) lose(number, 128 ** (level + 1))
    const atATime = level > 0 ? nodesAtATime : below.length
    for (let at = 0; at < below.length; at += atATime) readAll(level - 1, below.slice(at, at + atATime))
    lost = joinRanges(lost)
  }
  readAll(levelsOf(Math.ceil(sizeBytes / blockSizeBytes)) - 1, [{ id: hex(root).toString('latin1'), number: 0 }])
  return lost
}

/** Ranges in ascending order, with neighbours joined. */
function joinRanges(ranges) {
  const joined = []
  for (const [offset, length] of ranges.sort((a, b) => a[0] - b[0])) {
    const last = joined.at(-1)
    if (last !== undefined && last[0] + last[1] === offset) last[1] += length
    else joined.push([offset, length])
  }
  return joined
}

/** Prints one line of JSON for each version, oldest first. Answers whether every record and mark could be read. */
function list(repository) {
  const read = (folder, pattern, kind) =>
    namesOfTwice(repository.dir, folder, pattern).map(name => readRecord(repository, `${folder}/${name}`, kind))
  const versions = read('versions', /^[0-9a-f]{16}$/, objectKinds.version)
  const marks = read('marks', /^[0-9a-f]{20}$/, objectKinds.mark)
  const byTime = versions.filter(Boolean).sort((a, b) => (a.startedAt < b.startedAt ? -1 : 1))
  for (const { id, name, startedAt, sizeBytes, status, labels } of byTime) {
    let isProtected = false
    for (const mark of marks.filter(other => other?.version === id)) {
      if (mark.kind === 'protect') isProtected = mark.protected
      for (const key of mark.remove ?? []) delete labels[key]
      Object.assign(labels, mark.set)
    }
    console.log(JSON.stringify({ id, name, startedAt, sizeBytes, status, protected: isProtected, labels }))
  }
  return !versions.includes(undefined) && !marks.includes(undefined)
}

/**
 * Reads a version into a new file, or only reads it, and its recipe, when `file` is undefined. With `isRecipe`, the file gets the
 * recipe instead. Answers whether nothing was damaged.
 */
function restore(repository, beginning, file, isRecipe) {
  const ids = namesOfTwice(repository.dir, 'versions', /^[0-9a-f]{16}$/).filter(id => id.startsWith(beginning))
  if (ids.length !== 1) throw new Error(`${ids.length} versions begin with ${beginning}: ${ids.join(' ')}`)
  const version = readRecord(repository, `versions/${ids[0]}`, objectKinds.version)
  if (version === undefined) return false
  if (isRecipe) return restoreRecipe(repository, version, file)
  for (const part of version.unreadable) note(`zeros since the backup: offset ${part.offset}, length ${part.length}`)
  const isWhole = readInto(repository, version, file)
  console.log(`${version.id}: ${isWhole ? 'everything was read' : 'the damaged ranges are zeros'}`)
  return file === undefined && version.recipe !== undefined ? restoreRecipe(repository, version) && isWhole : isWhole
}

/** § Machine recipes: the same for the recipe of a version. */
function restoreRecipe(repository, { id, recipe, blockSizeBytes }, file) {
  if (recipe === undefined) throw new Error(`${id} has no machine recipe`)
  const isWhole = readInto(repository, { ...recipe, blockSizeBytes }, file)
  console.log(`${id}, machine recipe: ${isWhole ? 'everything was read' : 'the damaged ranges are zeros'}`)
  return isWhole
}

/** Reads what a map stands for into a new file, or only reads it when there is none. Answers whether nothing was damaged. */
function readInto(repository, map, file) {
  const fd = file === undefined ? undefined : fs.openSync(file, 'wx', 0o600)
  if (fd !== undefined) fs.ftruncateSync(fd, map.sizeBytes)
  const lost = readVersion(repository, map, (bytes, offset) => {
    for (let done = 0; done < bytes.length && fd !== undefined; ) {
      done += fs.writeSync(fd, bytes, done, bytes.length - done, offset + done)
    }
  })
  if (fd !== undefined) fs.fsyncSync(fd)
  for (const [offset, length] of lost) console.log(`damaged: offset ${offset}, length ${length}`)
  return lost.length === 0
}

/** The secret from the options or the environment. One line break at the end of a passphrase file is dropped. */
function secretFrom({ 'key-file': keyFile, 'passphrase-file': file }) {
  if (keyFile !== undefined) return { kind: 'keyfile', value: fs.readFileSync(keyFile) }
  const text = file === undefined ? process.env.HOLDFAST_PASSPHRASE : fs.readFileSync(file, 'utf8')
  if (text === undefined) throw new Error(usage)
  const entropy = phraseEntropy(text)
  if (entropy !== undefined) return { kind: 'recovery', value: entropy }
  return { kind: 'passphrase', value: file === undefined ? text : text.replace(/\r?\n$/, '') }
}

/** Runs the program. Answers the exit code. */
function main(args) {
  if (crypto.argon2Sync === undefined || zlib.zstdDecompressSync === undefined) {
    console.error(`This is Node ${process.version}, which lacks Argon2 or zstd. Get Node 24.7 or newer, for example from
https://nodejs.org, and start this file with it: /path/to/that/node read-repository.mjs`)
    return 2
  }
  try {
    const options = {
      'passphrase-file': { type: 'string' },
      'key-file': { type: 'string' },
      recipe: { type: 'boolean' },
    }
    const { values, positionals } = parseArgs({ args, options, allowPositionals: true })
    const [dir, command, version, file] = positionals
    if ({ list: 2, verify: 3, restore: 4 }[command] !== positionals.length) throw new Error(usage)
    if (values.recipe && command !== 'restore') throw new Error(usage)
    const repository = openRepository(dir, secretFrom(values))
    return (command === 'list' ? list(repository) : restore(repository, version, file, values.recipe)) ? 0 : 1
  } catch (error) {
    console.error(error.message)
    return 2
  }
}

/** The English words of BIP-39. */
const words =
  'abandon ability able about above absent absorb abstract absurd abuse access accident account accuse achieve acid acoustic acquire across act action actor actress actual adapt add addict address adjust admit adult advance advice aerobic affair afford afraid again age agent agree ahead aim air airport aisle alarm album alcohol alert alien all alley allow almost alone alpha already also alter always amateur amazing among amount amused analyst anchor ancient anger angle angry animal ankle announce annual another answer antenna antique anxiety any apart apology appear apple approve april arch arctic area arena argue arm armed armor army around arrange arrest arrive arrow art artefact artist artwork ask aspect assault asset assist assume asthma athlete atom attack attend attitude attract auction audit august aunt author auto autumn average avocado avoid awake aware away awesome awful awkward axis baby bachelor bacon badge bag balance balcony ball bamboo banana banner bar barely bargain barrel base basic basket battle beach bean beauty because become beef before begin behave behind believe below belt bench benefit best betray better between beyond bicycle bid bike bind biology bird birth bitter black blade blame blanket blast bleak bless blind blood blossom blouse blue blur blush board boat body boil bomb bone bonus book boost border boring borrow boss bottom bounce box boy bracket brain brand brass brave bread breeze brick bridge brief bright bring brisk broccoli broken bronze broom brother brown brush bubble buddy budget buffalo build bulb bulk bullet bundle bunker burden burger burst bus business busy butter buyer buzz cabbage cabin cable cactus cage cake call calm camera camp can canal cancel candy cannon canoe canvas canyon capable capital captain car carbon card cargo carpet carry cart case cash casino castle casual cat catalog catch category cattle caught cause caution cave ceiling celery cement census century cereal certain chair chalk champion change chaos chapter charge chase chat cheap check cheese chef cherry chest chicken chief child chimney choice choose chronic chuckle chunk churn cigar cinnamon circle citizen city civil claim clap clarify claw clay clean clerk clever click client cliff climb clinic clip clock clog close cloth cloud clown club clump cluster clutch coach coast coconut code coffee coil coin collect color column combine come comfort comic common company concert conduct confirm congress connect consider control convince cook cool copper copy coral core corn correct cost cotton couch country couple course cousin cover coyote crack cradle craft cram crane crash crater crawl crazy cream credit creek crew cricket crime crisp critic crop cross crouch crowd crucial cruel cruise crumble crunch crush cry crystal cube culture cup cupboard curious current curtain curve cushion custom cute cycle dad damage damp dance danger daring dash daughter dawn day deal debate debris decade december decide decline decorate decrease deer defense define defy degree delay deliver demand demise denial dentist deny depart depend deposit depth deputy derive describe desert design desk despair destroy detail detect develop device devote diagram dial diamond diary dice diesel diet differ digital dignity dilemma dinner dinosaur direct dirt disagree discover disease dish dismiss disorder display distance divert divide divorce dizzy doctor document dog doll dolphin domain donate donkey donor door dose double dove draft dragon drama drastic draw dream dress drift drill drink drip drive drop drum dry duck dumb dune during dust dutch duty dwarf dynamic eager eagle early earn earth easily east easy echo ecology economy edge edit educate effort egg eight either elbow elder electric elegant element elephant elevator elite else embark embody embrace emerge emotion employ empower empty enable enact end endless endorse enemy energy enforce engage engine enhance enjoy enlist enough enrich enroll ensure enter entire entry envelope episode equal equip era erase erode erosion error erupt escape essay essence estate eternal ethics evidence evil evoke evolve exact example excess exchange excite exclude excuse execute exercise exhaust exhibit exile exist exit exotic expand expect expire explain expose express extend extra eye eyebrow fabric face faculty fade faint faith fall false fame family famous fan fancy fantasy farm fashion fat fatal father fatigue fault favorite feature february federal fee feed feel female fence festival fetch fever few fiber fiction field figure file film filter final find fine finger finish fire firm first fiscal fish fit fitness fix flag flame flash flat flavor flee flight flip float flock floor flower fluid flush fly foam focus fog foil fold follow food foot force forest forget fork fortune forum forward fossil foster found fox fragile frame frequent fresh friend fringe frog front frost frown frozen fruit fuel fun funny furnace fury future gadget gain galaxy gallery game gap garage garbage garden garlic garment gas gasp gate gather gauge gaze general genius genre gentle genuine gesture ghost giant gift giggle ginger giraffe girl give glad glance glare glass glide glimpse globe gloom glory glove glow glue goat goddess gold good goose gorilla gospel gossip govern gown grab grace grain grant grape grass gravity great green grid grief grit grocery group grow grunt guard guess guide guilt guitar gun gym habit hair half hammer hamster hand happy harbor hard harsh harvest hat have hawk hazard head health heart heavy hedgehog height hello helmet help hen hero hidden high hill hint hip hire history hobby hockey hold hole holiday hollow home honey hood hope horn horror horse hospital host hotel hour hover hub huge human humble humor hundred hungry hunt hurdle hurry hurt husband hybrid ice icon idea identify idle ignore ill illegal illness image imitate immense immune impact impose improve impulse inch include income increase index indicate indoor industry infant inflict inform inhale inherit initial inject injury inmate inner innocent input inquiry insane insect inside inspire install intact interest into invest invite involve iron island isolate issue item ivory jacket jaguar jar jazz jealous jeans jelly jewel job join joke journey joy judge juice jump jungle junior junk just kangaroo keen keep ketchup key kick kid kidney kind kingdom kiss kit kitchen kite kitten kiwi knee knife knock know lab label labor ladder lady lake lamp language laptop large later latin laugh laundry lava law lawn lawsuit layer lazy leader leaf learn leave lecture left leg legal legend leisure lemon lend length lens leopard lesson letter level liar liberty library license life lift light like limb limit link lion liquid list little live lizard load loan lobster local lock logic lonely long loop lottery loud lounge love loyal lucky luggage lumber lunar lunch luxury lyrics machine mad magic magnet maid mail main major make mammal man manage mandate mango mansion manual maple marble march margin marine market marriage mask mass master match material math matrix matter maximum maze meadow mean measure meat mechanic medal media melody melt member memory mention menu mercy merge merit merry mesh message metal method middle midnight milk million mimic mind minimum minor minute miracle mirror misery miss mistake mix mixed mixture mobile model modify mom moment monitor monkey monster month moon moral more morning mosquito mother motion motor mountain mouse move movie much muffin mule multiply muscle museum mushroom music must mutual myself mystery myth naive name napkin narrow nasty nation nature near neck need negative neglect neither nephew nerve nest net network neutral never news next nice night noble noise nominee noodle normal north nose notable note nothing notice novel now nuclear number nurse nut oak obey object oblige obscure observe obtain obvious occur ocean october odor off offer office often oil okay old olive olympic omit once one onion online only open opera opinion oppose option orange orbit orchard order ordinary organ orient original orphan ostrich other outdoor outer output outside oval oven over own owner oxygen oyster ozone pact paddle page pair palace palm panda panel panic panther paper parade parent park parrot party pass patch path patient patrol pattern pause pave payment peace peanut pear peasant pelican pen penalty pencil people pepper perfect permit person pet phone photo phrase physical piano picnic picture piece pig pigeon pill pilot pink pioneer pipe pistol pitch pizza place planet plastic plate play please pledge pluck plug plunge poem poet point polar pole police pond pony pool popular portion position possible post potato pottery poverty powder power practice praise predict prefer prepare present pretty prevent price pride primary print priority prison private prize problem process produce profit program project promote proof property prosper protect proud provide public pudding pull pulp pulse pumpkin punch pupil puppy purchase purity purpose purse push put puzzle pyramid quality quantum quarter question quick quit quiz quote rabbit raccoon race rack radar radio rail rain raise rally ramp ranch random range rapid rare rate rather raven raw razor ready real reason rebel rebuild recall receive recipe record recycle reduce reflect reform refuse region regret regular reject relax release relief rely remain remember remind remove render renew rent reopen repair repeat replace report require rescue resemble resist resource response result retire retreat return reunion reveal review reward rhythm rib ribbon rice rich ride ridge rifle right rigid ring riot ripple risk ritual rival river road roast robot robust rocket romance roof rookie room rose rotate rough round route royal rubber rude rug rule run runway rural sad saddle sadness safe sail salad salmon salon salt salute same sample sand satisfy satoshi sauce sausage save say scale scan scare scatter scene scheme school science scissors scorpion scout scrap screen script scrub sea search season seat second secret section security seed seek segment select sell seminar senior sense sentence series service session settle setup seven shadow shaft shallow share shed shell sheriff shield shift shine ship shiver shock shoe shoot shop short shoulder shove shrimp shrug shuffle shy sibling sick side siege sight sign silent silk silly silver similar simple since sing siren sister situate six size skate sketch ski skill skin skirt skull slab slam sleep slender slice slide slight slim slogan slot slow slush small smart smile smoke smooth snack snake snap sniff snow soap soccer social sock soda soft solar soldier solid solution solve someone song soon sorry sort soul sound soup source south space spare spatial spawn speak special speed spell spend sphere spice spider spike spin spirit split spoil sponsor spoon sport spot spray spread spring spy square squeeze squirrel stable stadium staff stage stairs stamp stand start state stay steak steel stem step stereo stick still sting stock stomach stone stool story stove strategy street strike strong struggle student stuff stumble style subject submit subway success such sudden suffer sugar suggest suit summer sun sunny sunset super supply supreme sure surface surge surprise surround survey suspect sustain swallow swamp swap swarm swear sweet swift swim swing switch sword symbol symptom syrup system table tackle tag tail talent talk tank tape target task taste tattoo taxi teach team tell ten tenant tennis tent term test text thank that theme then theory there they thing this thought three thrive throw thumb thunder ticket tide tiger tilt timber time tiny tip tired tissue title toast tobacco today toddler toe together toilet token tomato tomorrow tone tongue tonight tool tooth top topic topple torch tornado tortoise toss total tourist toward tower town toy track trade traffic tragic train transfer trap trash travel tray treat tree trend trial tribe trick trigger trim trip trophy trouble truck true truly trumpet trust truth try tube tuition tumble tuna tunnel turkey turn turtle twelve twenty twice twin twist two type typical ugly umbrella unable unaware uncle uncover under undo unfair unfold unhappy uniform unique unit universe unknown unlock until unusual unveil update upgrade uphold upon upper upset urban urge usage use used useful useless usual utility vacant vacuum vague valid valley valve van vanish vapor various vast vault vehicle velvet vendor venture venue verb verify version very vessel veteran viable vibrant vicious victory video view village vintage violin virtual virus visa visit visual vital vivid vocal voice void volcano volume vote voyage wage wagon wait walk wall walnut want warfare warm warrior wash wasp waste water wave way wealth weapon wear weasel weather web wedding weekend weird welcome west wet whale what wheat wheel when where whip whisper wide width wife wild will win window wine wing wink winner winter wire wisdom wise wish witness wolf woman wonder wood wool word work world worry worth wrap wreck wrestle wrist write wrong yard year yellow you young youth zebra zero zone zoo'
const wordList = words.split(' ')

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(fs.realpathSync(process.argv[1])).href) {
  process.exitCode = main(process.argv.slice(2))
}
