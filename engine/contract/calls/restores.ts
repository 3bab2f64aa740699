import { z } from 'zod'
import { boundedPath, planIdSchema, reference } from '../callParts.ts'
import { deviceIdSchema, driveDeviceSchema } from '../drives.ts'
import { errorCodes } from '../errors.ts'
import { opaqueId } from '../jobs.ts'
import { diskPictureSchema, libraryVersionSchema, versionIdSchema } from '../library.ts'
import { call } from '../rpcContract.ts'

/** Why something is no target, with words for people. None of these can be insisted on. */
const refusalSchema = z.object({ code: z.enum(errorCodes), message: z.string(), advice: z.string() })

/** Names of LVM; more than their characters is checked by LVM itself. */
const lvmName = z.string().regex(/^(?![-.])[a-zA-Z0-9+_.-]{1,127}$/)

const targetChoice = z.discriminatedUnion('kind', [
  /** A device that the inventory has offered. Everything on it is lost. */
  z.strictObject({ kind: z.literal('device'), device: deviceIdSchema }),
  /** A file that does not exist yet, in a folder of whoever asks. */
  z.strictObject({ kind: z.literal('newFile'), path: boundedPath }),
  /** A logical volume that does not exist yet, of the size of the version, in a volume group or in a thin pool of it. */
  z.strictObject({
    kind: z.literal('newVolume'),
    group: lvmName,
    name: lvmName,
    thinPool: lvmName.nullable().default(null),
  }),
])

/** Calls that give versions back. */
export const restoreCalls = {
  'restores.targets': call({
    access: 'read',
    input: z.strictObject({ destination: reference, version: versionIdSchema }),
    output: z.object({
      targets: z.array(
        z.object({
          device: driveDeviceSchema,
          /** Null when it can be written. */
          refusal: refusalSchema.nullable(),
        }),
      ),
      /** Volume groups in which a new volume could be made for it; none where there is no LVM. */
      groups: z.array(
        z.object({
          name: z.string(),
          freeBytes: z.int().nonnegative(),
          /** Of a volume with extents of its own. */
          refusal: refusalSchema.nullable(),
          /** Thin pools, from which a new volume could take its room. */
          pools: z.array(
            z.object({ name: z.string(), freeBytes: z.int().nonnegative(), refusal: refusalSchema.nullable() }),
          ),
        }),
      ),
    }),
    doc: 'All disks, partitions and volumes, and which of them a version could be restored onto; and the volume groups in which a new volume could be made for it.',
  }),
  'restores.plan': call({
    access: 'operate',
    input: z.strictObject({
      destination: reference,
      version: versionIdSchema,
      target: targetChoice,
      /** Write only what differs. */
      delta: z.boolean().default(false),
      /** Read back and compare what was written. */
      verify: z.boolean().default(true),
      /** On a larger disk, the last partition of a GPT reaches to its end. usage.invalid where that cannot be. */
      grow: z.boolean().default(false),
    }),
    output: z.object({
      planId: planIdSchema,
      version: libraryVersionSchema,
      target: z.discriminatedUnion('kind', [
        z.object({
          kind: z.literal('device'),
          device: driveDeviceSchema,
          /** What a person must type before it is erased: the last four signs of the serial, or of the name where there is none. */
          confirmation: z.string().min(1).max(8),
          confirmationOf: z.enum(['serial', 'name']),
          /** File systems that are lost, for people. */
          lost: z.array(
            z.object({
              label: z.string().nullable(),
              type: z.string(),
              sizeBytes: z.int().nonnegative(),
              /** Where and when it was mounted last, as far as it says so itself. */
              lastMounted: z.object({ path: z.string().nullable(), date: z.iso.datetime().nullable() }).nullable(),
            }),
          ),
        }),
        z.object({ kind: z.literal('newFile'), path: z.string(), freeBytes: z.int().nonnegative().nullable() }),
        z.object({
          kind: z.literal('newVolume'),
          group: z.string(),
          name: z.string(),
          thinPool: z.string().nullable(),
          /** Of its device, once it is there. */
          path: z.string(),
          sizeBytes: z.int().nonnegative(),
          /** Of the group or the pool. */
          freeBytes: z.int().nonnegative(),
        }),
      ]),
      before: diskPictureSchema,
      after: diskPictureSchema,
      warnings: z.array(z.string()),
    }),
    doc: 'Looks whether a version can be restored to a target, and what would be lost. Fails with the refusal when not. The plan is good for ten minutes.',
  }),
  'restores.start': call({
    access: 'erase',
    input: z.strictObject({
      planId: planIdSchema,
      /** As the plan wants it; empty for a new file or volume. */
      confirmation: z.string().max(8),
    }),
    output: z.object({ run: opaqueId }),
    doc: 'Restores as planned, in a run of its own. Serial, size and partition table of a disk are compared once more before the first byte: `target.identityChanged`, and nothing was written. A new file destroys nothing, but shows somebody the files of everybody: it asks for `browse`. A new volume changes how disks are divided: it asks for `configure`, and is removed again when the restore fails.',
  }),
}
