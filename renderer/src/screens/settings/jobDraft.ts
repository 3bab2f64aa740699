import type { Job, JobChanges } from '../../../../engine/contract/jobs.ts'
import { maxQuietHours, quietHoursListSchema } from '../../../../engine/contract/schedule.ts'
import { maxVersionName, versionNameShape } from '../../../../engine/contract/versionName.ts'
import { draftOfSchedule, readDraft, type ScheduleDraft } from './schedulePreset.ts'

/** The settings of a job while they are edited. Pure. */

export interface SourceDraft {
  /** Of the device, or what `sources.offerFile` gave; null for a file that was a source before. */
  id: string | null
  path: string
  device: string | null
  name: string
}

export type QuietHours = Job['conditions']['quietHours']

export interface JobDraft {
  name: string
  sources: readonly SourceDraft[]
  destinations: readonly string[]
  schedule: ScheduleDraft
  retention: string | null
  usedBlocksOnly: boolean
  whileInUse: boolean
  /** Pairs, so that two can have the same name while somebody types. */
  labels: readonly (readonly [key: string, value: string])[]
  conditions: Job['conditions']
  priority: Job['priority']
  limits: Job['limits']
  upkeep: Job['upkeep']
  overdueAfterHours: number | null
}

export const draftOf = (job: Job): JobDraft => ({
  name: job.name,
  sources: job.sources.map(({ path, device, name }) => ({ id: device, path, device, name })),
  destinations: job.destinations,
  schedule: draftOfSchedule(job.schedule),
  retention: job.retention,
  usedBlocksOnly: job.usedBlocksOnly,
  whileInUse: job.whileInUse,
  labels: Object.entries(job.labels),
  conditions: job.conditions,
  priority: job.priority,
  limits: job.limits,
  upkeep: job.upkeep,
  overdueAfterHours: job.overdueAfterHours,
})

export const mistakes = ['name', 'noSource', 'sourceName', 'noDestination', 'schedule', 'quietHours', 'labels'] as const
export type Mistake = (typeof mistakes)[number]

export const isVersionName = (name: string): boolean => name.length <= maxVersionName && versionNameShape.test(name)

/** What keeps a draft from being saved. */
export function mistakesIn(draft: JobDraft): Mistake[] {
  const names = draft.sources.map(({ name }) => name)
  const keys = draft.labels.map(([key]) => key)
  const found: Record<Mistake, boolean> = {
    name: draft.name.trim() === '',
    noSource: draft.sources.length === 0,
    sourceName: names.some(name => !isVersionName(name)) || new Set(names).size < names.length,
    noDestination: draft.destinations.length === 0,
    schedule: !readDraft(draft.schedule).ok,
    quietHours: !areQuietHours(draft.conditions.quietHours),
    labels: keys.includes('') || new Set(keys).size < keys.length,
  }
  return mistakes.filter(mistake => found[mistake])
}

export const areQuietHours = (list: QuietHours): boolean =>
  list.length <= maxQuietHours && quietHoursListSchema.safeParse(list).success

export type PlainChanges = Omit<JobChanges, 'sources'>

/** What a draft changes of a job, apart from its sources. */
export function changesIn(job: Job, draft: JobDraft): PlainChanges {
  const reading = readDraft(draft.schedule)
  const wanted = {
    name: draft.name.trim(),
    destinations: [...draft.destinations],
    schedule: reading.ok ? reading.schedule : job.schedule,
    retention: draft.retention,
    usedBlocksOnly: draft.usedBlocksOnly,
    whileInUse: draft.whileInUse,
    labels: Object.fromEntries(draft.labels),
    conditions: draft.conditions,
    priority: draft.priority,
    limits: draft.limits,
    upkeep: draft.upkeep,
    overdueAfterHours: draft.overdueAfterHours,
  } satisfies PlainChanges
  const changed = Object.entries(wanted).filter(
    ([key, value]) => JSON.stringify(value) !== JSON.stringify(job[key as keyof typeof wanted]),
  )
  return Object.fromEntries(changed) as PlainChanges
}

export const areSourcesChanged = (job: Job, { sources }: JobDraft): boolean =>
  JSON.stringify(sources.map(({ path, device, name }) => [path, device, name])) !==
  JSON.stringify(job.sources.map(({ path, device, name }) => [path, device, name]))

export const isChanged = (job: Job, draft: JobDraft): boolean =>
  areSourcesChanged(job, draft) ||
  Object.keys(changesIn(job, draft)).length > 0 ||
  // A text that cannot be read yet is a change, too.
  !readDraft(draft.schedule).ok
