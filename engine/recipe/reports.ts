import { z } from 'zod'
import type { RecipeDisk, RecipeGroup } from '../contract/recipe.ts'

/** What programs of the system print, understood. Pure; undefined for what is not understood. */

/** A device as "blkid -p -o export" describes it: DEVNAME, TYPE, UUID, LABEL, VERSION, PTTYPE … */
export type Probe = Readonly<Record<string, string>>

/** By device. Values are quoted for a shell: a backslash stands before what would mean something to it. */
export function parseProbes(output: string): Map<string, Probe> {
  const probes = new Map<string, Probe>()
  for (const paragraph of output.split(/\n{2,}/)) {
    const pairs = paragraph.split('\n').flatMap(line => {
      const at = line.indexOf('=')
      return at > 0 ? [[line.slice(0, at), line.slice(at + 1).replace(/\\(.)/g, '$1')] as const] : []
    })
    const probe = Object.fromEntries(pairs)
    if (probe.DEVNAME !== undefined) probes.set(probe.DEVNAME, probe)
  }
  return probes
}

const sfdiskSchema = z.object({
  partitiontable: z.object({
    label: z.string(),
    id: z.string().optional(),
    // Before util-linux 2.35 it was not told.
    sectorsize: z.int().positive().default(512),
    partitions: z
      .array(
        z.object({
          node: z.string(),
          start: z.int().nonnegative(),
          size: z.int().nonnegative(),
          type: z.string(),
          uuid: z.string().optional(),
          name: z.string().optional(),
          bootable: z.boolean().optional(),
        }),
      )
      .default([]),
  }),
})

/** What "sfdisk --json" says of a disk. */
export function parseTable(
  output: string,
): Pick<RecipeDisk, 'table' | 'tableId' | 'sectorBytes' | 'partitions'> | undefined {
  const table = parsed(sfdiskSchema, output)?.partitiontable
  if (!table) return undefined
  return {
    table: table.label,
    tableId: table.id ?? null,
    sectorBytes: table.sectorsize,
    partitions: table.partitions.map(({ node, start, size, type, uuid, name, bootable }) => ({
      path: node,
      offset: start * table.sectorsize,
      length: size * table.sectorsize,
      type,
      uuid: uuid ?? null,
      name: name ?? null,
      bootable: bootable ?? false,
    })),
  }
}

const lsblkSchema = z.object({
  blockdevices: z.array(
    z.object({
      path: z.string(),
      model: z.string().nullable().optional(),
      serial: z.string().nullable().optional(),
    }),
  ),
})

/** Model and serial number of disks by their path, from "lsblk --json". */
export function parseDisks(output: string): Map<string, { model: string | null; serial: string | null }> {
  const disks = parsed(lsblkSchema, output)?.blockdevices ?? []
  return new Map(
    disks.map(({ path, model, serial }) => [path, { model: model?.trim() || null, serial: serial?.trim() || null }]),
  )
}

const amount = z.string().regex(/^\d+$/).transform(Number)

/** Columns of the reports of LVM that are asked for; all values are strings. */
export const lvmColumns = {
  pvs: 'pv_name,pv_uuid,vg_name,pv_size,pe_start,pv_major,pv_minor',
  vgs: 'vg_name,vg_uuid,vg_size,vg_extent_size',
  lvs: 'vg_name,lv_name,lv_uuid,lv_size,lv_layout,lv_role,pool_lv',
} as const

const pvSchema = z.object({
  pv_name: z.string(),
  pv_uuid: z.string(),
  vg_name: z.string(),
  pv_major: z.string(),
  pv_minor: z.string(),
})
const vgSchema = z.object({ vg_name: z.string(), vg_uuid: z.string(), vg_size: amount, vg_extent_size: amount })
const lvSchema = z.object({
  vg_name: z.string(),
  lv_name: z.string(),
  lv_uuid: z.string(),
  lv_size: amount,
  lv_layout: z.string(),
  lv_role: z.string(),
  pool_lv: z.string(),
})

export interface GroupFound {
  name: string
  /** 'major:minor' of its members. */
  memberIds: string[]
  group: RecipeGroup
}

/** What "pvs", "vgs" and "lvs" print with --reportformat json. */
export const lvmReports = {
  pvs: (output: string) => rows('pv', pvSchema, output),
  vgs: (output: string) => rows('vg', vgSchema, output),
  lvs: (output: string) => rows('lv', lvSchema, output),
}
export interface LvmReports {
  pvs: z.infer<typeof pvSchema>[]
  vgs: z.infer<typeof vgSchema>[]
  lvs: z.infer<typeof lvSchema>[]
}

/** The volume groups of this computer; snapshots are left out. */
export function groupsOf({ pvs, vgs, lvs }: LvmReports): GroupFound[] {
  return vgs.map(({ vg_name: name, vg_uuid, vg_size, vg_extent_size }) => {
    const own = pvs.filter(({ vg_name }) => vg_name === name)
    return {
      name,
      memberIds: own.map(({ pv_major, pv_minor }) => `${pv_major}:${pv_minor}`),
      group: {
        name,
        uuid: vg_uuid,
        sizeBytes: vg_size,
        extentBytes: vg_extent_size,
        members: own.map(({ pv_name, pv_uuid }) => ({ path: pv_name, uuid: pv_uuid })),
        volumes: lvs
          .filter(({ vg_name, lv_role }) => vg_name === name && !lv_role.split(',').includes('snapshot'))
          .map(volume => ({
            name: volume.lv_name,
            uuid: volume.lv_uuid,
            sizeBytes: volume.lv_size,
            layout: volume.lv_layout,
            pool: volume.pool_lv || null,
          })),
      },
    }
  })
}

function rows<T>(kind: string, schema: z.ZodType<T>, output: string): T[] | undefined {
  const report = z.object({ report: z.array(z.object({ [kind]: z.array(schema) })) })
  return parsed(report, output)?.report.flatMap(one => one[kind] as T[])
}

function parsed<T>(schema: z.ZodType<T>, text: string): T | undefined {
  try {
    return schema.safeParse(JSON.parse(text)).data
  } catch {
    return undefined
  }
}
