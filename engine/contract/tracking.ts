import { z } from 'zod'

/** Snapshots that are kept between runs, so that the next one reads only what changed. Sizes are bytes. */

const bytes = z.int().nonnegative()

const trackedSnapshotSchema = z.object({
  name: z.string(),
  /**
   * kept: the next run reads what changed since. in-use: a run is under way. left-over: of a run that died; the next run of the volume
   * removes it. of-another: of another state folder of this computer, or of one that is lost.
   */
  state: z.enum(['kept', 'in-use', 'left-over', 'of-another']),
  /** Null where that is not remembered. */
  takenAt: z.iso.datetime().nullable(),
  /** What it takes; null when that cannot be told. */
  usedBytes: bytes.nullable(),
  /** Room that was set aside for it; null when it shares that of a pool. */
  roomBytes: bytes.nullable(),
  /** False once more was written to the volume than there was room for: the next run reads everything. */
  isValid: z.boolean(),
})
export type TrackedSnapshot = z.infer<typeof trackedSnapshotSchema>

export const trackedVolumeStateSchema = z.object({
  /** Id of the volume; stays when it is renamed. */
  volume: z.string(),
  /** Where it is; of one that has no snapshot of ours, where it was. */
  path: z.string(),
  method: z.enum(['lvm-thin', 'lvm-classic']),
  snapshots: z.array(trackedSnapshotSchema),
  /** Where it is backed up to. `pendingBytes` may have changed between that version and the kept snapshot. */
  repositories: z.array(z.object({ repositoryId: z.string(), version: z.string(), pendingBytes: bytes })),
})
export type TrackedVolumeState = z.infer<typeof trackedVolumeStateSchema>

/** `tracking` */
export const trackingResultSchema = z.object({ volumes: z.array(trackedVolumeStateSchema) })
export type TrackingResult = z.infer<typeof trackingResultSchema>

/** `tracking forget`: names of snapshots, removed or with a dry run to be removed. */
export const forgetTrackingResultSchema = z.object({ dryRun: z.boolean(), removed: z.array(z.string()) })
export type ForgetTrackingResult = z.infer<typeof forgetTrackingResultSchema>
