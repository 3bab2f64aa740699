import { readDosTable } from './dosTable.ts'
import { gptTypeName, readGpt } from './gptTable.ts'
import type { Partition, ReadBytes } from './partition.ts'

/**
 * Partition tables as they lie on a disk: GPT (UEFI Specification 2.10, chapter 5) and the older table of DOS (the same, 5.2.1,
 * and the chain of extended boot records). Whoever wrote the disk wrote the table, so nothing of it is believed: every read
 * is bounded, every number is held against the size of the disk.
 */

export interface PartitionTable {
  kind: 'gpt' | 'dos'
  /** Ascending, without overlaps, inside of the disk. */
  partitions: Partition[]
}

/** More are not drawn. */
const mostPartitions = 256

/** The table of a disk; null when it has none, which is also what a damaged one looks like. */
export async function readPartitionTable(read: ReadBytes, sizeBytes: number): Promise<PartitionTable | null> {
  if (sizeBytes < 1024) return null
  const first = await read({ offset: 0, length: 512 })
  const dos = await readDosTable(first, read, sizeBytes)
  if (dos === null) return null
  // A protective record is what tells a disk with GPT from one that had it once (UEFI 5.2.3).
  if (dos.isProtective) {
    const found = await readGpt(read, sizeBytes)
    if (found) {
      const partitions = found.map(({ type, ...partition }) => ({ ...partition, purpose: gptTypeName(type) }))
      return { kind: 'gpt', partitions: apart(partitions, sizeBytes) }
    }
  }
  return { kind: 'dos', partitions: apart(dos.partitions, sizeBytes) }
}

/** Brings partitions into order; what lies outside of the disk or in the one before is cut off. */
function apart(partitions: readonly Partition[], sizeBytes: number): Partition[] {
  const sorted = [...partitions].sort((a, b) => a.offset - b.offset || b.length - a.length)
  const kept: Partition[] = []
  let end = 0
  for (const partition of sorted) {
    const from = Math.max(partition.offset, end)
    const to = Math.min(partition.offset + partition.length, sizeBytes)
    if (from >= to) continue
    kept.push({ ...partition, offset: from, length: to - from })
    end = to
    if (kept.length === mostPartitions) break
  }
  return kept
}
