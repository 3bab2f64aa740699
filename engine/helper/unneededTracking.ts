import type { Destination, Job } from '../contract/jobs.ts'

/** What is kept of volumes for one repository; without a path, of all of them. */
export interface KeptFor {
  repository: string
  path?: string
}

/**
 * What nobody needs any more after a job was removed: of its devices, those that no other job stores in the same repository. `jobs` are
 * the ones that are left. Pure.
 */
export function unneededAfter(removed: Job, jobs: readonly Job[], destinations: readonly Destination[]): KeptFor[] {
  const repositoriesOf = (job: Job) =>
    new Set(destinations.filter(({ id }) => job.destinations.includes(id)).map(({ repositoryId }) => repositoryId))
  const own = [...repositoriesOf(removed)]
  return removed.sources.flatMap(({ device, path }) => {
    if (device === null) return []
    const others = jobs.filter(({ sources }) => sources.some(source => source.device === device))
    const needed = new Set(others.flatMap(job => [...repositoriesOf(job)]))
    return own.filter(id => !needed.has(id)).map(repository => ({ repository, path }))
  })
}
