import type { DriveDevice, LogicalVolume, LvmInventory } from '../../../engine/contract/drives.ts'
import { deviceId, devicesOf, GB, MB, type Sketch, TB } from './devices.ts'

/**
 * The disks of an invented computer with LVM: a group with a thin pool and room, a full one on an encrypted disk, a mirror of two
 * disks. `call` makes names of volumes longer.
 */

type Call = (name: string) => string
const asTheyAre: Call = name => name

export function volumeDevices(call: Call = asTheyAre): DriveDevice[] {
  const pv = '/dev/nvme0n1p2'
  const inPool = ['/dev/mapper/vg0-pool-tpool']
  const sketches: Sketch[] = [
    {
      path: '/dev/nvme0n1',
      kind: 'disk',
      size: TB,
      model: 'WD Black SN770 1TB',
      serial: '23051E804F2A',
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
    { path: pv, kind: 'partition', size: 999 * GB, on: ['/dev/nvme0n1'], fs: 'LVM2_member', system: true },
    {
      path: '/dev/mapper/vg0-root',
      kind: 'lvm',
      size: 180 * GB,
      on: [pv],
      fs: 'ext4',
      label: call('root'),
      mounts: ['/'],
      system: true,
    },
    { path: '/dev/mapper/vg0-swap', kind: 'lvm', size: 32 * GB, on: [pv], fs: 'swap', system: true },
    { path: '/dev/mapper/vg0-pool_tmeta', kind: 'lvm', size: 128 * MB, on: [pv], internal: true },
    { path: '/dev/mapper/vg0-pool_tdata', kind: 'lvm', size: 600 * GB, on: [pv], internal: true },
    {
      path: inPool[0]!,
      kind: 'lvm',
      size: 600 * GB,
      on: ['/dev/mapper/vg0-pool_tmeta', '/dev/mapper/vg0-pool_tdata'],
      internal: true,
    },
    {
      path: '/dev/mapper/vg0-home',
      kind: 'lvm',
      size: 500 * GB,
      on: inPool,
      fs: 'ext4',
      label: call('home'),
      mounts: ['/home'],
    },
    {
      path: '/dev/mapper/vg0-www',
      kind: 'lvm',
      size: 300 * GB,
      on: inPool,
      fs: 'xfs',
      label: call('www'),
      mounts: ['/srv/www'],
    },
    {
      path: '/dev/sda',
      kind: 'disk',
      size: 4 * TB,
      model: 'Seagate IronWolf 4TB',
      serial: 'ZDH1Q9K7',
      fs: 'crypto_LUKS',
    },
    { path: '/dev/mapper/secret', kind: 'crypt', size: 4 * TB, on: ['/dev/sda'], fs: 'LVM2_member' },
    {
      path: '/dev/mapper/vgdata-archive',
      kind: 'lvm',
      size: 3 * TB,
      on: ['/dev/mapper/secret'],
      fs: 'ext4',
      label: call('archive'),
      mounts: ['/srv/archive'],
    },
    {
      path: '/dev/mapper/vgdata-scratch',
      kind: 'lvm',
      size: TB,
      on: ['/dev/mapper/secret'],
      fs: 'xfs',
      label: call('scratch'),
    },
    { path: '/dev/sdc', kind: 'disk', size: 2 * TB, model: 'WD Red 2TB', serial: 'WX11A1', fs: 'linux_raid_member' },
    { path: '/dev/sdd', kind: 'disk', size: 2 * TB, model: 'WD Red 2TB', serial: 'WX11A2', fs: 'linux_raid_member' },
    {
      path: '/dev/md0',
      kind: 'raid',
      size: 2 * TB,
      on: ['/dev/sdc', '/dev/sdd'],
      fs: 'ext4',
      label: call('Mirror'),
      mounts: ['/srv/mirror'],
      raid: 'raid1',
    },
  ]
  return devicesOf(sketches)
}

export function volumeInventory(call: Call = asTheyAre): LvmInventory {
  const volume = (
    group: string,
    name: string,
    sizeBytes: number,
    facts: Partial<LogicalVolume> = {},
  ): LogicalVolume => ({
    uuid: `${group}-${name}`,
    name: call(name),
    group,
    kind: 'plain',
    segmentType: 'linear',
    sizeBytes,
    device: deviceId(`/dev/mapper/${group}-${name}`),
    origin: null,
    pool: null,
    dataPercent: null,
    metadataPercent: null,
    isOurs: false,
    problem: null,
    ...facts,
  })
  const thin = { kind: 'thin', segmentType: 'thin', pool: 'vg0-pool' } as const
  const group = (name: string, sizeBytes: number, freeBytes: number, device: string) => ({
    uuid: name,
    name: call(name),
    sizeBytes,
    freeBytes,
    extentBytes: 4 * 1024 ** 2,
    devices: [deviceId(device)],
    problems: [],
  })
  return {
    state: 'known',
    groups: [group('vg0', 999 * GB, 186 * GB, '/dev/nvme0n1p2'), group('vgdata', 4 * TB, 0, '/dev/mapper/secret')],
    volumes: [
      volume('vg0', 'root', 180 * GB),
      volume('vg0', 'swap', 32 * GB),
      volume('vg0', 'pool', 600 * GB, {
        kind: 'thin-pool',
        segmentType: 'thin-pool',
        device: deviceId('/dev/mapper/vg0-pool-tpool'),
        dataPercent: 62.4,
        metadataPercent: 11.1,
      }),
      volume('vg0', 'home', 500 * GB, { ...thin, dataPercent: 63 }),
      volume('vg0', 'www', 300 * GB, { ...thin, dataPercent: 20 }),
      volume('vg0', 'holdfast_home', 500 * GB, {
        ...thin,
        kind: 'thin-snapshot',
        origin: 'vg0-home',
        device: null,
        isOurs: true,
      }),
      volume('vg0', 'before-upgrade', 500 * GB, { ...thin, kind: 'thin-snapshot', origin: 'vg0-home', device: null }),
      volume('vgdata', 'archive', 3 * TB),
      volume('vgdata', 'scratch', TB),
    ],
  }
}
