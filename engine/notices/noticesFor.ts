import { z } from 'zod'
import { dayMs, minuteMs } from '../base/localTime.ts'
import { type NoticeKind, noticeKinds, type ProblemKind, problemKinds } from '../contract/shownNotice.ts'
import { type NoticeEvent, type RecoveredEvent, recoverableKinds } from './events.ts'
import type { JobHealth } from './health.ts'

/** When to speak. All times in milliseconds. */
export interface NoticePolicy {
  /** What still holds is told again after this long, never sooner; null: never. */
  reminderMs: number | null
  /** Waiting for a drive is worth a message after this long. */
  waitingTooLongMs: number
  /** After a message, further ones of the same kind are gathered for this long and told together. */
  quietMs: number
  /** Messages of one kind in any 24 hours; what is beyond that waits and is told together. */
  maxPerDay: number
}

export const defaultNoticePolicy: NoticePolicy = {
  reminderMs: 7 * dayMs,
  waitingTooLongMs: 3 * dayMs,
  quietMs: 15 * minuteMs,
  maxPerDay: 12,
}

const toldSchema = z.object({
  job: z.string(),
  kind: z.enum(problemKinds),
  /** Begin of the trouble. */
  since: z.number(),
  toldAt: z.number(),
  /** Reasons that were told since then: error codes, hooks. */
  reasons: z.array(z.string()),
  /** How much damage was told. */
  amount: z.number(),
})
type Told = z.infer<typeof toldSchema>

/** What was told already and when, to be kept between calls and over restarts as JSON. */
export const noticeMemorySchema = z.object({
  told: z.array(toldSchema),
  sent: z.array(z.object({ kind: z.enum(noticeKinds), at: z.number() })),
})
export type NoticeMemory = z.infer<typeof noticeMemorySchema>

export const emptyNoticeMemory: NoticeMemory = { told: [], sent: [] }

/** What holds for a job now, reduced to what decides whether to speak. */
interface Fact {
  since: number
  reasons: readonly string[]
  amount: number
}

/**
 * Decides what is worth telling now and what to remember of it. Pure: the same memory and state give the same answer, and
 * calling it again with the new memory gives nothing more until something changes.
 *
 * Told once: a failure (again only for a new reason or after a success), overdue, damage (again when it grows), a drive that
 * stayed away too long, failed hooks; then reminders. `recovered` follows only what was told, only when a success (for damage:
 * its end) shows it, and only once nothing of the job fails, is overdue or damaged any more. Jobs that are paused are left in peace, except for damage. Jobs that are gone are forgotten.
 */
export function noticesFor(
  previous: NoticeMemory,
  now: { at: number; jobs: readonly JobHealth[] },
  policy: NoticePolicy = defaultNoticePolicy,
): { events: NoticeEvent[]; memory: NoticeMemory } {
  const { at, jobs } = now
  const before = withoutFuture(previous, at)
  const maySend = (kind: NoticeKind): boolean => {
    const times = before.sent.filter(sent => sent.kind === kind).map(sent => sent.at)
    return times.length < policy.maxPerDay && times.every(time => at - time >= policy.quietMs)
  }

  const events: NoticeEvent[] = []
  const told: Told[] = []
  for (const kind of problemKinds) {
    const news: object[] = []
    const speaking = maySend(kind)
    for (const job of jobs) {
      const fact = factOf(kind, job, at, policy)
      if (fact === undefined) continue
      const known = before.told.find(entry => entry.job === job.id && entry.kind === kind)
      const anew = known === undefined || startedAnew(kind, job, fact, known)
      const fresh = anew || fact.reasons.some(reason => !known.reasons.includes(reason)) || fact.amount > known.amount
      const due = known !== undefined && policy.reminderMs !== null && at - known.toldAt >= policy.reminderMs
      const silent = !mayDisturb(kind, job)
      if (speaking && !silent && (fresh || due)) {
        news.push({ ...aboutJob(job), reminder: !fresh, ...details[kind](job) })
        const reasons = [...new Set([...(anew ? [] : known.reasons), ...fact.reasons])]
        told.push({
          job: job.id,
          kind,
          since: anew ? fact.since : known.since,
          toldAt: at,
          reasons,
          amount: fact.amount,
        })
      } else if (known) told.push({ ...known, amount: Math.min(known.amount, fact.amount) })
    }
    if (news.length > 0) events.push({ event: kind, at, jobs: news } as unknown as NoticeEvent)
  }

  const { event, kept } = recoveries(before.told, told, now, maySend('recovered'))
  if (event) events.push(event)
  const sent = [...before.sent, ...events.map(({ event: kind }) => ({ kind, at }))]
  return { events, memory: { told: [...told, ...kept], sent } }
}

