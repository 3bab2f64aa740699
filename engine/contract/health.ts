import { z } from 'zod'
import { opaqueId } from './jobs.ts'

/** What makes a backup one to rely on, each as a question with an answer. */

const isoTime = z.iso.datetime({ precision: 3 })

export const healthQuestions = [
  /** Every job has a version as young as its schedule promises, in each of its destinations. */
  'recentBackup',
  /** What is backed up is in two destinations at least. */
  'twoPlaces',
  /** One of them is not in this house: a network path, or a drive that is away or was within thirty days. */
  'offSite',
  /** No destination has lacked for a week or longer what others have; asked where a job has several. */
  'sameEverywhere',
  /** Everything stored was read and checked within thirty days, or is younger than that. */
  'verified',
  /** No version is damaged. */
  'undamaged',
  /** The recovery sheet of each destination was saved or printed. */
  'recoverySheet',
  /** Something was restored and verified within the last half year. */
  'restoreTested',
] as const
export type HealthQuestion = (typeof healthQuestions)[number]

export const healthAnswerSchema = z.object({
  question: z.enum(healthQuestions),
  /** open: worth doing; bad: something is wrong; unknown: nothing is set up that it could be asked of. */
  answer: z.enum(['good', 'open', 'bad', 'unknown']),
  /** When that was last done or found; null when never. */
  at: isoTime.nullable(),
  /** Those that it is about when the answer is not good. */
  jobs: z.array(opaqueId),
  destinations: z.array(opaqueId),
})
export type HealthAnswer = z.infer<typeof healthAnswerSchema>
