import { isOwn } from './names.ts'
import type { LogicalVolume } from './report.ts'

/** How a volume is snapshotted: a thin one inside its pool, any other by a store of its own for what is overwritten. */
export type VolumeKind = 'thin' | 'classic'

const readOnly = (volume: LogicalVolume) => volume.attributes[1]?.toLowerCase() === 'r'

/**
 * How a volume can be backed up by snapshots; undefined when it is none that people use as one: pools and other hidden parts, our own
 * snapshots, classic snapshots (which LVM cannot snapshot once more) and thin ones that nobody may write to (which hold still by
 * themselves). A thin snapshot that can be written to is a volume like any other: clones of virtual machines are made so.
 */
export function kindOf(volume: LogicalVolume): VolumeKind | undefined {
  if (!volume.roles.includes('public') || isOwn(volume)) return undefined
  if (volume.roles.includes('thicksnapshot')) return undefined
  if (!volume.segmentTypes.every(type => type === 'thin')) return 'classic'
  if (volume.roles.includes('thinsnapshot') && readOnly(volume)) return undefined
  return 'thin'
}

/** Snapshots of a volume that are ours. */
export const ownSnapshotsOf = (volume: LogicalVolume, all: readonly LogicalVolume[]): LogicalVolume[] =>
  all.filter(other => isOwn(other) && other.groupUuid === volume.groupUuid && other.originUuid === volume.uuid)

/**
 * Whether a thin volume shows what lies in a volume outside of its pool wherever nothing was written: what the pool does not know of
 * it is then not zeros.
 */
export function hasExternalOrigin(volume: LogicalVolume, all: readonly LogicalVolume[]): boolean {
  for (let current: LogicalVolume | undefined = volume, steps = 0; current?.originUuid !== undefined; steps++) {
    const originUuid: string = current.originUuid
    const origin = all.find(other => other.uuid === originUuid && other.groupUuid === volume.groupUuid)
    // What cannot be looked up is not to be relied on.
    if (origin === undefined || origin.poolUuid !== volume.poolUuid || steps > all.length) return true
    current = origin
  }
  return false
}
