import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { HoldfastError } from '../contract/errors.ts'
import type { NbdAddress } from './address.ts'
import type { Attachment } from './attachment.ts'
import { makeLoop } from './devices.ts'
import { attachFuseNbd, hasFuse } from './fuseNbd.ts'
import { attachKernelNbd, hasKernelNbd } from './kernelNbd.ts'
import type { FilesSystem } from './system.ts'

/**
 * A device of the kernel over a writable export, with its partitions; undefined where none can be had: without root, or with neither NBD
 * of the kernel nor FUSE. Otherwise fails like attachKernelNbd and attachFuseNbd.
 */
export async function attachWritable(
  attachment: Attachment,
  address: NbdAddress,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const { system } = attachment
  if (!system.isRoot) return undefined
  if ((await hasKernelNbd(system)) && (await system.find('nbd-client')) !== undefined) {
    return await attachKernelNbd(attachment, address, signal, { writable: true })
  }
  if (!(await hasFuse()) || (await system.find('nbdfuse')) === undefined) return undefined
  const file = await attachFuseNbd(attachment, address, signal, { writable: true })
  return await makeLoop(attachment, { file, writable: true, partitions: true })
}

/** Brings everything that was written to a device to its server. files.busy when that fails. */
export async function flushDevice(system: FilesSystem, device: string): Promise<void> {
  const options = { failureCode: 'files.busy', timeoutMs: 10 * 60_000 } as const
  await system.run('sync', [device], options)
  await system.run('blockdev', ['--flushbufs', device], options)
}

/** files.busy when a device or a partition of it is mounted, or another device lies on it. */
export async function requireUnused(device: string): Promise<void> {
  let handle: FileHandle
  try {
    // Block devices: only when nobody holds it (open(2)).
    handle = await open(device, constants.O_RDONLY | constants.O_EXCL)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EBUSY') return
    throw new HoldfastError('files.busy', `${device} is in use.`, {
      advice: 'Unmount what is mounted of it, end the virtual machine that has it, and try again.',
      details: { device },
      retryable: true,
      cause: error,
    })
  }
  await handle.close()
}
