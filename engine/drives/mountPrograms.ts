import { lstat, mkdir, readdir, realpath, rmdir } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { SystemAccess } from '../base/linux/system.ts'
import type { RunSystemProgram } from '../base/systemPrograms.ts'
import type { DriveDevice } from '../contract/drives.ts'
import { HoldfastError, isHoldfastError } from '../contract/errors.ts'
import { cleanText } from './deviceText.ts'
import { kernelNode } from './readInventory.ts'

/** What changes mounts; tests bring their own. */
export interface MountTools {
  run: RunSystemProgram
  system: SystemAccess
  /** Whether we may call mount(8) ourselves. */
  isRoot: boolean
}

/** Who made a mount, and so has to undo it. others: a person, or the desktop. */
export type MountedBy = 'udisks' | 'mount' | 'others'

/** Programs on a drive are nobody's business, and its device nodes and setuid bits are a stranger's. */
const mountOptions = 'nosuid,nodev,noexec'

/** What people keep backups on. Others may be mounted by hand. */
const mountableTypes = new Set([
  'ext2',
  'ext3',
  'ext4',
  'xfs',
  'btrfs',
  'f2fs',
  'vfat',
  'exfat',
  'ntfs',
  'ntfs3',
  'hfsplus',
])

/** A stick may have minutes of writes before it. */
const unmountTimeoutMs = 10 * 60_000
const mountTimeoutMs = 60_000

/** What people call a drive. */
export const nameOf = (device: DriveDevice): string =>
  device.fileSystem?.label ?? device.model ?? `The drive ${device.path}`

/** Node of a device, after a look that it still is that device: the number may have been given to another one. */
export async function nodeOf(device: DriveDevice, system: SystemAccess): Promise<string> {
  const folder = await realpath(join(system.sysRoot, 'dev/block', device.deviceNumber)).catch(() => undefined)
  const node = folder === undefined ? device.path : kernelNode({ name: basename(folder) })
  const identity = await system.identify(node)
  if (identity?.kind === 'device' && identity.deviceId === device.deviceNumber) return identity.realPath
  throw new HoldfastError('storage.driveNotConnected', `${nameOf(device)} is no longer connected.`, {
    advice: 'Connect the drive again.',
    details: { device: device.id },
    retryable: true,
  })
}

/**
 * Mounts a device: by udisks, so that the desktop knows it, or by mount(8) at `point` where there is no udisks and we are
 * root. `point` is made for it, and removed again when mounting fails. Who did it is answered, which may be somebody else
 * who was faster; where udisks put it stands in the table of mounts. Fails with `storage.failed`.
 */
export async function mountDevice(
  device: DriveDevice,
  point: string,
  tools: MountTools,
  signal?: AbortSignal,
): Promise<MountedBy> {
  const type = device.fileSystem?.type ?? ''
  if (!mountableTypes.has(type)) throw cannotMount(device, `its file system (${type || 'none'}) is not one for backups`)
  const node = await nodeOf(device, tools.system)
  const options = { failureCode: 'storage.failed' as const, timeoutMs: mountTimeoutMs, ...(signal ? { signal } : {}) }
  try {
    const args = ['mount', '--no-user-interaction', '--block-device', node, '--options', mountOptions]
    await tools.run('udisksctl', args, options)
    return 'udisks'
  } catch (error) {
    if (/AlreadyMounted/.test(stderrOf(error))) return 'others'
    if (!isWithoutUdisks(error) || !tools.isRoot) throw refusalOf(device, error)
  }
  await makeMountPoint(point, device)
  try {
    await tools.run('mount', ['-t', type, '-o', mountOptions, '--', node, point], options)
    return 'mount'
  } catch (error) {
    await removeMountPoint(point)
    throw refusalOf(device, error)
  }
}

/** Writes out what is waiting. Fails with `storage.failed` when the drive does not take it. */
export async function syncFileSystem(device: DriveDevice, mountPoint: string, tools: MountTools): Promise<void> {
  try {
    await tools.run('sync', ['-f', mountPoint], { failureCode: 'storage.failed', timeoutMs: unmountTimeoutMs })
  } catch (error) {
    if (isHoldfastError(error, 'config.invalid')) return
    throw new HoldfastError('storage.failed', `${nameOf(device)} did not take the last data.`, {
      advice: 'Check the cable and the drive; run a check of the repository before you trust it.',
      details: { device: device.id, mountPoint },
      cause: error,
    })
  }
}

