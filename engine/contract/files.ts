import { z } from 'zod'

/** What is inside of a version: volumes, and the files on them. Sizes are bytes. */

const bytes = z.int().nonnegative()

/**
 * ready: its files can be listed. locked: encrypted, a passphrase opens it. closed: it holds no files, or none that can be
 * reached here; `why` says so.
 */
export const volumeStates = ['ready', 'locked', 'closed'] as const

/** A part of a version that may hold a file system: a partition, a logical volume, or all of it. */
export const volumeSchema = z.object({
  /** Stable and readable: 'p1', 'vg/root', 'p3/vg/root' inside of an encrypted p3; 'disk' when there are no parts. */
  name: z.string(),
  /** As lsblk calls it: 'ext4', 'crypto_LUKS'; null when nobody knows it, or before it is opened. */
  kind: z.string().nullable(),
  label: z.string().nullable(),
  sizeBytes: bytes,
  /** As of the last time that the file system wrote it down. */
  usedBytes: bytes.nullable(),
  /** What the partition table says that it is for. */
  purpose: z.string().nullable(),
  state: z.enum(volumeStates),
  why: z.string().nullable(),
})
export type Volume = z.infer<typeof volumeSchema>

export const fileKinds = ['file', 'folder', 'link', 'block', 'character', 'pipe', 'socket', 'unknown'] as const
export type FileKind = (typeof fileKinds)[number]

export const fileEntrySchema = z.object({
  name: z.string(),
  kind: z.enum(fileKinds),
  sizeBytes: bytes,
  /** Last change of the content, ISO 8601 in UTC with milliseconds. */
  modified: z.iso.datetime({ precision: 3 }),
  /** Permission bits, octal, as chmod takes them: '0644', '4755'. */
  mode: z.string().regex(/^[0-7]{4}$/),
  /** Numbers: the names belong to the computer that was backed up. */
  uid: z.int().nonnegative(),
  gid: z.int().nonnegative(),
  /** Of links: where it points to, as it stands there. */
  linkTarget: z.string().nullable(),
  /** The name is no UTF-8; `name` has U+FFFD in place of what is not. */
  isNameExact: z.boolean(),
})
export type FileEntry = z.infer<typeof fileEntrySchema>

/** What came of copying files out of a version. */
export const extractResultSchema = z.object({
  version: z.string(),
  destination: z.string(),
  /** Names in the destination that there are now, or would be after a dry run. */
  extracted: z.array(z.string()),
  /** What was there before and is replaced, relative to the destination. */
  replaced: z.array(z.string()),
  /** Files and other entries, folders included. */
  entries: z.int().nonnegative(),
  bytes,
  /** What could not be copied in full, one line each. */
  problems: z.array(z.string()),
  dryRun: z.boolean(),
})
export type ExtractResult = z.infer<typeof extractResultSchema>

/** What of backups is attached to this computer, or kept aside on it: people must always see it, and be able to end it. */
export const attachmentViewSchema = z.object({
  id: z.string().regex(/^[0-9a-z-]{1,64}$/),
  /** files: a version whose files are looked at. copy: a writable copy. */
  kind: z.enum(['files', 'copy']),
  destination: z.string(),
  destinationName: z.string(),
  version: z.string(),
  versionName: z.string(),
  versionDate: z.iso.datetime({ precision: 3 }),
  /** Made or opened. */
  since: z.iso.datetime({ precision: 3 }),
  /** idle: a copy that is attached nowhere. busy: something is copied out of it, or it is being kept. */
  state: z.enum(['opening', 'attached', 'busy', 'idle', 'closing']),
  /** Of a copy that is attached. */
  device: z.string().nullable(),
  uri: z.string().nullable(),
  /** Written to a copy. */
  changedBytes: bytes.nullable(),
  /** When it is detached by itself; null when it is not. */
  until: z.iso.datetime({ precision: 3 }).nullable(),
})
export type AttachmentView = z.infer<typeof attachmentViewSchema>
