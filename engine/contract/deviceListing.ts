import { z } from 'zod'
import type { HowBackedUp } from './backupWays.ts'
import { driveDeviceSchema, lvmInventorySchema } from './drives.ts'
import { consistencies } from './models.ts'

/** What `holdfast devices --json` prints; docs/devices.md explains it. Words are for people and may change, codes stay. */

const coded = z.object({ code: z.string(), text: z.string() })

export const listedDeviceSchema = driveDeviceSchema.extend({
  /** Of its file system, as mounted; null when it is not mounted or does not answer. */
  usedBytes: z.int().nonnegative().nullable(),
  backup: z.object({
    way: z.enum(['snapshot-thin', 'snapshot-classic', 'as-is', 'in-use', 'not'] satisfies HowBackedUp['way'][]),
    consistency: z.enum(consistencies).nullable(),
    tracking: z.enum(['lvm-thin', 'lvm-classic', 'none']),
    why: coded,
    /** What can be done about it, the better ones first. */
    choices: z.array(coded),
  }),
})
export type ListedDevice = z.infer<typeof listedDeviceSchema>

export const deviceListingSchema = z.object({
  devices: z.array(listedDeviceSchema),
  /** Null where there is nothing of LVM. */
  lvm: lvmInventorySchema.nullable(),
  /** What could not be found out, and what it takes. */
  notes: z.array(coded),
})
export type DeviceListing = z.infer<typeof deviceListingSchema>
