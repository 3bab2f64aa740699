import { lstat } from 'node:fs/promises'
import { isHoldfastError, throwIfAborted } from '../../contract/errors.ts'
import type { FileKind } from '../../contract/files.ts'
import type { HelperContract } from '../../contract/helperContract.ts'
import type { Destination } from '../../contract/jobs.ts'
import type { HandlerOutput } from '../../contract/rpcContract.ts'
import type { FileDesk } from './fileDesk.ts'
import { placeInside } from './insidePlace.ts'

type Entry = HandlerOutput<HelperContract, 'files.history'>['entries'][number]
type Facts = Pick<Entry, 'kind' | 'sizeBytes' | 'modified'>

const nothing: Facts = { kind: null, sizeBytes: null, modified: null }

/**
 * Looks at the same path in versions, the newest first, one after the other. One that was not attached before is detached again at once,
 * unless somebody else has begun to use it. Only fails with run.cancelled.
 */
export async function fileHistory(
  files: FileDesk,
  destination: Destination,
  versions: readonly { id: string; date: string }[],
  { volume, path }: { volume: string; path: string },
  { signal, looked }: { signal: AbortSignal; looked(count: number): void },
): Promise<Entry[]> {
  const entries: Entry[] = []
  let newer: Facts | undefined
  for (const { id, date } of versions) {
    throwIfAborted(signal)
    const found = await lookAt(files, destination, id, { volume, path }, signal)
    if (found === 'unknown' || found === 'absent') {
      entries.push({ version: id, date, state: found, ...nothing })
    } else {
      const isSame =
        newer !== undefined &&
        newer.kind === found.kind &&
        newer.sizeBytes === found.sizeBytes &&
        newer.modified === found.modified
      entries.push({ version: id, date, state: isSame ? 'same' : 'present', ...found })
      newer = found
    }
    looked(entries.length)
  }
  return entries
}

async function lookAt(
  files: FileDesk,
  destination: Destination,
  version: string,
  { volume, path }: { volume: string; path: string },
  signal: AbortSignal,
): Promise<Facts | 'absent' | 'unknown'> {
  let opened: { attachment: string; isNew: boolean } | undefined
  try {
    opened = await files.open(destination, version, signal)
    return await files.use(opened.attachment, async used => {
      const facts = await lstat(await placeInside(await used.root(volume), path, { followLast: false }))
      return { kind: kindOf(facts), sizeBytes: facts.size, modified: timeOf(facts.mtimeMs) }
    })
  } catch (error) {
    throwIfAborted(signal)
    return isHoldfastError(error, 'files.notFound') ? 'absent' : 'unknown'
  } finally {
    if (opened?.isNew) await files.closeUnused(opened.attachment)
  }
}

/** Years that four digits can hold, as in lists. */
const timeOf = (ms: number) =>
  new Date(Math.floor(Math.min(Math.max(ms, -62_135_596_800_000), 253_402_300_799_999))).toISOString()

function kindOf(facts: Awaited<ReturnType<typeof lstat>>): FileKind {
  if (facts.isFile()) return 'file'
  if (facts.isDirectory()) return 'folder'
  if (facts.isSymbolicLink()) return 'link'
  if (facts.isBlockDevice()) return 'block'
  if (facts.isCharacterDevice()) return 'character'
  if (facts.isFIFO()) return 'pipe'
  return facts.isSocket() ? 'socket' : 'unknown'
}
