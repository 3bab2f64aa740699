import { crc32 } from 'node:zlib'
import type { ReadBytes } from './partition.ts'
import { shownText } from './shownText.ts'

/** GPT: UEFI Specification 2.10, 5.3. All numbers are little-endian. */

export interface GptPartition {
  number: number
  offset: number
  length: number
  /** GUID of its type, in lower case. */
  type: string
  name: string | null
}

/** Logical blocks of the disk that the table was written on; the version does not say which. */
const sectorSizes = [512, 4096]
const signature = 'EFI PART'
/** 5.3.2: at least 92, and the rest of the block is reserved. */
const leastHeaderBytes = 92
/** Of the entries; 16 KiB are usual (128 entries of 128 bytes). */
const mostEntryBytes = 1024 * 1024
const unused = '00000000-0000-0000-0000-000000000000'

/** Its partitions as the table has them, also those that overlap; null when neither of its copies is sound. */
export async function readGpt(read: ReadBytes, sizeBytes: number): Promise<GptPartition[] | null> {
  for (const sector of sectorSizes) {
    const last = Math.floor(sizeBytes / sector) - 1
    // 5.3.1: the primary header is in block 1, the backup in the last.
    for (const block of [1, last]) {
      const found = await readCopy(read, sizeBytes, sector, block)
      if (found) return found
    }
  }
  return null
}

async function readCopy(
  read: ReadBytes,
  sizeBytes: number,
  sector: number,
  block: number,
): Promise<GptPartition[] | null> {
  if (block < 1 || (block + 1) * sector > sizeBytes) return null
  const header = await read({ offset: block * sector, length: sector })
  // Table 5.5.
  if (header.toString('latin1', 0, 8) !== signature) return null
  const headerBytes = header.readUInt32LE(12)
  if (headerBytes < leastHeaderBytes || headerBytes > sector) return null
  const summed = Buffer.from(header.subarray(0, headerBytes))
  summed.writeUInt32LE(0, 16)
  if (crc32(summed) !== header.readUInt32LE(16)) return null
  if (header.readBigUInt64LE(24) !== BigInt(block)) return null
  const entriesAt = header.readBigUInt64LE(72) * BigInt(sector)
  const count = header.readUInt32LE(80)
  const entryBytes = header.readUInt32LE(84)
  // 128 × 2^n.
  if (entryBytes < 128 || entryBytes % 128 !== 0 || !Number.isInteger(Math.log2(entryBytes / 128))) return null
  const length = count * entryBytes
  if (length === 0 || length > mostEntryBytes || entriesAt + BigInt(length) > BigInt(sizeBytes)) return null
  const entries = await read({ offset: Number(entriesAt), length })
  if (crc32(entries) !== header.readUInt32LE(88)) return null
  const found: GptPartition[] = []
  for (let at = 0; at < length; at += entryBytes) {
    const partition = readEntry(entries.subarray(at, at + 128), sector, sizeBytes)
    if (partition) found.push({ number: at / entryBytes + 1, ...partition })
  }
  return found
}

/** Table 5.6; the last block belongs to the partition. Null when it is unused or begins outside of the disk. */
function readEntry(entry: Buffer, sector: number, sizeBytes: number): Omit<GptPartition, 'number'> | null {
  const type = guidOf(entry)
  if (type === unused) return null
  const first = entry.readBigUInt64LE(32) * BigInt(sector)
  const end = (entry.readBigUInt64LE(40) + 1n) * BigInt(sector)
  if (first >= end || first >= BigInt(sizeBytes)) return null
  const to = end > BigInt(sizeBytes) ? sizeBytes : Number(end)
  const name = entry.toString('utf16le', 56, 128).split('\0')[0]!
  return { offset: Number(first), length: to - Number(first), type, name: shownText(name) }
}

/** Appendix A: the first three fields are little-endian. */
function guidOf(bytes: Buffer): string {
  const first = bytes.readUInt32LE(0).toString(16).padStart(8, '0')
  const [second, third] = [4, 6].map(at => bytes.readUInt16LE(at).toString(16).padStart(4, '0'))
  return `${first}-${second}-${third}-${bytes.toString('hex', 8, 10)}-${bytes.toString('hex', 10, 16)}`
}

/** As fdisk and lsblk (PARTTYPENAME) call them. */
const typeNames: Record<string, string> = {
  'c12a7328-f81f-11d2-ba4b-00a0c93ec93b': 'EFI System',
  '21686148-6449-6e6f-744e-656564454649': 'BIOS boot',
  '024dee41-33e7-11d3-9d69-0008c781f39f': 'MBR partition scheme',
  'e3c9e316-0b5c-4db8-817d-f92df00215ae': 'Microsoft reserved',
  'ebd0a0a2-b9e5-4433-87c0-68b6b72699c7': 'Microsoft basic data',
  'de94bba4-06d1-4d40-a16a-bfd50179d6ac': 'Windows recovery environment',
  '0fc63daf-8483-4772-8e79-3d69d8477de4': 'Linux filesystem',
  '0657fd6d-a4ab-43c4-84e5-0933c84b4f4f': 'Linux swap',
  'e6d6d379-f507-44c2-a23c-238f2a3df928': 'Linux LVM',
  'a19d880f-05fc-4d3b-a006-743f0f84911e': 'Linux RAID',
  'bc13c2ff-59e6-4262-a352-b275fd6f7172': 'Linux extended boot',
  '4f68bce3-e8cd-4db1-96e7-fbcaf984b709': 'Linux root (x86-64)',
  'b921b045-1df0-41c3-af44-4c6f280d3fae': 'Linux root (ARM-64)',
  '933ac7e1-2eb4-4f13-b844-0e14e2aef915': 'Linux home',
  '3b8f8425-20e0-4f3b-907f-1a25a76f98e8': 'Linux server data',
  '8da63339-0007-60c0-c436-083ac8230908': 'Linux reserved',
  'ca7d7ccb-63ed-4c53-861c-1742536059cc': 'Linux LUKS',
  '48465300-0000-11aa-aa11-00306543ecac': 'Apple HFS/HFS+',
  '7c3457ef-0000-11aa-aa11-00306543ecac': 'Apple APFS',
}

export const gptTypeName = (type: string): string | null => (Object.hasOwn(typeNames, type) ? typeNames[type]! : null)
