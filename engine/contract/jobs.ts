import { z } from 'zod'
import { deviceIdSchema, rememberedDriveSchema } from './drives.ts'
import { byteRangeSchema, restoredTableSchema } from './models.ts'
import { phases } from './progress.ts'
import { boundedRecord } from './rpcContract.ts'
import { quietHoursListSchema, scheduleSchema } from './schedule.ts'
import { transferLimitsSchema } from './transferLimits.ts'
import { maxVersionName, versionNameShape } from './versionName.ts'
import { wireErrorSchema } from './wireError.ts'

/**
 * Jobs, destinations and runs: what the helper keeps, and what screens and scripts see of it. Sizes are bytes, durations
 * milliseconds unless a name says otherwise, times ISO 8601 in UTC with milliseconds.
 */

const isoTime = z.iso.datetime({ precision: 3 })
const bytes = z.int().nonnegative()
/** For people. No control characters: it is shown in terminals, mails and file names. */
const title = z
  .string()
  .min(1)
  .max(100)
  .regex(/^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+$/u, 'holds characters that cannot be shown')
  .refine(text => text.trim() === text, 'begins or ends with a space')
const absolutePath = z
  .string()
  .min(1)
  .max(4096)
  .regex(/^\/[^\0]*$/, 'is no absolute path')

/** 8 random bytes in hex; means nothing outside of this computer. */
export const opaqueId = z.string().regex(/^[0-9a-f]{16}$/)
const versionName = z
  .string()
  .min(1)
  .max(maxVersionName)
  .regex(versionNameShape, 'holds more than letters, digits and - _ . : / @ +')
/** Of a version, as the engine makes it. */
const versionId = z.string().regex(/^[0-9a-f]{16}$/)

/** Where a job stores: one repository. */
export const destinationSchema = z.strictObject({
  id: opaqueId,
  name: title,
  /** Of the repository, without secrets. */
  url: z.string().min(1).max(2048),
  repositoryId: z.string().regex(/^[0-9a-f]{32}$/),
  /** The drive that the repository is on, when it is on one that comes and goes. */
  drive: rememberedDriveSchema.nullable(),
  /** May the helper mount the drive when it is connected and not mounted? */
  mayMount: z.boolean(),
  ejectAfterBackup: z.boolean(),
  /** Of each run; nothing is limited where it is missing. */
  limits: transferLimitsSchema.optional(),
  createdAt: isoTime,
  lastSeenAt: isoTime.nullable(),
})
export type Destination = z.infer<typeof destinationSchema>

export const jobSourceSchema = z.strictObject({
  /** An image file, or where the device was when it was chosen. */
  path: absolutePath,
  /** Stands for a disk, a partition or a volume under whatever name it has; null for a file. */
  device: deviceIdSchema.nullable().default(null),
  /** Of its versions; no two sources of all jobs that share a destination have the same. */
  name: versionName,
})
export type JobSource = z.infer<typeof jobSourceSchema>

/** Executables in the folder of hooks, by the moment at which they run. */
export const hookMoments = [
  'before-snapshot',
  'after-snapshot',
  'before-backup',
  'after-backup',
  'before-restore',
  'after-restore',
  'on-failure',
] as const
export type HookMoment = (typeof hookMoments)[number]
const hookName = z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/)

/** low: runs take the processor and the disks only when nobody else wants them. */
export const priorities = ['normal', 'low'] as const
export type Priority = (typeof priorities)[number]

