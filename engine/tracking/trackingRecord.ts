import { z } from 'zod'
import type { ProcessIdentity } from '../base/processIdentity.ts'
import { count, normalize, type RangeSet, type Span, subtract, union } from '../sources/ranges.ts'
import { coarsened } from './coarsen.ts'
import type { Changes, Snapshot, TrackingMethod } from './trackedVolume.ts'

/**
 * What is remembered of a volume between two runs. At most one snapshot of it is kept, however many repositories it is
 * backed up to: for each of them the record holds the version that was stored there last, and what changed between that
 * version and the kept snapshot.
 */
export interface TrackingRecord {
  /** Id of the volume. */
  volume: string
  /** Where it was at the last run, for people. */
  path: string
  method: TrackingMethod
  kept: KeptSnapshot | null
  /** By the id of the repository. Each has a complete version there. Empty when nothing is kept. */
  repositories: ReadonlyMap<string, StoredState>
  /** A snapshot that is about to be made, or was, and is not kept yet. */
  making: { name: string; by: ProcessIdentity } | null
}

export interface KeptSnapshot extends Snapshot {
  /** ISO 8601. */
  takenAt: string
}

export interface StoredState {
  version: string
  /** Bytes that may differ between that version and the kept snapshot. */
  pending: RangeSet
}

/** Pending ranges of one repository beyond this count are joined; 100 000 take about 2 MB in the record. */
export const mostPendingRanges = 100_000

export function emptyRecord(volume: string, path: string, method: TrackingMethod): TrackingRecord {
  return { volume, path, method, kept: null, repositories: new Map(), making: null }
}

/** What a run for one repository need read, and of which version the rest is taken over. */
export type ReadingPlan =
  | { known: true; base: string; written: RangeSet; discarded: RangeSet }
  /** Everything that is allocated is read; `why` is null when nothing was expected to be known. */
  | { known: false; why: string | null }

/** What to read of a snapshot of `sizeBytes`, by what changed since the kept one (undefined when none is kept). */
export function planReading(
  record: TrackingRecord,
  repository: string,
  changes: Changes | undefined,
  sizeBytes: number,
): ReadingPlan {
  const stored = record.repositories.get(repository)
  if (changes === undefined || stored === undefined) return { known: false, why: null }
  if (!changes.known) return { known: false, why: changes.why }
  const beyond = [{ start: sizeBytes, end: Number.MAX_SAFE_INTEGER }]
  // What was discarded last reads as zeros, whatever was written before.
  const written = union(changes.written, subtract(stored.pending, changes.discarded))
  return {
    known: true,
    base: stored.version,
    written: subtract(written, beyond),
    discarded: subtract(changes.discarded, beyond),
  }
}

/** A run that has made a version out of a snapshot. */
export interface FinishedRun {
  repository: string
  /** The version, if it is complete: one with parts missing is not what the snapshot holds. */
  version: string | undefined
  snapshot: KeptSnapshot
  /** Between the kept snapshot and this one. Undefined when nothing was kept, or when the changes proved wrong. */
  changes: Changes | undefined
}

/** The record after a run whose snapshot is kept. When no repository is left that it would be of use to, nothing is kept. */
export function keepSnapshot(record: TrackingRecord, run: FinishedRun): TrackingRecord {
  const repositories = new Map<string, StoredState>()
  if (run.changes?.known) {
    const delta = union(run.changes.written, run.changes.discarded)
    for (const [id, { version, pending }] of record.repositories) {
      repositories.set(id, { version, pending: coarsened(union(pending, delta), mostPendingRanges) })
    }
  }
  if (run.version !== undefined) repositories.set(run.repository, { version: run.version, pending: [] })
  const isOfUse = repositories.size > 0
  return { ...record, repositories, kept: isOfUse ? run.snapshot : null, making: null }
}

/**
 * The record after versions were copied into another repository: if the one that is known of the first is there, all that is known of it is
 * known there as well. The same record when nothing follows from it.
 */
export function withCopies(
  record: TrackingRecord,
  { from, to, versions }: { from: string; to: string; versions: ReadonlySet<string> },
): TrackingRecord {
  const stored = record.repositories.get(from)
  if (record.kept === null || stored === undefined || !versions.has(stored.version)) return record
  const known = record.repositories.get(to)
  if (known && count(known.pending) <= count(stored.pending)) return record
  return { ...record, repositories: new Map([...record.repositories, [to, stored]]) }
}

/** The record when a repository needs no kept snapshot any more; with its last one, nothing is kept. */
export function withoutRepository(record: TrackingRecord, repository: string): TrackingRecord {
  const repositories = new Map(record.repositories)
  repositories.delete(repository)
  return { ...record, repositories, kept: repositories.size > 0 ? record.kept : null }
}

/** Changes with the end of a volume that has another size now: what lies there was written, whatever the driver knows. */
export function withResizedEnd(changes: Changes, before: number, now: number): Changes {
  if (!changes.known || before === now) return changes
  const end = [{ start: Math.min(before, now), end: Math.max(before, now) }]
  return {
    known: true,
    written: union(changes.written, end),
    discarded: subtract(changes.discarded, end),
  }
}

const natural = z.int().nonnegative()
const processSchema = z.strictObject({
  host: z.string(),
  bootId: z.string(),
  pidNamespace: z.string(),
  pid: natural,
  startTicks: z.string(),
})
const storedSchema = z.strictObject({
  volume: z.string().min(1),
  path: z.string(),
  method: z.enum(['lvm-thin', 'lvm-classic']),
  kept: z
    .strictObject({ id: z.string().min(1), name: z.string().min(1), sizeBytes: natural, takenAt: z.iso.datetime() })
    .nullable(),
  repositories: z.record(
    z.string().regex(/^[0-9a-f]{32}$/),
    z.strictObject({ version: z.string().regex(/^[0-9a-f]{16}$/), pending: z.array(z.tuple([natural, natural])) }),
  ),
  making: z.strictObject({ name: z.string().min(1), by: processSchema }).nullable(),
})

export function formatRecord(record: TrackingRecord): string {
  const repositories = Object.fromEntries(
    [...record.repositories].map(([id, { version, pending }]) => [
      id,
      { version, pending: pending.map(({ start, end }) => [start, end]) },
    ]),
  )
  return JSON.stringify({ ...record, repositories })
}

/** Undefined when the text is no record: nothing is known then, and a run reads everything. */
export function parseRecord(text: string): TrackingRecord | undefined {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    return undefined
  }
  const { data } = storedSchema.safeParse(json)
  if (data === undefined) return undefined
  const span = ([start, end]: [number, number]): Span => ({ start, end })
  const repositories = Object.entries(data.repositories).map(
    ([id, { version, pending }]) => [id, { version, pending: normalize(pending.map(span)) }] as const,
  )
  return { ...data, repositories: new Map(data.kept === null ? [] : repositories) }
}
