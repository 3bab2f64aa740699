import { HoldfastError } from '../contract/errors.ts'
import type { RestoredTable } from '../contract/models.ts'
import type { Repository } from '../repository/repository.ts'
import type { VersionRecord } from '../repository/versionRecord.ts'
import type { Target } from '../targets/target.ts'
import { headBytes, identifyFileSystem } from '../versions/fileSystemHead.ts'
import { type GptCopy, gptSectorSizes, readGptCopy } from '../versions/gptCopy.ts'
import { fitGpt, type GptFit, type TableWrite } from '../versions/gptFit.ts'
import { growingOf, partitionPath } from '../versions/growing.ts'
import type { ReadBytes } from '../versions/partition.ts'
import { readPartitionTable } from '../versions/partitionTable.ts'
import { readVersion } from './versionReader.ts'

/** What becomes of a version's partition table on a disk that is larger. Decided before anything is written. */
export interface TableFit {
  fit: GptFit | null
  warnings: string[]
}

/**
 * Reads the table of a version and decides. `grow` is usage.invalid for a version without a GPT. A table that cannot be read out
 * of the repository stays as it is, with a warning.
 */
export async function planTableFit(
  repository: Repository,
  version: VersionRecord,
  target: Pick<Target, 'path' | 'sizeBytes' | 'sectorBytes'>,
  { grow, signal }: { grow: boolean; signal?: AbortSignal },
): Promise<TableFit> {
  // A file has the size of the version, or more than that for reasons of its own.
  if (target.sectorBytes === null) return { fit: null, warnings: [] }
  try {
    const look = (read: ReadBytes) => decideTableFit(read, version.sizeBytes, target, grow)
    return await readVersion(repository, version, look, signal)
  } catch (error) {
    if (!(error instanceof HoldfastError) || !error.code.startsWith('integrity.')) throw error
    return { fit: null, warnings: ['The partition table could not be read from the repository and was not adapted.'] }
  }
}

/** The same over the bytes of a version. */
export async function decideTableFit(
  read: ReadBytes,
  versionBytes: number,
  { path, sizeBytes, sectorBytes }: Pick<Target, 'path' | 'sizeBytes' | 'sectorBytes'>,
  grow: boolean,
): Promise<TableFit> {
  const table = await readPartitionTable(read, versionBytes)
  if (grow && table?.kind !== 'gpt') throw nothingToGrow()
  const keep = (...warnings: string[]): TableFit => ({ fit: null, warnings })
  if (table?.kind !== 'gpt' || sectorBytes === null) return keep()
  const copy = await firstCopy(read, versionBytes)
  if (copy && copy.sector !== sectorBytes) {
    return keep(
      `The partition table is one for sectors of ${copy.sector} bytes and ${path} has sectors of ${sectorBytes}: its partitions will not be found there.`,
    )
  }
  if (sizeBytes === versionBytes && !grow) return keep()
  if (copy === undefined) return keep('The first copy of the partition table is damaged, so nothing of it was changed.')
  const fit = fitGpt(copy, await read({ offset: 0, length: copy.sector }), { sizeBytes, grow })
  if (fit === null)
    return keep('A partition reaches to where the copy of the partition table belongs; nothing was moved.')
  const isFull = grow && fit.grown === null
  return { fit, warnings: isFull ? ['The last partition reaches to the end of the disk already.'] : [] }
}

async function firstCopy(read: ReadBytes, sizeBytes: number): Promise<GptCopy | undefined> {
  for (const sector of gptSectorSizes) {
    const copy = await readGptCopy(read, sizeBytes, sector, 1)
    if (copy) return copy
  }
  return undefined
}

const nothingToGrow = () =>
  new HoldfastError('usage.invalid', 'This version has no partition table of the kind GPT, so no partition can grow.', {
    advice: 'Leave --grow out, and change the partitions with fdisk afterwards. Nothing was written.',
  })

/** Writes what was decided to a restored target and reads it back; target.verifyFailed when it is not there then. */
export async function applyTableFit(target: Target, { steps, grown }: GptFit): Promise<RestoredTable> {
  for (const step of steps) {
    for (const { data, offset } of step) await target.write(data, offset)
    await target.flush()
  }
  await target.forget()
  for (const write of steps.flat()) await compare(target, write)
  if (grown === null) return { moved: true, grown: null }
  const head = Buffer.alloc(Math.min(headBytes, grown.length))
  await target.read(head, grown.offset)
  const type = identifyFileSystem(head, grown.length)?.type ?? null
  const path = partitionPath(target.path, grown.number)
  return {
    moved: true,
    grown: {
      partition: grown.number,
      oldSizeBytes: grown.oldLength,
      sizeBytes: grown.length,
      fileSystem: type,
      command: growingOf(type, path),
    },
  }
}

async function compare(target: Target, { data, offset }: TableWrite): Promise<void> {
  const found = Buffer.alloc(data.length)
  await target.read(found, offset)
  if (found.equals(data)) return
  throw new HoldfastError('target.verifyFailed', `${target.path} does not keep its partition table (byte ${offset}).`, {
    advice: 'Check the disk and its cables; look at its SMART values and at the kernel log.',
    details: { path: target.path, offset },
  })
}
