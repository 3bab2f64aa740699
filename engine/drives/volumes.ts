import type { LogicalVolume, LvmInventory, VolumeGroup } from '../contract/drives.ts'
import type { KnownDevice } from './deviceIdentity.ts'
import type { LvmDisk, LvmGroup, LvmVolume } from './lvmReport.ts'

/** What LVM answered. failed: what it said last. */
export interface LvmAnswer {
  state: LvmInventory['state']
  groups: readonly LvmGroup[]
  volumes: readonly LvmVolume[]
  disks: readonly LvmDisk[]
}

/** A snapshot that Holdfast made has both. */
const ownTag = 'holdfast'
const ownNamePrefix = 'holdfast_'

/** There are volumes of LVM, or disks for them, so it is worth asking. */
export const needsLvm = (devices: readonly KnownDevice[]): boolean =>
  devices.some(({ kind, facts }) => kind === 'lvm' || facts.fileSystemType === 'LVM2_member')

/** Joins what LVM says with the devices of the kernel; `ids` are those of the devices, by name. Pure. */
export function lvmInventory(
  { state, groups, volumes, disks }: LvmAnswer,
  devices: readonly KnownDevice[],
  ids: ReadonlyMap<string, string>,
): LvmInventory {
  const byNumber = new Map(devices.map(device => [device.id, ids.get(device.name)]))
  const byMappedUuid = new Map(devices.map(device => [device.mappedUuid, ids.get(device.name)]))
  return {
    state,
    groups: groups.map(group => {
      const own = disks.filter(disk => disk.groupUuid === group.uuid && !disk.isMissing)
      return {
        uuid: group.uuid,
        name: group.name,
        sizeBytes: group.sizeBytes,
        freeBytes: group.freeBytes,
        extentBytes: group.extentBytes,
        devices: own.map(disk => byNumber.get(disk.deviceNumber)).filter(id => id !== undefined),
        problems: problemsOf(group, groups, own, disks),
      }
    }),
    volumes: volumes.map(volume => ({
      uuid: volume.uuid,
      name: volume.name,
      group: volume.groupUuid,
      kind: kindOf(volume),
      segmentType: volume.segmentType,
      sizeBytes: volume.isSnapshot && volume.poolUuid === null ? shownSize(volume, volumes) : volume.sizeBytes,
      device: byMappedUuid.get(mappedUuid(volume)) ?? null,
      origin: volume.originUuid,
      pool: volume.poolUuid,
      dataPercent: volume.dataPercent,
      metadataPercent: volume.metadataPercent,
      isOurs: volume.isSnapshot && volume.name.startsWith(ownNamePrefix) && volume.tags.includes(ownTag),
      problem: problemOf(volume),
    })),
  }
}

/** A classic snapshot shows what its origin does; its own size is the room for what changes. */
const shownSize = (volume: LvmVolume, volumes: readonly LvmVolume[]): number =>
  volumes.find(({ uuid }) => uuid === volume.originUuid)?.sizeBytes ?? volume.sizeBytes

/** lvm2, lib/activate/dev_manager.c, build_dm_uuid: the thin volumes of a pool lie on its device -tpool. */
function mappedUuid({ uuid, groupUuid, segmentType }: LvmVolume): string {
  const plain = `LVM-${groupUuid}${uuid}`.replaceAll('-', '').replace(/^LVM/, 'LVM-')
  return segmentType === 'thin-pool' ? `${plain}-tpool` : plain
}

function problemsOf(
  group: LvmGroup,
  groups: readonly LvmGroup[],
  own: readonly LvmDisk[],
  disks: readonly LvmDisk[],
): VolumeGroup['problems'] {
  const isCopied = disks.some(disk => disk.isDuplicate && own.some(({ uuid }) => uuid === disk.uuid))
  return [
    ...(group.missingDisks > 0 ? (['missing-disks'] as const) : []),
    ...(groups.some(other => other !== group && other.name === group.name) ? (['duplicate-name'] as const) : []),
    ...(isCopied ? (['duplicate-disks'] as const) : []),
    ...(group.isExported ? (['exported'] as const) : []),
  ]
}

function kindOf({ segmentType, isSnapshot, isPublic }: LvmVolume): LogicalVolume['kind'] {
  if (segmentType === 'thin-pool') return 'thin-pool'
  if (segmentType === 'thin') return isSnapshot ? 'thin-snapshot' : 'thin'
  if (isSnapshot) return 'snapshot'
  return isPublic ? 'plain' : 'other'
}

function problemOf({
  segmentType,
  dataPercent,
  metadataPercent,
  health,
  isInvalid,
}: LvmVolume): LogicalVolume['problem'] {
  if (isInvalid) return 'invalid'
  const isFull = dataPercent === 100 || metadataPercent === 100 || health === 'out_of_data'
  if (segmentType === 'thin-pool' && isFull) return 'pool-full'
  return health === null ? null : 'unwell'
}
