/**
 * The thread that does the heavy work on blocks: zero test, ids, compression, sealing, opening. It sees blocks in slots of
 * memory that it shares with the main thread, and handles one request at a time, in order.
 */
import { parentPort, workerData } from 'node:worker_threads'
import { freeNow } from '../base/memory.ts'
import { BlockIdentifier, openFrame } from '../repository/blockCrypto.ts'
import { blockKind } from '../repository/format.ts'
import { encodeFrames } from '../repository/pack.ts'
import { PackBuilder } from '../repository/packBuilder.ts'
import type {
  Identified,
  OpenedRun,
  Reply,
  Request,
  SealedPack,
  WantedBlock,
  WorkerSetup,
} from './blockWorkerProtocol.ts'

const setup = workerData as WorkerSetup
const slots = Buffer.from(setup.slots)
const zeros = Buffer.alloc(setup.blockSizeBytes)
const identifier = new BlockIdentifier(setup.keyring)
/** Memory of stored packs that waits to be filled again: fresh memory for every pack would pile up as garbage. */
const spare: ArrayBuffer[] = []
/** Frames of which only parts are wanted are opened here. */
let scratch = Buffer.alloc(0)
let builder: PackBuilder | undefined

const slotAt = (slot: number): number => slot * setup.slotBytes

function identify(slot: number, bytes: number): Identified {
  const count = Math.ceil(bytes / setup.blockSizeBytes)
  const ids = Buffer.allocUnsafeSlow(count * 32)
  const holes = new Uint8Array(count)
  for (let i = 0; i < count; i++) {
    const from = slotAt(slot) + i * setup.blockSizeBytes
    const block = slots.subarray(from, Math.min(from + setup.blockSizeBytes, slotAt(slot) + bytes))
    if (block.equals(zeros.subarray(0, block.length))) holes[i] = 1
    else ids.set(identifier.idOf(blockKind.data, block), i * 32)
  }
  return { ids, holes }
}

function seal(slot: number, bytes: number, blocks: readonly number[], ids: Uint8Array): SealedPack[] {
  const packs: SealedPack[] = []
  for (const index of blocks) {
    const from = slotAt(slot) + index * setup.blockSizeBytes
    const block = slots.subarray(from, Math.min(from + setup.blockSizeBytes, slotAt(slot) + bytes))
    builder ??= newPack()
    builder.add(blockKind.data, Buffer.from(ids.subarray(index * 32, index * 32 + 32)), block)
    if (builder.isFull) packs.push(...finishPack())
  }
  builder?.endStretch()
  return packs
}

function newPack(): PackBuilder {
  const memory = spare.pop()
  return new PackBuilder(setup.keyring.pack, {
    level: setup.zstdLevel,
    buffer: memory ? Buffer.from(memory) : undefined,
  })
}

function finishPack(): SealedPack[] {
  if (!builder) return []
  const pack = builder.finish()
  builder = undefined
  const { thread } = setup
  return [{ thread, id: pack.id, wrappedKey: pack.wrappedKey, bytes: pack.bytes, frames: encodeFrames(pack.frames) }]
}

function openFrames(request: Extract<Request, { kind: 'open' }>): OpenedRun {
  const faults: OpenedRun['faults'] = []
  const base = slotAt(request.slot)
  request.frames.forEach(({ place, storedBytes, blocks }, frame) => {
    const from = place.offset - request.offset
    const direct = directPlace(place.plainBytes, blocks)
    const room = direct < 0 ? scratchFor(place.plainBytes) : slots.subarray(base + direct)
    const opened = openFrame(request.packKey, place, request.bytes.subarray(from, from + storedBytes), room)
    blocks.forEach((block, index) => {
      if ('fault' in opened) {
        faults.push({ frame, block: index, fault: opened.fault })
        return
      }
      const plain = opened.plain.subarray(block.start, block.start + block.plainBytes)
      const sound =
        plain.length === block.plainBytes && (!request.checkIds || identifier.idOf(place.kind, plain).equals(block.id))
      if (!sound) faults.push({ frame, block: index, fault: 'wrong id' })
      else if (block.into >= 0 && (direct < 0 || plain.buffer !== slots.buffer)) slots.set(plain, base + block.into)
    })
  })
  freeNow(request.bytes)
  return { faults }
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

function handle(request: Request): Reply['result'] {
  switch (request.kind) {
    case 'identify':
      return identify(request.slot, request.bytes)
    case 'seal':
      return seal(request.slot, request.bytes, request.blocks, request.ids)
    case 'recycle':
      spare.push(request.memory)
      return undefined
    case 'finish':
      return finishPack()
    case 'open':
      return openFrames(request)
  }
}

parentPort!.on('message', (message: { call: number; request: Request }) => {
  const result = handle(message.request)
  const transfer: ArrayBuffer[] = []
  if (Array.isArray(result)) for (const pack of result) transfer.push(pack.bytes.buffer as ArrayBuffer)
  parentPort!.postMessage({ call: message.call, result } satisfies Reply, transfer)
})
