import { mkdir } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { type Clock, systemClock } from '../base/clock.ts'
import type { Logger } from '../base/logger.ts'
import { ConditionReader } from '../conditions/conditions.ts'
import { HoldfastError } from '../contract/errors.ts'
import type { JobView, ShownNotice } from '../contract/helperContract.ts'
import {
  type Destination,
  destinationSchema,
  type HookMoment,
  type Job,
  type JobSource,
  jobSchema,
  type Run,
  type RunProgress,
} from '../contract/jobs.ts'
import { kernelTables, udevEvents } from '../drives/changeSources.ts'
import { DriveMounter } from '../drives/driveMounter.ts'
import { RepositoryFinder } from '../drives/findRepositories.ts'
import { deviceById } from '../drives/inventory.ts'
import { readInventory } from '../drives/readInventory.ts'
import { DriveWatcher } from '../drives/watcher.ts'
import { createEngine } from '../engine.ts'
import type { Engine } from '../engineApi.ts'
import { type Database, openJobDatabase } from '../jobs/database.ts'
import { FactStore } from '../jobs/factStore.ts'
import { RecordStore } from '../jobs/recordStore.ts'
import { RunStore } from '../jobs/runStore.ts'
import type { HookFolder } from '../notices/hookFile.ts'
import { runHooks } from '../notices/hooks.ts'
import type { DesktopNotice } from '../notices/texts.ts'
import { TopicFeed } from '../rpc/topicFeed.ts'
import type { LaneLimits } from '../scheduler/lanes.ts'
import { MemorySecrets } from '../secrets/memorySecrets.ts'
import { SecretFiles } from '../secrets/secretFiles.ts'
import type { SecretStore } from '../secrets/secretStore.ts'
import { DestinationDesk } from './destinationDesk.ts'
import { healthsOf, viewsOf } from './health.ts'
import { HealthFile } from './healthFile.ts'
import { runJob } from './jobRun.ts'
import { JobService } from './jobService.ts'
import { NoticeDesk } from './noticeDesk.ts'
import { healthFileOf } from './socket.ts'
import { Supervisor } from './supervisor.ts'
import { planUpkeep } from './upkeep.ts'

export interface HelperOptions {
  /** Holds catalogues, jobs and secrets. */
  stateDir: string
  /** For what need not survive a reboot: the socket, mounts, the health file. */
  runDir: string
  /** system: the service of this computer. user: a helper for one person, which keeps secrets in memory only. */
  mode: 'system' | 'user'
  logger: Logger
  clock?: Clock
  hooks?: HookFolder
  limits?: LaneLimits
  secrets?: SecretStore
  /** Battery and network; those of this computer unless given. */
  conditions?: Pick<ConditionReader, 'read'>
}

const defaultLimits: LaneLimits = { parallel: 2, perDestination: 1 }
const timestamp = z.number()
const keptNotices = 50

/**
 * The background service without its doors: jobs, schedule, drives, keys. One for each state folder. After `start` it runs
 * what is due until `stop`; killed at any moment, the next one goes on.
 */
export class Helper {
  readonly startedAt: number
  readonly mode: 'system' | 'user'
  readonly clock: Clock
  readonly engine: Engine
  readonly jobs: RecordStore<Job>
  readonly destinations: RecordStore<Destination>
  readonly runs: RunStore
  readonly service: JobService
  readonly secrets: SecretStore
  readonly desk: DestinationDesk
  readonly mounter: DriveMounter
  readonly drives: DriveWatcher
  readonly supervisor: Supervisor
  readonly jobFeed: TopicFeed<{ jobs: JobView[] }, { changed: JobView[]; removed: string[] }>
  readonly progressFeed: TopicFeed<{ running: RunProgress[] }, RunProgress>
  readonly #db: Database
  readonly #facts: FactStore
  readonly #options: HelperOptions
  readonly notices: NoticeDesk
  readonly noticeFeed: TopicFeed<{ notices: ShownNotice[] }, ShownNotice>
  readonly #health: HealthFile
  readonly #shown: ShownNotice[] = []
  readonly #progress = new Map<string, RunProgress>()
  #views: JobView[] = []

