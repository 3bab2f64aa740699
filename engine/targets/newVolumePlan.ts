import { HoldfastError } from '../contract/errors.ts'
import { unfinishedTag, type VolumeGroup } from './volumeGroups.ts'

/** A logical volume that does not exist yet. */
export interface NewVolumeWish {
  group: string
  name: string
  /** The thin pool of the group that it takes its room from; it gets extents of its own when there is none. */
  thinPool?: string
}

export interface NewVolumeNeeds {
  /** It holds at least so much. */
  sizeBytes: number
  /** So much of it is going to be written. */
  dataBytes: number
}

export interface NewVolumePlan extends NewVolumeWish {
  /** Rounded up to whole extents. */
  sizeBytes: number
  freeBytes: number
  /** What is never written to it reads as zeros. */
  startsZeroed: boolean
}

const scheme = 'lvm:'
/** lvm(8), VALID NAMES. What LVM keeps for itself it refuses itself. */
const validName = /^(?![-.])[a-zA-Z0-9+_.-]{1,127}$/

/** The volume that 'lvm:VG/NAME' means; undefined for every other target. usage.invalid when the names cannot be. */
export function parseNewVolume(target: string): NewVolumeWish | undefined {
  if (!target.startsWith(scheme)) return undefined
  const [group = '', name = '', ...more] = target.slice(scheme.length).split('/')
  if (more.length === 0 && validName.test(group) && validName.test(name)) return { group, name }
  throw new HoldfastError('usage.invalid', `${target} does not name a new volume.`, {
    advice: 'Write lvm:GROUP/NAME, such as lvm:vg0/restored; for a file of that name write ./ before it.',
    details: { target },
  })
}

/** How the volume is going to be known. */
export const volumePath = ({ group, name }: NewVolumeWish): string => `/dev/${group}/${name}`

/**
 * Whether the volume can be made, and how large. target.notFound for a group or pool that is not there, target.exists for a name
 * that is taken, target.full, target.unsupported for a group that LVM would not touch.
 */
export function planNewVolume(
  wish: NewVolumeWish,
  groups: readonly VolumeGroup[],
  { sizeBytes, dataBytes }: NewVolumeNeeds,
): NewVolumePlan {
  const { group: groupName, name, thinPool } = wish
  const details = { ...wish }
  const group = groups.find(one => one.name === groupName)
  if (group === undefined) {
    const known = groups.map(one => one.name).join(', ')
    throw new HoldfastError('target.notFound', `There is no volume group ${groupName}.`, {
      advice: known === '' ? 'Make one with vgcreate first.' : `Choose one of these: ${known}`,
      details,
    })
  }
  if (group.unusable !== undefined) throw unusable(group, details)
  const taken = group.volumes.find(one => one.name === name)
  if (taken) throw exists(wish, taken.tags.includes(unfinishedTag))
  const extents = Math.ceil(sizeBytes / group.extentBytes) * group.extentBytes
  if (thinPool === undefined) {
    if (extents > group.freeBytes) throw full(`The volume group ${groupName}`, group.freeBytes, extents, details)
    // Its extents hold what was in them before.
    return { ...wish, sizeBytes: extents, freeBytes: group.freeBytes, startsZeroed: false }
  }
  const pool = group.pools.find(one => one.name === thinPool)
  if (pool === undefined) {
    const known = group.pools.map(one => one.name).join(', ')
    throw new HoldfastError('target.notFound', `The volume group ${groupName} has no thin pool ${thinPool}.`, {
      advice: known === '' ? 'Leave --thin-pool out.' : `Choose one of these: ${known}`,
      details,
    })
  }
  // A pool that runs full takes all of its volumes down.
  if (dataBytes > pool.freeBytes)
    throw full(`The thin pool ${groupName}/${thinPool}`, pool.freeBytes, dataBytes, details)
  return { ...wish, sizeBytes: extents, freeBytes: pool.freeBytes, startsZeroed: pool.zeroes }
}

function unusable({ name, unusable: why }: VolumeGroup, details: Record<string, unknown>): HoldfastError {
  const [what, advice] = {
    exported: ['is exported', `Import it first: vgimport ${name}`],
    partial: ['misses some of its disks', 'Connect all of its disks, or choose another group.'],
    ambiguous: ['is there twice', 'Rename one of the two by its identity (vgrename), or disconnect its disk.'],
  }[why!] as [string, string]
  return new HoldfastError('target.unsupported', `The volume group ${name} ${what}.`, { advice, details })
}

function exists(wish: NewVolumeWish, isUnfinished: boolean): HoldfastError {
  const { group, name } = wish
  const message = isUnfinished
    ? `The volume ${group}/${name} is there already, begun by a restore that has not finished.`
    : `The volume ${group}/${name} exists already.`
  const advice = isUnfinished
    ? `If no restore is running, remove it first: lvremove ${group}/${name}`
    : `Choose another name. To write over it, name ${volumePath(wish)} as the target.`
  return new HoldfastError('target.exists', message, { advice, details: { ...wish } })
}

const full = (what: string, freeBytes: number, neededBytes: number, details: Record<string, unknown>) =>
  new HoldfastError('target.full', `${what} has ${freeBytes} bytes free; ${neededBytes} are needed.`, {
    advice: 'Make room there, add a disk to the group, or choose another target.',
    details: { ...details, freeBytes, neededBytes },
  })
