import type { ChangedPages } from '../engine/demo/changedPages.ts'
import type { Profile } from './images.ts'
import type { Figures, StepFigures } from './medians.ts'
import type { Step } from './rounds.ts'

/** One promise about Holdfast's speed or thrift, and what became of it. */
export interface TargetResult {
  name: string
  /** `at least` or `at most` this many times (or MB, see `unit`). */
  bound: 'at least' | 'at most'
  limit: number
  measured: number
  unit: '×' | 'MB'
  met: boolean
}

const speedTargets: { step: Step; name: string; limit: number }[] = [
  { step: 'first', name: 'first backup, speed against the faster peer', limit: 2.5 },
  { step: 'unchanged', name: 'unchanged backup, speed against the faster peer', limit: 1.7 },
  { step: 'restore', name: 'full restore, speed against the faster peer', limit: 2 },
  { step: 'scrub', name: 'deep scrub, speed against the faster peer', limit: 1.5 },
]

const growthOfRestic = 0.55
const growthOfBound = 1.25
const sizeOfRestic = 1.06
const peakMegabytes = 400

/** Judges the figures. A target whose figures are missing (a tool was left out or failed) is not in the list. */
export function judge(figures: Figures, changes: Record<Profile, ChangedPages>, profiles: Profile[]): TargetResult[] {
  const results: TargetResult[] = []
  const add = (
    name: string,
    bound: TargetResult['bound'],
    limit: number,
    measured: number | undefined,
    unit: TargetResult['unit'] = '×',
  ): void => {
    if (measured === undefined || !Number.isFinite(measured)) return
    results.push({
      name,
      bound,
      limit,
      measured,
      unit,
      met: bound === 'at least' ? measured >= limit : measured <= limit,
    })
  }
  const of = (tool: string, step: Step): StepFigures | undefined => figures[tool]?.[step]
  const ratio = (a: number | undefined, b: number | undefined): number | undefined =>
    a === undefined || b === undefined ? undefined : a / b

  for (const { step, name, limit } of speedTargets) {
    const peers = ['restic', 'borg'].flatMap(tool => of(tool, step)?.seconds ?? [])
    const fastest = peers.length > 0 ? Math.min(...peers) : undefined
    add(name, 'at least', limit, ratio(fastest, of('holdfast', step)?.seconds))
  }
  for (const profile of profiles) {
    const step: Step = `changed-${profile}`
    const growth = of('holdfast', step)?.growthBytes
    const label = `day's change (${profile}), stored bytes`
    add(`${label} against restic`, 'at most', growthOfRestic, ratio(growth, of('restic', step)?.growthBytes))
    add(`${label} against the bound`, 'at most', growthOfBound, ratio(growth, changes[profile].packedBytes))
  }
  const firstSize = ratio(of('holdfast', 'first')?.storedBytes, of('restic', 'first')?.storedBytes)
  add('first backup, stored bytes against restic', 'at most', sizeOfRestic, firstSize)
  const peaks = Object.values(figures.holdfast ?? {}).map(step => step.peakBytes / 1e6)
  if (peaks.length > 0)
    add('peak memory, largest process of any step', 'at most', peakMegabytes, Math.max(...peaks), 'MB')
  return results
}
