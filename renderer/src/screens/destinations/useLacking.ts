import { useQuery } from '../../state/calls.ts'
import { useHouse } from '../../state/context.ts'
import type { LackingHere } from './lackingWords.ts'

/** What all destinations lack. Asked anew when versions, jobs, runs or what can be reached may have changed it. */
export function useLacking(): readonly LackingHere[] {
  const stamp = useHouse(({ library, jobs, destinations, running }) =>
    JSON.stringify([
      library?.map(({ destination, versions, newestAt }) => [destination, versions, newestAt]),
      jobs?.map(({ job }) => job.updatedAt),
      destinations?.map(({ state }) => state.state),
      running?.map(({ id }) => id),
    ]),
  )
  return useQuery('destinations.lacking', {}, stamp).value?.lacking ?? []
}
