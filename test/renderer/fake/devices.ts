import type { DriveDevice } from '../../../engine/contract/drives.ts'

/** The disks of an invented computer. */

export const MB = 1_000_000
export const GB = 1000 * MB
export const TB = 1000 * GB

/** An id of so many hex digits that is always the same for the same words. */
export function idOf(words: string, digits: 16 | 32): string {
  let [a, b] = [0x9e3779b9, 0x85ebca6b]
  let text = ''
  for (let round = 0; text.length < digits; round++) {
    for (const sign of `${words}#${round}`) {
      a = Math.imul(a ^ sign.charCodeAt(0), 0x01000193)
      b = Math.imul(b ^ a, 0xc2b2ae35) ^ (b >>> 15)
    }
    text += (b >>> 0).toString(16).padStart(8, '0')
  }
  return text.slice(0, digits)
}

export const deviceId = (path: string): string => idOf(`device ${path}`, 32)

export interface Sketch {
  path: string
  kind: DriveDevice['kind']
  size: number
  on?: string[]
  fs?: string
  label?: string
  mounts?: string[]
  model?: string
  serial?: string
  transport?: string
  hotplug?: boolean
  table?: string
  system?: boolean
  raid?: string
  internal?: boolean
  partitionType?: string
}

export function devicesOf(sketches: readonly Sketch[]): DriveDevice[] {
  const diskOf = (sketch: Sketch): Sketch => {
    const below = sketches.find(one => one.path === sketch.on?.[0])
    return below ? diskOf(below) : sketch
  }
  return sketches.map((sketch, i) => {
    const disk = diskOf(sketch)
    return {
      id: deviceId(sketch.path),
      path: sketch.path,
      deviceNumber: `8:${i}`,
      kind: sketch.kind,
      sizeBytes: sketch.size,
      readOnly: false,
      vendor: null,
      model: sketch.model ?? null,
      serial: disk.serial ?? null,
      removable: false,
      hotplug: disk.hotplug ?? false,
      transport: sketch.transport ?? null,
      partitionTable: sketch.table ?? null,
      partitionType: sketch.partitionType ?? null,
      raidLevel: sketch.raid ?? null,
      isInternal: sketch.internal ?? false,
      fileSystem: sketch.fs
        ? { type: sketch.fs, label: sketch.label ?? null, uuid: idOf(`uuid ${sketch.path}`, 32) }
        : null,
      mountPoints: sketch.mounts ?? [],
      restsOn: (sketch.on ?? []).map(deviceId),
      holders: sketches.filter(one => one.on?.includes(sketch.path)).map(one => deviceId(one.path)),
      drives: [deviceId(disk.path)],
      isSystem: sketch.system ?? false,
      sequence: i,
    }
  })
}

const internal: Sketch[] = [
  {
    path: '/dev/nvme0n1',
    kind: 'disk',
    size: TB,
    model: 'WD Black SN770 1TB',
    serial: '23051E804F2A',
    transport: 'nvme',
    table: 'gpt',
    system: true,
  },
  {
    path: '/dev/nvme0n1p1',
    kind: 'partition',
    size: 537 * MB,
    on: ['/dev/nvme0n1'],
    fs: 'vfat',
    label: 'EFI',
    mounts: ['/boot/efi'],
    system: true,
  },
  {
    path: '/dev/nvme0n1p2',
    kind: 'partition',
    size: 1.5 * GB,
    on: ['/dev/nvme0n1'],
    fs: 'ext4',
    label: 'boot',
    mounts: ['/boot'],
    system: true,
  },
  { path: '/dev/nvme0n1p3', kind: 'partition', size: 998 * GB, on: ['/dev/nvme0n1'], fs: 'crypto_LUKS', system: true },
  {
    path: '/dev/mapper/cryptroot',
    kind: 'crypt',
    size: 998 * GB,
    on: ['/dev/nvme0n1p3'],
    fs: 'LVM2_member',
    system: true,
  },
  {
    path: '/dev/mapper/laptop-root',
    kind: 'lvm',
    size: 180 * GB,
    on: ['/dev/mapper/cryptroot'],
    fs: 'ext4',
    label: 'root',
    mounts: ['/'],
    system: true,
  },
  {
    path: '/dev/mapper/laptop-home',
    kind: 'lvm',
    size: 650 * GB,
    on: ['/dev/mapper/cryptroot'],
    fs: 'ext4',
    label: 'home',
    mounts: ['/home'],
  },
  {
    path: '/dev/mapper/laptop-swap',
    kind: 'lvm',
    size: 32 * GB,
    on: ['/dev/mapper/cryptroot'],
    fs: 'swap',
    system: true,
  },
  {
    path: '/dev/sda',
    kind: 'disk',
    size: 4 * TB,
    model: 'Seagate IronWolf 4TB',
    serial: 'ZDH1Q9K7',
    transport: 'sata',
    table: 'gpt',
  },
  {
    path: '/dev/sda1',
    kind: 'partition',
    size: 4 * TB,
    on: ['/dev/sda'],
    fs: 'ext4',
    label: 'Photos',
    mounts: ['/srv/photos'],
  },
]

const external: Sketch[] = [
  {
    path: '/dev/sdb',
    kind: 'disk',
    size: 2 * TB,
    model: 'Samsung PSSD T7',
    serial: 'S6XPNS0T912345',
    transport: 'usb',
    hotplug: true,
    table: 'gpt',
  },
  {
    path: '/dev/sdb1',
    kind: 'partition',
    size: 2 * TB,
    on: ['/dev/sdb'],
    fs: 'ext4',
    label: 'Samsung T7',
    mounts: ['/media/anna/Samsung T7'],
  },
]

const spare: Sketch[] = [
  {
    path: '/dev/sdd',
    kind: 'disk',
    size: 2 * TB,
    model: 'WD Black SN770',
    serial: '22481X804F2A',
    transport: 'usb',
    hotplug: true,
    table: 'gpt',
  },
  { path: '/dev/sdd1', kind: 'partition', size: 1.9 * TB, on: ['/dev/sdd'], fs: 'ext4', label: 'Photos' },
  { path: '/dev/sdd2', kind: 'partition', size: 537 * MB, on: ['/dev/sdd'], fs: 'vfat', label: 'EFI' },
]

const longName =
  'Grandmother’s holiday photographs from 1962 to 2024, all albums, scanned and sorted by place and year — second copy'
const strange: Sketch[] = [
  {
    path: '/dev/sdc',
    kind: 'disk',
    size: 500 * GB,
    model: longName,
    serial: 'X'.repeat(60),
    transport: 'usb',
    hotplug: true,
  },
  { path: '/dev/sdc1', kind: 'partition', size: 400 * GB, on: ['/dev/sdc'], fs: 'ntfs', label: longName.slice(0, 118) },
]

export const internalDevices = devicesOf(internal)
export const externalDevices = devicesOf(external)
/** A disk that nothing needs. */
export const spareDevices = devicesOf(spare)
export const strangeDevices = devicesOf(strange)

/** How full their file systems are. */
export const usedShare: Readonly<Record<string, number>> = {
  [deviceId('/dev/nvme0n1p1')]: 0.06,
  [deviceId('/dev/nvme0n1p2')]: 0.31,
  [deviceId('/dev/mapper/laptop-root')]: 0.38,
  [deviceId('/dev/mapper/laptop-home')]: 0.63,
  [deviceId('/dev/sda1')]: 0.52,
  [deviceId('/dev/sdb1')]: 0.156,
}
