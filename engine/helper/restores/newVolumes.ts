import { HoldfastError } from '../../contract/errors.ts'
import type { HelperContract } from '../../contract/helperContract.ts'
import type { HandlerOutput } from '../../contract/rpcContract.ts'
import { type NewVolumeNeeds, planNewVolume } from '../../targets/newVolumePlan.ts'
import { readVolumeGroups, type VolumeGroup } from '../../targets/volumeGroups.ts'

type OfferedGroup = HandlerOutput<HelperContract, 'restores.targets'>['groups'][number]

/** Volume groups, and whether a version of that size could become a new volume in them; none where LVM does not answer. */
export async function groupsFor(needs: NewVolumeNeeds, signal?: AbortSignal): Promise<OfferedGroup[]> {
  // LVM tells nothing to others than root.
  if (process.getuid?.() !== 0) return []
  try {
    return offeredGroups(await readVolumeGroups(signal), needs)
  } catch (error) {
    if (signal?.aborted || !(error instanceof HoldfastError)) throw error
    return []
  }
}

/** The same over what LVM has told. */
export function offeredGroups(groups: readonly VolumeGroup[], needs: NewVolumeNeeds): OfferedGroup[] {
  return groups.map(({ name, freeBytes, pools }) => ({
    name,
    freeBytes,
    refusal: refusalOf(groups, { group: name }, needs),
    pools: pools.map(pool => ({
      name: pool.name,
      freeBytes: pool.freeBytes,
      refusal: refusalOf(groups, { group: name, thinPool: pool.name }, needs),
    })),
  }))
}

function refusalOf(
  groups: readonly VolumeGroup[],
  place: { group: string; thinPool?: string },
  needs: NewVolumeNeeds,
): OfferedGroup['refusal'] {
  try {
    // No volume has this name, so it is not the name that is refused.
    planNewVolume({ ...place, name: '' }, groups, needs)
    return null
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error
    return { code: error.code, message: error.message, advice: error.advice ?? '' }
  }
}