  private constructor(options: HelperOptions) {
    this.#options = options
    this.mode = options.mode
    this.clock = options.clock ?? systemClock
    this.startedAt = this.clock.now()
    this.#db = openJobDatabase(join(options.stateDir, 'jobs.sqlite'))
    this.#facts = new FactStore(this.#db)
    this.engine = createEngine({ stateDir: options.stateDir, clock: this.clock })
    this.jobs = new RecordStore(this.#db, 'jobs', jobSchema, 'job')
    this.destinations = new RecordStore(this.#db, 'destinations', destinationSchema, 'destination')
    this.runs = new RunStore(this.#db)
    this.service = new JobService(this)
    this.secrets = options.secrets ?? secretsFor(options)
    const finder = new RepositoryFinder({ clock: this.clock })
    const read = (signal?: AbortSignal) => readInventory(undefined, signal)
    this.mounter = new DriveMounter({ read, finder, logger: options.logger, runFolder: options.runDir })
    const sources = [udevEvents(), kernelTables()]
    this.drives = new DriveWatcher({ read, sources, logger: options.logger, clock: this.clock })
    this.desk = new DestinationDesk({ ...this, logger: options.logger })
    this.noticeFeed = new TopicFeed(() => ({ notices: this.#shown }))
    this.notices = new NoticeDesk({
      ...this,
      facts: this.#facts,
      logger: options.logger,
      show: notice => this.#show(notice),
    })
    this.#health = new HealthFile(healthFileOf(options.runDir), this.clock)
    const conditions = options.conditions ?? new ConditionReader({ clock: this.clock })
    this.supervisor = new Supervisor({
      ...this,
      clock: this.clock,
      facts: this.#facts,
      limits: options.limits ?? defaultLimits,
      logger: options.logger,
      surroundings: async () => {
        await this.desk.lookForMissing()
        const { power, metered } = await conditions.read()
        return { onBattery: power === 'battery', metered: metered === 'yes' }
      },
      reach: destination => this.desk.reach(destination),
      run: (job, destination, run, signal) => this.#run(job, destination, run, signal),
      changed: () => this.changed(),
    })
    this.jobFeed = new TopicFeed(() => ({ jobs: this.#views }))
    this.progressFeed = new TopicFeed(() => ({ running: [...this.#progress.values()] }))
  }

  /**
   * Opens what it keeps and looks what is connected; runs and mounts nothing. config.invalid when what it keeps is damaged
   * or belongs to a newer Holdfast.
   */
  static async open(options: HelperOptions): Promise<Helper> {
    await mkdir(options.stateDir, { recursive: true, mode: 0o700 })
    await mkdir(options.runDir, { recursive: true, mode: 0o755 })
    const helper = new Helper(options)
    await helper.drives.start().catch(error => options.logger.warn('drives cannot be watched', { error }))
    await helper.desk.refresh()
    return helper
  }

  /** Begins to run what is due. */
  async start(): Promise<void> {
    const { logger } = this.#options
    await this.mounter.tidy().catch(error => logger.warn('old mounts could not be looked at', { error }))
    this.drives.subscribe(() => {
      void this.desk.refresh().then(
        () => this.supervisor.wake(),
        error => logger.warn('destinations could not be looked at', { error }),
      )
    })
    this.supervisor.start()
  }

  /** Ends runs where they can be gone on from, lets go of drives, and closes everything. */
  async stop(): Promise<void> {
    await this.supervisor.stop()
    await this.drives.stop()
    await this.mounter.tidy().catch(() => undefined)
    await this.notices.close()
    this.#db.close()
  }

  /** Where a source is now. */
  sourcePath({ device, path }: JobSource): string {
    if (device === null) return path
    const found = deviceById(this.drives.inventory, device)
    if (found) return found.path
    throw new HoldfastError('source.notFound', `${path} is not connected, or another device is there now.`, {
      advice: 'Connect it, or choose the source of the job anew.',
      details: { path, device },
    })
  }

  /** Looks how jobs stand, and tells whoever listens. */
  async changed(): Promise<JobView[]> {
    const standings = await this.supervisor.standings()
    const now = this.clock.now()
    const before = new Map(this.#views.map(view => [view.job.id, JSON.stringify(view)]))
    this.#views = viewsOf(standings, now)
    const changed = this.#views.filter(view => before.get(view.job.id) !== JSON.stringify(view))
    const removed = [...before.keys()].filter(id => !this.#views.some(view => view.job.id === id))
    if (changed.length + removed.length > 0) this.jobFeed.publish({ changed, removed })
    const healths = healthsOf(standings, now)
    this.notices.look(healths)
    await this.#health
      .write({ writtenAt: now, jobs: healths })
      .catch(error => this.#options.logger.warn('the health file could not be written', { error }))
    return this.#views
  }

  /** Kept for whoever opens the app later today. */
  #show(notice: DesktopNotice): void {
    const shown = { ...notice, at: new Date(this.clock.now()).toISOString() }
    this.#shown.push(shown)
    if (this.#shown.length > keptNotices) this.#shown.shift()
    this.noticeFeed.publish(shown)
  }

  async #run(job: Job, destination: Destination, run: Run, signal: AbortSignal): Promise<void> {
    const { clock } = this
    const fact = (what: string) => `${what}At:${destination.id}`
    await runJob(
      job,
      destination,
      run,
      {
        engine: this.engine,
        clock,
        host: hostname(),
        connector: this.desk,
        sourcePath: source => this.sourcePath(source),
        upkeep: ({ upkeep }) =>
          planUpkeep(
            upkeep,
            {
              prunedAt: this.#facts.get(fact('prune'), timestamp),
              scrubbedAt: this.#facts.get(fact('scrub'), timestamp),
            },
            clock.now(),
          ),
        upkeepDone: (_destination, what) => this.#facts.set(fact(what), clock.now()),
        hook: (moment, hooked, of) => this.#hook(moment, hooked, of, signal),
        changed: record => {
          this.runs.put(record)
          if (record.phase === null) this.#progress.delete(record.id)
        },
        progress: progress => {
          this.#progress.set(progress.run, progress)
          this.progressFeed.publish(progress)
        },
        log: (id, level, text) => this.runs.log(id, [{ at: clock.now(), level, text }]),
      },
      signal,
    )
  }

  async #hook(moment: HookMoment, job: Job, run: Run, signal: AbortSignal): Promise<string[]> {
    const name = job.hooks[moment]
    if (name === undefined) return []
    const isOver = run.parts.every(part => part.state !== 'waiting' && part.state !== 'running')
    const facts = {
      job: job.name,
      jobId: job.id,
      run: run.id,
      ...(isOver && { result: run.error === null ? ('success' as const) : ('failure' as const) }),
      details: { destination: run.destinationName, parts: run.parts },
    }
    const results = await runHooks([name], moment, facts, {
      signal,
      clock: this.clock,
      ...(this.#options.hooks && { folder: this.#options.hooks }),
      onResult: ({ hook, output }) => {
        if (output === '') return
        this.runs.log(run.id, [{ at: this.clock.now(), level: 'info', text: `${hook}: ${output}` }])
      },
    })
    return results.flatMap(({ hook, problem }) =>
      problem === undefined ? [] : [`The hook ${hook} failed: ${problem}.`],
    )
  }
}

/** Without rights there is no place that only this helper may read. */
function secretsFor({ mode, stateDir, logger }: HelperOptions): SecretStore {
  return mode === 'user' ? new MemorySecrets() : new SecretFiles(join(stateDir, 'secrets'), { logger })
}
