import type { FileHandle } from 'node:fs/promises'
import { isClaimed, writtenSectors } from '../base/linux/deviceFacts.ts'
import { readSystem, type SystemAccess } from '../base/linux/system.ts'
import { contentOf } from '../base/linux/systemGraph.ts'
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
