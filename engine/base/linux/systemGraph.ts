import { dirname } from 'node:path'
import type { PathIdentity, System, SystemDevice, SystemMount } from './systemRecord.ts'

/**
 * Questions about a System record: what lies on what. Pure.
 */

/** Names of the devices that a path's data lies on directly: the device itself, or those of its file system. */
export function devicesUnder(
  identity: PathIdentity,
  mounts: readonly SystemMount[],
  nameOfId: ReadonlyMap<string, string>,
): string[] {
  const id = identity.kind === 'device' ? identity.deviceId : identity.fileSystemId
  const name = nameOfId.get(id)
  if (name !== undefined) return [name]
  // btrfs subvolumes have numbers of their own that no table shows; the path tells.
  return identity.kind === 'device' ? [] : (mountHolding(mounts, identity.realPath)?.devices ?? [])
}

/** The mount that a path (without symbolic links) lies on: the longest mount point above it, the latest of equals. */
export function mountHolding(mounts: readonly SystemMount[], path: string): SystemMount | undefined {
  const points = new Set<string>()
  for (let at = path; ; at = dirname(at)) {
    points.add(at)
    if (at === dirname(at)) break
  }
  let best: SystemMount | undefined
  for (const mount of mounts) {
    if (points.has(mount.mountPoint) && mount.mountPoint.length >= (best?.mountPoint.length ?? 0)) best = mount
  }
  return best
}

/** The same, looked up in a whole record. */
export function devicesOf(system: System, identity: PathIdentity): string[] {
  return devicesUnder(identity, system.mounts, new Map(system.devices.map(({ id, name }) => [id, name])))
}

/** All that `name` rests on at any depth, itself included. */
export function foundationsOf(system: System, name: string): Set<string> {
  const byName = new Map(system.devices.map(device => [device.name, device]))
  const found = new Set([name])
  // A Set's iteration goes on over what is added meanwhile.
  for (const next of found) for (const below of byName.get(next)?.restsOn ?? []) found.add(below)
  return found
}

/** All devices whose data lies, wholly or partly, on one of `names`, those included: what dies with them. */
export function dependentsOf(system: System, names: readonly string[]): Set<string> {
  const found = new Set(names)
  for (const device of system.devices) {
    const foundations = foundationsOf(system, device.name)
    if (names.some(name => foundations.has(name))) found.add(device.name)
  }
  return found
}

/** Devices whose data is what the path names: the device or the loops over the file, and what lies on those. */
export function contentOf(system: System, identity: PathIdentity): Set<string> {
  if (identity.kind === 'device') return dependentsOf(system, devicesOf(system, identity))
  const loops = system.devices.filter(
    ({ backingIdentity: file }) => file?.inode === identity.inode && file.fileSystemId === identity.fileSystemId,
  )
  return dependentsOf(
    system,
    loops.map(loop => loop.name),
  )
}

/** How a device is called in messages: '/dev/sda1', '/dev/mapper/vg0-root'. */
export function devicePath(device: Pick<SystemDevice, 'name' | 'label'>): string {
  // sysfs cannot have a slash in a name and writes '!' for it.
  return device.label === device.name ? `/dev/${device.name.replaceAll('!', '/')}` : `/dev/mapper/${device.label}`
}
