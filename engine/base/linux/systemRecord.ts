import type { BlockDevice } from './blockDevices.ts'
import type { MountLine } from './mounts.ts'

/**
 * What the system's disks are used for at one moment: devices, what they rest on, mounts, swap, loop files. Everything that
 * decides about it (sources: is it being written? targets: may it be overwritten?) works on this record alone.
 */
export interface System {
  devices: readonly SystemDevice[]
  mounts: readonly SystemMount[]
  swaps: readonly Swap[]
}

export interface SystemDevice extends BlockDevice {
  /** For a loop device: its file, when that still exists. */
  backingIdentity?: PathIdentity
}

export interface SystemMount extends MountLine {
  /** Names of the devices that hold the file system; empty when it has none or they are not known (NFS, ZFS, overlay). */
  devices: string[]
}

export interface Swap {
  path: string
  identity: PathIdentity | undefined
  /** Devices that hold it. */
  devices: string[]
}

/** What a path names, after symbolic links. */
export interface PathIdentity {
  kind: 'file' | 'device' | 'folder' | 'other'
  /** Path without symbolic links. */
  realPath: string
  /** 'major:minor' of the file system that holds it. */
  fileSystemId: string
  inode: string
  /** 'major:minor' of a device; '0:0' for everything else. */
  deviceId: string
  /** Bytes of a file; 0 for everything else. */
  sizeBytes: number
}
