import { mkdir } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { type Clock, systemClock } from '../base/clock.ts'
import type { Logger } from '../base/logger.ts'
import { ConditionReader } from '../conditions/conditions.ts'
import type { DriveDevice } from '../contract/drives.ts'
import { HoldfastError } from '../contract/errors.ts'
import type { AttachmentView } from '../contract/files.ts'
import type { JobView, ShownNotice } from '../contract/helperContract.ts'
import type { JobPreview } from '../contract/jobPreview.ts'
import {
  type Destination,
  destinationSchema,
  type HookMoment,
  type Job,
  type JobSource,
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
import type { Engine, Session } from '../engineApi.ts'
import { clearLeftovers } from '../files/attachment.ts'
import { AttachmentRecords } from '../files/attachmentRecords.ts'
import { filesSystem } from '../files/system.ts'
import { type Database, openJobDatabase } from '../jobs/database.ts'
import { FactStore } from '../jobs/factStore.ts'
import { LibraryStore } from '../jobs/libraryStore.ts'
import { RecordStore } from '../jobs/recordStore.ts'
import { RunStore } from '../jobs/runStore.ts'
import { storedJobSchema } from '../jobs/storedJob.ts'
import { UsageStore } from '../jobs/usageStore.ts'
import { findHook, type HookFolder } from '../notices/hookFile.ts'
import { type HookFacts, runHooks } from '../notices/hooks.ts'
import type { DesktopNotice } from '../notices/texts.ts'
import { TopicFeed } from '../rpc/topicFeed.ts'
import type { LaneLimits } from '../scheduler/lanes.ts'
import { MemorySecrets } from '../secrets/memorySecrets.ts'
import { SecretFiles } from '../secrets/secretFiles.ts'
import type { SecretStore } from '../secrets/secretStore.ts'
import type { Erasing } from './access/erasing.ts'
import { noteAway } from './awayDrives.ts'
import { DestinationDesk } from './destinationDesk.ts'
import { DestinationViews } from './destinationViews.ts'
import { versionAttacher } from './files/attacher.ts'
import { copyAttacher } from './files/copyAttacher.ts'
import { CopyDesk } from './files/copyDesk.ts'
import { FileDesk } from './files/fileDesk.ts'
import { Listings } from './files/listings.ts'
import { healthsOf, viewsOf } from './health.ts'
import { HealthFile } from './healthFile.ts'
import { IoCourtesy } from './ioCourtesy.ts'
import { runJob } from './jobRun.ts'
import { JobService } from './jobService.ts'
import { Library } from './library.ts'
import { NoticeDesk } from './noticeDesk.ts'
import type { FolderRules } from './placeRules.ts'
import { Places } from './places.ts'
import { type PreviewDeps, previewJob } from './preview.ts'
import { noteShare } from './scrubPasses.ts'
import { healthFileOf } from './socket.ts'
import { SourceOffer } from './sourceOffer.ts'
import { Supervisor } from './supervisor.ts'
import { TaskRuns } from './taskRuns.ts'
import { planUpkeep, type UpkeepPlan } from './upkeep.ts'
import { UsageDesk } from './usageDesk.ts'

export interface HelperOptions {
  /** Holds catalogues, jobs and secrets. */
  stateDir: string
  /** For what need not survive a reboot: the socket, mounts, the health file. */
  runDir: string
  /** system: the service of this computer. user: a helper for one person, which keeps secrets in memory only. */
  mode: 'system' | 'user'
  logger: Logger
  /** Decides who may destroy what. */
  erasing: Erasing
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
  readonly driveFeed: TopicFeed<{ devices: DriveDevice[] }, { devices: DriveDevice[] }>
  readonly attachmentFeed: TopicFeed<{ attachments: AttachmentView[] }, { attachments: AttachmentView[] }>
  readonly tasks: TaskRuns
  /** Versions whose files are looked at. */
  readonly files: FileDesk
  readonly listings = new Listings()
  /** Versions that are written to. */
  readonly copies: CopyDesk
  readonly stateDir: string
  readonly logger: Logger
  /** Which folders may be named to it. */
  readonly folderRules: FolderRules
  readonly places: Places
  readonly usage: UsageDesk
  readonly destinationViews: DestinationViews
  /** Makes an inventory of what is connected now. */
  readonly readDrives = (signal?: AbortSignal) => readInventory(undefined, signal)
  readonly facts: FactStore
  readonly library: Library
  readonly offer: SourceOffer
  readonly #db: Database
  readonly #options: HelperOptions
  readonly notices: NoticeDesk
  readonly noticeFeed: TopicFeed<{ notices: ShownNotice[] }, ShownNotice>
  readonly #health: HealthFile
  readonly #shown: ShownNotice[] = []
  readonly #courtesy = new IoCourtesy()
  readonly #progress = new Map<string, RunProgress>()
  #views: JobView[] = []

  private constructor(options: HelperOptions) {
    this.#options = options
    this.mode = options.mode
    this.stateDir = options.stateDir
    this.logger = options.logger
    this.erasing = options.erasing
    this.clock = options.clock ?? systemClock
    this.startedAt = this.clock.now()
    this.#db = openJobDatabase(join(options.stateDir, 'jobs.sqlite'))
    this.facts = new FactStore(this.#db)
    this.engine = createEngine({ stateDir: options.stateDir, clock: this.clock })
    this.jobs = new RecordStore(this.#db, 'jobs', storedJobSchema, 'job')
    this.destinations = new RecordStore(this.#db, 'destinations', destinationSchema, 'destination')
    this.runs = new RunStore(this.#db)
    this.service = new JobService(this)
    this.secrets = options.secrets ?? secretsFor(options)
    const finder = new RepositoryFinder({ clock: this.clock })
    const read = this.readDrives
    this.mounter = new DriveMounter({ read, finder, logger: options.logger, runFolder: options.runDir })
    const sources = [udevEvents(), kernelTables()]
    this.drives = new DriveWatcher({ read, sources, logger: options.logger, clock: this.clock })
    this.driveFeed = new TopicFeed(() => this.drives.inventory)
    this.desk = new DestinationDesk({ ...this, logger: options.logger })
    this.folderRules = { mode: options.mode, own: [options.stateDir, options.runDir] }
    this.places = new Places({ ...this, finder, rules: this.folderRules, logger: options.logger })
    this.usage = new UsageDesk(new UsageStore(this.#db), this.clock)
    this.destinationViews = new DestinationViews(this)
    this.offer = new SourceOffer(() => this.drives.inventory)
    this.library = new Library({
      ...this,
      store: new LibraryStore(this.#db),
      host: hostname(),
      logger: options.logger,
    })
    const attaching = { ...this, connector: this.desk }
    const changed = () => this.#attachmentsChanged()
    this.files = new FileDesk({
      ...this,
      attach: versionAttacher(attaching),
      factsOf: (destination, version) => this.library.find(destination, version),
      changed,
      closing: attachment => this.listings.forget(attachment),
    })
    this.copies = new CopyDesk({ ...attaching, attach: copyAttacher(attaching), changed })
    this.attachmentFeed = new TopicFeed(() => ({ attachments: this.attachments() }))
    this.noticeFeed = new TopicFeed(() => ({ notices: this.#shown }))
    this.notices = new NoticeDesk({
      ...this,
      logger: options.logger,
      show: notice => this.#show(notice),
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
        await this.#lookAtAttachments()
        this.library.lookAtNew()
        noteAway(this)
        const { power, metered } = await conditions.read()
        return { onBattery: power === 'battery', metered: metered === 'yes' }
      },
      reach: destination => this.desk.reach(destination),
      run: (job, destination, run, signal) =>
        this.#courtesy.during(job.priority, () => this.#run(job, destination, run, signal)),
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
    // What a helper that was killed had attached, and what command lines of the same state folder have.
    await clearLeftovers({ records: new AttachmentRecords(this.#options.stateDir), system: filesSystem, logger })
    await this.copies.look().catch(error => logger.warn('writable copies could not be looked at', { error }))
    this.drives.subscribe(({ inventory }) => {
      this.driveFeed.publish({ devices: inventory.devices })
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
    await Promise.all([this.files.stop(), this.copies.stop()])
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

  /** What a run of a job to these destinations would do now. Changes nothing; only fails with `run.cancelled`. */
  preview(job: Job, destinations: readonly Destination[], signal: AbortSignal): Promise<JobPreview> {
    const deps: PreviewDeps = {
      engine: this.engine,
      host: hostname(),
      desk: this.desk,
      sourcePath: source => this.sourcePath(source),
      upkeep: (looked, id) => this.#upkeep(looked, id),
      hookProblem: async hook => (await findHook(hook, this.#options.hooks)).refusal ?? null,
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

  /** What of backups is attached to this computer, or kept aside on it. */
  attachments(): AttachmentView[] {
    return [...this.files.views(), ...this.copies.views()]
  }

  /** Detaches all that was attached of a destination. files.busy. */
  async detachOf(destination: string): Promise<void> {
    await this.#detach(({ id }) => id === destination)
  }

  /** Detaches all that was attached out of repositories on a drive, so that it can be ejected. files.busy. */
  async detachFrom(device: string): Promise<void> {
    const { devices } = this.drives.inventory
    const drives = devices.find(({ id }) => id === device)?.drives ?? []
    const parts = new Set(devices.filter(part => part.drives.some(id => drives.includes(id))).map(({ id }) => id))
    await this.#detach(destination => {
      const state = this.desk.state(destination)
      return state.state === 'connected' && state.drive !== null && parts.has(state.drive)
    })
  }

  async #detach(isMeant: (destination: Destination) => boolean): Promise<void> {
    await this.files.closeOf(isMeant)
    await this.copies.detachOf(isMeant)
  }

  /** What other programs have made, and what can no longer be read because its drive was unplugged. */
  async #lookAtAttachments(): Promise<void> {
    const { logger } = this.#options
    await this.copies.look().catch(error => logger.warn('writable copies could not be looked at', { error }))
    void this.files.drop(destination => this.desk.state(destination).state === 'missing')
  }

  #attachmentsChanged(): void {
    this.attachmentFeed.publish({ attachments: this.attachments() })
  }

  /** What is worth remembering of a repository after a run. */
  async #lookAfter(destination: Destination, session: Session): Promise<void> {
    await this.library.takeAfter(destination, session)
    await this.usage
      .measure(destination, session)
      .catch(error => this.#options.logger.warn('a repository could not be measured', { id: destination.id, error }))
  }

  #runChanged(run: Run): void {
    if (run.phase === null) this.#progress.delete(run.id)
    // A job that has ended makes the schedule be looked at; these have none.
    if (run.phase === null && run.kind !== 'backup') this.supervisor.wake()
    this.runFeed.publish(structuredClone(run))
  }

  #progressed(progress: RunProgress): void {
    this.#progress.set(progress.run, progress)
    this.progressFeed.publish(progress)
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
        upkeep: (looked, id) => this.#upkeep(looked, id),
        upkeepDone: (id, what, percent) => {
          this.facts.set(upkeepFact(what, id), clock.now())
          if (percent !== undefined) noteShare(this.facts, id, percent, clock.now())
        },
        hook: (moment, hooked, of) => {
          const isOver = of.parts.every(part => part.state !== 'waiting' && part.state !== 'running')
          const result = of.error === null ? ('success' as const) : ('failure' as const)
          return this.hook(moment, hooked, of, { signal, ...(isOver && { result }) })
        },
        ended: (of, session) => this.#lookAfter(of, session),
        changed: record => {
          this.runs.put(record)
          this.#runChanged(record)
        },
        progress: progress => this.#progressed(progress),
        log: (id, level, text) => this.runs.log(id, [{ at: clock.now(), level, text }]),
      },
      signal,
    )
  }

  #upkeep({ upkeep }: Job, destination: string): UpkeepPlan {
    const at = (what: 'prune' | 'scrub') => this.facts.get(upkeepFact(what, destination), timestamp)
    return planUpkeep(upkeep, { prunedAt: at('prune'), scrubbedAt: at('scrub') }, this.clock.now())
  }

  /**
   * Runs the hook of a job for a moment of a run, if it has one, and logs what it says. Fails with hook.failed when it runs
   * before something; what goes wrong with others is answered, for people.
   */
  async hook(
    moment: HookMoment,
    job: Job,
    run: Run,
    { signal, ...known }: Pick<HookFacts, 'result' | 'version'> & { signal: AbortSignal },
  ): Promise<string[]> {
    const name = job.hooks[moment]
    if (name === undefined) return []
    const facts = {
      job: job.name,
      jobId: job.id,
      run: run.id,
      ...known,
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

/** Name of the fact that says when a destination was last looked after. */
const upkeepFact = (what: 'prune' | 'scrub', destination: string) => `${what}At:${destination}`

/** Without rights there is no place that only this helper may read. */
function secretsFor({ mode, stateDir, logger }: HelperOptions): SecretStore {
  return mode === 'user' ? new MemorySecrets() : new SecretFiles(join(stateDir, 'secrets'), { logger })
}
