import { fateOf, isSameProcess, ownIdentity, type ProcessIdentity } from '../base/processIdentity.ts'
import { randomHex } from '../base/random.ts'
import type { Snapshot } from './trackedVolume.ts'
import type { TrackingRecord } from './trackingRecord.ts'

/**
 * Names of snapshots: `holdfast_<owner>_<random>`, 8 hex digits each. The owner is the state folder that has the record. So what
 * another state folder of this computer keeps is told apart from what is left over here, even when a record was lost.
 */
export function newSnapshotName(owner: string): string {
  return `holdfast_${owner}_${randomHex(4)}`
}

export const isOwnedBy = (owner: string, { name }: Pick<Snapshot, 'name'>): boolean =>
  name.startsWith(`holdfast_${owner}_`)

/** Of who was making a snapshot. Whoever holds the lock of a volume knows that no other run of this process does. */
export const fateOfMaker = (maker: ProcessIdentity) => (isSameProcess(maker, ownIdentity()) ? 'dead' : fateOf(maker))

/**
 * Of the snapshots of a volume, those of this owner that nobody needs: neither kept nor of a process that lives. Asked under the volume's lock. A process
 * of which nothing is known (in another container) may live.
 */
export function leftoversOf(
  snapshots: readonly Snapshot[],
  record: Pick<TrackingRecord, 'kept' | 'making'>,
  owner: string,
  fate: (other: ProcessIdentity) => 'alive' | 'dead' | 'unknown' = fateOfMaker,
): Snapshot[] {
  const { kept, making } = record
  return snapshots.filter(snapshot => {
    if (snapshot.id === kept?.id) return false
    if (snapshot.name === making?.name) return fate(making.by) === 'dead'
    return isOwnedBy(owner, snapshot)
  })
}
