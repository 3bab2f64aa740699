import { isDeepStrictEqual } from 'node:util'
import type { Clock } from '../base/clock.ts'
import { randomHex } from '../base/random.ts'
import { HoldfastError } from '../contract/errors.ts'
import {
  type Destination,
  destinationSchema,
  type Job,
  type JobChanges,
  type JobSettings,
  type JobSettingsInput,
  jobSettingsSchema,
} from '../contract/jobs.ts'
import type { TransferLimits } from '../contract/transferLimits.ts'
import { decodeJobFile, encodeJobFile } from '../jobs/jobFile.ts'
import type { RecordStore } from '../jobs/recordStore.ts'
import type { RunStore } from '../jobs/runStore.ts'
import { parseRetentionPolicy } from '../maintenance/retentionPolicy.ts'

export interface JobServiceDeps {
  jobs: RecordStore<Job>
  destinations: RecordStore<Destination>
  runs: RunStore
  clock: Clock
}

export interface ImportResult {
  /** Names. */
  added: string[]
  replaced: string[]
  /** Known already, and left as they are. */
  kept: string[]
  destinationsAdded: string[]
}

/** What can be done to jobs and destinations. Every change is checked whole before anything is written. */
export class JobService {
  readonly #deps: JobServiceDeps

  constructor(deps: JobServiceDeps) {
    this.#deps = deps
  }

  /** usage.invalid says which setting is wrong. Names of jobs are unique. */
  create(input: JobSettingsInput): Job {
    const at = this.#now()
    const job: Job = {
      ...this.#checked(input),
      id: randomHex(8),
      pausedUntil: null,
      createdAt: at,
      updatedAt: at,
      scheduledSince: at,
    }
    this.#deps.jobs.put(job)
    return job
  }

  /** Replaces the settings that are given. Fails with config.notFound, and like create. */
  edit(id: string, changes: JobChanges): Job {
    const before = this.#deps.jobs.resolve(id)
    const { id: _, pausedUntil, createdAt, updatedAt: __, scheduledSince, ...settings } = before
    const isRescheduled = changes.schedule !== undefined && !isDeepStrictEqual(changes.schedule, before.schedule)
    const job: Job = {
      ...this.#checked({ ...settings, ...withoutUndefined(changes) } as JobSettingsInput, before.id),
      id: before.id,
      pausedUntil,
      createdAt,
      updatedAt: this.#now(),
      scheduledSince: isRescheduled ? this.#now() : scheduledSince,
    }
    this.#deps.jobs.put(job)
    return job
  }

  /** Forgets the job and its runs. What it has stored stays where it is. */
  remove(id: string): Job {
    const job = this.#deps.jobs.resolve(id)
    this.#deps.jobs.remove(job.id)
    this.#deps.runs.trim(job.id, 0)
    return job
  }

  /** Nothing runs by itself until `until` (milliseconds since 1970 UTC), or until somebody resumes it. */
  pause(id: string, until: number | 'forever'): Job {
    if (until !== 'forever' && until <= this.#deps.clock.now()) {
      throw new HoldfastError('usage.invalid', 'The end of the pause is in the past.', {
        advice: 'Choose a later time, or none.',
      })
    }
    return this.#setPause(id, until === 'forever' ? until : new Date(until).toISOString())
  }

  resume(id: string): Job {
    return this.#setPause(id, null)
  }

  /** Fails with usage.invalid when no destination can be called so, as one is already or the name cannot be shown. */
  requireFreeName(name: string, except?: string): void {
    if (!destinationSchema.shape.name.safeParse(name).success) {
      throw new HoldfastError(
        'usage.invalid',
        'This name holds characters that cannot be shown, or begins or ends with a space.',
        {
          advice: 'Choose another name.',
        },
      )
    }
    const taken = this.#deps.destinations.list().some(one => one.name === name && one.id !== except)
    if (taken) throw nameTaken('destination', name)
  }

  /** Changes what a destination is called, how its drive is handled and how fast it is used. config.notFound; usage.invalid for a bad name. */
  editDestination(
    id: string,
    changes: { [Name in 'name' | 'mayMount' | 'ejectAfterBackup']?: Destination[Name] | undefined } & {
      /** Null lifts them. */
      limits?: TransferLimits | null | undefined
    },
  ): Destination {
    const before = this.#deps.destinations.resolve(id)
    const { name = before.name, mayMount = before.mayMount, ejectAfterBackup = before.ejectAfterBackup } = changes
    this.requireFreeName(name, before.id)
    const { limits: limitsBefore, ...kept } = before
    const limits = changes.limits === undefined ? limitsBefore : changes.limits
    const destination = { ...kept, name, mayMount, ejectAfterBackup, ...(limits && { limits }) }
    this.#deps.destinations.put(destination)
    return destination
  }

