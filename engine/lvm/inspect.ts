import { lvmReportOptions } from '../base/lvmRows.ts'
import { HoldfastError } from '../contract/errors.ts'
import { findMapped } from './mappedDevices.ts'
import { look, type Program } from './programs.ts'
import { groupFields, type LogicalVolume, parseGroups, parseVolumes, type VolumeGroup, volumeFields } from './report.ts'
import type { LvmSystem } from './system.ts'

/**
 * All volumes of a group, hidden ones too; of all groups without one. By the group's uuid, since two may have one name. Groups that
 * cannot be read are LVM's warnings and not in the list. source.readFailed when LVM fails. May be cancelled.
 */
export function listVolumes(system: LvmSystem, groupUuid?: string, signal?: AbortSignal): Promise<LogicalVolume[]> {
  const which = groupUuid === undefined ? [] : ['--select', `vg_uuid=${groupUuid}`]
  return report(system, 'lvs', ['-a', ...which, '-o', volumeFields], parseVolumes, signal)
}

/** All groups of this computer. Errors and cancelling as of `listVolumes`. */
export function listGroups(system: LvmSystem, signal?: AbortSignal): Promise<VolumeGroup[]> {
  return report(system, 'vgs', ['-o', groupFields], parseGroups, signal)
}

async function report<T>(
  system: LvmSystem,
  program: Program,
  args: readonly string[],
  parse: (json: string) => T,
  signal: AbortSignal | undefined,
): Promise<T> {
  const { stdout } = await look(system, program, [...lvmReportOptions, ...args], signal ? { signal } : {})
  try {
    return parse(stdout.toString('utf8'))
  } catch (cause) {
    throw new HoldfastError('source.readFailed', `What ${program} reports cannot be understood.`, {
      advice: `Run it by hand to see more: ${program} ${args.join(' ')}`,
      details: { program },
      cause,
    })
  }
}

/** What `dmsetup status` says of a device, one line; undefined when there is no such device. May be cancelled. */
export async function statusOf(system: LvmSystem, uuid: string, signal?: AbortSignal): Promise<string | undefined> {
  if ((await findMapped(system, uuid)) === undefined) return undefined
  const { exitCode, stdout } = await look(system, 'dmsetup', ['status', '--uuid', uuid], {
    // It may have gone in between.
    expectedExitCodes: [0, 1],
    ...(signal ? { signal } : {}),
  })
  return exitCode === 0 ? stdout.toString('utf8') : undefined
}
