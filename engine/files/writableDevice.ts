import { constants } from 'node:fs'
import { open, readdir, readlink } from 'node:fs/promises'
import { HoldfastError } from '../contract/errors.ts'
import type { NbdAddress } from './address.ts'
import type { Attachment } from './attachment.ts'
import { makeLoop } from './devices.ts'
import { attachFuseNbd, hasFuse } from './fuseNbd.ts'
import { attachKernelNbd, hasKernelNbd } from './kernelNbd.ts'
import { type FilesSystem, readSmall } from './system.ts'

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

/**
 * files.busy when a device or a partition of it is mounted, another device lies on it, or a program has it open. Somebody may begin to use
 * it right afterwards.
 */
export async function requireUnused(device: string): Promise<void> {
  const user = (await holderOf(device)) ?? (await loopOn(device)) ?? (await programWith(device))
  if (user === undefined) return
  throw new HoldfastError('files.busy', `${device} is in use by ${user}.`, {
    advice: 'Unmount what is mounted of it, end the virtual machine or the tool that has it, and try again.',
    details: { device, user },
    retryable: true,
  })
}

/** The device itself, or a partition: 'loop3p1' of 'loop3'. */
const isOf = (device: string, path: string): boolean =>
  path === device || (path.startsWith(`${device}p`) && /^\d+$/.test(path.slice(device.length + 1)))

/** Mounts and device-mapper hold devices: open(2) with O_EXCL then fails. */
async function holderOf(device: string): Promise<string | undefined> {
  try {
    await (await open(device, constants.O_RDONLY | constants.O_EXCL)).close()
    return undefined
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EBUSY') return 'a mount or another device'
    // It is gone, and so are its users.
    return undefined
  }
}

/** Loop devices hold nothing. */
async function loopOn(device: string): Promise<string | undefined> {
  for (const name of (await readdir('/sys/block')).filter(one => /^loop\d+$/.test(one))) {
    if (isOf(device, await readSmall(`/sys/block/${name}/loop/backing_file`))) return `/dev/${name}`
  }
  return undefined
}

/** Of processes that may be looked at: for root, all. */
async function programWith(device: string): Promise<string | undefined> {
  for (const pid of (await readdir('/proc')).filter(name => /^\d+$/.test(name))) {
    for (const fd of await readdir(`/proc/${pid}/fd`).catch(() => [])) {
      const path = await readlink(`/proc/${pid}/fd/${fd}`).catch(() => '')
      if (!isOf(device, path)) continue
      const program = await readSmall(`/proc/${pid}/comm`)
      // That is how the device comes to be.
      if (program !== 'nbd-client') return `${program} (process ${pid})`
    }
  }
  return undefined
}