  /** Makes a destination of a repository that was opened a moment ago. Its name is unique. */
  addDestination(facts: Omit<Destination, 'id' | 'createdAt'>): Destination {
    const known = this.#deps.destinations.list()
    const same = known.find(one => one.repositoryId === facts.repositoryId && one.url === facts.url)
    if (same) {
      throw new HoldfastError('usage.invalid', `This repository is the destination “${same.name}” already.`, {
        advice: 'Use that one.',
        details: { destination: same.id },
      })
    }
    this.requireFreeName(facts.name)
    const destination = { ...facts, id: randomHex(8), createdAt: this.#now() }
    this.#deps.destinations.put(destination)
    return destination
  }

  /** config.inUse names the jobs that need it. Its repository stays as it is. */
  removeDestination(id: string): Destination {
    const destination = this.requireUnneeded(id)
    this.#deps.destinations.remove(destination.id)
    return destination
  }

  /** The destination; config.inUse when jobs need it. */
  requireUnneeded(id: string): Destination {
    const destination = this.#deps.destinations.resolve(id)
    const users = this.#deps.jobs.list().filter(job => job.destinations.includes(destination.id))
    if (users.length > 0) {
      const names = users.map(job => `“${job.name}”`).join(', ')
      throw new HoldfastError('config.inUse', `The destination “${destination.name}” is needed by ${names}.`, {
        advice: 'Give those jobs another destination, or remove them first.',
        details: { jobs: users.map(job => job.id) },
      })
    }
    return destination
  }

  /** One file with the jobs named, or all. It holds no secrets. */
  export(ids?: readonly string[]): string {
    const { jobs, destinations, clock } = this.#deps
    const chosen = ids === undefined ? jobs.list() : ids.map(id => jobs.resolve(id))
    return encodeJobFile(chosen, destinations.list(), clock.now())
  }

  /**
   * Takes jobs out of a file. Those whose id is known are kept as they are unless `replace`. Nothing is changed when the file
   * is wrong, or one of its jobs would not be allowed here; with `dryRun` nothing is changed at all.
   */
  import(text: string, options: { replace?: boolean; dryRun?: boolean } = {}): ImportResult {
    const { jobs, destinations } = this.#deps
    const file = decodeJobFile(text)
    const result: ImportResult = { added: [], replaced: [], kept: [], destinationsAdded: [] }
    const known = new Set(destinations.list().map(one => one.id))
    const newDestinations = file.destinations.filter(one => !known.has(one.id))
    const changed: Job[] = []
    for (const job of file.jobs) {
      const before = jobs.find(job.id)
      if (before && !options.replace) {
        result.kept.push(job.name)
        continue
      }
      const others = [...jobs.list().filter(one => !changed.some(({ id }) => id === one.id)), ...changed]
      checkAgainst(
        job,
        others.filter(one => one.id !== job.id),
      )
      checkTexts(job)
      changed.push(job)
      result[before ? 'replaced' : 'added'].push(job.name)
    }
    const used = new Set(changed.flatMap(job => job.destinations))
    const needed = newDestinations.filter(one => used.has(one.id))
    result.destinationsAdded = needed.map(one => one.name)
    if (options.dryRun) return result
    for (const destination of needed) destinations.put(destination)
    for (const job of changed) jobs.put(job)
    return result
  }

  #checked(input: JobSettingsInput, id?: string): JobSettings {
    const parsed = jobSettingsSchema.safeParse(input)
    if (!parsed.success) {
      const issue = parsed.error.issues[0]!
      throw new HoldfastError(
        'usage.invalid',
        `The job is wrong at ${issue.path.join('.') || 'its top'}: ${issue.message}.`,
        {
          advice: 'Mend that setting and try again.',
          details: { path: issue.path.join('.') },
        },
      )
    }
    const settings = parsed.data
    checkTexts(settings)
    for (const destination of settings.destinations) this.#deps.destinations.resolve(destination)
    checkAgainst(
      settings,
      this.#deps.jobs.list().filter(job => job.id !== id),
    )
    return settings
  }

  #setPause(id: string, pausedUntil: Job['pausedUntil']): Job {
    const job: Job = { ...this.#deps.jobs.resolve(id), pausedUntil, updatedAt: this.#now() }
    this.#deps.jobs.put(job)
    return job
  }

  #now(): string {
    return new Date(this.#deps.clock.now()).toISOString()
  }
}

const withoutUndefined = (changes: JobChanges): Partial<JobSettingsInput> =>
  Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined))

/** Texts that have a grammar of their own. */
function checkTexts({ retention }: Pick<JobSettings, 'retention'>): void {
  if (retention !== null) parseRetentionPolicy(retention)
}

/** Retention goes by the name of a source: two sources of one name in one repository would thin out each other's versions. */
function checkAgainst(settings: JobSettings, others: readonly Job[]): void {
  if (others.some(job => job.name === settings.name)) throw nameTaken('job', settings.name)
  const names = settings.sources.map(source => source.name)
  const twice = names.find((name, i) => names.indexOf(name) !== i)
  if (twice !== undefined) throw nameTaken('source', twice)
  for (const job of others.filter(job => job.destinations.some(id => settings.destinations.includes(id)))) {
    for (const source of settings.sources) {
      const same = job.sources.find(one => one.name === source.name && one.path !== source.path)
      if (!same) continue
      throw new HoldfastError(
        'usage.invalid',
        `The job “${job.name}” stores ${same.path} under the name “${source.name}” in the same place.`,
        { advice: `Give ${source.path} another name.`, details: { job: job.id, name: source.name } },
      )
    }
  }
}

function nameTaken(what: string, name: string): HoldfastError {
  return new HoldfastError('usage.invalid', `There is a ${what} “${name}” already.`, {
    advice: 'Choose another name.',
    details: { name },
  })
}
