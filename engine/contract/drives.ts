import { z } from 'zod'

/**
 * Drives as screens and scripts see them, and what became of a destination that is on one. Sizes are bytes, times ISO 8601
 * in UTC with milliseconds.
 *
 * Labels, models and serials come from hardware and from strangers' file systems: they are short and hold no control
 * characters, and mean nothing beyond what they say. Mount points are paths as they are, with any character but NUL.
 */

/**
 * Stands for one device as long as it is the same one. It is made of what the device is, not of where it is, and a client
 * that sends one can only mean what the inventory has offered. When two devices look alike (a cloned drive), the ids of both change.
 */
export const deviceIdSchema = z.string().regex(/^[0-9a-f]{32}$/)

/** mapped: of the device mapper, and neither LVM nor LUKS. */
export const deviceKinds = ['disk', 'partition', 'loop', 'lvm', 'crypt', 'raid', 'optical', 'mapped'] as const
export type DeviceKind = (typeof deviceKinds)[number]

/** Longest label, model, serial or uuid, in characters. */
export const maximumDeviceText = 120
const deviceText = z
  .string()
  .min(1)
  .max(maximumDeviceText)
  .regex(/^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]+$/u)

/** What is written on a device: a file system, or the head of something that holds others ('crypto_LUKS', 'LVM2_member'). */
export const fileSystemSchema = z.object({
  type: deviceText,
  label: deviceText.nullable(),
  uuid: deviceText.nullable(),
})
export type FileSystem = z.infer<typeof fileSystemSchema>

export const driveDeviceSchema = z.object({
  id: deviceIdSchema,
  /** For people: '/dev/sdb1', '/dev/mapper/backup'. No call takes it. */
  path: z.string(),
  /** 'major:minor'. */
  deviceNumber: z.string().regex(/^\d+:\d+$/),
  kind: z.enum(deviceKinds),
  sizeBytes: z.int().nonnegative(),
  readOnly: z.boolean(),
  vendor: deviceText.nullable(),
  model: deviceText.nullable(),
  /** Of the disk that it lies on, when that is one disk. */
  serial: deviceText.nullable(),
  /** The medium can be taken out. */
  removable: z.boolean(),
  /** The device itself comes and goes. */
  hotplug: z.boolean(),
  /** 'usb', 'sata', 'nvme', 'mmc' … */
  transport: deviceText.nullable(),
  /** 'gpt', 'dos' …, of a disk that has one. */
  partitionTable: deviceText.nullable(),
  /** Of a partition, as its table says it: a UUID, or '0x83'. */
  partitionType: deviceText.nullable(),
  /** Of an array: 'raid1', 'raid5' … */
  raidLevel: deviceText.nullable(),
  /** Part of how a volume is made, and nothing by itself: the data of a thin pool, the room of a snapshot. */
  isInternal: z.boolean(),
  fileSystem: fileSystemSchema.nullable(),
  mountPoints: z.array(z.string()),
  /** Ids of the devices that its data lies on, directly: the disk of a partition, the members of a volume. */
  restsOn: z.array(deviceIdSchema),
  /** Ids of the devices that lie on it, directly. */
  holders: z.array(deviceIdSchema),
  /** Ids of the drives that it is part of: what one unplugs. Itself for a disk. */
  drives: z.array(deviceIdSchema),
  /** The running system needs it: it holds /, /boot, /usr, /var or swap that is in use. */
  isSystem: z.boolean(),
  /** Grows with every drive that is attached, so it tells a drive that left and came back; null when the kernel is old. */
  sequence: z.int().nonnegative().nullable(),
})
export type DriveDevice = z.infer<typeof driveDeviceSchema>

/** Names and uuids of LVM hold nothing else (lvm(8), "Valid names"). */
const lvmName = z.string().regex(/^[A-Za-z0-9+_.-]{1,127}$/)

/** A volume group of LVM. */
export const volumeGroupSchema = z.object({
  /** As LVM writes it, with dashes. */
  uuid: lvmName,
  name: lvmName,
  sizeBytes: z.int().nonnegative(),
  /** In extents that no volume has: room for new volumes and classic snapshots. */
  freeBytes: z.int().nonnegative(),
  extentBytes: z.int().nonnegative(),
  /** Ids of the devices that it is made of, as far as they are here. */
  devices: z.array(deviceIdSchema),
  /**
   * missing-disks: LVM changes nothing in it. duplicate-name: another group has the same name. duplicate-disks: one of its
   * disks is here twice (a copy), and LVM may use either. exported: it is on its way to another computer.
   */
  problems: z.array(z.enum(['missing-disks', 'duplicate-name', 'duplicate-disks', 'exported'])),
})
export type VolumeGroup = z.infer<typeof volumeGroupSchema>

const percent = z.number().min(0).max(100).nullable()

