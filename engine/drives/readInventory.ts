import { readdir, readFile, realpath } from 'node:fs/promises'
import { join } from 'node:path'
import type { BlockDevice } from '../base/linux/blockDevices.ts'
import { readSystem, type SystemAccess, systemAccess } from '../base/linux/system.ts'
import { type RunSystemProgram, runSystemProgram } from '../base/systemPrograms.ts'
import type { DriveInventory } from '../contract/drives.ts'
import { isHoldfastError } from '../contract/errors.ts'
import { type DeviceFacts, isNumberOfBus, lsblkColumns, mergeFacts, parseBlkid, parseLsblk } from './deviceFacts.ts'
import type { KnownDevice } from './deviceIdentity.ts'
import { cleanText } from './deviceText.ts'
import { buildInventory, isListed } from './inventory.ts'
import { type LvmAnswer, needsLvm } from './volumes.ts'

/** Where the facts come from. Tests bring their own. */
export interface InventoryAccess {
  system: SystemAccess
  run: RunSystemProgram
  /** Folder with udev's database: normally '/run/udev/data'. */
  udevFolder: string
  /** Asked where there is anything of LVM; nobody is unless given. */
  lvm?: { read(signal?: AbortSignal): Promise<LvmAnswer> }
}

export const inventoryAccess: InventoryAccess = {
  system: systemAccess,
  run: runSystemProgram,
  udevFolder: '/run/udev/data',
}

/** A drive that is failing answers late; the rest of the inventory must not wait for it much longer than this. */
const programTimeoutMs = 10_000
/** Probing reads the devices themselves. */
const probesAtATime = 4
const mostProbes = 128

/**
 * Lists what is connected now. The kernel's tables are the frame; lsblk says what udev knows, and where there is no udev,
 * blkid is asked about each device. What cannot be found out is null. Only fails with `run.cancelled`.
 */
export async function readInventory(
  access: InventoryAccess = inventoryAccess,
  signal?: AbortSignal,
): Promise<DriveInventory> {
  const [system, listed] = await Promise.all([readSystem(access.system), askLsblk(access, signal)])
  const devices = await Promise.all(
    system.devices.map(async device => {
      const { facts, ...kernel } = await readKernelFacts(device, access.system.sysRoot)
      return { ...device, ...kernel, facts: mergeFacts(listed?.get(device.id), facts) }
    }),
  )
  if (listed === undefined || !(await isFolder(access.udevFolder))) await probeContents(devices, access, signal)
  const lvm = needsLvm(devices) ? await access.lvm?.read(signal) : undefined
  return buildInventory(system, devices, lvm)
}

const limits = (signal: AbortSignal | undefined) => ({
  failureCode: 'storage.failed' as const,
  timeoutMs: programTimeoutMs,
  maxOutputBytes: 8 * 1024 * 1024,
  ...(signal === undefined ? {} : { signal }),
})

async function askLsblk(access: InventoryAccess, signal: AbortSignal | undefined) {
  try {
    // 1: none of the devices exists; 64: some could not be asked.
    const options = { ...limits(signal), expectedExitCodes: [0, 1, 64] }
    const { stdout } = await access.run('lsblk', ['--json', '--bytes', '--output', lsblkColumns], options)
    return parseLsblk(stdout.toString('utf8'))
  } catch (error) {
    if (isHoldfastError(error, 'run.cancelled')) throw error
    return undefined
  }
}

/** Looks at the content of devices of which nobody has said what they hold. */
async function probeContents(devices: KnownDevice[], access: InventoryAccess, signal: AbortSignal | undefined) {
  const waiting = devices
    .filter(device => isListed(device) && device.facts.fileSystemType === undefined)
    .slice(0, mostProbes)
  const work = async () => {
    for (let device = waiting.shift(); device !== undefined; device = waiting.shift()) {
      device.facts = mergeFacts(device.facts, await askBlkid(kernelNode(device), access, signal))
    }
  }
  await Promise.all(Array.from({ length: probesAtATime }, work))
}

async function askBlkid(node: string, access: InventoryAccess, signal: AbortSignal | undefined): Promise<DeviceFacts> {
  try {
    // 2: it holds nothing that is known; 8: it looks like several things.
    const options = { ...limits(signal), expectedExitCodes: [0, 2, 8] }
    const { stdout } = await access.run('blkid', ['-p', '-o', 'udev', node], options)
    return parseBlkid(stdout.toString('utf8'))
  } catch (error) {
    if (isHoldfastError(error, 'run.cancelled')) throw error
    return {}
  }
}

/** Where the kernel itself puts the node of a device; there is one without udev, too. */
export const kernelNode = (device: Pick<BlockDevice, 'name'>): string => `/dev/${device.name.replaceAll('!', '/')}`

/** Buses by what stands in the path of a device below /sys/devices; the innermost one counts. */
const buses = [
  ['usb', /^usb\d/],
  ['nvme', /^nvme\d/],
  ['sata', /^ata\d/],
  ['mmc', /^mmc\d/],
  ['virtio', /^virtio\d/],
  ['ieee1394', /^fw\d/],
] as const

async function readKernelFacts(
  device: BlockDevice,
  sysRoot: string,
): Promise<Pick<KnownDevice, 'facts' | 'mappedUuid' | 'sequence'>> {
  const folder = join(sysRoot, 'class/block', device.name)
  const read = (name: string) =>
    readFile(join(folder, name), 'utf8').then(
      text => text.trim(),
      () => undefined,
    )
  const names = ['removable', 'device/vendor', 'device/model', 'device/serial', 'serial', 'wwid', 'dm/uuid', 'diskseq']
  const [removable, vendor, model, serial, ownSerial, wwn, mappedUuid, sequence] = await Promise.all(names.map(read))
  const place = await realpath(folder).catch(() => '')
  const parts = place.split('/').reverse()
  const transport = parts.map(part => buses.find(([, shape]) => shape.test(part))?.[0]).find(bus => bus !== undefined)
  const facts: DeviceFacts = {}
  const say = (name: 'vendor' | 'model' | 'serial' | 'wwn', text: string | undefined) => {
    const clean = cleanText(text)
    if (clean !== null && !isNumberOfBus(clean)) facts[name] = clean
  }
  // A partition has none of its own; those of its disk are taken over where the inventory is put together.
  if (device.kind === 'disk') {
    say('vendor', vendor)
    say('model', model)
    say('serial', serial ?? ownSerial)
    say('wwn', wwn)
    if (transport !== undefined) facts.transport = transport
    if (removable !== undefined) facts.removable = removable === '1'
    facts.hotplug = removable === '1' || transport === 'usb' || transport === 'mmc' || transport === 'ieee1394'
  }
  const number = Number(sequence)
  return { facts, mappedUuid, sequence: sequence && Number.isSafeInteger(number) ? number : undefined }
}

const isFolder = (path: string) =>
  readdir(path).then(
    () => true,
    () => false,
  )
