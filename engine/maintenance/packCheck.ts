import { asBuffer } from '../base/memory.ts'
import { isHoldfastError } from '../contract/errors.ts'
import type { PackId } from '../contract/ids.ts'
import type { BlockPool, Slot } from '../pipeline/blockPool.ts'
import { type ExpectedPack, wholeFrame } from '../pipeline/blockWorkerProtocol.ts'
import type { ReadRooms } from '../pipeline/readRooms.ts'
import { frameKeyOf } from '../repository/blockCrypto.ts'
import { pack as layout, names } from '../repository/format.ts'
import { openPackIndex, type PackFrame, parsePackHeader, parsePackTrailer, unwrapPackKey } from '../repository/pack.ts'
import type { Repository } from '../repository/repository.ts'

export interface PackFindings {
  pack: PackId
  /** Something about the pack as a whole: missing, wrong size, damaged header or index. */
  faults: string[]
  /** Blocks of which this copy is bad. */
  badBlocks: { id: Buffer; reason: string }[]
  checkedBlocks: number
  checkedBytes: number
  /** The pack is not there any more. */
  isGone: boolean
}

/**
 * Checks everything in a pack, in a thread where it can read the pack by itself. Whatever it does not find in order is looked
 * at closely.
 */
export async function checkPack(
  repository: Repository,
  pool: BlockPool,
  slot: Slot,
  rooms: ReadRooms,
  expected: ExpectedPack,
  signal?: AbortSignal,
): Promise<PackFindings> {
  const path = repository.storage.fileOf?.(names.pack(expected.id))
  const sound = path === undefined ? undefined : await pool.check(slot, path, expected)
  if (!sound) return await checkPackDeeply(repository, pool, slot, rooms, expected, signal)
  const counted = { checkedBlocks: sound.blocks, checkedBytes: expected.sizeBytes }
  return { pack: expected.id, faults: [], badBlocks: [], isGone: false, ...counted }
}

/**
 * Reads a whole pack and checks everything in it: header, own index, the seal of each frame, the id of each block. When its
 * own index is damaged, its blocks are checked by what the repository's index says of them.
 */
async function checkPackDeeply(
  repository: Repository,
  pool: BlockPool,
  slot: Slot,
  rooms: ReadRooms,
  expected: ExpectedPack,
  signal?: AbortSignal,
): Promise<PackFindings> {
  const counted = { checkedBlocks: 0, checkedBytes: 0 }
  const findings: PackFindings = { pack: expected.id, faults: [], badBlocks: [], isGone: false, ...counted }
  const allBad = (reason: string) => {
    for (const frame of framesFromIndex(repository, expected.num)) {
      for (const { id } of frame.blocks) findings.badBlocks.push({ id, reason })
    }
    return findings
  }
  let bytes: Uint8Array
  try {
    bytes = await (repository.storage.uncached ?? repository.storage).get(
      names.pack(expected.id),
      undefined,
      signal,
      rooms.take(),
    )
  } catch (error) {
    if (!isHoldfastError(error, 'storage.objectNotFound', 'storage.failed')) throw error
    findings.isGone = error.code !== 'storage.failed'
    findings.faults.push(findings.isGone ? 'is missing' : 'cannot be read from the drive')
    return allBad('its pack cannot be read')
  }
  if (bytes.length !== expected.sizeBytes) {
    findings.faults.push(`has ${bytes.length} bytes instead of ${expected.sizeBytes}`)
  }
  const header = parsePackHeader(expected.id, bytes)
  if (!header?.equals(expected.wrappedKey)) findings.faults.push('has a damaged header')
  const packKey = unwrapPackKey(repository.keyring.pack, expected.id, expected.wrappedKey)
  if (!packKey) {
    findings.faults.push('has a key that does not open')
    return allBad('the key of its pack does not open')
  }
  const own = ownIndex(repository, expected, bytes)
  if (!own && findings.faults.length === 0) findings.faults.push('has a damaged index of its own')
  const frames = own ?? framesFromIndex(repository, expected.num)
  findings.checkedBlocks = frames.reduce((sum, frame) => sum + frame.blocks.length, 0)
  findings.checkedBytes = bytes.length
  const opened = await pool.open(slot, frameKeyOf(packKey), bytes, 0, frames.map(wholeFrame))
  rooms.give(opened.memory)
  for (const fault of opened.faults) {
    findings.badBlocks.push({ id: frames[fault.frame]!.blocks[fault.block]!.id, reason: words[fault.fault] })
  }
  return findings
}

const words = {
  altered: 'its bytes were altered',
  undecodable: 'it cannot be decompressed',
  'wrong length': 'it has the wrong length',
  'wrong id': 'its content does not fit its id',
} as const

function ownIndex(repository: Repository, expected: ExpectedPack, bytes: Uint8Array): PackFrame[] | undefined {
  const length = parsePackTrailer(bytes.subarray(Math.max(0, bytes.length - layout.trailerBytes)), bytes.length)
  if (length === undefined) return undefined
  const end = bytes.length - layout.trailerBytes
  const sealedIndex = bytes.subarray(end - length, end)
  const { id, wrappedKey } = expected
  return openPackIndex(repository.keyring.pack, id, asBuffer(wrappedKey), sealedIndex, bytes.length)?.frames
}

function framesFromIndex(repository: Repository, packNum: number): PackFrame[] {
  return repository.index.table.contentsOf(packNum).map(content => ({
    kind: content.kind as PackFrame['kind'],
    compression: content.compression as PackFrame['compression'],
    offset: content.frameOffset,
    plainBytes: content.framePlainBytes,
    storedBytes: content.frameStoredBytes,
    blocks: content.blocks.map(({ id, plainBytes }) => ({ id, plainBytes })),
  }))
}
