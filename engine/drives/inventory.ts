import { devicePath, foundationsOf } from '../base/linux/systemGraph.ts'
import type { System } from '../base/linux/systemRecord.ts'
import type { DeviceKind, DriveDevice, DriveInventory, FileSystem } from '../contract/drives.ts'
import { deviceIds, type KnownDevice } from './deviceIdentity.ts'
import { cleanText } from './deviceText.ts'
import { type LvmAnswer, lvmInventory } from './volumes.ts'

/** Mount points without which the running system does not live. */
const systemMountPoints = new Set(['/', '/boot', '/boot/efi', '/efi', '/usr', '/var'])

/** Memory that looks like a disk, and floppies. */
const neverDrives = /^(ram|zram|fd)\d/

/** True for what people would call a disk or a part of one: it has a size, so it is no empty card reader or free loop. */
export const isListed = (device: Pick<KnownDevice, 'name' | 'sizeBytes'>): boolean =>
  device.sizeBytes > 0 && !neverDrives.test(device.name)

/**
 * Puts the inventory together. `devices` are those of `system`, with what else is known of them; `lvm` is what LVM said, when
 * somebody asked. Pure.
 */
export function buildInventory(system: System, devices: readonly KnownDevice[], lvm?: LvmAnswer): DriveInventory {
  const listed = devices.filter(isListed)
  const byName = new Map(listed.map(device => [device.name, device]))
  const ids = deviceIds(listed)
  const idsOf = (names: Iterable<string>) => [...names].map(name => ids.get(name)).filter(id => id !== undefined)
  const needed = namesNeededBySystem(system)

  return {
    devices: listed.map((device): DriveDevice => {
      const { facts } = device
      const drives = drivesUnder(device, byName)
      const bearer = drives.length === 1 ? drives[0]! : device
      return {
        id: ids.get(device.name)!,
        path: cleanText(devicePath(device)) ?? device.name,
        deviceNumber: device.id,
        kind: kindOf(device),
        sizeBytes: device.sizeBytes,
        readOnly: device.readOnly,
        vendor: facts.vendor ?? bearer.facts.vendor ?? null,
        model: facts.model ?? bearer.facts.model ?? null,
        serial: facts.serial ?? bearer.facts.serial ?? null,
        removable: facts.removable ?? bearer.facts.removable ?? false,
        hotplug: facts.hotplug ?? bearer.facts.hotplug ?? false,
        transport: facts.transport ?? bearer.facts.transport ?? null,
        partitionTable: device.kind === 'partition' ? null : (facts.partitionTable ?? null),
        partitionType: device.kind === 'partition' ? (facts.partitionType ?? null) : null,
        raidLevel: cleanText(device.raidLevel),
        isInternal: isInternal(device),
        fileSystem: fileSystemOf(device, system),
        mountPoints: mountPointsOf(device, system),
        restsOn: idsOf(device.restsOn),
        holders: idsOf(listed.filter(other => other.restsOn.includes(device.name)).map(({ name }) => name)),
        drives: idsOf(drives.map(({ name }) => name)),
        isSystem: needed.has(device.name),
        sequence: device.sequence ?? bearer.sequence ?? null,
      }
    }),
    ...(lvm === undefined ? {} : { lvm: lvmInventory(lvm, listed, ids) }),
  }
}

/**
 * What one unplugs to take the device away: the disks under it. A loop device is a drive of its own, because what it
 * shows is a file, and the disk with that file has another life.
 */
function drivesUnder(device: KnownDevice, byName: ReadonlyMap<string, KnownDevice>): KnownDevice[] {
  const found = new Set([device])
  const drives: KnownDevice[] = []
  // A Set's iteration goes on over what is added meanwhile.
  for (const next of found) {
    const below = next.kind === 'loop' ? [] : next.restsOn.map(name => byName.get(name)).filter(other => other)
    if (below.length === 0) drives.push(next)
    for (const other of below) found.add(other!)
  }
  return drives
}

/** Names of all devices that the running system lies on, at any depth. */
function namesNeededBySystem(system: System): Set<string> {
  const top = [
    ...system.mounts.filter(mount => systemMountPoints.has(mount.mountPoint)).flatMap(mount => mount.devices),
    ...system.swaps.flatMap(swap => swap.devices),
  ]
  return new Set([...new Set(top)].flatMap(name => [...foundationsOf(system, name)]))
}

/**
 * LVM marks the parts of its volumes in their names for the device mapper: LVM-, the uuids of group and volume, a dash and what
 * they are for (lvm2, lib/activate/dev_manager.c, build_dm_uuid).
 */
const isInternal = ({ mappedUuid }: KnownDevice): boolean => /^LVM-[0-9A-Za-z]{64}-/.test(mappedUuid ?? '')

function kindOf(device: KnownDevice): DeviceKind {
  return device.kind === 'disk' && /^sr\d/.test(device.name) ? 'optical' : device.kind
}

/** What the device says, or else what it is mounted as. */
function fileSystemOf({ name, facts }: KnownDevice, system: System): FileSystem | null {
  const mounted = system.mounts.find(mount => mount.devices.includes(name))?.fileSystem
  // 'fuseblk' is how NTFS and others show themselves when a program drives them.
  const type = facts.fileSystemType ?? (mounted === 'fuseblk' ? undefined : mounted)
  if (type === undefined) return null
  return { type, label: facts.fileSystemLabel ?? null, uuid: facts.fileSystemUuid ?? null }
}

function mountPointsOf({ name }: KnownDevice, system: System): string[] {
  const points = system.mounts.filter(mount => mount.devices.includes(name)).map(mount => mount.mountPoint)
  return [...new Set(points)]
}

/** The device with an id that a client sent; undefined when the present inventory does not offer it. */
export const deviceById = (inventory: DriveInventory, id: string): DriveDevice | undefined =>
  inventory.devices.find(device => device.id === id)

/** What happened between two inventories. */
export interface InventoryDifferences {
  arrived: DriveDevice[]
  departed: DriveDevice[]
  /** Those that stayed and are other than before: mounted, renamed, formatted. As they are now. */
  changed: DriveDevice[]
  /** LVM says something else. */
  volumesChanged: boolean
}

/** Compares two inventories. A drive that left and came back in between departed and arrived. */
export function compareInventories(before: DriveInventory, after: DriveInventory): InventoryDifferences {
  const old = new Map(before.devices.map(device => [device.id, device]))
  const present = new Map(after.devices.map(device => [device.id, device]))
  const isSame = (a: DriveDevice | undefined, b: DriveDevice) => a !== undefined && a.sequence === b.sequence
  return {
    arrived: after.devices.filter(device => !isSame(old.get(device.id), device)),
    departed: before.devices.filter(device => !isSame(present.get(device.id), device)),
    changed: after.devices.filter(device => {
      const earlier = old.get(device.id)
      return isSame(earlier, device) && JSON.stringify(earlier) !== JSON.stringify(device)
    }),
    volumesChanged: JSON.stringify(before.lvm) !== JSON.stringify(after.lvm),
  }
}

export const isNoDifference = ({ arrived, departed, changed, volumesChanged }: InventoryDifferences): boolean =>
  arrived.length + departed.length + changed.length === 0 && !volumesChanged
