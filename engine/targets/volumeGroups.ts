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

export interface LvmReports {
  vg: Record<string, string>[]
  lv: Record<string, string>[]
}

/** All volume groups of this computer. config.invalid when LVM is not installed, target.unsupported when it fails. */
export async function readVolumeGroups(signal?: AbortSignal): Promise<VolumeGroup[]> {
  const [vg, lv] = [
    await report('vgs', 'vg', 'vg_name,vg_uuid,vg_extent_size,vg_free,vg_exported,vg_partial', signal),
    await report('lvs', 'lv', 'vg_name,lv_name,lv_size,lv_tags,segtype,data_percent,zero', signal),
  ]
  return volumeGroupsOf({ vg, lv })
}

/** Puts together what vgs and lvs have told. */
export function volumeGroupsOf({ vg, lv }: LvmReports): VolumeGroup[] {
  const names = vg.map(row => row.vg_name!)
  return [...new Set(names)].map(name => {
    const row = vg.find(one => one.vg_name === name)!
    const own = lv.filter(one => one.vg_name === name)
    return {
      name,
      extentBytes: Number(row.vg_extent_size),
      freeBytes: Number(row.vg_free),
      unusable: unusable(row, names.filter(one => one === name).length > 1),
      // A volume of several pieces has a row for each of them.
      volumes: [...new Map(own.map(one => [one.lv_name!, { name: one.lv_name!, tags: tagsOf(one) }])).values()],
      pools: own.filter(one => one.segtype === 'thin-pool').map(poolOf),
    }
  })
}

const tagsOf = (row: Record<string, string>): string[] => (row.lv_tags ?? '').split(',').filter(tag => tag !== '')

function unusable(row: Record<string, string>, isTwice: boolean): VolumeGroup['unusable'] {
  if (isTwice) return 'ambiguous'
  if (row.vg_exported !== '') return 'exported'
  return row.vg_partial === '' ? undefined : 'partial'
}

function poolOf(row: Record<string, string>): ThinPool {
  const sizeBytes = Number(row.lv_size)
  // An inactive pool does not tell how full it is; nothing is promised of it then.
  const used = row.data_percent === '' ? 100 : Number(row.data_percent)
  return {
    name: row.lv_name!,
    sizeBytes,
    freeBytes: Math.floor(sizeBytes * (1 - used / 100)),
    zeroes: row.zero === 'zero',
  }
}

async function report(program: 'vgs' | 'lvs', key: 'vg' | 'lv', columns: string, signal: AbortSignal | undefined) {
  const args = ['--reportformat', 'json', '--units', 'b', '--nosuffix', '--options', columns]
  const { stdout } = await runLvm(program, args, signal)
  const { report: reports } = JSON.parse(stdout.toString()) as { report: Record<string, Record<string, string>[]>[] }
  return reports.flatMap(one => one[key] ?? [])
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
