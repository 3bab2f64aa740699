import { mkdir } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { type Clock, systemClock } from '../base/clock.ts'
import { ConditionReader } from '../conditions/conditions.ts'
import type { DriveInventory } from '../contract/drives.ts'
import { HoldfastError } from '../contract/errors.ts'
import type { JobView } from '../contract/helperContract.ts'
import type { JobPreview } from '../contract/jobPreview.ts'
import {
  type Destination,
  destinationSchema,
  type Job,
  type JobSource,
  type Run,
  type RunProgress,
} from '../contract/jobs.ts'
import { kernelTables, udevEvents } from '../drives/changeSources.ts'
import { DriveMounter } from '../drives/driveMounter.ts'
import { RepositoryFinder } from '../drives/findRepositories.ts'
import { deviceById } from '../drives/inventory.ts'
import { inventoryAccess, readInventory } from '../drives/readInventory.ts'
import { LvmReader } from '../drives/readVolumes.ts'
import { DriveWatcher } from '../drives/watcher.ts'
import { createEngine } from '../engine.ts'
import type { Engine, Session } from '../engineApi.ts'
import { type Database, openJobDatabase } from '../jobs/database.ts'
import { FactStore } from '../jobs/factStore.ts'
import { LibraryStore } from '../jobs/libraryStore.ts'
import { RecordStore } from '../jobs/recordStore.ts'
import { RunStore } from '../jobs/runStore.ts'
import { storedJobSchema } from '../jobs/storedJob.ts'
import { UsageStore } from '../jobs/usageStore.ts'
import { TopicFeed } from '../rpc/topicFeed.ts'
import type { SecretStore } from '../secrets/secretStore.ts'
import type { Erasing } from './access/erasing.ts'
import { noteAway } from './awayDrives.ts'
import { CopiesDesk } from './copies/copiesDesk.ts'
import { NoOrigin, runCopy } from './copies/copyRun.ts'
import { healFromOthers } from './copies/healFromOthers.ts'
import { DestinationDesk } from './destinationDesk.ts'
import { DestinationViews } from './destinationViews.ts'
import { Attachments } from './files/attachments.ts'
import { healthsOf, viewsOf } from './health.ts'
import { HealthFile } from './healthFile.ts'
import { heldConnector } from './heldConnector.ts'
import { defaultLimits, type HelperOptions, secretsFor } from './helperOptions.ts'
import { IoCourtesy } from './ioCourtesy.ts'
import { JobHooks } from './jobHooks.ts'
import { type JobRunDeps, newParts, runJob } from './jobRun.ts'
import { JobService } from './jobService.ts'
import { Library } from './library.ts'
import { LockDesk } from './lockDesk.ts'
import { NoticeBoard } from './noticeBoard.ts'
import { NoticeDesk } from './noticeDesk.ts'
import type { FolderRules } from './placeRules.ts'
import { Places } from './places.ts'
import { type PreviewDeps, previewJob } from './preview.ts'
import type { RunControl } from './runControl.ts'
import { healthFileOf } from './socket.ts'
import { SourceOffer } from './sourceOffer.ts'
import { Supervisor } from './supervisor.ts'
import { TaskRuns } from './taskRuns.ts'
import type { KeptFor } from './unneededTracking.ts'
import { UpkeepDesk } from './upkeepDesk.ts'
import { UsageDesk } from './usageDesk.ts'

/**
 * The background service without its doors: jobs, schedule, drives, keys. One for each state folder. After `start` it runs
 * what is due until `stop`; killed at any moment, the next one goes on.
 */
