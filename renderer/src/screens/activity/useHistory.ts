import { useState } from 'react'
import type { WireError } from '../../../../engine/contract/errors.ts'
import type { Run } from '../../../../engine/contract/jobs.ts'
import { useCall, useQuery } from '../../state/calls.ts'
import { useHouse } from '../../state/context.ts'
import { beforeOldest, mergeRuns } from './history.ts'

const pageSize = 200

export interface History {
  /** Ended and running, newest first. */
  runs: readonly Run[]
  /** Nothing lies before the oldest of them. */
  isWhole: boolean
  isKnown: boolean
  loading: boolean
  error: WireError | null
  older(): void
  again(): void
}

/** Changes whenever a run begins or ends. */
export const useRunStamp = (): string =>
  useHouse(house => `${house.running?.map(({ id }) => id).join()} ${house.ended[0]?.id}`)

/** All runs page by page. The newest page is asked for anew with each run that begins or ends. */
export function useHistory(): History {
  const newest = useQuery('runs.list', { limit: pageSize }, useRunStamp())
  const next = useCall('runs.list')
  const [pages, setPages] = useState<{ runs: readonly Run[]; isWhole: boolean } | null>(null)
  const runs = mergeRuns(newest.value?.runs ?? [], pages?.runs ?? [])
  const older = async () => {
    const before = beforeOldest(runs)
    if (before === undefined) return
    const page = await next.call({ limit: pageSize, before })
    if (!page) return
    const known = new Set(runs.map(({ id }) => id))
    const isWhole = page.runs.length < pageSize || page.runs.every(({ id }) => known.has(id))
    setPages({ runs: mergeRuns(runs, page.runs), isWhole })
  }
  return {
    runs,
    isWhole: pages?.isWhole ?? (newest.value !== undefined && newest.value.runs.length < pageSize),
    isKnown: newest.value !== undefined,
    loading: newest.loading || next.busy,
    error: newest.error ?? next.error,
    older: () => void older(),
    again: newest.again,
  }
}
