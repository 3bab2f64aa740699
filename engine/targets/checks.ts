import type { ErrorCode } from '../contract/errors.ts'

/** All that a decision about writing to a path rests on. facts.ts gathers it; nothing here asks the system. */
export interface TargetFacts {
  /** As the person named it. */
  path: string
  kind: 'missing' | 'file' | 'device' | 'other'
  /** Whether the folder of a missing path exists. True for everything that exists. */
  folderExists: boolean
  /** Of a file or a device; 0 otherwise. */
  sizeBytes: number
  /** 'major:minor' of a device; undefined otherwise. */
  deviceId: string | undefined
  /** Why it cannot be written, if so. */
  readOnly: 'device' | 'file system' | 'permission' | undefined
  /** File systems on it that are in use: on its partitions and volumes, or on loop devices that show the file. */
  mounts: MountOnTarget[]
  /** Swap on it, or the file being swap itself. */
  swaps: string[]
  /** Volumes, arrays, encrypted devices and loop devices that use it. */
  holders: Holder[]
  /** Somebody holds the device exclusively, whoever it is. */
  claimed: boolean
  /** What of the running system lies on it: '/', '/boot', 'swap' … Empty when it is not the system's disk. */
  systemUses: string[]
  /** Local repositories on it, or that the file lies in. */
  repositories: string[]
  /** It is what is being read, or one of the two contains the other. */
  isSource: boolean
}

export interface MountOnTarget {
  /** Where it is mounted. */
  point: string
  /** The partition or volume, when that is not the target itself. */
  part?: string
}

export interface Holder {
  kind: 'lvm' | 'crypt' | 'raid' | 'loop' | 'mapped' | 'partition' | 'disk'
  /** '/dev/mapper/vg0-root'. */
  path: string
}

export interface TargetRequest {
  versionSizeBytes: number
  /** The person agreed to lose what is there. */
  force: boolean
}

/** One reason not to write. */
export interface Refusal {
  code: ErrorCode
  message: string
  advice: string
  /** 'force' when the person may insist; false when nobody may. */
  overridable: false | 'force'
}

type Check = (facts: TargetFacts, request: TargetRequest) => Refusal | undefined

const refuse = (code: ErrorCode, message: string, advice: string): Refusal => ({
  code,
  message,
  advice,
  overridable: false,
})

const list = (items: readonly string[]) => items.join(', ')

const notFound: Check = ({ kind, folderExists, path }) =>
  kind === 'missing' && !folderExists
    ? refuse('target.notFound', `The folder of ${path} does not exist.`, 'Create the folder, or check the path.')
    : undefined

const unsupported: Check = ({ kind, path }) =>
  kind === 'other'
    ? refuse(
        'target.unsupported',
        `${path} is neither a regular file nor a block device.`,
        'Choose a file, a disk, a partition or a volume.',
      )
    : undefined

const systemDisk: Check = ({ systemUses, path }) =>
  systemUses.length > 0
    ? refuse(
        'target.systemDisk',
        `${path} belongs to the running system (${list(systemUses)}).`,
        'Start the computer from another disk or a rescue medium to write to this one.',
      )
    : undefined

const isSource: Check = facts =>
  facts.isSource
    ? refuse(
        'target.isSource',
        `${facts.path} is what is being read, or contains it, or is a part of it.`,
        'Choose another target.',
      )
    : undefined

const holdsRepository: Check = ({ repositories, path }) =>
  repositories.length > 0
    ? refuse(
        'target.holdsRepository',
        `${path} would destroy the repository at ${list(repositories)}.`,
        'Choose a target on another disk, outside the repository.',
      )
    : undefined

const mounted: Check = ({ mounts, path }) => {
  if (mounts.length === 0) return undefined
  const itself = mounts.filter(mount => mount.part === undefined)
  const words = itself.length > 0 ? [`${path} is mounted at ${list(itself.map(mount => mount.point))}`] : []
  for (const { part, point } of mounts) {
    if (part !== undefined) words.push(`${part} on ${path} is mounted at ${point}`)
  }
  return refuse('target.mounted', `${words.join('; ')}.`, 'Unmount it, then try again.')
}

