import { z } from 'zod'
import { jobSchema } from '../contract/jobs.ts'

/** A job out of the database or a file of jobs. Reads also what earlier builds wrote: one stretch of quiet hours, or null. */
export const storedJobSchema = z.preprocess(readEarlierShape, jobSchema)

function readEarlierShape(job: unknown): unknown {
  if (!isObject(job) || !isObject(job.conditions)) return job
  const { quietHours } = job.conditions
  if (quietHours === null) return { ...job, conditions: { ...job.conditions, quietHours: [] } }
  if (!isObject(quietHours)) return job
  return { ...job, conditions: { ...job.conditions, quietHours: [quietHours] } }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
