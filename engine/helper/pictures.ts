import { isHoldfastError } from '../contract/errors.ts'
import type { DiskPart, DiskPicture } from '../contract/library.ts'
import type { ReadRange, Session } from '../engineApi.ts'
import { headBytes, identifyFileSystem } from '../versions/fileSystemHead.ts'
import type { Partition } from '../versions/partition.ts'
import { readPartitionTable } from '../versions/partitionTable.ts'

/** Free room that is smaller is alignment, and not drawn. */
const leastFreeBytes = 1024 * 1024
/** Looking at a partition costs a request or two; beyond these it is drawn without saying what is in it. */
const mostLooked = 64

/**
 * A version as a disk is drawn: what its partition table says, and what is at the beginning of each partition. Reads a few
 * blocks. Damage where a partition begins costs its type only; where the table is, it is integrity.*.
 */
export async function pictureOfVersion(
  session: Pick<Session, 'read'>,
  version: string,
  signal?: AbortSignal,
): Promise<DiskPicture> {
  return await session.read(
    version,
    (read, { sizeBytes }) => pictureOf(read, sizeBytes),
    signal === undefined ? {} : { signal },
  )
}

/** The same for anything that can be read by ranges inside of its size. */
export async function pictureOf(read: ReadRange, sizeBytes: number): Promise<DiskPicture> {
  const table = await readPartitionTable(read, sizeBytes)
  if (table === null) {
    const whole = { offset: 0, length: sizeBytes, purpose: null, name: null }
    return { sizeBytes, table: null, parts: sizeBytes === 0 ? [] : [await partOf(read, whole, true)] }
  }
  const parts: DiskPart[] = []
  for (const [index, partition] of table.partitions.entries()) {
    parts.push(await partOf(read, partition, index < mostLooked))
  }
  return { sizeBytes, table: table.kind, parts: withFreeRoom(parts, sizeBytes) }
}

async function partOf(
  read: ReadRange,
  { offset, length, purpose, name }: Omit<Partition, 'number'>,
  isLooked: boolean,
): Promise<DiskPart> {
  const head = isLooked ? await headOf(read, offset, length) : null
  return {
    offset,
    length,
    kind: 'partition',
    type: head?.type ?? purpose,
    label: head?.label ?? name,
    mountPoints: [],
    usedBytes: head?.usedBytes ?? null,
  }
}

async function headOf(read: ReadRange, offset: number, length: number) {
  try {
    return identifyFileSystem(await read({ offset, length: Math.min(length, headBytes) }), length)
  } catch (error) {
    if (isHoldfastError(error) && error.code.startsWith('integrity.')) return null
    throw error
  }
}

/** `parts` ascend and do not overlap. */
function withFreeRoom(parts: readonly DiskPart[], sizeBytes: number): DiskPart[] {
  const all: DiskPart[] = []
  let end = 0
  const free = (to: number) => {
    if (to - end <= leastFreeBytes) return
    const nothing = { type: null, label: null, mountPoints: [], usedBytes: null }
    all.push({ offset: end, length: to - end, kind: 'free', ...nothing })
  }
  for (const part of parts) {
    free(part.offset)
    all.push(part)
    end = part.offset + part.length
  }
  free(sizeBytes)
  return all
}
