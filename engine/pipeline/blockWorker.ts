/**
 * The thread that does the heavy work on blocks: zero test, ids, compression, sealing, opening. It sees blocks in slots of
 * memory that it shares with the main thread, and handles one request at a time, in order.
 */
import { parentPort, workerData } from 'node:worker_threads'
import { freeForeignMemory } from '../base/linux/foreignMemory.ts'
import { linux } from '../base/linux.ts'
import { asBuffer } from '../base/memory.ts'
import { BlockIdentifier, openFrame } from '../repository/blockCrypto.ts'
import { type BlockKind, blockKind, idBytes } from '../repository/format.ts'
import { encodeFrames } from '../repository/pack.ts'
import { PackBuilder, packBufferBytes } from '../repository/packBuilder.ts'
import {
  decodeWanted,
  type Identified,
  type OpenedRun,
  type Reply,
  type Request,
  type SealedPack,
  type WantedBlock,
  type WorkerSetup,
} from './blockWorkerProtocol.ts'

const greatestNiceness = 19
const setup = workerData as WorkerSetup
const slots = Buffer.from(setup.slots)
// Where that is refused, the work is done all the same.
if (setup.priority === 'low') linux.setNiceness(greatestNiceness)
const zeros = Buffer.alloc(setup.blockSizeBytes)
const identifier = new BlockIdentifier(setup.keyring)
/** The id of a block that was opened. */
const scratchId = Buffer.alloc(idBytes)
/** Parts of the memory for packs that are free. Fresh memory for every pack would pile up as garbage. */
const freeAreas = Array.from({ length: Math.floor(setup.packs.byteLength / packBufferBytes) }, (_, i) => i)
/** Frames of which only parts are wanted are opened here. */
let scratch = Buffer.alloc(0)
let builder: PackBuilder | undefined
let builderArea: number | undefined

const slotAt = (slot: number): number => slot * setup.slotBytes

function identify(slot: number, bytes: number): Identified {
  const count = Math.ceil(bytes / setup.blockSizeBytes)
  const ids = Buffer.allocUnsafeSlow(count * idBytes)
  const holes = new Uint8Array(count)
  for (let i = 0; i < count; i++) {
    const from = slotAt(slot) + i * setup.blockSizeBytes
    const block = slots.subarray(from, Math.min(from + setup.blockSizeBytes, slotAt(slot) + bytes))
    if (block.equals(zeros.subarray(0, block.length))) holes[i] = 1
    else identifier.idOf(blockKind.data, block, ids.subarray(i * idBytes, (i + 1) * idBytes))
  }
  return { ids, holes }
}

function seal(slot: number, bytes: number, blocks: readonly number[], ids: Uint8Array): SealedPack[] {
  const packs: SealedPack[] = []
  const all = asBuffer(ids)
  for (let i = 0; i < blocks.length; ) {
    builder ??= newPack()
    // Neighbours that make a whole frame need not be gathered.
    let count = 1
    while (count < builder.blocksPerFrame(setup.blockSizeBytes) && blocks[i + count] === blocks[i]! + count) count++
    const from = slotAt(slot) + blocks[i]! * setup.blockSizeBytes
    const plain = slots.subarray(from, Math.min(from + count * setup.blockSizeBytes, slotAt(slot) + bytes))
    const idsAt = blocks[i]! * idBytes
    builder.addNeighbours(Buffer.from(all.subarray(idsAt, idsAt + count * idBytes)), plain, setup.blockSizeBytes)
    i += count
    if (builder.isFull) packs.push(...finishPack())
  }
  builder?.endStretch()
  return packs
}

function newPack(): PackBuilder {
  builderArea = freeAreas.pop()
  const at = builderArea === undefined ? undefined : builderArea * packBufferBytes
  const buffer = at === undefined ? undefined : Buffer.from(setup.packs, at, packBufferBytes)
  return new PackBuilder(setup.keyring.pack, { level: setup.zstdLevel, buffer })
}

