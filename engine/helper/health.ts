import { hourMs } from '../base/localTime.ts'
import type { ErrorCode } from '../contract/errors.ts'
import type { JobView } from '../contract/helperContract.ts'
import type { RunPart } from '../contract/jobs.ts'
import type { JobHealth } from '../notices/health.ts'
import { overdueState } from '../scheduler/overdue.ts'
import type { History } from './history.ts'
import type { Standing } from './standings.ts'

/** How jobs fare, for screens, monitors and messages: pure functions of what the supervisor and its stores know. */

/** Since when a job has no version young enough, milliseconds since 1970 UTC; null when it has one. */
export function overdueSince({ job, decision, lastSuccess }: Standing, now: number): number | null {
  const { overdueAfterHours } = job
  const state = overdueState(
    {
      schedule: job.schedule,
      overdueAfterMs: overdueAfterHours === null ? null : overdueAfterHours * hourMs,
      createdAt: Date.parse(job.createdAt),
      completeVersions: lastSuccess === null ? [] : [lastSuccess],
    },
    decision,
    now,
  )
  return state.overdue ? state.at : null
}

/** Jobs with their standings, in the order of the standings. */
export function viewsOf(standings: readonly Standing[], now: number): JobView[] {
  const views = new Map<string, JobView>()
  for (const standing of standings) {
    const { job, destination, decision, run, lastRun, lastSuccess } = standing
    const view = views.get(job.id) ?? { job, standings: [] }
    views.set(job.id, view)
    const overdue = overdueSince(standing, now)
    view.standings.push({
      destination: destination.id,
      destinationName: destination.name,
      state: decision.state,
      reason: decision.why,
      text: decision.text,
      nextAt: iso(decision.at),
      run: run?.id ?? null,
      lastRun,
      lastSuccessAt: iso(lastSuccess),
      overdueSince: iso(overdue),
    })
  }
  return [...views.values()]
}

/** One health for each job and destination; named after both where a job has several. */
export function healthsOf(standings: readonly Standing[], now: number): JobHealth[] {
  const counts = new Map<string, number>()
  for (const { job } of standings) counts.set(job.id, (counts.get(job.id) ?? 0) + 1)
  return standings.map(standing => {
    const { job, destination, decision, run, lastRun, history } = standing
    const overdue = overdueSince(standing, now)
    const waits = decision.state === 'waitingForDrive'
    const { error } = lastRun ?? {}
    const isPaused = decision.state === 'paused'
    const isGood = lastRun !== null && history.consecutiveFailures === 0
    return {
      id: `${job.id}/${destination.id}`,
      name: (counts.get(job.id) ?? 0) > 1 ? `${job.name} to ${destination.name}` : job.name,
      state: isPaused ? 'paused' : lastRun === null ? 'new' : isGood ? 'ok' : 'failed',
      lastSuccess: history.lastSuccess,
      ...(history.failingSince !== null &&
        lastRun &&
        error && {
          failure: {
            since: history.failingSince,
            run: lastRun.id,
            attempts: history.consecutiveFailures,
            code: error.code as ErrorCode,
            message: error.message,
            ...(error.advice === undefined ? {} : { advice: error.advice }),
          },
        }),
      ...(overdue !== null && { overdue: { since: overdue } }),
      ...(run && { running: { run: run.id, since: Date.parse(run.startedAt) } }),
      ...(waits && {
        waitingFor: {
          drive: destination.name,
          since: decision.since ?? now,
          lastSeen: destination.lastSeenAt === null ? null : Date.parse(destination.lastSeenAt),
        },
      }),
      ...(history.damagedSince !== null && {
        damaged: {
          since: history.damagedSince,
          repository: destination.name,
          versions: history.lastGood?.damagedVersions ?? lastRun?.damagedVersions ?? 0,
          blocks: 0,
        },
      }),
      ...durations(history),
      problems: isGood && lastRun ? lastRun.warnings.slice(0, 5) : [],
    } satisfies JobHealth
  })
}

function durations({ lastGood }: History): Pick<JobHealth, 'lastRun'> {
  if (!lastGood) return {}
  const sum = (pick: (part: RunPart) => number) => lastGood.parts.reduce((total, part) => total + pick(part), 0)
  const durationMs = Date.parse(lastGood.finishedAt ?? lastGood.startedAt) - Date.parse(lastGood.startedAt)
  return { lastRun: { durationMs, readBytes: sum(part => part.readBytes), storedBytes: sum(part => part.storedBytes) } }
}

const iso = (at: number | null): string | null =>
  at === null || !Number.isFinite(at) ? null : new Date(at).toISOString()