/** What uses a device: one, several; and how it is made to let go. */
const holderWords: Record<Holder['kind'], [one: string, several: string, advice: string]> = {
  lvm: ['logical volume', 'logical volumes', 'Deactivate its volume group (vgchange --activate n GROUP).'],
  crypt: ['opened encrypted volume', 'opened encrypted volumes', 'Close it (cryptsetup close NAME).'],
  raid: ['RAID array', 'RAID arrays', 'Stop the array (mdadm --stop ARRAY).'],
  loop: ['loop device', 'loop devices', 'Detach it (losetup --detach DEVICE).'],
  mapped: ['device-mapper device', 'device-mapper devices', 'Remove it (dmsetup remove NAME).'],
  partition: ['partition', 'partitions', 'Close what uses it.'],
  disk: ['disk', 'disks', 'Close what uses it.'],
}

function holderList(holders: readonly Holder[]): string[] {
  return [...new Set(holders.map(({ kind }) => kind))].map(kind => {
    const paths = holders.filter(holder => holder.kind === kind).map(({ path }) => path)
    return `the ${holderWords[kind][paths.length === 1 ? 0 : 1]} ${list(paths)}`
  })
}

const inUse: Check = ({ swaps, holders, claimed, mounts, path }) => {
  const users = [...swaps.map(swap => `swap ${swap}`), ...holderList(holders)]
  if (users.length > 0) {
    const advice = [
      ...(swaps.length > 0 ? ['Turn the swap off (swapoff DEVICE).'] : []),
      ...new Set(holders.map(({ kind }) => holderWords[kind][2])),
    ]
    return refuse('target.inUse', `${path} is in use by ${list(users)}.`, advice.join(' '))
  }
  // A mount claims the device too, and is a reason of its own.
  return claimed && mounts.length === 0
    ? refuse(
        'target.inUse',
        `${path} is in use: another program holds it.`,
        'Close the program that uses the disk; pools of ZFS and mounts of containers count too.',
      )
    : undefined
}

const readOnly: Check = facts => {
  const advice = {
    device: 'Remove the write protection, or choose another target.',
    'file system': 'Choose a target on a file system that may be written.',
    permission: 'Run it as root, give this user the right to write there, or choose another target.',
  }
  if (facts.readOnly === undefined) return undefined
  const why = {
    device: 'the device is write-protected',
    'file system': 'its file system is read-only',
    permission: 'this user may not write there',
  }
  return refuse('target.readOnly', `${facts.path} cannot be written: ${why[facts.readOnly]}.`, advice[facts.readOnly])
}

/** Only devices have a fixed size: a file that is too small is grown, and one that is larger may stay so. */
const tooSmall: Check = ({ kind, sizeBytes, path }, { versionSizeBytes }) =>
  kind === 'device' && sizeBytes < versionSizeBytes
    ? refuse(
        'target.tooSmall',
        `${path} holds ${sizeBytes} bytes; the version has ${versionSizeBytes}.`,
        'Choose a larger disk or volume, or restore to a file.',
      )
    : undefined

const exists: Check = ({ kind, path, sizeBytes }, { force }) =>
  (kind === 'file' || kind === 'device') && !force
    ? {
        code: 'target.exists',
        message:
          kind === 'device'
            ? `${path} is a device of ${sizeBytes} bytes; everything on it would be overwritten.`
            : `${path} exists already (${sizeBytes} bytes); it would be overwritten.`,
        advice: 'Check that it is the right one, then insist with --force, or choose another target.',
        overridable: 'force',
      }
    : undefined

/** In the order in which a person should hear of them: what is worst first. */
const checks: readonly Check[] = [
  notFound,
  unsupported,
  systemDisk,
  isSource,
  holdsRepository,
  mounted,
  inUse,
  readOnly,
  tooSmall,
  exists,
]

/**
 * Every reason not to restore a version to a target, the gravest first; empty when it may be written. `force` only answers
 * for what exists: nothing lets a restore write to a mounted disk, the system's disk, the source or a repository.
 */
export function checkTarget(facts: TargetFacts, request: TargetRequest): Refusal[] {
  return checks.map(check => check(facts, request)).filter(refusal => refusal !== undefined)
}
