import { isHoldfastError, throwIfAborted } from '../contract/errors.ts'
import type { JobPreview, PreviewedDestination, PreviewedSource, StoredSource } from '../contract/jobPreview.ts'
import type { Destination, Job, JobSource } from '../contract/jobs.ts'
import type { Engine, Session } from '../engineApi.ts'
import type { DestinationDesk } from './destinationDesk.ts'
import { runHookMoments } from './jobRun.ts'
import { versionsOf } from './lookAfter.ts'
import { openConnection } from './openDestination.ts'
import { wire } from './runReport.ts'
import { sourceOptionsOf } from './sourceOptions.ts'
import type { UpkeepPlan } from './upkeep.ts'

export interface PreviewDeps {
  engine: Engine
  /** Name of this computer, as the engine writes it into versions. */
  host: string
  desk: Pick<DestinationDesk, 'look' | 'describe' | 'notConnected' | 'connectionOf'>
  /** Where a source is now. source.notFound when it is not connected. */
  sourcePath(source: JobSource): string
  upkeep(job: Job, destination: string): UpkeepPlan
  /** Why a hook cannot be run; null when it can. */
  hookProblem(hook: string): Promise<string | null>
}

/**
 * Says what a run of a job to these destinations would do now, and changes nothing: no drive is mounted or ejected, no hook
 * runs, nothing is locked, stored or removed. Fails only with run.cancelled; every other failure stands where it belongs.
 */
export async function previewJob(
  job: Job,
  destinations: readonly Destination[],
  deps: PreviewDeps,
  signal: AbortSignal,
): Promise<JobPreview> {
  const repositories = destinations.map(({ repositoryId }) => repositoryId)
  const sources = await Promise.all(job.sources.map(source => previewSource(job, source, repositories, deps)))
  const unreadable = new Set(sources.filter(({ error }) => error !== null).map(({ source }) => source))
  return {
    job: job.id,
    jobName: job.name,
    sources,
    hooks: await Promise.all(
      runHookMoments.flatMap(moment => {
        const hook = job.hooks[moment]
        if (hook === undefined) return []
        return [deps.hookProblem(hook).then(problem => ({ moment, hook, problem }))]
      }),
    ),
    destinations: await Promise.all(
      destinations.map(destination => previewDestination(job, destination, unreadable, deps, signal)),
    ),
  }
}

async function previewSource(
  job: Job,
  source: JobSource,
  repositories: readonly string[],
  deps: PreviewDeps,
): Promise<PreviewedSource> {
  const facts = { source: source.name, path: source.path, sizeBytes: null, method: null }
  try {
    facts.path = deps.sourcePath(source)
    const known = await deps.engine.previewSource(facts.path, { ...sourceOptionsOf(job, source), repositories })
    return { ...facts, ...known, present: true, error: null }
  } catch (error) {
    return { ...facts, present: !isHoldfastError(error, 'source.notFound'), error: wire(error) }
  }
}

async function previewDestination(
  job: Job,
  destination: Destination,
  unreadable: ReadonlySet<string>,
  deps: PreviewDeps,
  signal: AbortSignal,
): Promise<PreviewedDestination> {
  const { desk } = deps
  const state = await desk.look(destination, signal)
  const { prune, scrubPercent = null } = deps.upkeep(job, destination.id)
  const preview: PreviewedDestination = {
    destination: destination.id,
    destinationName: destination.name,
    state,
    text: desk.describe(destination, state),
    wouldMount: state.state === 'present-unmounted' && destination.mayMount,
    error: null,
    sources: [],
    prune,
    scrubPercent,
  }
  if (preview.wouldMount) return preview
  try {
    if (state.state !== 'connected') throw desk.notConnected(destination, state)
    const session = await openConnection(deps.engine, await desk.connectionOf(destination, state.path), destination)
    try {
      for (const { name } of job.sources) {
        throwIfAborted(signal, 'The preview')
        preview.sources.push(await previewStored(session, job, name, !unreadable.has(name), deps.host))
      }
    } finally {
      await session.close()
    }
  } catch (error) {
    if (signal.aborted) throw error
    preview.error = wire(error)
  }
  return preview
}

async function previewStored(
  session: Session,
  { retention }: Job,
  source: string,
  isReadable: boolean,
  host: string,
): Promise<StoredSource> {
  const stored: StoredSource = { source, newest: null, removes: [], error: null }
  try {
    const filter = versionsOf(source, host)
    const newest = (await session.versions(filter)).at(-1)
    if (newest) stored.newest = { id: newest.id, date: newest.date, status: newest.status }
    if (retention === null || !isReadable) return stored
    const { decisions } = await session.enforce(retention, { filter, dryRun: true })
    const removed = decisions.filter(({ keep }) => !keep)
    stored.removes = removed.map(({ version, date, reason }) => ({ version, date, reason }))
  } catch (error) {
    stored.error = wire(error)
  }
  return stored
}
