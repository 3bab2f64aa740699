import { z } from 'zod'
import { errorCodes } from './errors.ts'

/** What holds until it is over; `recovered` is its end. */
export const problemKinds = ['damaged', 'run-failed', 'overdue', 'waiting-for-drive', 'hook-failed'] as const
export type ProblemKind = (typeof problemKinds)[number]

export const noticeKinds = [...problemKinds, 'recovered'] as const
export type NoticeKind = (typeof noticeKinds)[number]

/** Names of jobs that a notice gives; of the others it says how many they are. */
export const mostNoticeJobs = 3

/** Told to people at this computer. `title` and `body` are English; `about` is the same for programs with words of their own. */
export const shownNoticeSchema = z.object({
  at: z.iso.datetime({ precision: 3 }),
  title: z.string(),
  body: z.string(),
  urgency: z.enum(['low', 'normal', 'critical']),
  about: z
    .object({
      kind: z.enum(noticeKinds),
      /** It was told before and still holds. */
      reminder: z.boolean(),
      /** How many jobs it happened to. */
      count: z.int().positive(),
      /** Names of the first of them, at most three. */
      jobs: z.array(z.string()),
      /** The drive that the only job waits for. */
      drive: z.string().nullable(),
      /** Why the only job failed. */
      error: z.enum(errorCodes).nullable(),
    })
    .optional(),
})
export type ShownNotice = z.infer<typeof shownNoticeSchema>
export type NoticeAbout = NonNullable<ShownNotice['about']>
