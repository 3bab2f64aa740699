import type { Helper } from '../helper.ts'

/** What each destination of each job lacks, for screens. */
export function lackingViews({ jobs, destinations, copies }: Pick<Helper, 'jobs' | 'destinations' | 'copies'>) {
  return jobs.list().flatMap(job =>
    job.destinations.flatMap(id => {
      const destination = destinations.find(id)
      const lacking = destination && copies.lacking(job, destination)
      if (!lacking) return []
      const { versions, from } = lacking
      const [oldest, newest] = [versions[0]!, versions.at(-1)!]
      return [
        { job: job.id, destination: id, count: versions.length, oldestAt: oldest.date, newestAt: newest.date, from },
      ]
    }),
  )
}
