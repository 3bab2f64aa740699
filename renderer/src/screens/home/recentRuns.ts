import { useEffect, useState } from 'react'
import type { Run } from '../../../../engine/contract/jobs.ts'
import { useBridge, useHouse } from '../../state/context.ts'

export interface RecentRuns {
  /** Newest first. */
  runs: readonly Run[]
  /** All since then are there. */
  isWhole: boolean
}

const pageSize = 200
/** With hundreds of jobs a fortnight has thousands of runs; the picture is worth so many questions and no more. */
const mostPages = 10

/** Runs since a moment (of which only the day counts), asked for anew whenever one begins or ends; null until they are there. */
export function useRecentRuns(since: number): RecentRuns | null {
  const { calls } = useBridge()
  const stamp = useHouse(house => `${house.running?.map(({ id }) => id).join()} ${house.ended[0]?.id}`)
  const isConnected = useHouse(house => house.connection.state === 'connected')
  const [recent, setRecent] = useState<RecentRuns | null>(null)
  const day = new Date(since).toISOString().slice(0, 10)

  // biome-ignore lint/correctness/useExhaustiveDependencies: stamp is there to ask again
  useEffect(() => {
    let isWanted = true
    const ask = async () => {
      const runs: Run[] = []
      for (let page = 0; page < mostPages && isWanted; page++) {
        const before = runs.at(-1)?.startedAt
        const reply = await calls['runs.list']({ limit: pageSize, ...(before === undefined ? {} : { before }) })
        // The strip is no place for errors; what was known stays.
        if (!reply.ok) return
        runs.push(...reply.value.runs)
        const isWhole = reply.value.runs.length < pageSize || reply.value.runs.at(-1)!.startedAt < day
        if (isWanted && (isWhole || page === mostPages - 1)) setRecent({ runs, isWhole })
        if (isWhole) return
      }
    }
    if (isConnected) void ask()
    return () => {
      isWanted = false
    }
  }, [calls, day, isConnected, stamp])
  return recent
}
