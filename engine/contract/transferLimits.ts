import { z } from 'zod'
import { timeOfDaySchema } from './schedule.ts'

/** How much of the network a destination may use. */

/** Bytes per second; null does not limit. */
const rate = z.int().min(1024).nullable()

const limitedHoursSchema = z
  .strictObject({ from: timeOfDaySchema, to: timeOfDaySchema, write: rate, read: rate })
  .refine(({ from, to }) => from !== to, { error: 'expected two different times' })

export const transferLimitsSchema = z.strictObject({
  /** To the destination, and from it. */
  write: rate.default(null),
  read: rate.default(null),
  /**
   * Other limits from `from` until `to` of the same or the next day, by this computer's clock; the first that fits counts alone, and a null
   * in it lifts the limit for those hours.
   */
  hours: z.array(limitedHoursSchema).max(8).default([]),
})
export type TransferLimits = z.infer<typeof transferLimitsSchema>
