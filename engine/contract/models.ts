import { z } from 'zod'
import type { VersionId } from './ids.ts'

/**
 * What the command line prints with --json and what the screens receive. Sizes are bytes (safe integers), durations
 * milliseconds, times ISO 8601 in UTC with milliseconds. Readers ignore keys that they do not know, so that a newer
 * engine may say more.
 */

const bytes = z.int().nonnegative()
const milliseconds = z.int().nonnegative()
const isoTime = z.iso.datetime({ precision: 3 })
const versionId = z.string().regex(/^[0-9a-f]{16}$/) as unknown as z.ZodType<VersionId, string>

/** Bytes [offset, offset + length) of a version. */
export const byteRangeSchema = z.object({ offset: bytes, length: bytes })
export type ByteRange = z.infer<typeof byteRangeSchema>

/**
 * complete: everything can be restored. incomplete: the run did not reach the end. damaged: parts are known to be lost,
 * the rest can be restored.
 */
export const versionStatuses = ['complete', 'incomplete', 'damaged'] as const
export type VersionStatus = (typeof versionStatuses)[number]

/** How the run found out what to read: everything, what is allocated, or what change hints named. */
export const readMethods = ['full', 'allocation', 'hints'] as const
export type ReadMethod = (typeof readMethods)[number]

/** How far the bytes of a version belong to one moment; the words are explained in sources/source.ts. */
export const consistencies = ['consistent', 'crash-consistent', 'read-while-in-use'] as const

/** Size as the source has it, and where its bytes came from or went. */
const runCounters = {
  sizeBytes: bytes,
  /** Read from the source in this run. */
  readBytes: bytes,
  /** Of those, in blocks that the repository did not hold before. */
  newBytes: bytes,
  /** What the new blocks take in the repository, compressed and sealed. */
  storedBytes: bytes,
  /** Zeros, which are never stored. */
  holeBytes: bytes,
  durationMs: milliseconds,
  method: z.enum(readMethods),
  consistency: z.enum(consistencies),
  status: z.enum(versionStatuses),
  /** Parts of the source that could not be read and are zeros in the version. */
  unreadable: z.array(byteRangeSchema),
}

/** One complete state of a source kept in a repository. */
export const versionSchema = z.object({
  id: versionId,
  name: z.string(),
  /** The moment that the version shows: when the backup began, or when its snapshot was taken. */
  date: isoTime,
  blockSizeBytes: bytes,
  protected: z.boolean(),
  labels: z.record(z.string(), z.string()),
  ...runCounters,
  /** Path of the source, as the person named it. */
  source: z.string(),
  host: z.string(),
  /** The version that unchanged parts were taken over from. */
  base: versionId.nullable(),
  /** When a deep scrub last read all of it. */
  scrubbedAt: isoTime.nullable(),
})
export type Version = z.infer<typeof versionSchema>

/** `init` */
export const initResultSchema = z.object({
  repositoryId: z.string().regex(/^[0-9a-f]{32}$/),
  /** Shown once and never stored. */
  recoveryPhrase: z.string(),
})
export type InitResult = z.infer<typeof initResultSchema>

/** `backup` */
export const backupResultSchema = z.object({
  version: versionId,
  name: z.string(),
  ...runCounters,
  /** True when the hints contradicted the source and the run read everything instead. */
  hintsRejected: z.boolean(),
  warnings: z.array(z.string()),
})
export type BackupResult = z.infer<typeof backupResultSchema>

/** `versions` */
export const versionsResultSchema = z.object({ versions: z.array(versionSchema) })
export type VersionsResult = z.infer<typeof versionsResultSchema>

/** `restore` */
export const restoreResultSchema = z.object({
  version: versionId,
  target: z.string(),
  writtenBytes: bytes,
  /** Not written because the target already held them. */
  skippedBytes: bytes,
  /** True when everything written was read back and compared. */
  verified: z.boolean(),
  /** What could not be restored; the target holds no promise there. */
  damaged: z.array(byteRangeSchema),
  durationMs: milliseconds,
})
export type RestoreResult = z.infer<typeof restoreResultSchema>

/** One finding of a scrub. */
export const scrubDamageSchema = z.object({
  /** Block id; null when the damage is not in one block (a whole pack, a version record). */
  block: z.string().nullable(),
  /** Pack id; null when no index says where the block should be. */
  pack: z.string().nullable(),
  /** What is wrong, for people. */
  reason: z.string(),
  /** The versions that need it. */
  versions: z.array(versionId),
  /** Where it lies in those versions, when that was looked up. */
  ranges: z.array(byteRangeSchema.extend({ version: versionId })).optional(),
})
export type ScrubDamage = z.infer<typeof scrubDamageSchema>

/** `scrub` */
export const scrubResultSchema = z.object({
  checkedBlocks: z.int().nonnegative(),
  checkedBytes: bytes,
  damaged: z.array(scrubDamageSchema),
  /** Every version that is affected, once. */
  versions: z.array(versionId),
  notes: z.array(z.string()),
  durationMs: milliseconds,
})
export type ScrubResult = z.infer<typeof scrubResultSchema>

/** Periods of a retention policy, shortest first, which is also the order in which they claim versions. */
export const retentionPeriods = ['hours', 'days', 'weeks', 'months', 'years'] as const
export type RetentionPeriod = (typeof retentionPeriods)[number]

const explained = {
  /** The whole reason as a sentence for people. */
  text: z.string(),
  /**
   * newest-complete: what is removed is the newest complete version of its name. keeper-damaged: what stands for the
   * period is itself damaged. future: dated after the moment of the decision.
   */
  notes: z.array(z.enum(['newest-complete', 'keeper-damaged', 'future'])),
}
const place = {
  period: z.enum(retentionPeriods),
  /** How many period boundaries ago; 0 is the current hour, day, … */
  back: z.int().nonnegative(),
}

/** Why a retention policy keeps or removes a version. The first five kinds keep, the last two remove. */
export const retentionReasonSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('protected'), ...explained }),
  z.object({ kind: z.literal('incomplete'), ...explained }),
  z.object({ kind: z.literal('future'), ...explained }),
  /** `position` 1 is the newest. */
  z.object({ kind: z.literal('latest'), position: z.int().positive(), ...explained }),
  z.object({ kind: z.literal('oldest'), ...place, ...explained }),
  /** `by` is the version that is kept for the period. */
  z.object({ kind: z.literal('represented'), ...place, by: versionId, ...explained }),
  z.object({ kind: z.literal('too-old'), ...explained }),
])
export type RetentionReason = z.infer<typeof retentionReasonSchema>
