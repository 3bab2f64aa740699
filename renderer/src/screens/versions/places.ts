import { useMemo } from 'react'
import type { DestinationView } from '../../../../engine/contract/helperContract.ts'
import { useQuery } from '../../state/calls.ts'
import { useHouse } from '../../state/context.ts'

export interface Places {
  view(id: string): DestinationView | undefined
  /** What people call it; a part of its id when it is not known. */
  name(id: string): string
}

/** Destinations by id. */
export function usePlaces(): Places {
  const destinations = useHouse(house => house.destinations)
  return useMemo(() => {
    const byId = new Map((destinations ?? []).map(view => [view.destination.id, view]))
    return {
      view: id => byId.get(id),
      name: id => byId.get(id)?.destination.name ?? id.slice(0, 8),
    }
  }, [destinations])
}

/** What this computer calls itself in versions; null until it has told. */
export function useHost(): string | null {
  return useQuery('status.get', {}).value?.host ?? null
}
