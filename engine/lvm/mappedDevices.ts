import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** A device of device-mapper, from /sys. */
export interface MappedDevice {
  /** As dmsetup knows it; doubled dashes and all. */
  name: string
  /** Stays when it is renamed; see names.ts for those of LVM. Empty where its maker gave none. */
  uuid: string
  /** Its node. */
  path: string
  sizeBytes: number
}

const read = async (path: string): Promise<string> => (await readFile(path, 'utf8').catch(() => '')).trim()

async function readMapped(folder: string): Promise<MappedDevice | undefined> {
  const [name, uuid, sectors] = await Promise.all(['dm/name', 'dm/uuid', 'size'].map(file => read(join(folder, file))))
  if (name === undefined || name === '') return undefined
  // Always in units of 512 bytes, whatever the sector size.
  return { name, uuid: uuid ?? '', path: join('/dev/mapper', name), sizeBytes: Number(sectors) * 512 }
}

/** The device with this uuid under `sysRoot` (normally '/sys'); undefined when there is none, as for a volume that is not active. */
export async function findMapped(sysRoot: string, uuid: string): Promise<MappedDevice | undefined> {
  return (await listMapped(join(sysRoot, 'block'))).find(device => device.uuid === uuid)
}

/** The device with this number ('major:minor'); undefined when device-mapper has none. */
export async function mappedOfNumber(sysRoot: string, number: string): Promise<MappedDevice | undefined> {
  return await readMapped(join(sysRoot, 'dev/block', number))
}

/** Where a thin pool keeps its metadata: of what the pool lies on, the one that says so. */
export async function metadataDeviceOf(sysRoot: string, pool: MappedDevice): Promise<MappedDevice | undefined> {
  const names = await listNames(join(sysRoot, 'block'))
  for (const name of names) {
    const folder = join(sysRoot, 'block', name)
    if ((await read(join(folder, 'dm/uuid'))) !== pool.uuid) continue
    return (await listMapped(join(folder, 'slaves'))).find(device => device.uuid.endsWith('-tmeta'))
  }
  return undefined
}

const listNames = async (folder: string) =>
  (await readdir(folder).catch(() => [])).filter(name => name.startsWith('dm-'))

async function listMapped(folder: string): Promise<MappedDevice[]> {
  const devices = await Promise.all((await listNames(folder)).map(name => readMapped(join(folder, name))))
  return devices.filter(device => device !== undefined)
}
