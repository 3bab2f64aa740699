import { z } from 'zod'
import { lvmReportOptions, lvmValue, reportParts } from '../base/lvmRows.ts'
import { runSystemProgram } from '../base/systemPrograms.ts'
import { HoldfastError, isHoldfastError } from '../contract/errors.ts'

/** What of LVM's volume groups matters to whoever wants a new volume in one. Sizes are bytes. */
export interface VolumeGroup {
  name: string
  extentBytes: number
  freeBytes: number
  /** Why LVM would not make anything in it; undefined when it would. */
  unusable: 'exported' | 'partial' | 'ambiguous' | undefined
  volumes: { name: string; tags: string[] }[]
  pools: ThinPool[]
}

export interface ThinPool {
  name: string
  sizeBytes: number
  /** That no volume has written to yet. */
  freeBytes: number
  /** Parts that were never written read as zeros, also beside those that were. */
  zeroes: boolean
}

/** Marks a volume that a restore has begun to write, as long as it is not complete. */
export const unfinishedTag = 'holdfast_unfinished'

const { text, bytes, list, percent } = lvmValue
const groupRow = z.object({
  vg_name: text,
  vg_uuid: text,
  vg_extent_size: bytes,
  vg_free: bytes,
  vg_exported: text,
  vg_partial: text,
})
const volumeRow = z.object({
  vg_name: text,
  lv_name: text,
  lv_size: bytes,
  lv_tags: list,
  segtype: text,
  data_percent: percent,
  zero: text,
})

/** Rows of `vgs` and `lvs`. */
export interface LvmReports {
  vg: readonly unknown[]
  lv: readonly unknown[]
}

/** All volume groups of this computer. config.invalid when LVM is not installed, target.unsupported when it fails. */
export async function readVolumeGroups(signal?: AbortSignal): Promise<VolumeGroup[]> {
  const vg = await report('vgs', 'vg', Object.keys(groupRow.shape), signal)
  const lv = await report('lvs', 'lv', Object.keys(volumeRow.shape), signal)
  return volumeGroupsOf({ vg, lv })
}

/** Puts together what vgs and lvs have told. Throws what zod throws for rows that are none of theirs. */
export function volumeGroupsOf({ vg, lv }: LvmReports): VolumeGroup[] {
  const groups = z.array(groupRow).parse(vg)
  const pieces = z.array(volumeRow).parse(lv)
  const names = groups.map(row => row.vg_name)
  return [...new Map(groups.map(row => [row.vg_name, row])).values()].map(row => {
    const own = pieces.filter(one => one.vg_name === row.vg_name)
    return {
      name: row.vg_name,
      extentBytes: row.vg_extent_size,
      freeBytes: row.vg_free,
      unusable: unusable(row, names.filter(one => one === row.vg_name).length > 1),
      // A volume of several pieces has a row for each of them.
      volumes: [...new Map(own.map(one => [one.lv_name, { name: one.lv_name, tags: one.lv_tags }])).values()],
      pools: own.filter(one => one.segtype === 'thin-pool').map(poolOf),
    }
  })
}

function unusable(row: z.infer<typeof groupRow>, isTwice: boolean): VolumeGroup['unusable'] {
  if (isTwice) return 'ambiguous'
  if (row.vg_exported !== '') return 'exported'
  return row.vg_partial === '' ? undefined : 'partial'
}

function poolOf(row: z.infer<typeof volumeRow>): ThinPool {
  // An inactive pool does not tell how full it is; nothing is promised of it then.
  const used = row.data_percent ?? 100
  return {
    name: row.lv_name,
    sizeBytes: row.lv_size,
    freeBytes: Math.floor(row.lv_size * (1 - used / 100)),
    zeroes: row.zero === 'zero',
  }
}

async function report(
  program: 'vgs' | 'lvs',
  key: 'vg' | 'lv',
  columns: readonly string[],
  signal: AbortSignal | undefined,
) {
  const { stdout } = await runLvm(program, [...lvmReportOptions, '--options', columns.join(',')], signal)
  return reportParts(stdout.toString()).flatMap(part => part[key])
}

/** Runs a program of LVM. config.invalid, naming the package, when it is not installed; target.unsupported when it fails. */
export async function runLvm(program: string, args: readonly string[], signal?: AbortSignal) {
  try {
    return await runSystemProgram(program, args, {
      failureCode: 'target.unsupported',
      timeoutMs: 60_000,
      env: { LVM_SUPPRESS_FD_WARNINGS: '1' },
      ...(signal && { signal }),
    })
  } catch (error) {
    if (!isHoldfastError(error, 'config.invalid')) throw error
    throw new HoldfastError('config.invalid', `${program} is needed for volumes of LVM and is not installed.`, {
      advice: 'Install the package lvm2: apt install lvm2',
      details: { program, package: 'lvm2' },
      cause: error,
    })
  }
}
