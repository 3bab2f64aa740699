import { stat, truncate, writeFile } from 'node:fs/promises'
import { randomHex } from '../base/random.ts'
import { HoldfastError } from '../contract/errors.ts'
import type { Attachment } from './attachment.ts'
import type { ThinPool } from './lvm/volumeGroup.ts'
import { deviceMapperTable, lengthOf, onePiece, type Segment } from './segments.ts'
import { type FilesSystem, loopsOver, needProgram, withoutUdev } from './system.ts'

/** Block devices made of what is attached. All of them are read-only, but for overlays and copies that are to be written to. */

const options = { failureCode: 'files.unsupported', timeoutMs: 60_000 } as const

/** Whether the kernel can make devices of others; loads the modules if need be and allowed. */
export async function hasDeviceMapper(system: FilesSystem): Promise<boolean> {
  if (!system.isRoot || (await system.find('dmsetup')) === undefined) return false
  for (const module of ['dm-mod', 'dm-snapshot']) await system.run('modprobe', [module], options).catch(() => undefined)
  return await system.run('dmsetup', ['version'], options).then(
    () => true,
    () => false,
  )
}

/** A loop device over a part of a file or device. `length` 0 means up to the end; `partitions` lets the kernel make devices of its partitions. */
export async function makeLoop(
  attachment: Attachment,
  part: { file: string; offset?: number; length?: number; writable?: boolean; partitions?: boolean },
): Promise<string> {
  const { file, offset = 0, length = 0, writable = false, partitions = false } = part
  const { system } = attachment
  await needProgram(system, 'losetup', 'open a volume')
  return await attachment.step({ kind: 'loop', file, offset }, async () => {
    const args = ['--find', '--show', '--offset', String(offset)]
    if (length > 0) args.push('--sizelimit', String(length))
    if (!writable) args.push('--read-only')
    if (partitions) args.push('--partscan')
    const { stdout } = await system.run('losetup', [...args, file], options)
    const device = stdout.toString('utf8').trim()
    const made = (await loopsOver(file)).some(loop => loop.device === device)
    if (made) return device
    throw new HoldfastError('files.unsupported', 'No loop device can be had.', {
      advice: 'Run it outside of a container, or allow the container to use /dev/loop-control.',
    })
  })
}

/** A device-mapper device by its table, in dmsetup's form; gives its path. */
export async function makeMapping(
  attachment: Attachment,
  purpose: string,
  table: string,
  { writable = false }: { writable?: boolean } = {},
): Promise<string> {
  const name = newName(attachment, purpose)
  await attachment.step({ kind: 'mapping', name }, async () => {
    const args = ['create', name, ...(writable ? [] : ['--readonly'])]
    await attachment.system.run('dmsetup', args, { ...options, input: table, env: withoutUdev })
  })
  return `/dev/mapper/${name}`
}

/** Names begin as the rules for udev expect. */
export const newName = (attachment: Attachment, purpose: string): string =>
  `${attachment.id}-${purpose}-${randomHex(2)}`

/** What volumes are cut from. A file will do where each of them lies in one piece. */
export interface BaseDisk {
  path: string
  isDevice: boolean
}

/** The device of a volume that consists of pieces of the disk. */
export async function makeVolumeDevice(
  attachment: Attachment,
  base: BaseDisk,
  segments: readonly Segment[],
  canMap: boolean,
): Promise<string> {
  if (canMap && base.isDevice) {
    return await makeMapping(attachment, 'part', deviceMapperTable(segments, base.path))
  }
  const piece = onePiece(segments)
  if (piece) return await makeLoop(attachment, { file: base.path, ...piece })
  throw new HoldfastError(
    'files.unsupported',
    'This volume lies in several pieces, and the kernel has no device-mapper.',
    {
      advice: 'Open it on a computer whose kernel has the module dm-mod, or restore the version.',
    },
  )
}

/** The device of a volume of a thin pool. The pool is a copy on overlays; that of this computer plays no part. */
export async function makeThinDevice(
  attachment: Attachment,
  base: BaseDisk,
  thin: { pool: ThinPool; deviceId: number; sizeBytes: number },
  canMap: boolean,
): Promise<string> {
  if (!canMap || !base.isDevice) {
    throw new HoldfastError(
      'files.unsupported',
      'This volume is in a thin pool, and the kernel has no device-mapper.',
      {
        advice: 'Open it on a computer whose kernel has the modules dm-mod and dm-thin-pool, or restore the version.',
      },
    )
  }
  const { system } = attachment
  await system.run('modprobe', ['dm-thin-pool'], options).catch(() => undefined)
  const { metadata, data, chunkBytes } = thin.pool
  // The kernel only has pools that it may write to.
  const overlayOf = async (purpose: string, segments: readonly Segment[]) => {
    const device = await makeMapping(attachment, purpose, deviceMapperTable(segments, base.path))
    return await makeOverlay(attachment, device, lengthOf(segments))
  }
  const [metaDevice, dataDevice] = [await overlayOf('meta', metadata), await overlayOf('data', data)]
  // Documentation/admin-guide/device-mapper/thin-provisioning.rst.
  const table = `0 ${lengthOf(data) / 512} thin-pool ${metaDevice} ${dataDevice} ${chunkBytes / 512} 0 2 skip_block_zeroing read_only\n`
  const poolDevice = await makeMapping(attachment, 'pool', table, { writable: true })
  return await makeMapping(attachment, 'thin', `0 ${thin.sizeBytes / 512} thin ${poolDevice} ${thin.deviceId}\n`)
}

/** As much as a file system writes to replay its journal: journals are smaller than this. */
const mostOverlayBytes = 4 * 1024 ** 3

/**
 * A device that can be written and keeps that in a sparse file of ours, so that journals can be replayed and identities be changed.
 * The device below never changes.
 */
export async function makeOverlay(attachment: Attachment, device: string, sizeBytes: number): Promise<string> {
  const file = `${attachment.folder}/${newName(attachment, 'cow')}`
  await attachment.step({ kind: 'file', path: file }, async () => {
    await writeFile(file, '', { mode: 0o600, flag: 'wx' })
    // One sixteenth of a kilobyte for each chunk, and the header.
    await truncate(file, Math.min(Math.ceil(sizeBytes * 1.02) + 1024 ** 2, mostOverlayBytes))
  })
  const loop = await makeLoop(attachment, { file, writable: true })
  // Persistent ("P"): without it, a copy of what the device begins with would be found at the beginning of the file.
  return await makeMapping(attachment, 'over', `0 ${sizeBytes / 512} snapshot ${device} ${loop} P 8\n`, {
    writable: true,
  })
}

/** Size of a device or file in bytes. */
export async function sizeOf(system: FilesSystem, path: string): Promise<number> {
  const facts = await stat(path)
  if (!facts.isBlockDevice()) return facts.size
  const { stdout } = await system.run('blockdev', ['--getsize64', path], options)
  return Number(stdout.toString('utf8').trim())
}
