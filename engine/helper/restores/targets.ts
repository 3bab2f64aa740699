import { systemAccess } from '../../base/linux/system.ts'
import type { DriveDevice, DriveInventory } from '../../contract/drives.ts'
import { HoldfastError } from '../../contract/errors.ts'
import { deviceById } from '../../drives/inventory.ts'
import { nodeOf } from '../../drives/mountPrograms.ts'
import { folderOf } from '../../storage/locations.ts'
import { checkTarget, type Refusal } from '../../targets/checks.ts'
import { gatherTargetFacts } from '../../targets/facts.ts'
import type { Helper } from '../helper.ts'

/** What must not be written over, at this moment. */
export interface Surroundings {
  inventory: DriveInventory
  /** Where repositories are or were. */
  repositoryPaths: string[]
  /** Devices with repositories, also those that are not mounted, by id; with names for people. */
  repositoryDevices: Map<string, string>
  /** What backups are reading. */
  sourcePaths: string[]
}

export async function lookAround(helper: Helper, signal?: AbortSignal): Promise<Surroundings> {
  const { desk, supervisor, jobs } = helper
  const [inventory] = await Promise.all([helper.readDrives(signal), desk.refresh(signal)])
  const repositoryPaths: string[] = []
  const repositoryDevices = new Map<string, string>()
  for (const destination of helper.destinations.list()) {
    const state = desk.state(destination)
    const path = folderOf(destination.url)
    if (path !== undefined) repositoryPaths.push(path)
    if ('path' in state && state.path !== null) repositoryPaths.push(state.path)
    const devices = 'devices' in state ? state.devices : 'drive' in state && state.drive !== null ? [state.drive] : []
    for (const device of devices) repositoryDevices.set(device, `“${destination.name}”`)
  }
  const sourcePaths = supervisor.running().flatMap(run => {
    const job = run.job === null ? undefined : jobs.find(run.job)
    const reading = run.parts.filter(part => part.state === 'running' || part.state === 'waiting')
    return (job?.sources ?? [])
      .filter(source => reading.some(part => part.source === source.name))
      .flatMap(source => {
        try {
          return [helper.sourcePath(source)]
        } catch {
          // It is not connected, so it is not being read.
          return []
        }
      })
  })
  return { inventory, repositoryPaths, repositoryDevices, sourcePaths }
}

/**
 * Why a version of so many bytes must not be written to a device; undefined when it may. That everything on it is lost is no
 * reason: whoever asks agrees to that with the confirmation.
 */
export async function refusalOf(
  device: DriveDevice,
  sizeBytes: number,
  around: Surroundings,
): Promise<Pick<Refusal, 'code' | 'message' | 'advice'> | undefined> {
  try {
    const { repositoryPaths, sourcePaths, repositoryDevices, inventory } = around
    const node = await nodeOf(device, systemAccess)
    const facts = await gatherTargetFacts(node, { repositoryPaths, sourcePaths })
    // A drive that is not mounted has no path by which its repository could be found.
    const unmounted = withHolders(device, inventory).flatMap(({ id }) => repositoryDevices.get(id) ?? [])
    const repositories = facts.repositories.length > 0 ? facts.repositories : unmounted
    const [refusal] = checkTarget(
      { ...facts, path: device.path, repositories },
      { versionSizeBytes: sizeBytes, force: true },
    )
    return refusal
  } catch (error) {
    if (!(error instanceof HoldfastError) || error.code === 'run.cancelled') throw error
    return { code: error.code, message: error.message, advice: error.advice ?? '' }
  }
}

/** The device, and all that lies on it. */
export function withHolders(device: DriveDevice, inventory: DriveInventory): DriveDevice[] {
  const found = new Set([device])
  // A Set's iteration goes on over what is added meanwhile.
  for (const next of found) {
    for (const id of next.holders) {
      const holder = deviceById(inventory, id)
      if (holder) found.add(holder)
    }
  }
  return [...found]
}
