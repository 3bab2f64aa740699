import type { System, SystemDevice } from '../base/linux/systemRecord.ts'

/** What belongs to the machine around a source. */
export interface Surroundings {
  /** The disks that the source lies on, and those that its volume groups need besides. */
  disks: SystemDevice[]
  /** All that lies on those disks, themselves included. */
  devices: SystemDevice[]
}

/**
 * Finds the disks under a device and what else lies on them. `groups` are the devices ('major:minor') of each volume group, which
 * belongs together: with one member come the disks of all. A loop device counts as a disk, since what its file lies on is
 * another matter, and so is what lies in a file on one of the disks. Pure.
 */
export function surroundingsOf(
  system: Pick<System, 'devices'>,
  name: string,
  groups: readonly (readonly string[])[] = [],
): Surroundings {
  const byName = new Map(system.devices.map(device => [device.name, device]))
  const below = (start: string): SystemDevice[] => {
    const found = new Set([start])
    for (const next of found) {
      const device = byName.get(next)
      if (device && device.kind !== 'loop') for (const under of device.restsOn) found.add(under)
    }
    return [...found].flatMap(one => byName.get(one) ?? [])
  }
  const isDisk = (device: SystemDevice) => device.kind === 'loop' || device.restsOn.length === 0
  const disks = new Set(below(name).filter(isDisk))
  const devicesOn = () => system.devices.filter(device => below(device.name).some(one => disks.has(one)))
  for (let devices = devicesOn(), before = 0; before < disks.size; devices = devicesOn()) {
    before = disks.size
    const there = new Set(devices.map(device => device.id))
    for (const group of groups.filter(members => members.some(id => there.has(id)))) {
      const members = system.devices.filter(device => group.includes(device.id))
      for (const disk of members.flatMap(member => below(member.name)).filter(isDisk)) disks.add(disk)
    }
  }
  return { disks: sorted([...disks]), devices: sorted(devicesOn()) }
}

const sorted = (devices: SystemDevice[]): SystemDevice[] =>
  devices.sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }))
