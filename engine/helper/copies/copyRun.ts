import { formatBytes } from '../../base/bytes.ts'
import type { Clock } from '../../base/clock.ts'
import { HoldfastError, isHoldfastError, throwIfAborted, type WireError } from '../../contract/errors.ts'
import type { Destination, HookMoment, Job, Run, RunOutcome } from '../../contract/jobs.ts'
import type { CopyResult } from '../../contract/models.ts'
import type { CallOptions, Engine, PriorityOptions, Session } from '../../engineApi.ts'
import type { Connector } from '../connection.ts'
import { type LookAfterDeps, lookAfter, type Made } from '../lookAfter.ts'
import { isSilenceOf, openConnection, withDestination } from '../openDestination.ts'
import { messageOf, RunReport, type RunReportDeps } from '../runReport.ts'

export interface CopyRunDeps extends LookAfterDeps, RunReportDeps {
  engine: Engine
  clock: Clock
  connector: Connector
  hook(moment: HookMoment, job: Job, run: Run): Promise<string[]>
  /** The repository of a destination, of this one or of one that versions came from, is open: what it holds now is remembered. Does not fail. */
  seen(destination: Destination, session: Session): Promise<void>
  /** The work is done, well or not, and the repository still open: a last look at it. Does not fail. */
  ended(destination: Destination, session: Session): Promise<void>
  /** These are damaged where they were to come from. */
  failed(versions: readonly string[]): void
  /** The date that all sources have a version of at least in the destination, as it was last seen; -Infinity for none. */
  reachesTo(): number
}

/** What is to be copied, and which destinations may have it, best first. */
export interface CopyOrder {
  versions: readonly string[]
  from: readonly Destination[]
}

export type CopyOutcome = Extract<RunOutcome, { kind: 'copy' }>

export const nothingCopied = (): CopyOutcome => ({
  kind: 'copy',
  copied: 0,
  readBytes: 0,
  storedBytes: 0,
  failed: [],
  failedCount: 0,
  reachesTo: null,
})

/** None of the destinations that have the versions could be opened: what stands in the way of the first. */
export class NoOrigin extends Error {
  constructor(cause: unknown) {
    super(messageOf(cause), { cause })
  }
}

/**
 * Brings versions that other destinations have to one of a job, and then looks after it as a backup does. Never throws: what happened is in
 * `run`, which has ended when this resolves. With `givesUp`, NoOrigin is thrown and the run has not ended: something else is to be done
 * instead. The signal cancels it; the next one goes on from there.
 */
export async function runCopy(
  { job, destination, order }: { job: Job; destination: Destination; order: CopyOrder },
  run: Run,
  deps: CopyRunDeps,
  { signal, givesUp }: { signal: AbortSignal; givesUp: boolean },
): Promise<void> {
  const report = new RunReport(run, deps)
  const outcome = nothingCopied()
  run.outcome = outcome
  report.changed()
  try {
    report.phase('opening')
    const connection = await deps.connector.connect(destination, signal)
    try {
      const { write } = job.limits
      const limits = write === null ? {} : { writeLimit: write }
      const session = await openConnection(deps.engine, connection, destination, limits)
      try {
        try {
          const onProgress = progressOf(report)
          const made = await copyAll({ session, order, outcome }, report, deps, {
            signal,
            priority: job.priority,
            onProgress,
          })
          await deps.seen(destination, session)
          const reach = deps.reachesTo()
          outcome.reachesTo = Number.isFinite(reach) ? new Date(reach).toISOString() : null
          await lookAfter({ job, destination: destination.id, session, made }, report, deps, signal)
        } finally {
          await deps.ended(destination, session)
        }
      } finally {
        await session.close()
      }
    } catch (error) {
      // The network may have gone in the middle.
      if (isSilenceOf(connection, error)) connection.tried?.(error)
      throw error
    } finally {
      for (const warning of await connection.release()) report.warn(warning)
    }
  } catch (error) {
    if (error instanceof NoOrigin && givesUp) throw error
    report.fail(error instanceof NoOrigin ? error.cause : error)
    run.state = 'failed'
  }
  if (run.state === 'running') run.state = run.error ? 'incomplete' : 'complete'
  if (signal.aborted && run.state !== 'complete') run.state = 'cancelled'
  if (run.state === 'failed' && job.hooks['on-failure'] !== undefined) {
    const warnings = await deps.hook('on-failure', job, run).catch(error => [messageOf(error)])
    for (const warning of warnings) report.warn(warning)
  }
  run.phase = null
  run.finishedAt = new Date(deps.clock.now()).toISOString()
  report.log(run.state === 'complete' ? 'info' : 'warn', `The run has ended: ${run.state}.`)
  report.changed()
}