/** What a person decides about a job. */
export const jobSettingsSchema = z.strictObject({
  name: title,
  sources: z.array(jobSourceSchema).min(1).max(64),
  /** Ids of destinations; each gets every source. */
  destinations: z.array(opaqueId).min(1).max(16),
  /** Null runs it only when somebody asks. */
  schedule: scheduleSchema.nullable(),
  /** Such as "days7,weeks4,months12"; null keeps everything. */
  retention: z.string().max(500).nullable().default(null),
  usedBlocksOnly: z.boolean().default(true),
  /** Of volumes that have snapshots. */
  snapshot: z
    .strictObject({
      /** Keep the last one, so that the next run reads only what changed. Writes to the volume cost more meanwhile. */
      keep: z.boolean().default(true),
      /** At most so much room for what is written while a snapshot lives, bytes; null judges by the volume. */
      roomBytes: z.int().positive().nullable().default(null),
    })
    .prefault({}),
  /** Read a device that is written to meanwhile, where there is no snapshot of it; otherwise it is refused. */
  whileInUse: z.boolean().default(false),
  labels: boundedRecord(z.string().min(1).max(100), z.string().max(1000), 64).default({}),
  hooks: z.partialRecord(z.enum(hookMoments), hookName).default({}),
  conditions: z
    .strictObject({
      onBattery: z.enum(['wait', 'run']).default('wait'),
      metered: z.enum(['wait', 'run']).default('wait'),
      quietHours: quietHoursListSchema.default([]),
    })
    .prefault({}),
  priority: z.enum(priorities).default('normal'),
  limits: z
    .strictObject({
      /** Bytes per second read from a source; null does not limit. */
      read: z.int().positive().nullable().default(null),
      /** Bytes per second written to a destination. */
      write: z.int().positive().nullable().default(null),
    })
    .prefault({}),
  upkeep: z
    .strictObject({
      /** Space is made at most this often; null never. */
      pruneEveryDays: z.int().min(1).max(365).nullable().default(7),
      /** Everything stored is checked within this time, a part after each backup; null never. */
      scrubWithinDays: z.int().min(1).max(365).nullable().default(30),
      /** Of what a backup has just stored, so much is read back at once. */
      verifyPercent: z.number().min(0).max(100).default(1),
    })
    .prefault({}),
  /** A source without a version younger than this is overdue; null goes by the schedule. */
  overdueAfterHours: z
    .number()
    .positive()
    .max(24 * 366)
    .nullable()
    .default(null),
})
export type JobSettings = z.infer<typeof jobSettingsSchema>
export type JobSettingsInput = z.input<typeof jobSettingsSchema>

type Settings = typeof jobSettingsSchema.shape
type Undefaulted<T> = T extends z.ZodDefault<infer Inner> | z.ZodPrefault<infer Inner> ? Inner : T

/** Some of the settings. What is left out stays as it is, so nothing here has a default. */
export const jobChangesSchema = z.strictObject(
  Object.fromEntries(
    Object.entries(jobSettingsSchema.shape).map(([name, field]) => {
      const isDefaulted = field instanceof z.ZodDefault || field instanceof z.ZodPrefault
      return [name, (isDefaulted ? (field.unwrap() as z.ZodType) : field).optional()]
    }),
  ) as unknown as { [Name in keyof Settings]: z.ZodOptional<Undefaulted<Settings[Name]>> },
)
export type JobChanges = z.input<typeof jobChangesSchema>

export const jobSchema = jobSettingsSchema.extend({
  id: opaqueId,
  /** Nothing runs by itself before this time; 'forever' until somebody resumes it. */
  pausedUntil: z.union([isoTime, z.literal('forever')]).nullable(),
  createdAt: isoTime,
  updatedAt: isoTime,
  /** When the schedule was last changed: times before that were not missed. */
  scheduledSince: isoTime,
})
export type Job = z.infer<typeof jobSchema>

export const runTriggers = ['schedule', 'manual', 'drive', 'missed', 'retry'] as const
export type RunTrigger = (typeof runTriggers)[number]

/**
 * running; then complete, incomplete (a version was made with parts missing, or a source failed while others did not), failed, cancelled, or interrupted (the helper ended in the middle; the next run goes on from there).
 */
export const runStates = ['running', 'complete', 'incomplete', 'failed', 'cancelled', 'interrupted'] as const
export type RunState = (typeof runStates)[number]

/** One source in a run. */
export const runPartSchema = z.object({
  source: z.string(),
  state: z.enum(['waiting', ...runStates]),
  version: versionId.nullable(),
  readBytes: bytes,
  newBytes: bytes,
  storedBytes: bytes,
  durationMs: z.int().nonnegative(),
  error: wireErrorSchema.nullable(),
  warnings: z.array(z.string()),
})
export type RunPart = z.infer<typeof runPartSchema>

/**
 * backup: of a job. copy: of versions that another destination has, of a job or asked for by a person. The others are asked for by a person; a
 * backup looks after its destination by itself, and so does a copy of a job.
 */
export const runKinds = ['backup', 'copy', 'restore', 'scrub', 'prune', 'extract', 'keep'] as const
export type RunKind = (typeof runKinds)[number]

/** Runs that can be paused: what they read and write goes through the session of the run, which can be held. */
export const pausableKinds: readonly RunKind[] = ['backup', 'copy', 'restore', 'scrub']

