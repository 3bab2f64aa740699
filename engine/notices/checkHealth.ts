import { z } from 'zod'
import { minuteMs } from '../base/localTime.ts'
import { type HelperState, healthStates, type JobHealth } from './health.ts'
import { counted, lengthOfTime, oneLine, quoted } from './plainText.ts'

/** The helper writes its state every minute or so; older than this, it is not running. */
export const staleAfterMs = 5 * minuteMs

/** As monitoring plugins count them; the exit code is the place in this list. */
export const checkStatuses = ['ok', 'warning', 'critical', 'unknown'] as const
export type CheckStatus = (typeof checkStatuses)[number]

const isoTime = z.iso.datetime({ precision: 3 })
const status = z.enum(checkStatuses)

/** `check --json`. Readers ignore keys that they do not know. */
export const checkResultSchema = z.object({
  status,
  exitCode: z.int().min(0).max(3),
  /** One sentence. */
  summary: z.string(),
  /** When the helper last wrote its state; null when there is none. */
  stateAt: isoTime.nullable(),
  jobs: z.array(
    z.object({
      id: z.string(),
      name: z.string(),
      status,
      state: z.enum(healthStates),
      lastSuccess: isoTime.nullable(),
      /** Age of the newest good backup; null when there is none. */
      ageSeconds: z.int().nonnegative().nullable(),
      overdue: z.boolean(),
      running: z.boolean(),
      /** Name of the drive that a run waits for. */
      waitingFor: z.string().nullable(),
      damagedVersions: z.int().nonnegative(),
      /** What is to be looked at, the worst first, in plain words. */
      findings: z.array(z.string()),
    }),
  ),
})
export type CheckResult = z.infer<typeof checkResultSchema>
export type CheckedJob = CheckResult['jobs'][number]

interface Finding {
  level: 0 | 1 | 2
  text: string
}

/**
 * How the backups fare, for a monitor. Critical: a backup is overdue (backy: outside its SLA) or damaged. Warning: a run
 * failed but the last good backup is recent enough, a hook failed, a job is paused, something else is to be looked at, or
 * there are no jobs at all. Waiting for a drive, running, and not having run yet are in order until the job is overdue.
 * Unknown: there is no state of the helper, or it was not written within 5 minutes of now. Pure; milliseconds since 1970 UTC.
 */
export function checkHealth(state: HelperState | undefined, now: number): CheckResult {
  if (state === undefined) {
    return {
      ...withStatus('unknown'),
      summary: 'The helper has left no state; is it running?',
      stateAt: null,
      jobs: [],
    }
  }
  const jobs = state.jobs.map(job => checkJob(job, now))
  const stateAt = new Date(state.writtenAt).toISOString()
  const ageMs = now - state.writtenAt
  if (Math.abs(ageMs) > staleAfterMs) {
    const when = ageMs > 0 ? `${lengthOfTime(ageMs)} ago` : `${lengthOfTime(-ageMs)} from now, so a clock is wrong`
    return {
      ...withStatus('unknown'),
      summary: `The helper last wrote its state ${when}; is it running?`,
      stateAt,
      jobs,
    }
  }
  const worst = Math.max(jobs.length === 0 ? 1 : 0, ...jobs.map(job => checkStatuses.indexOf(job.status)))
  return { ...withStatus(checkStatuses[worst]!), summary: summaryOf(jobs), stateAt, jobs }
}

const withStatus = (status: CheckStatus) => ({ status, exitCode: checkStatuses.indexOf(status) })

function checkJob(job: JobHealth, now: number): CheckedJob {
  const findings = findingsOf(job, now).sort((a, b) => b.level - a.level)
  return {
    id: job.id,
    name: job.name,
    status: checkStatuses[findings[0]?.level ?? 0]!,
    state: job.state,
    lastSuccess: job.lastSuccess === null ? null : new Date(job.lastSuccess).toISOString(),
    ageSeconds: job.lastSuccess === null ? null : Math.max(0, Math.floor((now - job.lastSuccess) / 1000)),
    overdue: job.overdue !== undefined,
    running: job.running !== undefined,
    waitingFor: job.waitingFor?.drive ?? null,
    damagedVersions: job.damaged?.versions ?? 0,
    findings: findings.map(finding => finding.text),
  }
}

/** The worst of these makes the status of the job. */
function findingsOf(job: JobHealth, now: number): Finding[] {
  const { overdue, damaged, failure, waitingFor, hookFailures = [] } = job
  const findings: Finding[] = []
  if (overdue) findings.push({ level: 2, text: `overdue for ${lengthOfTime(now - overdue.since)}` })
  if (damaged) {
    const where = `in the repository ${quoted(damaged.repository)}`
    findings.push({ level: 2, text: `${counted(damaged.versions, 'damaged version')} ${where}` })
  }
  if (failure) {
    const since = lengthOfTime(now - failure.since)
    const runs = counted(failure.attempts, 'failed run')
    findings.push({ level: 1, text: `${runs} for ${since}: ${oneLine(failure.message)}` })
  } else if (job.state === 'failed') findings.push({ level: 1, text: 'the last run failed' })
  if (job.state === 'paused') findings.push({ level: 1, text: 'paused' })
  for (const { hook, moment, reason } of hookFailures) {
    findings.push({ level: 1, text: `hook ${oneLine(hook, 64)} (${oneLine(moment, 40)}) failed: ${oneLine(reason)}` })
  }
  for (const problem of job.problems) findings.push({ level: 1, text: oneLine(problem) })
  if (waitingFor) findings.push({ level: 0, text: `waiting for the drive ${quoted(waitingFor.drive)}` })
  if (job.running) findings.push({ level: 0, text: 'running' })
  return findings
}

function summaryOf(jobs: readonly CheckedJob[]): string {
  if (jobs.length === 0) return 'no jobs are set up, so nothing is backed up'
  const count = (is: (job: CheckedJob) => boolean, words: string) => {
    const number = jobs.filter(is).length
    return number === 0 ? [] : [`${number} ${words}`]
  }
  const troubles = [
    ...count(job => job.overdue, 'overdue'),
    ...count(job => job.damagedVersions > 0, 'with damage'),
    ...count(job => job.status === 'warning', 'to be looked at'),
  ]
  const all = counted(jobs.length, 'job')
  return troubles.length === 0 ? `${all}, all in order` : `${all}: ${troubles.join(', ')}`
}
