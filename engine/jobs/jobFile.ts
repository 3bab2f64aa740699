import { z } from 'zod'
import { HoldfastError } from '../contract/errors.ts'
import { type Destination, destinationSchema, type Job } from '../contract/jobs.ts'
import { storedJobSchema } from './storedJob.ts'

/** Of the file. Raised when an older Holdfast would misunderstand it. */
const fileVersion = 1

const jobFileSchema = z.strictObject({
  format: z.literal('holdfast-jobs'),
  version: z.literal(fileVersion),
  exportedAt: z.iso.datetime({ precision: 3 }),
  destinations: z.array(destinationSchema).max(1000),
  jobs: z.array(storedJobSchema).max(1000),
})
export type JobFile = z.infer<typeof jobFileSchema>

/** All jobs and the destinations that they use, as one file for people to keep. It holds no secrets. */
export function encodeJobFile(jobs: readonly Job[], destinations: readonly Destination[], now: number): string {
  const used = new Set(jobs.flatMap(job => job.destinations))
  const file: JobFile = {
    format: 'holdfast-jobs',
    version: fileVersion,
    exportedAt: new Date(now).toISOString(),
    destinations: destinations.filter(destination => used.has(destination.id)),
    jobs: [...jobs],
  }
  return `${JSON.stringify(file, null, 2)}\n`
}

/**
 * Reads what encodeJobFile wrote. config.invalid says what is wrong and where; a file of a newer Holdfast is told apart.
 * Every destination that a job names is in the file.
 */
export function decodeJobFile(text: string): JobFile {
  const json = parse(text)
  const head = z.object({ format: z.literal('holdfast-jobs'), version: z.int() }).safeParse(json)
  if (!head.success) {
    throw new HoldfastError('config.invalid', 'This is no file of Holdfast jobs.', {
      advice: 'Choose a file that "holdfast job export" wrote.',
    })
  }
  if (head.data.version > fileVersion) {
    throw new HoldfastError('config.invalid', 'The file of jobs was written by a newer Holdfast.', {
      advice: 'Install that version, and import the file with it.',
      details: { version: head.data.version, known: fileVersion },
    })
  }
  const parsed = jobFileSchema.safeParse(json)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!
    throw new HoldfastError(
      'config.invalid',
      `The file of jobs is wrong at ${issue.path.join('.')}: ${issue.message}.`,
      {
        advice: 'Mend that place, or export the jobs again.',
        details: { path: issue.path.join('.') },
      },
    )
  }
  const known = new Set(parsed.data.destinations.map(destination => destination.id))
  for (const job of parsed.data.jobs) {
    const missing = job.destinations.find(id => !known.has(id))
    if (missing === undefined) continue
    throw new HoldfastError('config.invalid', `The file lacks a destination of the job “${job.name}”.`, {
      advice: 'Export the jobs again.',
      details: { job: job.id, destination: missing },
    })
  }
  return parsed.data
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new HoldfastError('config.invalid', 'The file of jobs is no JSON.', {
      advice: 'Choose a file that "holdfast job export" wrote.',
      cause: error,
    })
  }
}