/** More are counted and not listed. */
const mostListed = 50

/**
 * Copies what is ordered into an open repository, and says in `outcome` what came of it. What is damaged is the report's failure. NoOrigin
 * when nothing could be done.
 */
export async function copyAll(
  work: { session: Session; order: CopyOrder; outcome: CopyOutcome },
  report: Pick<RunReport, 'log' | 'warn' | 'fail' | 'changed'>,
  deps: Pick<CopyRunDeps, 'engine' | 'connector' | 'failed' | 'seen'>,
  call: CallOptions & PriorityOptions & { signal: AbortSignal },
): Promise<Made[]> {
  const { signal } = call
  const made: Made[] = []
  const left = new Set(work.order.versions)
  const failed = new Map<string, { line: string; error: HoldfastError }>()
  let problem: unknown
  let isOpened = false
  for (const version of await work.session.versions()) left.delete(version.id)
  for (const origin of work.order.from) {
    if (left.size === 0) break
    throwIfAborted(signal, 'The copy')
    try {
      await withDestination(deps, origin, signal, async from => {
        isOpened = true
        const result = await copyBetween({ from, to: work.session, wanted: left, origin }, call, report)
        count(work.outcome, result)
        for (const { version, name, status } of result.copied) {
          left.delete(version)
          failed.delete(version)
          made.push({ source: name, version, isWhole: status === 'complete' })
        }
        for (const { version, name, error } of result.failed) {
          const line = `${name} ${version}: ${error.message}`
          failed.set(version, { line, error: HoldfastError.fromWire(error as WireError) })
        }
        await deps.seen(origin, from)
        report.changed()
      })
    } catch (error) {
      // What is wrong with one place need not be wrong with the next; what is wrong with the target shows there again.
      if (isHoldfastError(error, 'run.cancelled') || isOpened) throw error
      problem ??= error
      report.log('warn', `Nothing could be read from “${origin.name}”: ${messageOf(error)}`)
    }
  }
  if (!isOpened && left.size > 0 && problem !== undefined) throw new NoOrigin(problem)
  const all = [...failed.values()]
  work.outcome.failed = all.slice(0, mostListed).map(({ line }) => line)
  work.outcome.failedCount = all.length
  deps.failed([...failed.keys()])
  if (all[0]) report.fail(notCopied(all.length, all[0].error))
  return made
}

const progressOf =
  (report: RunReport): NonNullable<CallOptions['onProgress']> =>
  progress => {
    report.phase(progress.phase)
    report.progress({ source: null, ...progress })
  }

function count(outcome: CopyOutcome, { copied }: CopyResult): void {
  outcome.copied += copied.length
  for (const { readBytes, storedBytes } of copied) {
    outcome.readBytes += readBytes
    outcome.storedBytes += storedBytes
  }
}

/** Copies those of the wanted versions that are there. One that was removed meanwhile is not missed. */
async function copyBetween(
  { from, to, wanted, origin }: { from: Session; to: Session; wanted: ReadonlySet<string>; origin: Destination },
  options: Parameters<Session['copyTo']>[1],
  report: Pick<RunReport, 'log' | 'warn'>,
): Promise<CopyResult> {
  const versions = (await from.versions()).map(({ id }) => id).filter(id => wanted.has(id))
  const result =
    versions.length === 0
      ? { dryRun: false, copied: [], skipped: [], failed: [], warnings: [] }
      : await from.copyTo(to, {
          ...options,
          versions,
          onVersion: ({ name, date }, { index, count: of }) =>
            report.log('info', `Copying ${name} of ${date} from “${origin.name}” (${index + 1} of ${of}).`),
        })
  for (const { name, date, storedBytes } of result.copied)
    report.log('info', `${name} of ${date} is there now; ${formatBytes(storedBytes)} were stored.`)
  for (const { name, date, error } of result.failed) report.log('error', `${name} of ${date}: ${error.message}`)
  for (const warning of result.warnings) report.warn(warning)
  const failed = result.failed.filter(({ error }) => error.code !== 'repository.versionNotFound')
  return { ...result, failed }
}

function notCopied(failed: number, first: HoldfastError): HoldfastError {
  const what = failed === 1 ? 'A version was' : `${failed} versions were`
  return new HoldfastError(first.code, `${what} not copied, being damaged: ${first.message}`, {
    advice: 'Check the destination that they are in, and run the job again, which heals what the source still has.',
    details: { failed },
  })
}
