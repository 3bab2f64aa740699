import { crc32 } from 'node:zlib'
import { entryFields, type GptCopy, headerFields, headerSum, typeOfEntry, unusedType } from './gptCopy.ts'

/**
 * What has to be written so that a GPT that was made for a smaller disk fits a larger one: its second copy belongs into the
 * last blocks (UEFI Specification 2.10, 5.3.1), and both copies say where the other is and how far partitions may reach.
 */
export interface GptFit {
  /**
   * In this order, each step on the medium before the next begins: whenever it ends in the middle, one of the copies is
   * whole and is where the firmware looks for it.
   */
  steps: TableWrite[][]
  /** The partition that reaches further now; null when none does. */
  grown: GrownPartition | null
}

export interface TableWrite {
  offset: number
  data: Buffer
}

/** Offsets and lengths are bytes. */
export interface GrownPartition {
  number: number
  offset: number
  oldLength: number
  length: number
}

/** 5.3.1: at least so much is kept for the entries. */
const leastEntryRoom = 16 * 1024
/** Where partitions end when there is a choice. */
const alignmentBytes = 1024 * 1024
/** Table 5.4: 0xffffffff stands for everything that is more. */
const mostMbrSectors = 0xffffffff

/**
 * Fits the first copy of a table to a disk of `sizeBytes`, with logical blocks as those of the table. `first` is the first
 * block of the disk. With `grow`, the partition that ends last is made to reach to the end of the disk, in whole MiB. Null when
 * the copy would lie over a partition, which no sound table permits.
 */
export function fitGpt(
  copy: GptCopy,
  first: Buffer,
  { sizeBytes, grow }: { sizeBytes: number; grow: boolean },
): GptFit | null {
  const { sector } = copy
  const lastBlock = Math.floor(sizeBytes / sector) - 1
  const entryBlocks = Math.ceil(Math.max(copy.entries.length, leastEntryRoom) / sector)
  const lastUsable = lastBlock - entryBlocks - 1
  const last = lastPartition(copy)
  if (last && last.end > lastUsable) return null
  const entries = Buffer.from(copy.entries)
  const grown = grow && last ? growEntry(entries, copy, last, lastUsable) : null

  const headerOf = (own: number, other: number, entriesBlock: number): Buffer => {
    const header = Buffer.from(copy.header)
    header.writeBigUInt64LE(BigInt(own), headerFields.ownBlock)
    header.writeBigUInt64LE(BigInt(other), headerFields.otherBlock)
    header.writeBigUInt64LE(BigInt(lastUsable), headerFields.lastUsable)
    header.writeBigUInt64LE(BigInt(entriesBlock), headerFields.entriesBlock)
    header.writeUInt32LE(crc32(entries), headerFields.entriesSum)
    header.writeUInt32LE(headerSum(header, copy.headerBytes), headerFields.headerSum)
    return header
  }
  const firstEntries = Number(copy.header.readBigUInt64LE(headerFields.entriesBlock))
  const secondEntries = lastBlock - entryBlocks
  const second = [
    { offset: secondEntries * sector, data: entries },
    { offset: lastBlock * sector, data: headerOf(lastBlock, 1, secondEntries) },
  ]
  const primary = [
    { offset: firstEntries * sector, data: entries },
    { offset: sector, data: headerOf(1, lastBlock, firstEntries) },
  ]
  const protective = fitProtective(first, lastBlock)
  return { steps: [second, primary, ...(protective ? [[{ offset: 0, data: protective }]] : [])], grown }
}

interface Last {
  /** Its place among the entries, from 0. */
  index: number
  /** Last block that belongs to it. */
  end: number
}

function lastPartition({ entries, entryBytes }: GptCopy): Last | undefined {
  let last: Last | undefined
  for (let at = 0; at < entries.length; at += entryBytes) {
    if (typeOfEntry(entries.subarray(at)) === unusedType) continue
    const end = Number(entries.readBigUInt64LE(at + entryFields.last))
    if (end > (last?.end ?? -1)) last = { index: at / entryBytes, end }
  }
  return last
}

/** Changes the entry of a partition; null when there is no room worth having. */
function growEntry(
  entries: Buffer,
  { sector, entryBytes }: GptCopy,
  last: Last,
  lastUsable: number,
): GrownPartition | null {
  const aligned = alignmentBytes / sector
  const end = Math.floor((lastUsable + 1) / aligned) * aligned - 1
  if (end <= last.end) return null
  const at = last.index * entryBytes
  const first = Number(entries.readBigUInt64LE(at + entryFields.first))
  entries.writeBigUInt64LE(BigInt(end), at + entryFields.last)
  const lengthTo = (to: number) => (to - first + 1) * sector
  return { number: last.index + 1, offset: first * sector, oldLength: lengthTo(last.end), length: lengthTo(end) }
}

const entriesAt = 446
const protectiveType = 0xee

/**
 * The protective record (5.2.3), which covers the whole disk; null when it has nothing to be changed, or partitions of its
 * own beside it, which are somebody's choice.
 */
function fitProtective(first: Buffer, lastBlock: number): Buffer | null {
  const types = [0, 1, 2, 3].map(i => first[entriesAt + i * 16 + 4]!)
  const place = types.indexOf(protectiveType)
  if (place === -1 || types.some((type, i) => type !== 0 && i !== place)) return null
  const fitted = Buffer.from(first)
  fitted.writeUInt32LE(Math.min(lastBlock, mostMbrSectors), entriesAt + place * 16 + 12)
  return fitted.equals(first) ? null : fitted
}