/** Ends of what was told: those to tell now, and the entries to keep for later. */
function recoveries(
  before: readonly Told[],
  still: readonly Told[],
  { at, jobs }: { at: number; jobs: readonly JobHealth[] },
  maySend: boolean,
): { event: RecoveredEvent | undefined; kept: Told[] } {
  const kept: Told[] = []
  const recovered: RecoveredEvent['jobs'][number][] = []
  for (const job of jobs) {
    const holds = (kind: ProblemKind) => still.some(entry => entry.job === job.id && entry.kind === kind)
    const over = before.filter(entry => entry.job === job.id && isRecoverable(entry.kind) && !holds(entry.kind))
    // "In order again" must be the whole truth.
    const troubled = job.failure !== undefined || job.overdue !== undefined || job.damaged !== undefined
    const waits = troubled || job.state === 'paused'
    const ended = waits ? [] : over.filter(entry => isShown(entry, job))
    kept.push(...(waits ? over : maySend ? [] : ended))
    if (ended.length === 0) continue
    const from = recoverableKinds.filter(kind => ended.some(entry => entry.kind === kind))
    const since = Math.min(...ended.map(entry => entry.since))
    recovered.push({ ...aboutJob(job), reminder: false, from, since })
  }
  const event = maySend && recovered.length > 0 ? { event: 'recovered' as const, at, jobs: recovered } : undefined
  return { event, kept }
}

const isRecoverable = (kind: ProblemKind): boolean => recoverableKinds.some(recoverable => recoverable === kind)

/** A run succeeded since. A schedule that was changed, or a run that was called off, is no recovery. */
const isShown = (entry: Told, job: JobHealth): boolean =>
  entry.kind === 'damaged' || (job.lastSuccess !== null && job.lastSuccess > entry.since)

/** Between two calls the job had recovered and failed again. */
const startedAnew = (kind: ProblemKind, job: JobHealth, fact: Fact, known: Told): boolean =>
  (kind === 'run-failed' || kind === 'overdue') &&
  fact.since > known.since &&
  job.lastSuccess !== null &&
  job.lastSuccess > known.since

function mayDisturb(kind: ProblemKind, job: JobHealth): boolean {
  if (job.state === 'paused') return kind === 'damaged'
  // The message about being overdue names the drive.
  return kind !== 'waiting-for-drive' || job.overdue === undefined
}

function factOf(kind: ProblemKind, job: JobHealth, at: number, policy: NoticePolicy): Fact | undefined {
  switch (kind) {
    case 'run-failed':
      // Somebody cancelled it and knows.
      if (job.failure === undefined || job.failure.code === 'run.cancelled') return undefined
      return { since: job.failure.since, reasons: [job.failure.code], amount: 0 }
    case 'overdue':
      return job.overdue && { since: job.overdue.since, reasons: [], amount: 0 }
    case 'damaged':
      return job.damaged && { since: job.damaged.since, reasons: [], amount: job.damaged.versions + job.damaged.blocks }
    case 'waiting-for-drive': {
      const { waitingFor } = job
      if (waitingFor === undefined || at - waitingFor.since < policy.waitingTooLongMs) return undefined
      return { since: waitingFor.since, reasons: [waitingFor.drive], amount: 0 }
    }
    case 'hook-failed': {
      const hooks = job.hookFailures ?? []
      if (hooks.length === 0) return undefined
      return { since: hooks[0]!.at, reasons: hooks.map(({ hook, moment }) => `${moment} ${hook}`), amount: 0 }
    }
  }
}

const aboutJob = ({ id, name, lastSuccess }: JobHealth) => ({ id, name, lastSuccess })

type AboutJob = 'id' | 'name' | 'lastSuccess' | 'reminder'
type DetailsOf<Kind> = Omit<Extract<NoticeEvent, { event: Kind }>['jobs'][number], AboutJob>

/** What an event of each kind says of a job for which factOf found something. */
const details: { [Kind in ProblemKind]: (job: JobHealth) => DetailsOf<Kind> } = {
  'run-failed': job => ({ failure: job.failure! }),
  overdue: ({ overdue, failure, waitingFor }) => ({
    since: overdue!.since,
    ...(failure && { failure }),
    ...(waitingFor && { waitingFor }),
  }),
  damaged: job => ({ ...job.damaged! }),
  'waiting-for-drive': job => ({ ...job.waitingFor! }),
  'hook-failed': job => ({ hooks: job.hookFailures! }),
}

/** When the clock was set back, times that lie ahead would silence us until they come. Also drops what is over a day old. */
function withoutFuture({ told, sent }: NoticeMemory, at: number): NoticeMemory {
  return {
    told: told.map(entry => ({ ...entry, since: Math.min(entry.since, at), toldAt: Math.min(entry.toldAt, at) })),
    sent: sent.filter(entry => entry.at <= at && at - entry.at < dayMs),
  }
}
