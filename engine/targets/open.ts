import { type SystemAccess, systemAccess } from '../base/linux/system.ts'
import { type LinuxCalls, linux } from '../base/linux.ts'
import { DeviceTarget, type ExpectedDevice } from './device.ts'
import { deviceGone, targetExists, targetUnsupported } from './errors.ts'
import { FileTarget } from './file.ts'
import type { Target } from './target.ts'

export interface TargetOptions {
  /** The target has room for at least this many bytes afterwards. */
  sizeBytes: number
  /** Write over a file that exists, or over a device. Without it both are `target.exists`. */
  force?: boolean
  /** What a device was when somebody agreed to lose it; target.identityChanged when it is not any more. */
  expect?: ExpectedDevice
  /** All of a device reads as zeros. */
  startsZeroed?: boolean
  calls?: LinuxCalls
  access?: SystemAccess
}

/**
 * Opens what a restore writes: a block device, a new file, or with `force` an existing one. It refuses what the system
 * refuses (see FileTarget.open and DeviceTarget.open); whether writing there is a good idea is for checks.ts, which must be
 * asked before.
 */
export async function openTarget(path: string, options: TargetOptions): Promise<Target> {
  const { sizeBytes, force = false, expect, startsZeroed, calls = linux, access = systemAccess } = options
  const identity = await access.identify(path)
  if (identity?.kind === 'folder' || identity?.kind === 'other') throw targetUnsupported(path)
  if (expect && identity?.kind !== 'device') throw deviceGone(path)
  if (identity?.kind !== 'device') return FileTarget.open(path, sizeBytes, force, calls)
  if (!force) throw targetExists(path)
  return DeviceTarget.open(path, identity, {
    sizeBytes,
    ...(expect && { expect }),
    ...(startsZeroed !== undefined && { startsZeroed }),
    calls,
    sysRoot: access.sysRoot,
  })
}
