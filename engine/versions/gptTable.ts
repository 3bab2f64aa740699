import { entryFields, type GptCopy, gptSectorSizes, readGptCopy, typeOfEntry, unusedType } from './gptCopy.ts'
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

/** Its partitions as the table has them, also those that overlap; null when neither of its copies is sound. */
export async function readGpt(read: ReadBytes, sizeBytes: number): Promise<GptPartition[] | null> {
  for (const sector of gptSectorSizes) {
    const last = Math.floor(sizeBytes / sector) - 1
    // 5.3.1: the primary header is in block 1, the backup in the last.
    for (const block of [1, last]) {
      const copy = await readGptCopy(read, sizeBytes, sector, block)
      if (copy) return partitionsOf(copy, sizeBytes)
    }
  }
  return null
}

function partitionsOf({ sector, entries, entryBytes }: GptCopy, sizeBytes: number): GptPartition[] {
  const found: GptPartition[] = []
  for (let at = 0; at < entries.length; at += entryBytes) {
    const partition = readEntry(entries.subarray(at, at + 128), sector, sizeBytes)
    if (partition) found.push({ number: at / entryBytes + 1, ...partition })
  }
  return found
}

/** Null when it is unused or begins outside of the disk. */
function readEntry(entry: Buffer, sector: number, sizeBytes: number): Omit<GptPartition, 'number'> | null {
  const type = typeOfEntry(entry)
  if (type === unusedType) return null
  const first = entry.readBigUInt64LE(entryFields.first) * BigInt(sector)
  const end = (entry.readBigUInt64LE(entryFields.last) + 1n) * BigInt(sector)
  if (first >= end || first >= BigInt(sizeBytes)) return null
  const to = end > BigInt(sizeBytes) ? sizeBytes : Number(end)
  const name = entry.toString('utf16le', entryFields.name, 128).split('\0')[0]!
  return { offset: Number(first), length: to - Number(first), type, name: shownText(name) }
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
