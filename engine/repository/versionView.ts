import type { Version, VersionDetails, VersionStatus } from '../contract/models.ts'
import type { BlockIndex } from './blockIndex.ts'
import type { MarkState } from './marks.ts'
import type { VersionRecord } from './versionRecord.ts'
import type { LoadedRecords } from './versionStore.ts'

/** A version as people see it: its record with what the marks say of it. */
export function viewVersion(record: VersionRecord, marks: MarkState, index: BlockIndex): Version {
  return {
    id: record.id,
    name: record.name,
    date: record.startedAt,
    sizeBytes: record.sizeBytes,
    blockSizeBytes: record.blockSizeBytes,
    status: statusOf(record, marks, index),
    protected: marks.protectedVersions.has(record.id),
    labels: labelsOf(record, marks),
    readBytes: record.readBytes,
    newBytes: record.newBytes,
    storedBytes: record.storedBytes,
    holeBytes: record.holeBytes,
    durationMs: record.durationMs,
    method: record.method,
    consistency: record.consistency,
    unreadable: record.unreadable,
    source: record.source.path,
    host: record.host,
    base: record.base as Version['base'],
    scrubbedAt: marks.scrubbedAt.get(record.id) ?? null,
  }
}

/** All versions by name, then date. */
export function viewVersions(loaded: LoadedRecords, index: BlockIndex): Version[] {
  return loaded.versions
    .map(record => viewVersion(record, loaded.marks, index))
    .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : a.date < b.date ? -1 : 1))
}

export function viewDetails(record: VersionRecord, marks: MarkState, index: BlockIndex): VersionDetails {
  return {
    ...viewVersion(record, marks, index),
    finishedAt: record.finishedAt,
    sourceKind: record.source.kind,
    set: record.set ?? null,
    damagedBlocks: unhealedBlocks(record, marks, index).length,
  }
}

function statusOf(record: VersionRecord, marks: MarkState, index: BlockIndex): VersionStatus {
  return unhealedBlocks(record, marks, index).length > 0 ? 'damaged' : record.status
}

/** Blocks that a scrub found bad in this version and of which there is still no sound copy. */
function unhealedBlocks(record: VersionRecord, marks: MarkState, index: BlockIndex): string[] {
  const blocks = marks.damagedVersions.get(record.id)
  return blocks ? [...blocks].filter(block => !index.hasSoundCopy(Buffer.from(block, 'hex'))) : []
}

function labelsOf(record: VersionRecord, marks: MarkState): Record<string, string> {
  const labels: Record<string, string> = { ...record.labels }
  for (const [key, value] of Object.entries(marks.labels.get(record.id) ?? {})) {
    if (value === undefined) delete labels[key]
    else labels[key] = value
  }
  return labels
}