/** Unmounts one mount point. False when it is in use. Other failures are `storage.failed`. */
export async function unmountPoint(
  device: DriveDevice,
  mountPoint: string,
  by: MountedBy,
  tools: MountTools,
): Promise<boolean> {
  const options = { failureCode: 'storage.failed' as const, timeoutMs: unmountTimeoutMs }
  // udisks takes away the folder that it made; what others have mounted may be its work, too.
  if (by !== 'mount') {
    try {
      const node = await nodeOf(device, tools.system)
      await tools.run('udisksctl', ['unmount', '--no-user-interaction', '--block-device', node], options)
      return true
    } catch (error) {
      if (isBusy(error)) return false
      if (/NotMounted/.test(stderrOf(error))) return true
      if (!tools.isRoot) throw refusalOf(device, error)
    }
  }
  try {
    await tools.run('umount', ['--', mountPoint], options)
  } catch (error) {
    if (isBusy(error)) return false
    // Somebody else was faster.
    if (!/not mounted/i.test(stderrOf(error))) throw refusalOf(device, error)
  }
  if (by === 'mount') await removeMountPoint(mountPoint)
  return true
}

/** Takes away a mount whose drive is gone, whoever still has files open in it. */
export async function dropDeadMount(mountPoint: string, tools: MountTools): Promise<void> {
  const options = { failureCode: 'storage.failed' as const, timeoutMs: mountTimeoutMs }
  await tools.run('umount', ['--lazy', '--', mountPoint], options)
  await removeMountPoint(mountPoint)
}

/** Closes an encrypted container that udisks knows; undefined when that worked, else why not. */
export const lockContainer = (device: DriveDevice, tools: MountTools): Promise<string | undefined> =>
  tellUdisks('lock', device, tools)

/** Switches a drive off; undefined when that worked, else why not. */
export const powerOff = (device: DriveDevice, tools: MountTools): Promise<string | undefined> =>
  tellUdisks('power-off', device, tools)

async function tellUdisks(verb: 'lock' | 'power-off', device: DriveDevice, tools: MountTools) {
  try {
    const node = await nodeOf(device, tools.system)
    const args = [verb, '--no-user-interaction', '--block-device', node]
    await tools.run('udisksctl', args, { failureCode: 'storage.failed', timeoutMs: mountTimeoutMs })
    return undefined
  } catch (error) {
    return isWithoutUdisks(error) ? 'udisks is not running here' : reasonOf(error)
  }
}

/** The folder must be ours and empty: whatever it holds would be hidden, and might pass for the drive later. */
async function makeMountPoint(point: string, device: DriveDevice): Promise<void> {
  const folder = dirname(point)
  await mkdir(dirname(folder), { recursive: true, mode: 0o755 })
  // Not everybody may read what is mounted there; file systems without owners would let them.
  await mkdir(folder, { recursive: true, mode: 0o700 })
  await mkdir(point, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw cannotMount(device, `${point} cannot be made (${error.code})`)
  })
  const facts = await lstat(point)
  const content = facts.isDirectory() ? await readdir(point) : ['?']
  if (content.length === 0 && facts.uid === process.getuid?.()) return
  throw cannotMount(device, `${point} is not an empty folder of ours`)
}

/** Only ever an empty folder. */
const removeMountPoint = (point: string) => rmdir(point).catch(() => undefined)

function cannotMount(device: DriveDevice, why: string, cause?: unknown): HoldfastError {
  return new HoldfastError('storage.failed', `${nameOf(device)} cannot be mounted: ${why}.`, {
    advice: 'Mount the drive yourself, for example in the file manager.',
    details: { device: device.id, path: device.path },
    cause,
  })
}

function refusalOf(device: DriveDevice, error: unknown): unknown {
  if (isHoldfastError(error, 'run.cancelled')) return error
  if (/NotAuthorized/.test(stderrOf(error))) {
    return new HoldfastError('storage.failed', `The system does not let us mount or unmount ${nameOf(device)}.`, {
      advice: 'Let the Holdfast service do it (as root), or do it yourself in the file manager.',
      details: { device: device.id, path: device.path },
      cause: error,
    })
  }
  return cannotMount(device, reasonOf(error), error)
}

const stderrOf = (error: unknown): string =>
  error instanceof HoldfastError && typeof error.details.stderr === 'string' ? error.details.stderr : ''

/** The line of what a program said that tells why, without the names of D-Bus errors. */
function reasonOf(error: unknown): string {
  const lines = stderrOf(error)
    .replace(/GDBus\.Error:\S+: /g, '')
    .split('\n')
    .map(cleanText)
    .filter(line => line !== null)
  const line = lines.find(text => /^(Error|Object|u?mount:)/.test(text)) ?? lines[0]
  const said = line ?? cleanText(error instanceof Error ? error.message : '') ?? 'no reason was given'
  return said.replace(/\.$/, '')
}

const isBusy = (error: unknown): boolean => /target is busy|DeviceBusy|device is busy/i.test(stderrOf(error))

/** udisks is not installed, is not running and cannot be started, or does not see the device. */
const isWithoutUdisks = (error: unknown): boolean =>
  isHoldfastError(error, 'config.invalid') ||
  /Error connecting to the udisks daemon|Error looking up object for device/.test(stderrOf(error))
