import type { DestinationState, DriveDevice, DriveInventory, LvmInventory } from '../../../engine/contract/drives.ts'
import { HoldfastError } from '../../../engine/contract/errors.ts'
import type { AttachmentView } from '../../../engine/contract/files.ts'
import type { DestinationView, HelperContract, JobView } from '../../../engine/contract/helperContract.ts'
import type { Destination, Job, JobSettings, Run, RunPart, RunProgress } from '../../../engine/contract/jobs.ts'
import type { LibrarySummary, LibraryVersion, Usage } from '../../../engine/contract/library.ts'
import type { KeyInfo } from '../../../engine/contract/models.ts'
import type { CallOutput } from '../../../engine/contract/rpcContract.ts'
import type { ShownNotice } from '../../../engine/contract/shownNotice.ts'
import { GB, idOf, MB } from './devices.ts'
import { days, type ManualClock, minutes } from './manualClock.ts'
import { placeOf } from './placeOf.ts'
import { FakeTopic } from './topics.ts'

/** Kept beside a destination of the invented helper. */
interface Place {
  destination: Destination
  state: DestinationState
  passphrase: string
  recoveryPhrases: string[]
  keys: KeyInfo[]
  isUnlocked: boolean
  sheetSavedAt: string | null
  usages: Usage[]
  askedLocks?: NonNullable<DestinationView['askedLocks']>
  askingLocks?: NonNullable<DestinationView['askingLocks']>
}

/** A run under way: what it still has to do. */
interface Work {
  run: Run
  progress: RunProgress
  totalBytes: number
  finish(run: Run): void
}

export const phrase =
  'river candle anchor velvet orbit maple thunder pencil harvest quiet lemon bridge copper island whisper garden rocket saddle winter ticket marble hollow engine sunset'

/**
 * The world behind the fake bridge: jobs, destinations, versions and runs that behave as those of the helper as far as screens
 * can tell. Runs move on with the clock.
 */
export class FakeWorld {
  readonly clock: ManualClock
  devices: DriveDevice[] = []
  lvm: LvmInventory | undefined
  readonly jobs = new Map<string, Job>()
  readonly places = new Map<string, Place>()
  /** By destination, newest first. */
  readonly versions = new Map<string, LibraryVersion[]>()
  readonly runs: Run[] = []
  readonly works = new Map<string, Work>()
  readonly notices: ShownNotice[] = []
  /** What destinations lack that others have. */
  lacking: CallOutput<HelperContract, 'destinations.lacking'>['lacking'] = []
  attachments: AttachmentView[] = []
  readonly files = new Map<string, { path: string; sizeBytes: number }>()
  /** Jobs that a person asked for while their drive was away. */
  readonly wanted = new Set<string>()
  secretsLocked = false
  /** There is a connection. */
  hasListeners = true
  /** Bytes per second of every run. */
  speed = 180 * MB
  /** Source bytes that a backup reads. */
  readShare = 0.04

  private readonly isHeard = (): boolean => this.hasListeners

  readonly topics = {
    jobs: new FakeTopic<'jobs'>(() => ({ jobs: this.jobViews() }), this.isHeard),
    destinations: new FakeTopic<'destinations'>(() => ({ destinations: this.destinationViews() }), this.isHeard),
    drives: new FakeTopic<'drives'>(() => this.inventory(), this.isHeard),
    library: new FakeTopic<'library'>(
      () => ({ summaries: [...this.places.keys()].map(id => this.summaryOf(id)) }),
      this.isHeard,
    ),
    runs: new FakeTopic<'runs'>(() => ({ running: [...this.works.values()].map(({ run }) => run) }), this.isHeard),
    notices: new FakeTopic<'notices'>(() => ({ notices: this.notices }), this.isHeard),
    attachments: new FakeTopic<'attachments'>(() => ({ attachments: this.attachments }), this.isHeard),
    progress: new FakeTopic<'progress'>(
      () => ({ running: [...this.works.values()].map(({ progress }) => progress) }),
      this.isHeard,
    ),
  }

  #count = 0

