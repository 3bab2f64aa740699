import type { Run } from '../../../../engine/contract/jobs.ts'
import { useQuery } from '../../state/calls.ts'
import { useHouse } from '../../state/context.ts'

/** The newest check of each destination that a person asked for and that has come to something, among the last runs. */
export function useLastChecks(): (destination: string) => Run | undefined {
  const stamp = useHouse(house => house.ended[0]?.id)
  const { value } = useQuery('runs.list', { limit: 200 }, stamp)
  const checks = (value?.runs ?? []).filter(run => run.kind === 'scrub' && run.outcome !== null)
  return destination => checks.find(run => run.destination === destination)
}
