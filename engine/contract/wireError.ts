import { z } from 'zod'

/** An error that came over a border or out of a file (WireError in errors.ts). Its code may be one of a newer version. */
export const wireErrorSchema = z.object({
  code: z.string(),
  message: z.string(),
  advice: z.string().optional(),
  details: z.record(z.string(), z.unknown()).optional(),
  retryable: z.boolean(),
})
