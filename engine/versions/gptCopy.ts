import { crc32 } from 'node:zlib'
import type { ReadBytes } from './partition.ts'

/** One of the two copies of a GPT, as it lies on a disk. UEFI Specification 2.10, 5.3; all numbers are little-endian. */
export interface GptCopy {
  /** Bytes of a logical block of the disk that the table was written for. */
  sector: number
  /** The whole block with the header. */
  header: Buffer
  /** Of the header in its block; its checksum covers these. */
  headerBytes: number
  /** All entries, also those that are unused. */
  entries: Buffer
  entryBytes: number
}

/** Logical blocks of disks; the table does not say which. */
export const gptSectorSizes = [512, 4096]

/** Where fields of the header are; table 5.5. */
export const headerFields = {
  headerBytes: 12,
  headerSum: 16,
  ownBlock: 24,
  otherBlock: 32,
  lastUsable: 48,
  entriesBlock: 72,
  entryCount: 80,
  entryBytes: 84,
  entriesSum: 88,
} as const

/** Where fields of an entry are; table 5.6. The last block belongs to the partition. */
export const entryFields = { first: 32, last: 40, name: 56 } as const

/** Type of an entry that is not used. */
export const unusedType = '00000000-0000-0000-0000-000000000000'

const signature = 'EFI PART'
/** 5.3.2: at least 92, and the rest of the block is reserved. */
const leastHeaderBytes = 92
/** Of the entries; 16 KiB are usual (128 entries of 128 bytes). */
const mostEntryBytes = 1024 * 1024

/** The copy whose header is in a block; null when there is none, or when it is damaged. Failures of `read` are passed on. */
export async function readGptCopy(
  read: ReadBytes,
  sizeBytes: number,
  sector: number,
  block: number,
): Promise<GptCopy | null> {
  if (block < 1 || (block + 1) * sector > sizeBytes) return null
  const header = await read({ offset: block * sector, length: sector })
  if (header.toString('latin1', 0, 8) !== signature) return null
  const headerBytes = header.readUInt32LE(headerFields.headerBytes)
  if (headerBytes < leastHeaderBytes || headerBytes > sector) return null
  if (headerSum(header, headerBytes) !== header.readUInt32LE(headerFields.headerSum)) return null
  if (header.readBigUInt64LE(headerFields.ownBlock) !== BigInt(block)) return null
  const entriesAt = header.readBigUInt64LE(headerFields.entriesBlock) * BigInt(sector)
  const count = header.readUInt32LE(headerFields.entryCount)
  const entryBytes = header.readUInt32LE(headerFields.entryBytes)
  // 128 × 2^n.
  if (entryBytes < 128 || entryBytes % 128 !== 0 || !Number.isInteger(Math.log2(entryBytes / 128))) return null
  const length = count * entryBytes
  if (length === 0 || length > mostEntryBytes || entriesAt + BigInt(length) > BigInt(sizeBytes)) return null
  const entries = await read({ offset: Number(entriesAt), length })
  if (crc32(entries) !== header.readUInt32LE(headerFields.entriesSum)) return null
  return { sector, header, headerBytes, entries, entryBytes }
}

/** The checksum that belongs into a header; it counts as zeros itself. */
export function headerSum(header: Buffer, headerBytes: number): number {
  const summed = Buffer.from(header.subarray(0, headerBytes))
  summed.writeUInt32LE(0, headerFields.headerSum)
  return crc32(summed)
}

/** Type of an entry: a GUID in lower case. Appendix A: the first three fields are little-endian. */
export function typeOfEntry(entry: Buffer): string {
  const first = entry.readUInt32LE(0).toString(16).padStart(8, '0')
  const [second, third] = [4, 6].map(at => entry.readUInt16LE(at).toString(16).padStart(4, '0'))
  return `${first}-${second}-${third}-${entry.toString('hex', 8, 10)}-${entry.toString('hex', 10, 16)}`
}
