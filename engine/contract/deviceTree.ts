import type { DriveDevice, DriveInventory, LogicalVolume, VolumeGroup } from './drives.ts'

/**
 * What lies in what, as people think of it: disk, partitions, encryption, volume group, thin pool, volume. The parts that LVM makes
 * its volumes of are not in it. Pure.
 */
export type TreeNode = {
  sizeBytes: number
  inside: TreeNode[]
} & (
  | { kind: 'device'; device: DriveDevice; volume: LogicalVolume | null }
  | { kind: 'group'; group: VolumeGroup }
  /** A thin pool, with the volumes that share its room. */
  | { kind: 'pool'; volume: LogicalVolume }
  /** A volume that is not active, and so is no device. */
  | { kind: 'volume'; volume: LogicalVolume }
)

/** The roots are the disks and what else lies on nothing that is listed; an attached image is one, too. */
export function deviceTree(inventory: DriveInventory): TreeNode[] {
  const builder = new Builder(inventory)
  const { devices, lvm } = inventory
  const roots = devices.filter(
    ({ kind, restsOn }) => kind === 'disk' || kind === 'loop' || !restsOn.some(id => builder.byId.has(id)),
  )
  const homeless = (lvm?.groups ?? []).filter(group => group.devices.length === 0)
  return [
    ...roots
      .filter(device => !device.isInternal)
      .toSorted(bySystemThenPath)
      .map(device => builder.deviceNode(device, new Set())),
    ...homeless.map(group => builder.groupNode(group, new Set())),
  ]
}

class Builder {
  readonly byId: ReadonlyMap<string, DriveDevice>
  readonly #lvm: NonNullable<DriveInventory['lvm']>
  readonly #volumeOf: ReadonlyMap<string | null, LogicalVolume>

  constructor({ devices, lvm }: DriveInventory) {
    this.byId = new Map(devices.map(device => [device.id, device]))
    this.#lvm = lvm ?? { state: 'needs-root', groups: [], volumes: [] }
    this.#volumeOf = new Map(this.#lvm.volumes.map(volume => [volume.device, volume]))
  }

  deviceNode(device: DriveDevice, above: ReadonlySet<string>): TreeNode {
    const volume = this.#volumeOf.get(device.id) ?? null
    const inside = this.#insideOf(device, new Set([...above, device.id]))
    return { kind: 'device', device, volume, sizeBytes: device.sizeBytes, inside }
  }

  #insideOf(device: DriveDevice, above: ReadonlySet<string>): TreeNode[] {
    const group = this.#lvm.groups.find(({ devices }) => devices.includes(device.id))
    // A group on several disks is drawn in the first of them.
    if (group) return group.devices[0] === device.id ? [this.groupNode(group, above)] : []
    const found = new Set<DriveDevice>()
    this.#collect(device, above, found)
    return [...found].toSorted((a, b) => comparePaths(a.path, b.path)).map(inner => this.deviceNode(inner, above))
  }

  /** What lies on a device, through parts that are nothing by themselves. What lies on several is in the first that it names. */
  #collect(parent: DriveDevice, above: ReadonlySet<string>, found: Set<DriveDevice>): void {
    for (const id of parent.holders) {
      const holder = this.byId.get(id)
      // What would go round in circles; and attached images, which are disks of their own.
      if (!holder || above.has(id) || holder.kind === 'loop') continue
      if ((holder.restsOn[0] ?? parent.id) !== parent.id) continue
      // Other volumes of a group of which LVM tells lie in that group.
      if (holder.isInternal) this.#collect(holder, new Set([...above, id]), found)
      else if (!this.#isSibling(parent, holder)) found.add(holder)
    }
  }

  /** A snapshot lies on the same parts as its origin, and thin volumes on their pool; neither is in the other. */
  #isSibling(parent: DriveDevice, holder: DriveDevice): boolean {
    const [one, other] = [this.#volumeOf.get(parent.id), this.#volumeOf.get(holder.id)]
    return one !== undefined && other !== undefined && one.group === other.group
  }

  groupNode(group: VolumeGroup, above: ReadonlySet<string>): TreeNode {
    const volumes = this.#lvm.volumes.filter(volume => volume.group === group.uuid)
    const inside = inOrder(volumes.filter(({ pool }) => pool === null)).map(volume =>
      volume.kind === 'thin-pool' ? this.#poolNode(volume, volumes, above) : this.#volumeNode(volume, above),
    )
    return { kind: 'group', group, sizeBytes: group.sizeBytes, inside }
  }

  #poolNode(pool: LogicalVolume, volumes: readonly LogicalVolume[], above: ReadonlySet<string>): TreeNode {
    const own = inOrder(volumes.filter(volume => volume.pool === pool.uuid))
    const inside = own.map(volume => this.#volumeNode(volume, above))
    return { kind: 'pool', volume: pool, sizeBytes: pool.sizeBytes, inside }
  }

  #volumeNode(volume: LogicalVolume, above: ReadonlySet<string>): TreeNode {
    const device = volume.device === null ? undefined : this.byId.get(volume.device)
    if (!device || above.has(device.id)) return { kind: 'volume', volume, sizeBytes: volume.sizeBytes, inside: [] }
    return this.deviceNode(device, above)
  }
}

/** By name, and snapshots behind what they are of. */
function inOrder(volumes: readonly LogicalVolume[]): LogicalVolume[] {
  const byName = volumes.toSorted((a, b) => comparePaths(a.name, b.name))
  const isHere = ({ origin }: LogicalVolume) => byName.some(({ uuid }) => uuid === origin)
  const follow = (volume: LogicalVolume): LogicalVolume[] => [
    volume,
    ...byName.filter(({ origin }) => origin === volume.uuid).flatMap(follow),
  ]
  return byName.filter(volume => !isHere(volume)).flatMap(follow)
}

function bySystemThenPath(a: DriveDevice, b: DriveDevice): number {
  if (a.isSystem !== b.isSystem) return a.isSystem ? -1 : 1
  return comparePaths(a.path, b.path)
}

/** 'sda2' before 'sda10'. */
const comparePaths = (a: string, b: string): number => a.localeCompare(b, 'en', { numeric: true })
