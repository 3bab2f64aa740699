import { HoldfastError, throwIfAborted } from '../contract/errors.ts'
import { findMapped } from './mappedDevices.ts'
import { isOwnName, ownTag } from './names.ts'
import { change } from './programs.ts'
import type { LogicalVolume, VolumeGroup } from './report.ts'
import type { LvmSystem } from './system.ts'

/** How long a snapshot may be in use by those who are about to let it go: udev, and readers that close. */
const patienceMs = 15_000
const pauseMs = 500

/** What LVM says of a volume that is open somewhere. */
const inUse = /\bin use\b|is used by|Device or resource busy/

/**
 * Names one volume to LVM by its identity, whatever it is called meanwhile, and whether or not two groups have one name. What has
 * not our tag is never met.
 */
const theOne = ({ groupUuid, uuid }: LogicalVolume): string[] => [
  '--select',
  `vg_uuid=${groupUuid} && lv_uuid=${uuid} && lv_tags=${ownTag}`,
]

/**
 * Makes a snapshot with `lvcreate`, `more` being what its kind needs. Resolves to undefined when it is made, else to what LVM said
 * against it. lvcreate knows volumes only by name; where two groups have one name, it is shown the devices of the right one alone.
 */
export async function create(
  system: LvmSystem,
  volume: LogicalVolume,
  groups: readonly VolumeGroup[],
  name: string,
  more: readonly string[],
): Promise<string | undefined> {
  if (!isOwnName(name)) throw new TypeError(`${name} is no name for a snapshot`)
  const alike = groups.filter(group => group.name === volume.groupName)
  const devices = groups.find(group => group.uuid === volume.groupUuid)?.devices ?? []
  const only = alike.length > 1 ? ['--devices', devices.join(',')] : []
  const { exitCode, stderr } = await change(system, 'lvcreate', [
    '-q',
    '-y',
    '--snapshot',
    // A write to a snapshot would look like one to the volume.
    '--permission',
    'r',
    '--addtag',
    ownTag,
    ...more,
    '--name',
    name,
    ...only,
    `${volume.groupName}/${volume.name}`,
  ])
  return exitCode === 0 ? undefined : stderr.trim()
}

/**
 * Makes a thin snapshot readable. LVM leaves it alone without -K, and says that all went well; and only what is not stored otherwise
 * stays inactive when the computer starts. So it is looked whether the device is there.
 */
export async function activateThin(system: LvmSystem, snapshot: LogicalVolume): Promise<string> {
  const { stderr } = await change(system, 'lvchange', ['-q', '-y', '-ay', '-K', ...theOne(snapshot)])
  const device = await findMapped(system, snapshot.id)
  if (device !== undefined) return device.path
  throw failed('made readable', snapshot, stderr)
}

/** Undoes that. One that is in use is tried for some seconds, then it is source.inUse. */
export async function deactivateThin(system: LvmSystem, snapshot: LogicalVolume): Promise<void> {
  await untilFree(system, 'let go of', snapshot, ['lvchange', '-q', '-y', '-an', ...theOne(snapshot)])
}

/** Removes a snapshot that has our tag, active or not. One that is gone is no error; one that is in use as above. */
export async function remove(system: LvmSystem, snapshot: LogicalVolume): Promise<void> {
  await untilFree(system, 'removed', snapshot, ['lvremove', '-q', '-y', ...theOne(snapshot)])
}

async function untilFree(
  system: LvmSystem,
  what: string,
  snapshot: LogicalVolume,
  [program, ...args]: ['lvchange' | 'lvremove', ...string[]],
): Promise<void> {
  const until = system.clock.monotonic() + patienceMs
  for (;;) {
    const { exitCode, stderr } = await change(system, program, args)
    if (exitCode === 0) return
    if (!inUse.test(stderr)) throw failed(what, snapshot, stderr)
    if (system.clock.monotonic() > until) {
      throw new HoldfastError('source.inUse', `The snapshot ${nameOf(snapshot)} is in use and cannot be ${what}.`, {
        advice: 'Close what reads it or unmount it, then try again.',
        details: { snapshot: nameOf(snapshot), stderr: stderr.trim() },
        retryable: true,
      })
    }
    await system.clock.sleep(pauseMs)
  }
}

const nameOf = ({ groupName, name }: LogicalVolume) => `${groupName}/${name}`

const failed = (what: string, snapshot: LogicalVolume, stderr: string) =>
  new HoldfastError('source.readFailed', `The snapshot ${nameOf(snapshot)} could not be ${what}: ${stderr.trim()}`, {
    advice: 'Look at it with "lvs -a" and "dmsetup status".',
    details: { snapshot: nameOf(snapshot) },
  })

/** LVM lacks room for it, by what it says. */
const lacksRoom = /insufficient free space|reached threshold|out of (data|metadata) space|Insufficient suitable/

/** What became of `create`, for people. */
export function couldNotCreate(volume: LogicalVolume, said: string): HoldfastError {
  if (lacksRoom.test(said)) return noRoom(volume.path, said.split('\n').at(-1)!.trim(), 'Make room there.')
  return new HoldfastError('source.unsupported', `LVM could not make a snapshot of ${volume.path}: ${said}`, {
    advice: 'Back the volume up without a snapshot, or look at it with "lvs -a".',
    details: { path: volume.path, stderr: said },
  })
}

export const noRoom = (path: string, why: string, advice: string, details: Record<string, unknown> = {}) =>
  new HoldfastError('source.noRoomForSnapshot', `There is no room for a snapshot of ${path}: ${why}`, {
    advice,
    details: { path, ...details },
  })

/** What one must be sure of before asking LVM to do something that is not to be interrupted. */
export const beforeChange = (signal: AbortSignal | undefined) => throwIfAborted(signal, 'The snapshot')
