import type { LibraryVersion } from '../../../../engine/contract/library.ts'
import type { Output } from '../../state/calls.ts'

/** The most versions of one destination that the service takes at once. */
export const mostAtOnce = 1000

/** What the service says about removing versions of one destination. */
export interface RemovalPlan extends Output<'versions.planRemoval'> {
  destination: string
}

/** Plans for several destinations, as one. Pure. */
export interface Removal {
  plans: readonly RemovalPlan[]
  /** Oldest first. */
  removable: readonly LibraryVersion[]
  kept: RemovalPlan['kept']
  last: readonly { name: string; destination: string }[]
}

export function joined(plans: readonly RemovalPlan[]): Removal {
  return {
    plans,
    removable: plans.flatMap(({ removable }) => removable).toSorted((a, b) => a.date.localeCompare(b.date)),
    kept: plans.flatMap(({ kept }) => kept),
    last: plans.flatMap(({ lastOfName, destination }) => lastOfName.map(name => ({ name, destination }))),
  }
}

/** By destination, in the order in which they come. */
export function byDestination(versions: readonly LibraryVersion[]): [string, LibraryVersion[]][] {
  const groups = new Map<string, LibraryVersion[]>()
  for (const version of versions) {
    const group = groups.get(version.destination)
    if (group) group.push(version)
    else groups.set(version.destination, [version])
  }
  return [...groups]
}
