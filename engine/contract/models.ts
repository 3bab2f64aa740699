import { z } from 'zod'
import type { VersionId } from './ids.ts'
import { wireErrorSchema } from './wireError.ts'

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
export const readMethods = ['full', 'allocation', 'hints', 'lvm-thin', 'lvm-classic'] as const
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
  /** Zeros, which are never stored: of the whole version; where it has a base, of what this run read. */
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
  /**
   * Of a run that was to leave out what a file system has free: which one (as blkid names it) and, when all was read nevertheless,
   * why, as the end of a sentence. Absent when that was not wanted.
   */
  usedBlocks: z.object({ fileSystem: z.string().nullable(), whyAll: z.string().nullable() }).optional(),
  /** Where objects are locked: until then nobody can remove anything that versions need, as of the end of this backup. */
  lockedUntil: isoTime.optional(),
  warnings: z.array(z.string()),
})
export type BackupResult = z.infer<typeof backupResultSchema>

/** `versions` */
export const versionsResultSchema = z.object({ versions: z.array(versionSchema) })
export type VersionsResult = z.infer<typeof versionsResultSchema>

/** What was done to a partition table so that it fits a larger disk. */
export const restoredTableSchema = z.object({
  /** Its second copy is at the end of the disk now. */
  moved: z.literal(true),
  /** The partition that reaches further than in the version; what is in it does not yet. */
  grown: z
    .object({
      partition: z.int().positive(),
      oldSizeBytes: bytes,
      sizeBytes: bytes,
      /** What is in it, as lsblk calls it. */
      fileSystem: z.string().nullable(),
      /** What makes that as large as the partition; null when nobody knows. */
      command: z.string().nullable(),
    })
    .nullable(),
})
export type RestoredTable = z.infer<typeof restoredTableSchema>

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
  /** Null when the partition table, if there is any, is the one of the version. */
  table: restoredTableSchema.nullable(),
  /** What else a person should know, in sentences. */
  warnings: z.array(z.string()),
  durationMs: milliseconds,
})
export type RestoreResult = z.infer<typeof restoreResultSchema>