/** What a run that is no backup has come to. Zeros until it is known. */
export const runOutcomeSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('restore'),
    version: versionId,
    /** Name and date of that version. */
    versionName: z.string(),
    versionDate: isoTime,
    /** For people: a path, with model and serial of a disk. */
    target: z.string(),
    writtenBytes: bytes,
    skippedBytes: bytes,
    verified: z.boolean(),
    /** What could not be restored; the target holds no promise there. */
    damaged: z.array(byteRangeSchema),
    /** What was done to the partition table for a larger disk; null or missing when nothing was. */
    table: restoredTableSchema.nullable().optional(),
  }),
  z.object({
    kind: z.literal('scrub'),
    depth: z.enum(['light', 'deep']),
    checkedBytes: bytes,
    /** At most 50 of them. */
    damaged: z.array(z.object({ reason: z.string(), versions: z.array(versionId) })),
    damagedCount: z.int().nonnegative(),
    /** Blocks that were repaired from another destination of the same job. */
    repaired: z.int().nonnegative().optional(),
    /** Names of the destinations that they came from. */
    repairedFrom: z.array(z.string()).optional(),
  }),
  z.object({
    kind: z.literal('extract'),
    version: versionId,
    /** Name and date of that version. */
    versionName: z.string(),
    versionDate: isoTime,
    /** The folder that the files went to, for people. */
    target: z.string(),
    /** Files and other entries, folders included. */
    entries: z.int().nonnegative(),
    bytes,
    replacedCount: z.int().nonnegative(),
    /** What could not be copied in full, one line each; at most 50 of `problemCount`. */
    problems: z.array(z.string()),
    problemCount: z.int().nonnegative(),
  }),
  /** Of a writable copy that was kept as a version. */
  z.object({
    kind: z.literal('keep'),
    /** The version that it was made of. */
    of: versionId,
    versionName: z.string(),
    versionDate: isoTime,
    /** The new one; null until it is complete. */
    version: versionId.nullable(),
    storedBytes: bytes,
  }),
  z.object({
    kind: z.literal('copy'),
    /** Versions that are there now and were not before. */
    copied: z.int().nonnegative(),
    readBytes: bytes,
    storedBytes: bytes,
    /** Versions that are damaged where they were to come from, one line each; at most 50 of `failedCount`. */
    failed: z.array(z.string()),
    failedCount: z.int().nonnegative(),
    /**
     * Of a job: the date that all of its sources have a version of at least, in this destination; null when one of them has none. It counts for
     * the schedule like the beginning of a backup.
     */
    reachesTo: isoTime.nullable(),
  }),
  z.object({ kind: z.literal('prune'), freedBytes: bytes, waitingFor: z.array(z.string()) }),
])
export type RunOutcome = z.infer<typeof runOutcomeSchema>

export const runSchema = z.object({
  id: opaqueId,
  kind: z.enum(runKinds).default('backup'),
  /** Null when it is of no job. */
  job: opaqueId.nullable(),
  /** Of the job; else what is restored or checked, for people. */
  jobName: z.string(),
  /** A run serves one destination; a job with several has a run for each, when its turn comes. */
  destination: opaqueId,
  destinationName: z.string(),
  trigger: z.enum(runTriggers),
  state: z.enum(runStates),
  startedAt: isoTime,
  finishedAt: isoTime.nullable(),
  /** Since when a run under way is paused; missing while it is not. */
  pausedSince: isoTime.optional(),
  /** A volume has a snapshot for as long as this run reads it. */
  holdsSnapshot: z.boolean().optional(),
  /** What it does now; null when it has ended. */
  phase: z.enum([...phases, 'hook', 'retention', 'waiting']).nullable(),
  parts: z.array(runPartSchema),
  /** Versions of this computer in the destination that were known to be damaged when it ended. */
  damagedVersions: z.int().nonnegative().default(0),
  /** Null for a backup, whose parts say it. */
  outcome: runOutcomeSchema.nullable().default(null),
  /** The first cause of failure, with what to do now. */
  error: wireErrorSchema.nullable(),
  warnings: z.array(z.string()),
})
export type Run = z.infer<typeof runSchema>

/** Work under way, as often as it changes. Not kept. */
export const runProgressSchema = z.object({
  run: opaqueId,
  source: z.string().nullable(),
  phase: z.string(),
  doneBytes: bytes,
  totalBytes: bytes.optional(),
  bytesPerSecond: z.number().optional(),
  secondsLeft: z.number().optional(),
  /** Of a backup or copy: stored at the destination so far, for this source or version. */
  storedBytes: bytes.optional(),
  /** Of a backup to a place elsewhere, or a copy: what goes out to the destination; `bytesPerSecond` is that of reading. */
  sentBytesPerSecond: z.number().optional(),
})
export type RunProgress = z.infer<typeof runProgressSchema>
