import { z } from 'zod'
import { destinationStateSchema } from './drives.ts'
import { hookMoments, opaqueId, runPartSchema } from './jobs.ts'
import { readMethods, retentionReasonSchema, versionSchema } from './models.ts'
import { wireErrorSchema } from './wireError.ts'

/** What a run of a job would do now. Made without reading a source, storing anything or mounting a drive. */

const previewedSourceSchema = z.object({
  source: runPartSchema.shape.source,
  /** Where it is now; of one that is not connected, where it was when it was chosen. */
  path: z.string(),
  /** Something is at the path. A run may still fail to read it; `error` then says why. */
  present: z.boolean(),
  sizeBytes: z.int().nonnegative().nullable(),
  /** How it would be read, as far as that is known without reading. */
  method: z.enum(readMethods).nullable(),
  error: wireErrorSchema.nullable(),
})
export type PreviewedSource = z.infer<typeof previewedSourceSchema>

const storedSourceSchema = z.object({
  source: runPartSchema.shape.source,
  /** The newest version that this computer has stored there. */
  newest: versionSchema.pick({ id: true, date: true, status: true }).nullable(),
  /**
   * Versions that retention would remove, and why. The version that the run would make is not there yet and not counted, so
   * the run itself may remove one more. Empty when the source cannot be read: then nothing is removed.
   */
  removes: z.array(
    z.object({ version: versionSchema.shape.id, date: versionSchema.shape.date, reason: retentionReasonSchema }),
  ),
  error: wireErrorSchema.nullable(),
})
export type StoredSource = z.infer<typeof storedSourceSchema>

const previewedDestinationSchema = z.object({
  destination: opaqueId,
  destinationName: z.string(),
  state: destinationStateSchema,
  /** The same in a sentence. */
  text: z.string(),
  /** The drive is there, and a run would mount it. What is on it is not known before. */
  wouldMount: z.boolean(),
  /** Why a run could not store there now; null when it could, or when that shows only once the drive is mounted. */
  error: wireErrorSchema.nullable(),
  /** What is there of each source; empty when the repository was not opened. */
  sources: z.array(storedSourceSchema),
  /** Space is due to be made. Like the check, only after something was stored. */
  prune: z.boolean(),
  /** Share of the repository that is due to be checked, in (0, 100]; null when none is. */
  scrubPercent: z.number().nullable(),
})
export type PreviewedDestination = z.infer<typeof previewedDestinationSchema>

export const jobPreviewSchema = z.object({
  job: opaqueId,
  jobName: z.string(),
  sources: z.array(previewedSourceSchema),
  /** In the order of their moments; `on-failure` only after a failure. `problem` says why one cannot be run. */
  hooks: z.array(z.object({ moment: z.enum(hookMoments), hook: z.string(), problem: z.string().nullable() })),
  destinations: z.array(previewedDestinationSchema),
})
export type JobPreview = z.infer<typeof jobPreviewSchema>
