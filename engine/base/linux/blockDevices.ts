import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** A block device as the kernel shows it below /sys/class/block. Devices are named as there: 'sda', 'sda1', 'dm-0'. */
export interface BlockDevice {
  name: string
  /** 'major:minor'. */
  id: string
  sizeBytes: number
  readOnly: boolean
  kind: 'disk' | 'partition' | 'loop' | 'lvm' | 'crypt' | 'raid' | 'mapped'
  /** What people call it: the device-mapper name ('vg0-root') where there is one, else its name. */
  label: string
  /** Devices that its data lies on: the disk of a partition, the members of a volume. Direct ones only. */
  restsOn: string[]
  /** File that an attached loop device shows. */
  backingFile?: string
  /** Of an array: 'raid1', 'raid5' … */
  raidLevel?: string
}

const optional = async (path: string): Promise<string | undefined> => {
  try {
    return (await readFile(path, 'utf8')).trimEnd()
  } catch {
    // Attributes come and go with devices; what cannot be read is not there.
    return undefined
  }
}

const names = async (folder: string): Promise<string[]> => {
  try {
    return await readdir(folder)
  } catch {
    return []
  }
}

/** Lists all block devices under `sysRoot` (normally '/sys'). Empty where there is no such folder. */
export async function readBlockDevices(sysRoot: string): Promise<BlockDevice[]> {
  const folder = join(sysRoot, 'class/block')
  const entries = await Promise.all((await names(folder)).map(async name => readDevice(folder, name)))
  const devices = entries.filter(entry => entry !== undefined)
  const byName = new Map(devices.map(({ device }) => [device.name, device]))
  // A disk's folder holds the folders of its partitions.
  for (const { device, children } of devices) {
    for (const child of children) {
      const partition = byName.get(child)
      if (partition?.kind === 'partition') partition.restsOn.push(device.name)
    }
  }
  return [...byName.values()]
}

async function readDevice(folder: string, name: string) {
  const read = (attribute: string) => optional(join(folder, name, attribute))
  const [id, size, readOnly, partition, mappedName, mappedUuid, raidLevel, backing] = await Promise.all(
    ['dev', 'size', 'ro', 'partition', 'dm/name', 'dm/uuid', 'md/level', 'loop/backing_file'].map(read),
  )
  if (id === undefined) return undefined
  const device: BlockDevice = {
    name,
    id,
    // Always in units of 512 bytes, whatever the sector size.
    sizeBytes: Number(size ?? 0) * 512,
    readOnly: readOnly === '1',
    kind: kindOf(name, { partition, mappedUuid, raidLevel }),
    label: mappedName ?? name,
    restsOn: await names(join(folder, name, 'slaves')),
    ...(backing === undefined ? {} : { backingFile: backing }),
    ...(raidLevel === undefined || raidLevel === '' ? {} : { raidLevel }),
  }
  return { device, children: await names(join(folder, name)) }
}

function kindOf(
  name: string,
  facts: { partition: string | undefined; mappedUuid: string | undefined; raidLevel: string | undefined },
): BlockDevice['kind'] {
  if (facts.partition !== undefined) return 'partition'
  // Device-mapper users put their name in front of the uuid.
  if (facts.mappedUuid?.startsWith('LVM-')) return 'lvm'
  if (facts.mappedUuid?.startsWith('CRYPT-')) return 'crypt'
  if (name.startsWith('dm-')) return 'mapped'
  if (facts.raidLevel !== undefined || /^md\d/.test(name)) return 'raid'
  return name.startsWith('loop') ? 'loop' : 'disk'
}
