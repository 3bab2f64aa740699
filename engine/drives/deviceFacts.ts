import { z } from 'zod'
import { cleanText, decodeEscapes } from './deviceText.ts'

/** What the kernel's own tables do not say of a block device. Undefined is "not said". */
export interface DeviceFacts {
  vendor?: string
  model?: string
  serial?: string
  wwn?: string
  transport?: string
  removable?: boolean
  hotplug?: boolean
  partitionTable?: string
  partitionTableUuid?: string
  partitionUuid?: string
  partitionType?: string
  fileSystemType?: string
  fileSystemLabel?: string
  fileSystemUuid?: string
}

/** Columns that lsblk has known since util-linux 2.33 (2018); one that it does not know would make it refuse them all. */
export const lsblkColumns =
  'KNAME,MAJ:MIN,RM,HOTPLUG,TRAN,VENDOR,MODEL,SERIAL,WWN,PTTYPE,PTUUID,PARTUUID,PARTTYPE,FSTYPE,LABEL,UUID'

/** Older versions print everything as text, truth as "1" and "0". */
const truth = z
  .union([z.boolean(), z.literal(['0', '1'])])
  .transform(value => value === true || value === '1')
  .optional()
  .catch(undefined)
const text = z
  .unknown()
  .transform(value => (typeof value === 'string' ? cleanText(decodeEscapes(value)) : null) ?? undefined)
  .optional()

const row = z.object({
  'maj:min': z.string().transform(value => value.trim()),
  rm: truth,
  hotplug: truth,
  tran: text,
  vendor: text,
  model: text,
  serial: text,
  wwn: text,
  pttype: text,
  ptuuid: text,
  partuuid: text,
  parttype: text,
  fstype: text,
  label: text,
  uuid: text,
  children: z.array(z.unknown()).optional().catch(undefined),
})

/** More devices than this are none that people have. */
const mostRows = 4096

/**
 * Parses what `lsblk --json --output` prints with lsblkColumns, as a tree or as a list. The keys are 'major:minor'. What
 * is not understood is left out; undefined when nothing is.
 */
export function parseLsblk(output: string): Map<string, DeviceFacts> | undefined {
  let json: unknown
  try {
    json = JSON.parse(output)
  } catch {
    return undefined
  }
  const top = z.object({ blockdevices: z.array(z.unknown()) }).safeParse(json)
  if (!top.success) return undefined
  const facts = new Map<string, DeviceFacts>()
  const waiting = top.data.blockdevices
  for (let at = 0; at < waiting.length && at < mostRows; at++) {
    const parsed = row.safeParse(waiting[at])
    if (!parsed.success) continue
    const device = parsed.data
    // A volume over two disks stands below both.
    waiting.push(...(device.children ?? []))
    if (facts.has(device['maj:min'])) continue
    facts.set(
      device['maj:min'],
      said({
        vendor: device.vendor !== undefined && isNumberOfBus(device.vendor) ? undefined : device.vendor,
        model: device.model,
        serial: device.serial,
        wwn: device.wwn,
        transport: device.tran,
        removable: device.rm,
        hotplug: device.hotplug,
        partitionTable: device.pttype,
        partitionTableUuid: device.ptuuid,
        partitionUuid: device.partuuid,
        partitionType: device.parttype,
        fileSystemType: device.fstype,
        fileSystemLabel: device.label,
        fileSystemUuid: device.uuid,
      }),
    )
  }
  return facts
}

/** Parses what `blkid -p -o udev DEVICE` prints: the content of the device itself, without the help of udev. */
export function parseBlkid(output: string): DeviceFacts {
  const values = new Map<string, string>()
  for (const line of output.split('\n')) {
    const [, name, value] = /^ID_([A-Z_]+)=(.*)$/.exec(line) ?? []
    if (name !== undefined) values.set(name, value ?? '')
  }
  const get = (...names: string[]) => {
    const found = names.map(name => values.get(name)).find(value => value !== undefined)
    return found === undefined ? undefined : (cleanText(decodeEscapes(found)) ?? undefined)
  }
  return said({
    fileSystemType: get('FS_TYPE'),
    fileSystemLabel: get('FS_LABEL_ENC', 'FS_LABEL'),
    fileSystemUuid: get('FS_UUID_ENC', 'FS_UUID'),
    partitionTable: get('PART_TABLE_TYPE'),
    partitionTableUuid: get('PART_TABLE_UUID'),
    partitionUuid: get('PART_ENTRY_UUID'),
    partitionType: get('PART_ENTRY_TYPE'),
  })
}

/** virtio and NVMe give their vendor as a number, which tells people nothing. */
export const isNumberOfBus = (text: string): boolean => /^0x[0-9a-f]{4}$/i.test(text)

/** Later ones fill in what earlier ones do not say. */
export function mergeFacts(...facts: readonly (DeviceFacts | undefined)[]): DeviceFacts {
  return Object.assign({}, ...facts.toReversed().filter(fact => fact !== undefined))
}

/** Without the properties that are undefined. */
function said(facts: { [Name in keyof DeviceFacts]: DeviceFacts[Name] | undefined }): DeviceFacts {
  return Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined))
}