function finishPack(): SealedPack[] {
  if (!builder) return []
  const pack = builder.finish()
  builder = undefined
  const hasOutgrown = builderArea !== undefined && pack.bytes.buffer !== (setup.packs as ArrayBufferLike)
  if (hasOutgrown) freeAreas.push(builderArea!)
  const area = hasOutgrown ? undefined : builderArea
  const { id, wrappedKey, bytes } = pack
  return [{ thread: setup.thread, id, wrappedKey, bytes, area, frames: encodeFrames(pack.frames) }]
}

function openFrames(request: Extract<Request, { kind: 'open' }>): OpenedRun {
  const faults: OpenedRun['faults'] = []
  const base = slotAt(request.slot)
  const bytes = asBuffer(request.bytes)
  let frame = 0
  for (const { place, storedBytes, into, blocks } of decodeWanted(request.frames)) {
    const from = place.offset - request.offset
    const direct = into ?? directPlace(place.plainBytes, blocks)
    const room = direct < 0 ? scratchFor(place.plainBytes) : slots.subarray(base + direct)
    const opened = openFrame(request.frameKey, place, bytes.subarray(from, from + storedBytes), room, true)
    blocks.forEach((block, index) => {
      const fault = 'fault' in opened ? opened.fault : take(place.kind, opened.plain, block, base)
      if (fault) faults.push({ frame, block: index, fault })
    })
    frame++
  }
  return { faults, memory: bytes.buffer as ArrayBuffer }
}

/** Checks a block of an opened frame and brings it to its place, if it is not there. */
function take(kind: BlockKind, frame: Buffer, block: WantedBlock, base: number): 'wrong id' | undefined {
  const plain = frame.subarray(block.start, block.start + block.plainBytes)
  if (plain.length !== block.plainBytes || !identifier.idOf(kind, plain, scratchId).equals(block.id)) return 'wrong id'
  if (block.into < 0) return undefined
  const isThere = plain.buffer === slots.buffer && plain.byteOffset === slots.byteOffset + base + block.into
  if (!isThere) slots.set(plain, base + block.into)
  return undefined
}

/**
 * Where in the slot a whole frame can be opened without copying: all its blocks are wanted, one behind the other. -1 when it
 * cannot.
 */
function directPlace(plainBytes: number, blocks: readonly WantedBlock[]): number {
  const first = blocks[0]
  if (first?.start !== 0 || first.into < 0) return -1
  let end = 0
  for (const block of blocks) {
    if (block.start !== end || block.into !== first.into + block.start) return -1
    end += block.plainBytes
  }
  return end === plainBytes ? first.into : -1
}

function scratchFor(bytes: number): Buffer {
  if (scratch.length < bytes) scratch = Buffer.allocUnsafeSlow(bytes)
  return scratch
}

function handle(request: Exclude<Request, { kind: 'end' }>): Reply['result'] {
  switch (request.kind) {
    case 'identify':
      return identify(request.slot, request.bytes)
    case 'seal':
      return seal(request.slot, request.bytes, request.blocks, request.ids)
    case 'recycle':
      freeAreas.push(request.area)
      return undefined
    case 'finish':
      return finishPack()
    case 'open':
      return openFrames(request)
  }
}

parentPort!.on('message', (message: { call: number; request: Request }) => {
  if (message.request.kind === 'end') {
    freeForeignMemory()
    parentPort!.close()
    return
  }
  const result = handle(message.request)
  parentPort!.postMessage({ call: message.call, result } satisfies Reply, memoryOf(result))
})

/** What changes hands with a result instead of being copied. */
function memoryOf(result: Reply['result']): ArrayBuffer[] {
  if (Array.isArray(result))
    return result.flatMap(pack => (pack.area === undefined ? [pack.bytes.buffer as ArrayBuffer] : []))
  return result && 'memory' in result ? [result.memory] : []
}
