import { z } from 'zod'
import { opaqueId } from './jobs.ts'
import { byteRangeSchema, lockStateSchema, retentionReasonSchema, versionSchema } from './models.ts'

/**
 * Versions as the helper remembers them, also while their drive is away. Sizes are bytes, times ISO 8601 in UTC with
 * milliseconds.
 */

const isoTime = z.iso.datetime({ precision: 3 })
const bytes = z.int().nonnegative()
export const versionIdSchema = z.string().regex(/^[0-9a-f]{16}$/)

/** Until when a version cannot be removed for good. */
export const versionLockSchema = z.object({
  /** The earliest end among the locks of all that it needs; null when something of it is not locked, or not known to be. */
  until: isoTime.nullable(),
  /** When that was found out. */
  at: isoTime,
  /**
   * server: it was asked of every object. notes: put together of what this computer has noted when objects were stored, extended or asked
   * of; the earliest of all that the versions of the destination need, so this version may be locked for longer.
   */
  by: z.enum(['server', 'notes']),
})
export type VersionLock = z.infer<typeof versionLockSchema>

/** A version in a destination. */
export const libraryVersionSchema = versionSchema.extend({
  destination: opaqueId,
  /** The job that made it, when it is one of this computer; null for others. */
  job: opaqueId.nullable(),
  /** Where objects are locked against removal, as far as that was looked at since the version is there. */
  lock: versionLockSchema.optional(),
})
export type LibraryVersion = z.infer<typeof libraryVersionSchema>

/** How much is known of the versions of a destination. */
export const librarySummarySchema = z.object({
  destination: opaqueId,
  versions: z.int().nonnegative(),
  damaged: z.int().nonnegative(),
  oldestAt: isoTime.nullable(),
  newestAt: isoTime.nullable(),
  /** When the repository was last looked at; null when it never was. */
  refreshedAt: isoTime.nullable(),
})
export type LibrarySummary = z.infer<typeof librarySummarySchema>

/** What a repository takes, as of a moment. */
export const usageSchema = z.object({
  at: isoTime,
  storedBytes: bytes,
  /** Sum of the sizes of all versions. */
  virtualBytes: bytes,
  /** What they need once each, before compression. */
  uniqueBytes: bytes,
  freeBytes: bytes.nullable(),
  versions: z.int().nonnegative(),
  /**
   * Where objects are locked: until when nothing that versions need can be removed, as noted when it was stored, extended or asked of; null
   * when that is not known of everything. Absent elsewhere, and when measured by an older helper.
   */
  lock: lockStateSchema.pick({ mode: true, lockedUntil: true }).optional(),
})
export type Usage = z.infer<typeof usageSchema>

/** What differs between two versions. Both may have been made of different sources. */
export const comparisonSchema = z.object({
  /** In blocks of the older that the newer holds differently, and in what it is longer. */
  changedBytes: bytes,
  sameBytes: bytes,
  /** The greater of both sizes. */
  sizeBytes: bytes,
  /** How much has changed in each of at most 256 parts of equal length, from 0 to 1. */
  parts: z.array(z.number().min(0).max(1)),
})
export type Comparison = z.infer<typeof comparisonSchema>

/** A partition, or a stretch of free room, of a disk that is or will be. */
export const diskPartSchema = z.object({
  ...byteRangeSchema.shape,
  kind: z.enum(['partition', 'free']),
  /** Type of its file system or what it is for, in the words of lsblk; null when unknown. */
  type: z.string().nullable(),
  label: z.string().nullable(),
  mountPoints: z.array(z.string()),
  usedBytes: bytes.nullable(),
})
export type DiskPart = z.infer<typeof diskPartSchema>

/** A disk as it is drawn. Without a partition table it has one part. */
export const diskPictureSchema = z.object({
  sizeBytes: bytes,
  table: z.string().nullable(),
  parts: z.array(diskPartSchema),
})
export type DiskPicture = z.infer<typeof diskPictureSchema>

/** What a retention policy would do to the versions that are there. */
export const retentionPreviewSchema = z.object({
  keptCount: z.int().nonnegative(),
  removedCount: z.int().nonnegative(),
  /** Newest first. Of too many for one answer, the oldest that are removed are left out, and only then any that are kept. */
  decisions: z.array(
    z.object({
      version: versionIdSchema,
      name: z.string(),
      date: isoTime,
      keep: z.boolean(),
      reason: retentionReasonSchema,
    }),
  ),
})
export type RetentionPreview = z.infer<typeof retentionPreviewSchema>
