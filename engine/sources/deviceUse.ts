import type { FileHandle } from 'node:fs/promises'
import { isClaimed, isOpenForWriting, writtenSectors } from '../base/linux/deviceFacts.ts'
import { readSystem, type SystemAccess } from '../base/linux/system.ts'
import { contentOf, devicesOf } from '../base/linux/systemGraph.ts'
import type { PathIdentity, System } from '../base/linux/systemRecord.ts'
import type { Consistency } from './source.ts'

/** Who uses a block device, at one moment. */
export interface DeviceUse {
  /** Mount points of file systems on it, or on anything that lies on it, that may be written. */
  writableMounts: string[]
  /** Somebody holds it exclusively (a mount, a volume manager, swap …). */
  claimed: boolean
  /** The claim is explained: file systems are mounted from it, all of them read-only, and it holds nothing else. */
  onlyReadOnlyMounts: boolean
  /** Sectors written to and discarded on it since it appeared; undefined when the system does not count. */
  writtenSectors: number | undefined
}

/**
 * What a device's bytes are worth, from its use when reading began and when it ended. Programs that write without claiming
 * the device are only seen by what they wrote.
 */
export function judgeDevice(before: DeviceUse, after: DeviceUse): Consistency {
  for (const use of [before, after]) {
    if (use.writableMounts.length > 0) return 'read-while-in-use'
    if (use.claimed && !use.onlyReadOnlyMounts) return 'read-while-in-use'
  }
  return before.writtenSectors !== undefined && before.writtenSectors === after.writtenSectors
    ? 'consistent'
    : 'read-while-in-use'
}

/** In words, who may write to a device while it is read; undefined when nobody is known to. */
export function writersOf(use: DeviceUse): string | undefined {
  if (use.writableMounts.length > 0) return `mounted at ${use.writableMounts.join(', ')}`
  return use.claimed && !use.onlyReadOnlyMounts ? 'held by another program, a volume manager or swap' : undefined
}

export interface SnapshotMoment {
  consistency: Exclude<Consistency, 'read-while-in-use'>
  /** A file system is mounted from the very volume, and so frozen in that moment. */
  frozen: boolean
}

/**
 * What the moment of a snapshot of a volume is worth. The kernel freezes a file system that is mounted from the very volume, so that
 * it is whole; of what lies deeper (an encrypted or nested volume, the disk of a virtual machine, swap) it knows nothing.
 */
export async function judgeMoment(path: string, access: SystemAccess): Promise<SnapshotMoment> {
  const crashed: SnapshotMoment = { consistency: 'crash-consistent', frozen: false }
  const identity = await access.identify(path)
  if (identity === undefined) return crashed
  const system = await readSystem(access)
  const own = new Set(devicesOf(system, identity))
  const content = contentOf(system, identity)
  const isOnVolume = ({ devices }: { devices: readonly string[] }) => devices.some(name => content.has(name))
  const mounts = system.mounts.filter(isOnVolume)
  // Of a file system on several devices, the others go on.
  const isFrozen = mounts.every(({ devices }) => devices.length === 1 && own.has(devices[0]!))
  const isPlain = [...content].every(name => own.has(name)) && !system.swaps.some(isOnVolume)
  if (!isFrozen || !isPlain) return crashed
  if (mounts.length === 0 && (await isClaimed(identity.realPath))) return crashed
  if (await isOpenForWriting(identity.deviceId, access.procRoot)) return crashed
  return { consistency: 'consistent', frozen: mounts.length > 0 }
}

/** Mount points of writable file systems whose data lies in what `identity` names (a device, or a file under a loop). */
export function writableMountsIn(system: System, identity: PathIdentity): string[] {
  const content = contentOf(system, identity)
  return system.mounts
    .filter(mount => !mount.readOnly && mount.devices.some(name => content.has(name)))
    .map(mount => mount.mountPoint)
}

/** Loop devices that show what `identity` names: what is written to them may have yet to arrive there. */
export function loopsOver(system: System, identity: PathIdentity): string[] {
  const content = contentOf(system, identity)
  return system.devices
    .filter(({ name, id, kind }) => kind === 'loop' && content.has(name) && id !== identity.deviceId)
    .map(({ name }) => name)
}

/** Looks at a device that is open as `file`. `identity` is that of its path. */
export async function lookAtDeviceUse(
  file: FileHandle,
  identity: PathIdentity,
  access: SystemAccess,
): Promise<DeviceUse> {
  // Writes that still wait in memory have not been counted yet.
  await file.datasync().catch(() => undefined)
  const system = await readSystem(access)
  const content = contentOf(system, identity)
  const mounts = system.mounts.filter(mount => mount.devices.some(name => content.has(name)))
  const upper = system.devices.filter(
    ({ name, id, kind }) => content.has(name) && id !== identity.deviceId && kind !== 'partition',
  )
  const swaps = system.swaps.filter(swap => swap.devices.some(name => content.has(name)))
  return {
    writableMounts: writableMountsIn(system, identity),
    claimed: await isClaimed(identity.realPath),
    onlyReadOnlyMounts: mounts.length > 0 && mounts.every(mount => mount.readOnly) && upper.length + swaps.length === 0,
    writtenSectors: await writtenSectors(identity.deviceId, access.sysRoot),
  }
}
