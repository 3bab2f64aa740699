import { z } from 'zod'
import { lvmValue, reportParts } from '../base/lvmRows.ts'
import { kernelId } from './names.ts'

/** A logical volume, as lvs(8) reports it. */
export interface LogicalVolume {
  groupName: string
  groupUuid: string
  name: string
  uuid: string
  /** What the kernel calls it; see names.ts. */
  id: string
  path: string
  /** Of each kind of segment that it has: linear, striped, thin, raid1 … */
  segmentTypes: string[]
  /** For a classic snapshot, of its room and not of what can be read. */
  sizeBytes: number
  /** ten characters; lvs(8), "lv_attr" */
  attributes: string
  /** public, private, snapshot, thicksnapshot, thinsnapshot, origin … */
  roles: string[]
  originUuid: string | undefined
  poolUuid: string | undefined
  /** Number inside of the pool. Given out again when the volume is removed. */
  thinId: number | undefined
  tags: string[]
}

/** A volume group, as vgs(8) reports it. */
export interface VolumeGroup {
  name: string
  uuid: string
  freeBytes: number
  extentBytes: number
  /** Paths of the devices that it lies on. */
  devices: string[]
}

/** What `lvs` is to be asked for. */
export const volumeFields =
  'vg_name,vg_uuid,lv_name,lv_uuid,lv_path,lv_attr,lv_role,segtype,lv_size,origin_uuid,pool_lv_uuid,thin_id,lv_tags'

/** What `vgs` is to be asked for. */
export const groupFields = 'vg_name,vg_uuid,vg_free,vg_extent_size,pv_name'

const { text, bytes, list } = lvmValue
const optional = text.transform(value => (value === '' ? undefined : value))

const volumeRow = z.object({
  vg_name: text,
  vg_uuid: text,
  lv_name: text,
  lv_uuid: text,
  lv_path: text,
  lv_attr: text,
  lv_role: list,
  segtype: text,
  lv_size: bytes,
  origin_uuid: optional,
  pool_lv_uuid: optional,
  thin_id: z
    .string()
    .regex(/^\d{0,8}$/)
    .transform(value => (value === '' ? undefined : Number(value))),
  lv_tags: list,
})

const groupRow = z.object({ vg_name: text, vg_uuid: text, vg_free: bytes, vg_extent_size: bytes, pv_name: text })

/** Rows of all parts of a report. Throws what JSON.parse and zod throw. */
const rowsOf = <T>(json: string, kind: 'vg' | 'lv', row: z.ZodType<T>): T[] =>
  reportParts(json).flatMap(part => z.array(row).parse(part[kind]))

/** LVM puts names of volumes that it hides into brackets. */
const plainName = (name: string) => name.replace(/^\[(.*)\]$/, '$1')

/** Reads the report of `lvs` with `volumeFields`. There is a row for each segment; a volume comes once. */
export function parseVolumes(json: string): LogicalVolume[] {
  const volumes = new Map<string, LogicalVolume>()
  for (const row of rowsOf(json, 'lv', volumeRow)) {
    const id = kernelId(row.vg_uuid, row.lv_uuid)
    const known = volumes.get(id)
    if (known !== undefined) {
      if (!known.segmentTypes.includes(row.segtype)) known.segmentTypes.push(row.segtype)
      continue
    }
    volumes.set(id, {
      groupName: row.vg_name,
      groupUuid: row.vg_uuid,
      name: plainName(row.lv_name),
      uuid: row.lv_uuid,
      id,
      path: row.lv_path,
      segmentTypes: [row.segtype],
      sizeBytes: row.lv_size,
      attributes: row.lv_attr,
      roles: row.lv_role,
      originUuid: row.origin_uuid,
      poolUuid: row.pool_lv_uuid,
      thinId: row.thin_id,
      tags: row.lv_tags,
    })
  }
  return [...volumes.values()]
}

/** Reads the report of `vgs` with `groupFields`. There is a row for each device; a group comes once. */
export function parseGroups(json: string): VolumeGroup[] {
  const groups = new Map<string, VolumeGroup>()
  for (const row of rowsOf(json, 'vg', groupRow)) {
    const known = groups.get(row.vg_uuid)
    if (known === undefined) {
      groups.set(row.vg_uuid, {
        name: row.vg_name,
        uuid: row.vg_uuid,
        freeBytes: row.vg_free,
        extentBytes: row.vg_extent_size,
        devices: [row.pv_name],
      })
    } else known.devices.push(row.pv_name)
  }
  return [...groups.values()]
}
