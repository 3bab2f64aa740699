import { z } from 'zod'
import type { ProcessIdentity } from '../base/processIdentity.ts'

const path = z.string().startsWith('/')

/**
 * What can be made on the way from a socket to files, and must be taken away again. Each says enough to tell later whether what is
 * there is the one that was made: a device of the same number may be somebody else's by then.
 */
export const stepSchema = z.discriminatedUnion('kind', [
  /** A folder of ours, removed when it is empty. */
  z.object({ kind: z.literal('folder'), path }),
  /** A file or socket of ours. */
  z.object({ kind: z.literal('file'), path }),
  /** A folder of ours in one of a person's, with what is in it. */
  z.object({ kind: z.literal('staging'), path: path.regex(/\/\.holdfast-[0-9a-f]{16}$/) }),
  /** /dev/nbdN, served by a process whose command line names our socket. */
  z.object({ kind: z.literal('nbd'), device: path, socketPath: path }),
  /** A mount by a program in user space, over a folder of ours. */
  z.object({ kind: z.literal('fuse'), mountPoint: path }),
  /** The loop device over our file, from this offset on. */
  z.object({ kind: z.literal('loop'), file: path, offset: z.int().nonnegative() }),
  /** A device-mapper device; names of ours are random. */
  z.object({ kind: z.literal('mapping'), name: z.string().regex(/^holdfast-[0-9a-z-]+$/) }),
  /** A file system, from a device of ours. */
  z.object({ kind: z.literal('mount'), mountPoint: path, source: path }),
])
export type Step = z.infer<typeof stepSchema>

const processSchema: z.ZodType<ProcessIdentity> = z.object({
  host: z.string(),
  bootId: z.string(),
  pidNamespace: z.string(),
  pid: z.int(),
  startTicks: z.string(),
})

/** What an attachment is made of, in the order in which it was made; undone from the end. */
export const attachmentRecordSchema = z.object({
  id: z.string().regex(/^holdfast-[0-9a-f]{8}$/),
  owner: processSchema,
  /** What is attached, in words. */
  title: z.string(),
  /** The folder where a person sees the files; null while they are only looked at or copied. */
  mountPoint: path.nullable(),
  steps: z.array(stepSchema),
})
export type AttachmentRecord = z.infer<typeof attachmentRecordSchema>
