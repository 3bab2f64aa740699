import type { Partition, ReadBytes } from './partition.ts'

/**
 * The table of DOS: UEFI Specification 2.10, 5.2.1, table 5.2. Logical partitions lie in a chain of extended boot records, as
 * the Linux kernel reads them (block/partitions/msdos.c): in each, the first entry is a partition, counted from the
 * record, and the second the next record, counted from the first one.
 */

const sector = 512
const entriesAt = 446
/** The first four numbers belong to the entries of the first record. */
const firstLogical = 5
const extendedTypes = new Set([0x05, 0x0f, 0x85])
/** A chain may be a ring. */
const mostRecords = 128

interface Entry {
  /** Its place in the record, from 1. */
  place: number
  type: number
  /** In bytes, from what it is counted from. */
  offset: number
  length: number
}

/** Null when the first sector is none, or is that of a file system, which ends with the same two bytes. */
export async function readDosTable(
  first: Buffer,
  read: ReadBytes,
  sizeBytes: number,
): Promise<{ partitions: Partition[]; isProtective: boolean } | null> {
  if (!hasSignature(first) || isBootSectorOfVolume(first)) return null
  // Anything else than "active" and "inactive" is code or text, not a table.
  if ([0, 1, 2, 3].some(i => (first[entriesAt + i * 16]! & 0x7f) !== 0)) return null
  const entries = entriesOf(first).filter(entry => entry.offset < sizeBytes)
  if (entries.length === 0) return null
  const partitions: Partition[] = []
  for (const entry of entries) {
    if (!extendedTypes.has(entry.type)) partitions.push(partitionOf(entry, 0, entry.place))
    else partitions.push(...(await logical(entry.offset, firstLogical + logicals(partitions), read, sizeBytes)))
  }
  return { partitions, isProtective: entries.some(entry => entry.type === 0xee) }
}

const logicals = (partitions: readonly Partition[]): number => partitions.filter(p => p.number >= firstLogical).length

async function logical(start: number, number: number, read: ReadBytes, sizeBytes: number): Promise<Partition[]> {
  const partitions: Partition[] = []
  const seen = new Set<number>()
  let at: number | undefined = start
  while (at !== undefined && !seen.has(at) && seen.size < mostRecords && at + sector <= sizeBytes) {
    seen.add(at)
    const here: number = at
    const record = await read({ offset: here, length: sector })
    if (!hasSignature(record)) break
    const entries = entriesOf(record)
    at = undefined
    for (const entry of entries) {
      if (extendedTypes.has(entry.type)) at ??= start + entry.offset
      else partitions.push(partitionOf(entry, here, number + partitions.length))
    }
  }
  return partitions
}

const hasSignature = (record: Buffer): boolean => record[510] === 0x55 && record[511] === 0xaa

/** FAT and NTFS begin with a sector that has the same signature; libblkid tells them apart in the same way. */
function isBootSectorOfVolume(record: Buffer): boolean {
  const text = (from: number, to: number) => record.toString('latin1', from, to)
  return text(3, 11) === 'NTFS    ' || text(3, 11) === 'EXFAT   ' || text(54, 57) === 'FAT' || text(82, 87) === 'FAT32'
}

function entriesOf(record: Buffer): Entry[] {
  const entries: Entry[] = []
  for (let at = entriesAt; at < entriesAt + 64; at += 16) {
    const type = record[at + 4]!
    const offset = record.readUInt32LE(at + 8) * sector
    const length = record.readUInt32LE(at + 12) * sector
    const place = (at - entriesAt) / 16 + 1
    if (type !== 0 && offset > 0 && length > 0) entries.push({ place, type, offset, length })
  }
  return entries
}

function partitionOf({ type, offset, length }: Entry, from: number, number: number): Partition {
  return { number, offset: from + offset, length, purpose: typeNames[type] ?? null, name: null }
}

/** As fdisk and lsblk (PARTTYPENAME) call them. */
const typeNames: Record<number, string> = {
  1: 'FAT12',
  4: 'FAT16 <32M',
  6: 'FAT16',
  7: 'HPFS/NTFS/exFAT',
  11: 'W95 FAT32',
  12: 'W95 FAT32 (LBA)',
  14: 'W95 FAT16 (LBA)',
  39: 'Hidden NTFS WinRE',
  130: 'Linux swap / Solaris',
  131: 'Linux',
  142: 'Linux LVM',
  238: 'GPT',
  239: 'EFI (FAT-12/16/32)',
  253: 'Linux raid autodetect',
}

export const dosTypeName = (type: number): string | null => typeNames[type] ?? null