  constructor(clock: ManualClock) {
    this.clock = clock
    clock.onTick(passed => this.#work(passed))
  }

  newId(digits: 16 | 32 = 16): string {
    return idOf(`thing ${++this.#count}`, digits)
  }

  /** By id or by name. `config.notFound`. */
  job(reference: string): Job {
    const found = this.jobs.get(reference) ?? [...this.jobs.values()].find(({ name }) => name === reference)
    if (!found) throw new HoldfastError('config.notFound', `There is no job “${reference}”.`)
    return found
  }

  place(reference: string): Place {
    const byName = [...this.places.values()].find(({ destination }) => destination.name === reference)
    const found = this.places.get(reference) ?? byName
    if (!found) throw new HoldfastError('config.notFound', `There is no destination “${reference}”.`)
    return found
  }

  version(reference: string, id: string): LibraryVersion {
    const found = this.versionsOf(this.place(reference).destination.id).find(one => one.id === id)
    if (!found) throw new HoldfastError('repository.versionNotFound', `There is no version “${id}”.`)
    return found
  }

  versionsOf = (destination: string): LibraryVersion[] => this.versions.get(destination) ?? []

  device(id: string): DriveDevice {
    const found = this.devices.find(one => one.id === id)
    if (!found) throw new HoldfastError('config.notFound', 'This device is not connected any more.')
    return found
  }

  addPlace(facts: Partial<Place> & { destination: Destination }): Place {
    const place: Place = {
      state: { state: 'connected', path: facts.destination.url, drive: null },
      passphrase: 'correct horse battery staple',
      recoveryPhrases: [phrase],
      keys: [
        {
          id: this.newId().slice(0, 8),
          kind: 'passphrase',
          label: 'passphrase',
          createdAt: facts.destination.createdAt,
        },
        { id: this.newId().slice(0, 8), kind: 'recovery', label: 'recovery', createdAt: facts.destination.createdAt },
      ],
      isUnlocked: true,
      sheetSavedAt: null,
      usages: [],
      ...facts,
    }
    this.places.set(place.destination.id, place)
    this.tellPlace(place.destination.id)
    return place
  }

  addJob(settings: JobSettings): Job {
    const now = this.clock.iso()
    const job: Job = {
      ...settings,
      id: this.newId(),
      pausedUntil: null,
      createdAt: now,
      updatedAt: now,
      scheduledSince: now,
    }
    this.jobs.set(job.id, job)
    this.tellJob(job.id)
    return job
  }

  tellJob(id: string): void {
    const job = this.jobs.get(id)
    this.topics.jobs.tell(job ? { changed: [this.viewOfJob(job)], removed: [] } : { changed: [], removed: [id] })
  }

  tellPlace(id: string): void {
    const place = this.places.get(id)
    const change = place ? { changed: [this.viewOfPlace(place)], removed: [] } : { changed: [], removed: [id] }
    this.topics.destinations.tell(change)
    for (const job of this.jobs.values()) if (job.destinations.includes(id)) this.tellJob(job.id)
  }

  tellLibrary(id: string): void {
    this.topics.library.tell(this.summaryOf(id))
  }

  notify(notice: Omit<ShownNotice, 'at'>): void {
    const shown = { at: this.clock.iso(), ...notice }
    this.notices.push(shown)
    this.topics.notices.tell(shown)
  }

  inventory(): DriveInventory {
    return { devices: this.devices, ...(this.lvm && { lvm: this.lvm }) }
  }

  jobViews(): JobView[] {
    return [...this.jobs.values()].map(job => this.viewOfJob(job))
  }

  destinationViews(): DestinationView[] {
    return [...this.places.values()].map(place => this.viewOfPlace(place))
  }

  viewOfPlace(place: Place): DestinationView {
    const usage = place.usages.at(-1) ?? null
    const first = place.usages[0]
    const spanDays = first && usage ? (Date.parse(usage.at) - Date.parse(first.at)) / days(1) : 0
    return {
      destination: place.destination,
      state: place.state,
      place: placeOf(place.destination),
      credentials: !/^(s3|b2|sftp|rclone):/.test(place.destination.url)
        ? 'notNeeded'
        : place.isUnlocked
          ? 'kept'
          : 'missing',
      protection: place.isUnlocked ? 'systemd-creds' : null,
      usage,
      growthPerDay: first && usage && spanDays >= 1 ? (usage.storedBytes - first.storedBytes) / spanDays : null,
      sheetSavedAt: place.sheetSavedAt,
      ...(place.askedLocks && { askedLocks: place.askedLocks }),
      ...(place.askingLocks && { askingLocks: place.askingLocks }),
    }
  }

  viewOfJob(job: Job): JobView {
    return { job, standings: job.destinations.map(id => this.#standing(job, id)) }
  }

  #standing(job: Job, id: string): JobView['standings'][number] {
    const place = this.places.get(id)
    const runs = this.runs.filter(run => run.job === job.id && run.destination === id)
    const under = [...this.works.values()].find(({ run }) => run.job === job.id && run.destination === id)
    const lastRun = runs.find(run => run.state !== 'running') ?? null
    const lastSuccessAt = runs.find(run => run.state === 'complete')?.startedAt ?? null
    const nextAt = new Date(Math.ceil((this.clock.now + 1) / days(1)) * days(1) + minutes(19 * 60)).toISOString()
    const dueAt = Date.parse(lastSuccessAt ?? job.createdAt) + days(3)
    const base = {
      destination: id,
      destinationName: place?.destination.name ?? id,
      run: under?.run.id ?? null,
      lastRun,
      lastSuccessAt,
      overdueSince: dueAt < this.clock.now && !under ? new Date(dueAt).toISOString() : null,
    }
    const name = base.destinationName
    if (under) return { ...base, state: 'running', reason: 'running', text: `Backing up to ${name} now.`, nextAt: null }
    if (place?.state.state === 'missing') {
      const text = `Waits for ${name} to be connected.`
      return { ...base, state: 'waitingForDrive', reason: 'driveMissing', text, nextAt: null }
    }
    if (job.pausedUntil !== null) {
      return { ...base, state: 'paused', reason: 'paused', text: 'Paused.', nextAt: null }
    }
    if (lastRun?.state === 'failed') {
      const text = `The last backup to ${name} failed; it is tried again.`
      return { ...base, state: 'backingOff', reason: 'failed', text, nextAt: this.clock.iso(minutes(12)) }
    }
    if (job.schedule === null) {
      return { ...base, state: 'unscheduled', reason: 'noSchedule', text: 'Runs when you ask for it.', nextAt: null }
    }
    return { ...base, state: 'scheduled', reason: 'nextTime', text: `The next backup to ${name} is at 20:00.`, nextAt }
  }

  summaryOf(id: string): LibrarySummary {
    const versions = this.versionsOf(id)
    return {
      destination: id,
      versions: versions.length,
      damaged: versions.filter(({ status }) => status === 'damaged').length,
      newestAt: versions[0]?.date ?? null,
      oldestAt: versions.at(-1)?.date ?? null,
      refreshedAt: versions.length === 0 ? null : this.clock.iso(-minutes(4)),
    }
  }

  /** Begins a backup with each destination that is there; others are waited for. */
  runJob(job: Job, destinations: readonly string[] = job.destinations, trigger: Run['trigger'] = 'manual'): void {
    for (const id of destinations) {
      const place = this.place(id)
      const isUnderWay = [...this.works.values()].some(({ run }) => run.job === job.id && run.destination === id)
      if (isUnderWay) continue
      if (place.state.state !== 'connected') this.wanted.add(`${job.id} ${id}`)
      else this.#backup(job, place, trigger)
    }
    this.tellJob(job.id)
  }

  /** A drive comes or goes; what waited for it begins. */
  setPlaceState(id: string, state: DestinationState): void {
    this.place(id).state = state
    this.tellPlace(id)
    if (state.state !== 'connected') return
    for (const job of this.jobs.values()) {
      if (this.wanted.delete(`${job.id} ${id}`)) this.runJob(job, [id], 'drive')
    }
  }

  sizeOfSource(source: Job['sources'][number]): number {
    const device = this.devices.find(one => one.id === source.device)
    const file = [...this.files.values()].find(one => one.path === source.path)
    return device?.sizeBytes ?? file?.sizeBytes ?? 20 * GB
  }

  #backup(job: Job, place: Place, trigger: Run['trigger']): void {
    const isFirst = !this.versionsOf(place.destination.id).some(version => version.job === job.id)
    const total = job.sources.reduce((sum, source) => sum + this.sizeOfSource(source), 0)
    const bytes = Math.round(total * (isFirst ? 0.6 : this.readShare))
    this.begin({ kind: 'backup', job, place, trigger, totalBytes: bytes, phase: 'reading' }, run => {
      run.parts = job.sources.map(source => {
        const version = this.addVersion(job, place.destination.id, source, run.startedAt)
        return partOf(source.name, {
          state: 'complete',
          version: version.id,
          readBytes: version.readBytes,
          newBytes: version.newBytes,
          storedBytes: version.storedBytes,
          durationMs: version.durationMs,
        })
      })
      this.tellLibrary(place.destination.id)
    })
  }

  /** Begins a run of any kind. `finish` completes its record when all bytes are through. */
  begin(
    facts: {
      kind: Run['kind']
      job: Job | null
      place: Place
      trigger: Run['trigger']
      totalBytes: number
      phase: NonNullable<Run['phase']>
      name?: string
      /** What is known of it before it begins. */
      outcome?: NonNullable<Run['outcome']>
    },
    finish: (run: Run) => void,
  ): Run {
    const run: Run = {
      id: this.newId(),
      kind: facts.kind,
      job: facts.job?.id ?? null,
      jobName: facts.name ?? facts.job?.name ?? facts.place.destination.name,
      destination: facts.place.destination.id,
      destinationName: facts.place.destination.name,
      trigger: facts.trigger,
      state: 'running',
      startedAt: this.clock.iso(),
      finishedAt: null,
      phase: facts.phase,
      parts: (facts.job?.sources ?? []).map(source => partOf(source.name, { state: 'waiting' })),
      damagedVersions: 0,
      outcome: structuredClone(facts.outcome ?? null),
      error: null,
      warnings: [],
    }
    const progress: RunProgress = {
      run: run.id,
      source: run.parts[0]?.source ?? null,
      phase: facts.phase,
      doneBytes: 0,
    }
    this.runs.unshift(run)
    this.works.set(run.id, { run, progress, totalBytes: facts.totalBytes, finish })
    this.topics.runs.tell(run)
    this.topics.progress.tell(progress)
    if (facts.job) this.tellJob(facts.job.id)
    return run
  }

  /** Ends a run in a state; the clock ends those that reach their last byte as complete. */
  end(id: string, state: Run['state'], error: Run['error'] = null): void {
    const work = this.works.get(id)
    if (!work) throw new HoldfastError('config.notFound', 'This run has ended.')
    this.works.delete(id)
    const { run, progress } = work
    if (run.outcome?.kind === 'restore') run.outcome.writtenBytes = progress.doneBytes
    delete run.pausedSince
    Object.assign(run, { state, error, phase: null, finishedAt: this.clock.iso() })
    if (state === 'complete') work.finish(run)
    this.topics.runs.tell(run)
    if (run.job !== null) this.tellJob(run.job)
  }

  /** Pauses a run under way, or lets it go on. */
  hold(id: string, isHeld: boolean): void {
    const work = this.works.get(id)
    if (!work) throw new HoldfastError('config.notFound', 'This run has ended.')
    if (isHeld) work.run.pausedSince = this.clock.iso()
    else delete work.run.pausedSince
    this.topics.runs.tell(work.run)
  }

  addVersion(
    job: Job | null,
    destination: string,
    source: { path: string; name: string; device?: string | null },
    date: string,
    facts: Partial<LibraryVersion> = {},
  ): LibraryVersion {
    const version = this.makeVersion(job, destination, source, date, facts)
    const all = [version, ...this.versionsOf(destination)]
    this.versions.set(
      destination,
      all.toSorted((a, b) => b.date.localeCompare(a.date)),
    )
    return version
  }

  makeVersion(
    job: Job | null,
    destination: string,
    source: { path: string; name: string; device?: string | null },
    date: string,
    facts: Partial<LibraryVersion> = {},
  ): LibraryVersion {
    const isFirst = !this.versionsOf(destination).some(({ name }) => name === source.name)
    const sizeBytes = facts.sizeBytes ?? this.sizeOfSource({ device: null, ...source })
    const readBytes = Math.round(sizeBytes * (isFirst ? 0.6 : this.readShare))
    return {
      id: this.newId() as LibraryVersion['id'],
      name: source.name,
      date,
      blockSizeBytes: 32_768,
      protected: false,
      labels: {},
      sizeBytes,
      readBytes,
      newBytes: Math.round(readBytes * 0.4),
      storedBytes: Math.round(readBytes * 0.22),
      holeBytes: Math.round(sizeBytes * 0.35),
      durationMs: Math.max(4000, Math.round((readBytes / this.speed) * 1000)),
      method: isFirst ? 'allocation' : 'hints',
      consistency: 'consistent',
      status: 'complete',
      unreadable: [],
      source: source.path,
      host: 'laptop-anna',
      base: null,
      scrubbedAt: null,
      destination,
      job: job?.id ?? null,
      ...facts,
    }
  }

  #work(passedMs: number): void {
    for (const work of [...this.works.values()]) {
      const { progress, run, totalBytes } = work
      if (run.pausedSince !== undefined) continue
      progress.doneBytes = Math.min(totalBytes, progress.doneBytes + Math.round((this.speed * passedMs) / 1000))
      progress.totalBytes = totalBytes
      progress.bytesPerSecond = this.speed
      progress.secondsLeft = Math.ceil((totalBytes - progress.doneBytes) / this.speed)
      if (run.kind === 'backup' || run.kind === 'copy') progress.storedBytes = Math.round(progress.doneBytes * 0.22)
      if (run.kind === 'copy' || !this.place(run.destination).destination.url.startsWith('/')) {
        progress.sentBytesPerSecond = Math.round(this.speed * 0.22)
      }
      this.topics.progress.tell({ ...progress })
      if (progress.doneBytes >= totalBytes) this.end(run.id, 'complete')
    }
  }
}

export const partOf = (source: string, facts: Partial<RunPart>): RunPart => ({
  source,
  state: 'complete',
  version: null,
  readBytes: 0,
  newBytes: 0,
  storedBytes: 0,
  durationMs: 0,
  error: null,
  warnings: [],
  ...facts,
})
