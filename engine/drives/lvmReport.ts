import { z } from 'zod'
import { type LvmReportPart, lvmReportOptions, lvmValue, reportParts } from '../base/lvmRows.ts'

/**
 * What LVM says of its groups, volumes and disks, in JSON. `lvm fullreport` says it of one moment and in one command, but leaves
 * out disks that are there twice; `lvm pvs --all` names those.
 */

const groupColumns = 'vg_name,vg_uuid,vg_size,vg_free,vg_extent_size,vg_missing_pv_count,vg_exported,vg_partial'
const volumeColumns =
  'vg_uuid,lv_name,lv_uuid,lv_attr,lv_role,lv_size,origin_uuid,pool_lv_uuid,data_percent,metadata_percent,lv_active,lv_tags,lv_health_status,lv_snapshot_invalid'
const diskColumns = 'pv_uuid,vg_uuid,pv_missing,pv_duplicate,pv_major,pv_minor'

/** Arguments of `lvm` for parseFullReport. */
export const fullReportArguments: readonly string[] = [
  'fullreport',
  ...lvmReportOptions,
  ...['--configreport', 'vg', '-o', groupColumns],
  ...['--configreport', 'lv', '-o', volumeColumns],
  ...['--configreport', 'seg', '-o', 'lv_uuid,segtype'],
  // They cannot be left out.
  ...['--configreport', 'pv', '-o', 'pv_uuid', '--configreport', 'pvseg', '-o', 'pv_uuid'],
]

/** Arguments of `lvm` for parseDisks. */
export const disksArguments: readonly string[] = ['pvs', '--all', ...lvmReportOptions, '-o', diskColumns]

export interface LvmGroup {
  uuid: string
  name: string
  sizeBytes: number
  freeBytes: number
  extentBytes: number
  /** Disks that are not there. */
  missingDisks: number
  isExported: boolean
}

/** A logical volume that people see; parts of others are not listed. */
export interface LvmVolume {
  uuid: string
  name: string
  groupUuid: string
  /** 'linear', 'thin', 'thin-pool', 'raid1' …; the first one where it has several. */
  segmentType: string
  sizeBytes: number
  /** Made for use, and no pool or part of others. */
  isPublic: boolean
  isSnapshot: boolean
  /** What it is a snapshot of; null when it is none, or that is gone. */
  originUuid: string | null
  poolUuid: string | null
  /** How full a pool, or the room of a classic snapshot, is; how much of a thin volume has a place. 0 to 100. */
  dataPercent: number | null
  metadataPercent: number | null
  isActive: boolean
  tags: string[]
  /** 'out_of_data', 'partial' …; null when all is well. */
  health: string | null
  /** A classic snapshot that ran out of room, and holds nothing any more. */
  isInvalid: boolean
}

export interface LvmDisk {
  uuid: string
  groupUuid: string | null
  isMissing: boolean
  /** The same disk is there once more, and LVM uses the other one. */
  isDuplicate: boolean
  /** 'major:minor'. */
  deviceNumber: string
}

const { text, list, percent } = lvmValue
const number = text.transform(value => (/^\d+(\.\d+)?$/.test(value) ? Number(value) : 0))
const optional = text.transform(value => (value === '' ? null : value))

/** Nothing else is in names and uuids of LVM (lvm(8), "Valid names"); parts of others stand in brackets where they are listed. */
const name = text.regex(/^[A-Za-z0-9+_.-]{1,127}$/)

const groupRow = z.object({
  vg_name: name,
  vg_uuid: name,
  vg_size: number,
  vg_free: number,
  vg_extent_size: number,
  vg_missing_pv_count: number,
  vg_exported: text,
})
const volumeRow = z.object({
  vg_uuid: name,
  lv_name: name,
  lv_uuid: name,
  lv_role: list,
  lv_size: number,
  origin_uuid: optional,
  pool_lv_uuid: optional,
  data_percent: percent,
  metadata_percent: percent,
  lv_active: text,
  lv_tags: list,
  lv_health_status: optional,
  lv_snapshot_invalid: text,
})
const segmentRow = z.object({ lv_uuid: text, segtype: text })
const diskRow = z.object({
  pv_uuid: name,
  vg_uuid: optional,
  pv_missing: text,
  pv_duplicate: text,
  pv_major: text,
  pv_minor: text,
})

/** Parses what fullReportArguments print. Undefined when that is no report; a row that is not understood is left out. */
export function parseFullReport(output: string): { groups: LvmGroup[]; volumes: LvmVolume[] } | undefined {
  const parts = partsOf(output)
  if (parts === undefined) return undefined
  const types = new Map<string, string>()
  for (const { lv_uuid, segtype } of parts.flatMap(({ seg }) => understood(segmentRow, seg))) {
    if (!types.has(lv_uuid)) types.set(lv_uuid, segtype)
  }
  return {
    groups: parts
      .flatMap(({ vg }) => understood(groupRow, vg))
      .map(row => ({
        uuid: row.vg_uuid,
        name: row.vg_name,
        sizeBytes: row.vg_size,
        freeBytes: row.vg_free,
        extentBytes: row.vg_extent_size,
        missingDisks: row.vg_missing_pv_count,
        isExported: row.vg_exported !== '',
      })),
    volumes: parts
      .flatMap(({ lv }) => understood(volumeRow, lv))
      .map(row => ({
        uuid: row.lv_uuid,
        name: row.lv_name,
        groupUuid: row.vg_uuid,
        segmentType: types.get(row.lv_uuid) ?? 'unknown',
        sizeBytes: row.lv_size,
        isPublic: row.lv_role.includes('public'),
        isSnapshot: row.lv_role.includes('snapshot'),
        originUuid: row.origin_uuid,
        poolUuid: row.pool_lv_uuid,
        dataPercent: row.data_percent,
        metadataPercent: row.metadata_percent,
        isActive: row.lv_active !== '',
        tags: row.lv_tags,
        health: row.lv_health_status,
        isInvalid: row.lv_snapshot_invalid !== '' && row.lv_snapshot_invalid !== 'unknown',
      })),
  }
}

/** Parses what disksArguments print: the disks of LVM, and none that only could be. Undefined when that is no report. */
export function parseDisks(output: string): LvmDisk[] | undefined {
  // What only could be a disk of LVM has no uuid.
  const disks = partsOf(output)?.flatMap(({ pv }) => understood(diskRow, pv))
  return disks?.map(row => ({
    uuid: row.pv_uuid,
    groupUuid: row.vg_uuid,
    isMissing: row.pv_missing !== '',
    isDuplicate: row.pv_duplicate !== '',
    deviceNumber: `${row.pv_major}:${row.pv_minor}`,
  }))
}

function partsOf(output: string): LvmReportPart[] | undefined {
  try {
    return reportParts(output)
  } catch {
    return undefined
  }
}

const understood = <T>(row: z.ZodType<T>, all: readonly unknown[]): T[] =>
  all.flatMap(one => {
    const parsed = row.safeParse(one)
    return parsed.success ? [parsed.data] : []
  })