/** One finding of a scrub. */
export const scrubDamageSchema = z.object({
  /** Name of the object in the storage; null when a block is nowhere to be found. */
  object: z.string().nullable(),
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
/** What was healed out of versions of the same ids in another repository. */
export const repairedFromCopySchema = z.object({
  /** Blocks that have a sound copy again. */
  repaired: z.int().nonnegative(),
  /** Versions that are whole again. */
  versions: z.array(versionId),
  stillDamaged: z.array(versionId),
  warnings: z.array(z.string()),
})
export type RepairedFromCopy = z.infer<typeof repairedFromCopySchema>

export const scrubResultSchema = z.object({
  checkedBlocks: z.int().nonnegative(),
  checkedBytes: bytes,
  damaged: z.array(scrubDamageSchema),
  /** Every version that is affected, once. */
  versions: z.array(versionId),
  notes: z.array(z.string()),
  durationMs: milliseconds,
  /** With another repository to repair from: what came of that. */
  repair: repairedFromCopySchema.optional(),
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
   * period is itself damaged.
   */
  notes: z.array(z.enum(['newest-complete', 'keeper-damaged'])),
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

/** `show`: a version and what only its record says. */
export const versionDetailsSchema = versionSchema.extend({
  finishedAt: isoTime,
  sourceKind: z.enum(['file', 'device']),
  /** The versions of one set were made from snapshots that were taken within `gapMs` of each other; null when it was taken alone. */
  set: z.object({ id: z.string(), gapMs: milliseconds }).nullable(),
  /** Blocks that are damaged and not healed, when the version is damaged. */
  damagedBlocks: z.int().nonnegative(),
})
export type VersionDetails = z.infer<typeof versionDetailsSchema>

/** `enforce` */
export const enforceResultSchema = z.object({
  policy: z.string(),
  dryRun: z.boolean(),
  decisions: z.array(
    z.object({ version: versionId, name: z.string(), date: isoTime, keep: z.boolean(), reason: retentionReasonSchema }),
  ),
  /** Removed, or with a dry run what would be. */
  removed: z.array(versionId),
})
export type EnforceResult = z.infer<typeof enforceResultSchema>

const copiedFacts = {
  version: versionId,
  name: z.string(),
  date: isoTime,
  /** As of the version that it is a copy of. */
  status: z.enum(['complete', 'incomplete']),
  sizeBytes: bytes,
}

/** `copy` */
export const copyResultSchema = z.object({
  dryRun: z.boolean(),
  /** The oldest first. With a dry run what would be copied, and zeros for what is not known before. */
  copied: z.array(
    z.object({
      ...copiedFacts,
      /** Read of the version where it comes from. */
      readBytes: bytes,
      newBytes: bytes,
      storedBytes: bytes,
      durationMs: milliseconds,
    }),
  ),
  /** There already. */
  skipped: z.array(z.object(copiedFacts)),
  /** Damaged where it comes from, or removed meanwhile: nothing of it is in the other place. */
  failed: z.array(z.object({ ...copiedFacts, error: wireErrorSchema })),
  warnings: z.array(z.string()),
})
export type CopyResult = z.infer<typeof copyResultSchema>

/** `rm` */
export const removeResultSchema = z.object({ dryRun: z.boolean(), removed: z.array(versionId) })
export type RemoveResult = z.infer<typeof removeResultSchema>

/** `prune` */
export const pruneResultSchema = z.object({
  dryRun: z.boolean(),
  /** Packs deleted now (with a dry run: that nothing needs any more). */
  deletedPacks: z.int().nonnegative(),
  freedBytes: bytes,
  /** Packs whose live blocks were moved into new ones. */
  rewrittenPacks: z.int().nonnegative(),
  /** Packs that go with the next prune, because a run that began earlier may still need them. */
  waitingPacks: z.int().nonnegative(),
  /** What those runs are, for people. */
  waitingFor: z.array(z.string()),
  /** Where objects are locked: removed, but taking room until then, when the last of the locks has run out. Absent elsewhere. */
  locked: z.object({ objects: z.int().nonnegative(), sizeBytes: bytes, until: isoTime }).optional(),
  durationMs: milliseconds,
})
export type PruneResult = z.infer<typeof pruneResultSchema>

/** Locks against removal at the storage, as its server tells of them. */
export const lockStateSchema = z.object({
  mode: z.enum(['governance', 'compliance']),
  /** For how long objects are locked when they are stored, and again when their locks are extended. */
  days: z.int().positive(),
  /** Until then nothing that any version needs can be removed; null when something is not locked at all. */
  lockedUntil: isoTime.nullable(),
  /** How many objects the server was asked of. */
  askedObjects: z.int().nonnegative(),
  versions: z.array(
    z.object({
      version: versionId,
      name: z.string(),
      date: isoTime,
      /** The earliest end among the locks of all that it needs, or of all that any version needs where no object was asked of. */
      lockedUntil: isoTime.nullable(),
    }),
  ),
})
export type LockState = z.infer<typeof lockStateSchema>

/** `lock extend` */
export const extendedLocksSchema = z.object({
  mode: z.enum(['governance', 'compliance']),
  days: z.int().positive(),
  /** Nothing that versions need can be removed before, as far as is known without asking of what is not due. */
  lockedUntil: isoTime,
  /** That have to be locked. */
  objects: z.int().nonnegative(),
  /** Of these, those of which the server was asked, because their locks might be due. */
  asked: z.int().nonnegative(),
  extended: z.int().nonnegative(),
})
export type ExtendedLocks = z.infer<typeof extendedLocksSchema>

/** `stats` */
export const statsResultSchema = z.object({
  repositoryId: z.string(),
  url: z.string(),
  createdAt: isoTime,
  blockSizeBytes: bytes,
  versions: z.int().nonnegative(),
  /** Sum of the sizes of all versions. */
  virtualBytes: bytes,
  /** What all versions need, once each, uncompressed. */
  uniqueBytes: bytes,
  /** What the repository takes: packs, index, records. */
  storedBytes: bytes,
  packs: z.int().nonnegative(),
  blocks: z.int().nonnegative(),
  /** Room left at the destination; null when it has no such limit. */
  freeBytes: bytes.nullable(),
  /** Absent where nothing is locked. */
  lock: lockStateSchema.optional(),
})
export type StatsResult = z.infer<typeof statsResultSchema>

/** `key list` */
export const keyInfoSchema = z.object({
  id: z.string().regex(/^[0-9a-f]{8}$/),
  kind: z.enum(['passphrase', 'recovery', 'keyfile']),
  label: z.string(),
  createdAt: isoTime,
})
export type KeyInfo = z.infer<typeof keyInfoSchema>

/** `key add`, `key recovery` */
export const keyAddedSchema = z.object({ key: keyInfoSchema, recoveryPhrase: z.string().optional() })
export type KeyAdded = z.infer<typeof keyAddedSchema>

/** `repair` */
export const repairResultSchema = z.object({
  dryRun: z.boolean(),
  /** Copies of small objects written again from their twin. */
  healedObjects: z.array(z.string()),
  /** Packs whose index was taken from the packs themselves. */
  reindexedPacks: z.int().nonnegative(),
  /** Index segments that could not be read and were replaced. */
  replacedSegments: z.int().nonnegative(),
  /** What remains lost, in plain words. */
  lost: z.array(z.string()),
  durationMs: milliseconds,
})
export type RepairResult = z.infer<typeof repairResultSchema>

/** What was written to an exported version and neither kept as a new version nor discarded yet. */
export const overlaySchema = z.object({
  id: z.string(),
  repositoryId: z.string(),
  /** Where the repository was. */
  url: z.string(),
  version: z.string(),
  name: z.string(),
  /** Of the version. */
  date: z.string(),
  sizeBytes: bytes,
  createdAt: z.string(),
  /** Last write. */
  changedAt: z.string(),
  /** In pages of 4 KiB; what was not flushed yet is not counted. */
  changedBytes: bytes,
  /** By a process that lives. */
  inUse: z.boolean(),
  /** Its journal cannot be read: it can only be discarded. */
  isDamaged: z.boolean(),
})
export type Overlay = z.infer<typeof overlaySchema>

/** What "holdfast overlays list" prints with --json. */
export const overlaysResultSchema = z.object({ overlays: z.array(overlaySchema) })
export type OverlaysResult = z.infer<typeof overlaysResultSchema>
