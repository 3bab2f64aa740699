import { z } from 'zod'
import { versionIdSchema } from './library.ts'

/** What several calls of the helper take. */

/** A job or a destination: its id, or its name. */
export const reference = z.string().min(1).max(100)
export const secretText = z.string().min(1).max(4096)
export const boundedPath = z.string().min(1).max(4096)

/** Stands for what a plan call has found out; means nothing to anybody else, and not for long. */
export const planIdSchema = z.string().regex(/^[0-9a-f]{32}$/)

export const versionsOf = z.strictObject({
  destination: reference,
  versions: z.array(versionIdSchema).min(1).max(1000),
})
