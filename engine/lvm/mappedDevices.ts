import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { LvmSystem } from './system.ts'

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

/** Where to look for devices, and for their nodes. */
type Place = Pick<LvmSystem, 'access' | 'mapperFolder'>

async function readMapped({ mapperFolder }: Place, folder: string): Promise<MappedDevice | undefined> {
  const [name, uuid, sectors] = await Promise.all(['dm/name', 'dm/uuid', 'size'].map(file => read(join(folder, file))))
  if (name === undefined || name === '') return undefined
  // Always in units of 512 bytes, whatever the sector size.
  return { name, uuid: uuid ?? '', path: join(mapperFolder, name), sizeBytes: Number(sectors) * 512 }
}

/** The device with this uuid; undefined when there is none, as for a volume that is not active. */
export async function findMapped(place: Place, uuid: string): Promise<MappedDevice | undefined> {
  return (await listMapped(place, join(place.access.sysRoot, 'block'))).find(device => device.uuid === uuid)
}

/** The device with this number ('major:minor'); undefined when device-mapper has none. */
export async function mappedOfNumber(place: Place, number: string): Promise<MappedDevice | undefined> {
  return await readMapped(place, join(place.access.sysRoot, 'dev/block', number))
}

/** Where a thin pool keeps its metadata: of what the pool lies on, the one that says so. */
export async function metadataDeviceOf(place: Place, pool: MappedDevice): Promise<MappedDevice | undefined> {
  const blocks = join(place.access.sysRoot, 'block')
  const names = await listNames(blocks)
  for (const name of names) {
    const folder = join(blocks, name)
    if ((await read(join(folder, 'dm/uuid'))) !== pool.uuid) continue
    return (await listMapped(place, join(folder, 'slaves'))).find(device => device.uuid.endsWith('-tmeta'))
  }
  return undefined
}

const listNames = async (folder: string) =>
  (await readdir(folder).catch(() => [])).filter(name => name.startsWith('dm-'))

async function listMapped(place: Place, folder: string): Promise<MappedDevice[]> {
  const devices = await Promise.all((await listNames(folder)).map(name => readMapped(place, join(folder, name))))
  return devices.filter(device => device !== undefined)
}
