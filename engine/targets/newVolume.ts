import { HoldfastError } from '../contract/errors.ts'
import {
  type NewVolumeNeeds,
  type NewVolumePlan,
  type NewVolumeWish,
  planNewVolume,
  volumePath,
} from './newVolumePlan.ts'
import { readVolumeGroups, runLvm, unfinishedTag } from './volumeGroups.ts'

/** A volume that was made for one restore, and is no one else's until that is complete. */
export interface NewVolume {
  /** Of its device. */
  path: string
  /** What is never written to it reads as zeros. */
  startsZeroed: boolean
  /** It holds what it should, and is a volume like others now. */
  complete(): Promise<void>
  /** Takes it away again; it must not be open. Answers with what a person has to do when that fails; does not throw. */
  discard(): Promise<string | undefined>
}

/**
 * Makes a logical volume. From its first moment it carries a tag, so that one that nobody could take away again (after a kill)
 * is known for what it is; whatever becomes of its name, it is removed by its identity only. Errors of planNewVolume and runLvm,
 * and target.writeFailed when LVM does not make it.
 */
export async function makeNewVolume(
  wish: NewVolumeWish,
  needs: NewVolumeNeeds,
  signal?: AbortSignal,
): Promise<NewVolume> {
  const plan = planNewVolume(wish, await readVolumeGroups(signal), needs)
  // From here on it is not interrupted: LVM has made it or not.
  await create(plan)
  const selection = `vg_name="${plan.group}" && lv_name="${plan.name}" && lv_tags="${unfinishedTag}"`
  const path = volumePath(plan)
  return {
    path,
    startsZeroed: plan.startsZeroed,
    complete: async () => void (await runLvm('lvchange', ['--deltag', unfinishedTag, `${plan.group}/${plan.name}`])),
    async discard() {
      try {
        await runLvm('lvremove', ['--yes', '--select', selection, plan.group])
        return undefined
      } catch (error) {
        const why = error instanceof HoldfastError ? error.message : String(error)
        return `The unfinished volume ${path} could not be removed (${why}): lvremove ${plan.group}/${plan.name}`
      }
    },
  }
}

async function create({ group, name, thinPool, sizeBytes }: NewVolumePlan): Promise<void> {
  // What lies in its extents is going to be written over whole, so LVM need not look for what to wipe.
  const room =
    thinPool === undefined
      ? ['--wipesignatures', 'n', '--zero', 'n', '--size', `${sizeBytes}b`]
      : ['--virtualsize', `${sizeBytes}b`, '--thinpool', thinPool]
  try {
    await runLvm('lvcreate', ['--yes', '--addtag', unfinishedTag, ...room, '--name', name, group])
  } catch (error) {
    if (!(error instanceof HoldfastError) || error.code !== 'target.unsupported') throw error
    throw new HoldfastError('target.writeFailed', `The volume ${group}/${name} could not be made. ${error.message}`, {
      advice: 'Look at what LVM says, and run as root.',
      details: { ...error.details, group, name },
      cause: error,
    })
  }
}

/** Volumes that a restore has begun and not finished, as 'group/name'. */
export async function unfinishedVolumes(): Promise<string[]> {
  const groups = await readVolumeGroups()
  return groups.flatMap(({ name, volumes }) =>
    volumes.filter(volume => volume.tags.includes(unfinishedTag)).map(volume => `${name}/${volume.name}`),
  )
}
