import type { DriveDevice } from '../../../engine/contract/drives.ts'
import type { JobView } from '../../../engine/contract/helperContract.ts'
import type { Protection } from '../theme/tokens.ts'
import { ancestry } from './diskTree.ts'

/** How jobs protect what they are of. Pure. */

export type Standing = JobView['standings'][number]

/** Its drive or the network is away: it is waited for, and nothing failed. */
export const isAwaited = ({ state, reason }: Pick<Standing, 'state' | 'reason'>): boolean =>
  state === 'waitingForDrive' || reason === 'offline'

const awayCodes: readonly string[] = ['storage.driveNotConnected', 'storage.unreachable']

/** How a job fares with one destination. */
export function standingProtection(standing: Standing): Protection {
  if (standing.overdueSince !== null) return 'danger'
  if (standing.state === 'backingOff') return 'attention'
  // A drive or a network that went just as a run began is waited for as one that was away before.
  const isAway = isAwaited(standing) && awayCodes.includes(standing.lastRun?.error?.code ?? '')
  const last = isAway ? undefined : standing.lastRun?.state
  if (last === 'failed' || last === 'incomplete') return 'attention'
  // Nothing is stored yet, and nothing went wrong: the first backup is still to come.
  if (standing.lastSuccessAt === null) return 'waiting'
  return 'protected'
}

/** Worst first. */
export const severity: readonly Protection[] = ['danger', 'attention', 'waiting', 'protected']

/**
 * How a job fares with all of its destinations. One place that is well is enough not to be in danger; one that is not well is
 * enough to need attention.
 */
export function jobProtection(view: JobView): Protection {
  const all = view.standings.map(standingProtection)
  if (all.length === 0) return 'danger'
  const worst = severity.find(one => all.includes(one)) ?? 'protected'
  if (all.includes('protected') && worst === 'danger') return 'attention'
  if (all.includes('protected') && worst === 'waiting') return 'protected'
  return worst
}

/** Tells for each device how it is protected: by jobs of it, or of what it lies on. */
export function protectionByDevice(
  jobs: readonly JobView[],
  devices: readonly DriveDevice[],
): (device: DriveDevice) => Protection {
  const ofSource = new Map<string, Protection>()
  for (const view of jobs) {
    const protection = jobProtection(view)
    for (const { device } of view.job.sources) {
      if (device === null) continue
      const other = ofSource.get(device)
      // Two jobs of one device: the better one counts, for one copy is enough to restore from.
      if (other === undefined || severity.indexOf(protection) > severity.indexOf(other))
        ofSource.set(device, protection)
    }
  }
  const byId = new Map(devices.map(device => [device.id, device]))
  return device => {
    const found = ancestry(device, byId).flatMap(one => ofSource.get(one.id) ?? [])
    return severity.findLast(one => found.includes(one)) ?? 'none'
  }
}