export class Helper {
  readonly startedAt: number
  readonly mode: 'system' | 'user'
  readonly erasing: Erasing
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
  readonly runFeed: TopicFeed<{ running: Run[] }, Run>
  readonly driveFeed: TopicFeed<DriveInventory, DriveInventory>
  readonly attachments: Attachments
  readonly tasks: TaskRuns
  /** Which folders may be named to it. */
  readonly folderRules: FolderRules
  readonly places: Places
  readonly usage: UsageDesk
  readonly locks: LockDesk
  readonly destinationViews: DestinationViews
  /** Makes an inventory of what is connected now. */
  readonly readDrives = (signal?: AbortSignal) => readInventory(undefined, signal)
  readonly facts: FactStore
  readonly library: Library
  readonly offer: SourceOffer
  readonly copies: CopiesDesk
  readonly #db: Database
  readonly #options: HelperOptions
  readonly notices: NoticeDesk
  readonly noticeBoard: NoticeBoard
  readonly hooks: JobHooks
  readonly #upkeep: UpkeepDesk
  readonly #health: HealthFile
  readonly #courtesy = new IoCourtesy()
  readonly #progress = new Map<string, RunProgress>()
  #views: JobView[] = []

  private constructor(options: HelperOptions) {
    this.#options = options
    this.mode = options.mode
    this.erasing = options.erasing
    this.clock = options.clock ?? systemClock
    this.startedAt = this.clock.now()
    this.#db = openJobDatabase(join(options.stateDir, 'jobs.sqlite'))
    this.facts = new FactStore(this.#db)
    this.engine = createEngine({ stateDir: options.stateDir, clock: this.clock, logger: options.logger })
    this.jobs = new RecordStore(this.#db, 'jobs', storedJobSchema, 'job')
    this.destinations = new RecordStore(this.#db, 'destinations', destinationSchema, 'destination')
    this.runs = new RunStore(this.#db)
    this.service = new JobService(this)
    this.secrets = options.secrets ?? secretsFor(options)
    const finder = new RepositoryFinder({ clock: this.clock })
    const read = this.readDrives
    this.mounter = new DriveMounter({ read, finder, logger: options.logger, runFolder: options.runDir })
    const sources = [udevEvents(), kernelTables()]
    // LVM takes its time, so only those are told of it who are told when something has changed.
    const access = { ...inventoryAccess, lvm: new LvmReader() }
    this.drives = new DriveWatcher({
      read: signal => readInventory(access, signal),
      sources,
      logger: options.logger,
      clock: this.clock,
    })
    this.driveFeed = new TopicFeed(() => this.drives.inventory)
    this.desk = new DestinationDesk({ ...this, logger: options.logger })
    this.folderRules = { mode: options.mode, own: [options.stateDir, options.runDir] }
    this.places = new Places({ ...this, finder, rules: this.folderRules, logger: options.logger })
    this.locks = new LockDesk(this.facts, this.clock)
    this.usage = new UsageDesk(new UsageStore(this.#db), this.locks, this.clock)
    this.destinationViews = new DestinationViews(this)
    this.offer = new SourceOffer(() => this.drives.inventory)
    const store = new LibraryStore(this.#db)
    this.library = new Library({
      ...this,
      store,
      host: hostname(),
      logger: options.logger,
    })
    this.copies = new CopiesDesk({
      ...this,
      store,
      reach: destination => this.desk.reach(destination),
      host: hostname(),
      clock: this.clock,
    })
    this.attachments = new Attachments({
      ...this,
      stateDir: options.stateDir,
      logger: options.logger,
      factsOf: (destination, version) => this.library.find(destination, version),
    })
    this.hooks = new JobHooks(this.runs, this.clock, options.hooks)
    this.#upkeep = new UpkeepDesk(this.facts, this.clock)
    this.noticeBoard = new NoticeBoard(this.clock)
    this.notices = new NoticeDesk({
      ...this,
      logger: options.logger,
      show: notice => this.noticeBoard.show(notice),
    })
    this.#health = new HealthFile(healthFileOf(options.runDir), this.clock)
    const conditions = options.conditions ?? new ConditionReader({ clock: this.clock })
    this.supervisor = new Supervisor({
      ...this,
      clock: this.clock,
      limits: options.limits ?? defaultLimits,
      logger: options.logger,
      surroundings: async () => {
        await this.desk.lookForMissing()
        await this.attachments.look()
        this.library.lookAtNew()
        noteAway(this)
        const { power, metered, routes } = await conditions.read()
        if (routes !== undefined) this.desk.noteRoutes(routes)
        return { onBattery: power === 'battery', metered: metered === 'yes' }
      },
      reach: destination => this.desk.reach(destination),
      lacking: (job, destination) => this.copies.lacking(job, destination),
      ranked: job => this.copies.ranked(job),
      run: (job, destination, control, isWanted) =>
        this.#courtesy.during(job.priority, () => this.#runOrCopy(job, destination, control, isWanted)),
      changed: () => this.changed(),
    })
    this.jobFeed = new TopicFeed(() => ({ jobs: this.#views }))
    this.progressFeed = new TopicFeed(() => ({ running: [...this.#progress.values()] }))
    this.runFeed = new TopicFeed(() => ({ running: [...this.supervisor.running(), ...this.tasks.running()] }))
    this.tasks = new TaskRuns({
      ...this,
      connector: this.desk,
      logger: options.logger,
      ended: (destination, session) => this.#lookAfter(destination, session),
      changed: run => this.#runChanged(run),
      progress: progress => this.#progressed(progress),
    })
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
    await helper.destinationViews.look()
    return helper
  }

  /** Begins to run what is due. */
  async start(): Promise<void> {
    const { logger } = this.#options
    await this.mounter.tidy().catch(error => logger.warn('old mounts could not be looked at', { error }))
    await this.attachments.start()
    // Takes its time where there are many volumes, and nothing waits for it.
    void this.engine.tidyVolumes().then(
      removed => removed.length > 0 && logger.info('snapshots of runs that died were removed', { removed }),
      error => logger.warn('snapshots of runs that died could not be looked for', { error }),
    )
    this.drives.subscribe(({ inventory }) => {
      this.driveFeed.publish(inventory)
      void this.desk.refresh().then(
        () => this.supervisor.wake(),
        error => logger.warn('destinations could not be looked at', { error }),
      )
    })
    this.supervisor.start()
  }

  /** Ends runs where they can be gone on from, lets go of drives, and closes everything. */
  async stop(): Promise<void> {
    await Promise.all([this.supervisor.stop(), this.tasks.stop()])
    await this.attachments.stop()
    await this.library.stop()
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

  /** Removes snapshots that are kept for what nobody backs up any more. Goes on by itself: it may have to wait for a run. */
  forgetTracking(kept: readonly KeptFor[]): void {
    const { logger } = this.#options
    for (const one of kept) {
      this.engine
        .forgetTracking(one)
        .catch(error => logger.warn('snapshots that nobody needs were not removed', { ...one, error }))
    }
  }

  /** What a run of a job to these destinations would do now. Changes nothing; only fails with `run.cancelled`. */
  preview(job: Job, destinations: readonly Destination[], signal: AbortSignal): Promise<JobPreview> {
    const deps: PreviewDeps = {
      engine: this.engine,
      host: hostname(),
      desk: this.desk,
      sourcePath: source => this.sourcePath(source),
      upkeep: (looked, id) => this.#upkeep.plan(looked, id),
      hookProblem: hook => this.hooks.problemOf(hook),
    }
    return previewJob(job, destinations, deps, signal)
  }

  /** As of the last look. */
  get views(): readonly JobView[] {
    return this.#views
  }

  /** Looks how jobs and destinations stand, and tells whoever listens. */
  async changed(): Promise<JobView[]> {
    const standings = await this.supervisor.standings()
    const now = this.clock.now()
    const before = new Map(this.#views.map(view => [view.job.id, JSON.stringify(view)]))
    this.#views = viewsOf(standings, now)
    const changed = this.#views.filter(view => before.get(view.job.id) !== JSON.stringify(view))
    const removed = [...before.keys()].filter(id => !this.#views.some(view => view.job.id === id))
    if (changed.length + removed.length > 0) this.jobFeed.publish({ changed, removed })
    await this.destinationViews.look()
    const healths = healthsOf(standings, now)
    this.notices.look(healths)
    await this.#health
      .write({ writtenAt: now, jobs: healths })
      .catch(error => this.#options.logger.warn('the health file could not be written', { error }))
    return this.#views
  }

  /** What is worth remembering of a repository after a run. */
  async #lookAfter(destination: Destination, session: Session): Promise<void> {
    await this.library.takeAfter(destination, session)
    await this.usage
      .measure(destination, session)
      .then(({ lock }) => lock && this.library.tell(destination.id))
      .catch(error => this.#options.logger.warn('a repository could not be measured', { id: destination.id, error }))
  }

  #runChanged(run: Run): void {
    if (run.phase === null) this.#progress.delete(run.id)
    // A job that has ended makes the schedule be looked at; these have none.
    if (run.phase === null && run.job === null) this.supervisor.wake()
    this.runFeed.publish(structuredClone(run))
  }

  #progressed(progress: RunProgress): void {
    this.#progress.set(progress.run, progress)
    this.progressFeed.publish(progress)
  }

  /** A copy for which no destination can be opened reads the sources instead, when that is what is wanted. */
  async #runOrCopy(job: Job, destination: Destination, control: RunControl, isWanted: boolean): Promise<void> {
    const { run, signal } = control
    if (run.kind === 'copy') {
      try {
        return await this.#copy(job, destination, control, isWanted)
      } catch (error) {
        if (!(error instanceof NoOrigin)) throw error
        Object.assign(run, { kind: 'backup', parts: newParts(job), outcome: null })
      }
    }
    const sourcePath = (source: JobSource) => this.sourcePath(source)
    await runJob(job, destination, run, { ...this.#runDeps(control), sourcePath }, signal)
  }

  async #copy(job: Job, destination: Destination, control: RunControl, givesUp: boolean): Promise<void> {
    const { run, signal } = control
    const lacking = this.copies.lacking(job, destination)
    const order = {
      versions: lacking?.versions.map(({ id }) => id) ?? [],
      from: (lacking?.from ?? []).flatMap(id => this.destinations.find(id) ?? []),
    }
    const deps = {
      ...this.#runDeps(control),
      seen: (of: Destination, session: Session) => this.library.takeAfter(of, session),
      failed: (versions: readonly string[]) => this.copies.noteFailed(job, destination, versions),
      reachesTo: () => this.copies.reachesTo(job, destination),
    }
    await runCopy({ job, destination, order }, run, deps, { signal, givesUp })
  }

  #runDeps(control: RunControl): Omit<JobRunDeps, 'sourcePath'> {
    const { clock } = this
    const { signal } = control
    const connector = heldConnector(this.desk, control)
    return {
      engine: this.engine,
      clock,
      host: hostname(),
      connector,
      upkeep: (looked, id) => this.#upkeep.plan(looked, id),
      upkeepDone: (id, what, percent) => this.#upkeep.done(id, what, percent),
      heal: async (id, session, report) => {
        const damaged = { destination: this.destinations.resolve(id), session }
        const log = (level: 'info' | 'warn', text: string) =>
          level === 'warn' ? report.warn(text) : report.log(level, text)
        const { isWhole } = await healFromOthers({ ...this, connector }, damaged, { signal }, log)
        return isWhole
      },
      hook: (moment, hooked, of) => {
        const isOver = of.parts.every(part => part.state !== 'waiting' && part.state !== 'running')
        const result = of.error === null ? ('success' as const) : ('failure' as const)
        return this.hooks.run(moment, hooked, of, { signal, ...(isOver && { result }) })
      },
      ended: (of, session) => this.#lookAfter(of, session),
      changed: record => {
        this.runs.put(record)
        this.#runChanged(record)
      },
      progress: progress => this.#progressed(progress),
      log: (id, level, text) => this.runs.log(id, [{ at: clock.now(), level, text }]),
    }
  }
}