/** A logical volume of LVM; also one that is not active, which is no device. */
export const logicalVolumeSchema = z.object({
  uuid: lvmName,
  name: lvmName,
  /** uuid of its volume group. */
  group: lvmName,
  /**
   * thin-snapshot: a thin volume that was made of another one. snapshot: a classic one. other: a pool of another type (cache, VDO).
   */
  kind: z.enum(['plain', 'thin', 'thin-pool', 'thin-snapshot', 'snapshot', 'other']),
  /** 'linear', 'striped', 'raid1', 'thin' … */
  segmentType: deviceText,
  /** What it shows; that of a thin volume may be more than its pool has. */
  sizeBytes: z.int().nonnegative(),
  /** Id of its device; null while it is not active. */
  device: deviceIdSchema.nullable(),
  /** uuid of the volume that it is a snapshot of. */
  origin: lvmName.nullable(),
  /** uuid of its thin pool. */
  pool: lvmName.nullable(),
  /** Of a pool and of a classic snapshot: how full it is. Of a thin volume: how much of it has a place. As of the last look. */
  dataPercent: percent,
  metadataPercent: percent,
  /** A snapshot that Holdfast has made for its backups. */
  isOurs: z.boolean(),
  /** pool-full: nothing can be written. invalid: a snapshot that ran out of room. unwell: LVM says so (a part is missing). */
  problem: z.enum(['pool-full', 'invalid', 'unwell']).nullable(),
})
export type LogicalVolume = z.infer<typeof logicalVolumeSchema>

/**
 * What LVM says. known: all of it. not-installed: there are volumes, or disks for them, and no LVM to ask. needs-root: only
 * root may ask. failed: it did not answer; what is listed is from before.
 */
export const lvmInventorySchema = z.object({
  state: z.enum(['known', 'not-installed', 'needs-root', 'failed']),
  groups: z.array(volumeGroupSchema),
  volumes: z.array(logicalVolumeSchema),
})
export type LvmInventory = z.infer<typeof lvmInventorySchema>

export const driveInventorySchema = z.object({
  devices: z.array(driveDeviceSchema),
  /** Missing where nobody asked LVM. */
  lvm: lvmInventorySchema.optional(),
})
export type DriveInventory = z.infer<typeof driveInventorySchema>

/** What a destination remembers of the drive that its repository is on. */
export const rememberedDriveSchema = z.object({
  serial: z.string().nullable(),
  fileSystemUuid: z.string().nullable(),
  /** What to call it: the label of its file system, or its model. */
  label: z.string().nullable(),
  /** Path of the repository from the root of its file system; '' when it is the root itself. */
  pathOnDrive: z.string(),
  /** Of the encrypted container around the file system, if there is one. */
  containerUuid: z.string().nullable().optional(),
})
export type RememberedDrive = z.infer<typeof rememberedDriveSchema>

const lastSeenAt = z.iso.datetime({ precision: 3 }).nullable()

/**
 * Whether a destination can be used now. Only a destination without its drive is 'missing', and that is no failure.
 */
export const destinationStateSchema = z.discriminatedUnion('state', [
  /** The repository is at `path`. `drive` is the device with its file system; null for a folder or a network path. */
  z.object({ state: z.literal('connected'), path: z.string(), drive: deviceIdSchema.nullable() }),
  /** The drive is here and one of these holds the repository, presumably; none is mounted. */
  z.object({ state: z.literal('present-unmounted'), devices: z.array(deviceIdSchema).min(1) }),
  /** The drive is here and encrypted; somebody must unlock one of these. */
  z.object({ state: z.literal('locked'), devices: z.array(deviceIdSchema).min(1) }),
  z.object({ state: z.literal('missing'), lastSeenAt }),
  /**
   * Something else is there. other-repository: at the path is the repository `foundRepositoryId`. other-copy: the repository
   * is at `path`, on a drive that is not the remembered one. repository-gone: the drive is here without the repository.
   */
  z.object({
    state: z.literal('wrong-drive'),
    reason: z.enum(['other-repository', 'other-copy', 'repository-gone']),
    path: z.string().nullable(),
    foundRepositoryId: z.string().nullable(),
    drive: deviceIdSchema.nullable(),
  }),
  /** The repository is at each of `paths` (folders, or devices that are not mounted), and nothing says which is the one. */
  z.object({ state: z.literal('ambiguous'), paths: z.array(z.string()).min(2) }),
  /** network: nothing answers at the path. silent: the drive is here and does not answer. */
  z.object({ state: z.literal('unreachable'), reason: z.enum(['network', 'silent']), lastSeenAt }),
])
export type DestinationState = z.infer<typeof destinationStateSchema>

/** Who keeps a drive from being unmounted. */
export const driveUserSchema = z.object({
  /** Null for the kernel's own: a device on top, a mount. */
  pid: z.int().positive().nullable(),
  program: z.string(),
  use: z.enum(['file', 'folder', 'device', 'mount']),
  path: z.string(),
})
export type DriveUser = z.infer<typeof driveUserSchema>

/** `drive eject` */
export const ejectResultSchema = z.object({
  /** Mount points that are free now. */
  unmounted: z.array(z.string()),
  /** The drive was switched off. When not, it can be unplugged all the same, unless `note` says otherwise. */
  poweredOff: z.boolean(),
  note: z.string().nullable(),
  /** Where others still use it, so that it was left as it is; `note` says so, too. */
  usedAt: z.array(z.string()).optional(),
})
export type EjectResult = z.infer<typeof ejectResultSchema>
