import type { DestinationView, JobView } from '../../../../engine/contract/helperContract.ts'
import type { Speech } from '../../i18n/language.ts'
import type { Output } from '../../state/calls.ts'
import { isUsable } from './state.ts'

/** What is said of versions that a destination lacks and others have. Pure. */

/** What one destination of one job lacks. */
export type LackingHere = Output<'destinations.lacking'>['lacking'][number]

/** A sentence for each job, the name of a job that is gone meanwhile left out with its sentence. */
export function lackingSentences(
  lacking: readonly LackingHere[],
  jobs: readonly JobView[],
  { t, format }: Speech,
): string[] {
  return lacking.flatMap(({ job: id, count, oldestAt }) => {
    const job = jobs.find(({ job }) => job.id === id)?.job.name
    return job === undefined ? [] : [t('destinations.lacking', { count, job, day: format.day(oldestAt) })]
  })
}

/** Why nothing can be copied to a destination now, as a sentence; null when it can. */
export function whyNotCopied(
  view: DestinationView,
  lacking: readonly LackingHere[],
  { destinations, jobs }: { destinations: readonly DestinationView[]; jobs: readonly JobView[] },
  { t, format }: Speech,
): string | null {
  const { destination } = view
  if (view.protection === null) return t('destinations.lacking.noKey')
  if (!isUsable(view.state)) return t('destinations.lacking.awayHere', { name: destination.name })
  if (lacking.some(({ from }) => from.length > 0)) return null
  const partners = new Set(
    lacking.flatMap(({ job: id }) => jobs.find(({ job }) => job.id === id)?.job.destinations ?? []),
  )
  partners.delete(destination.id)
  const names = destinations.filter(one => partners.has(one.destination.id)).map(one => one.destination.name)
  return t('destinations.lacking.awayThere', { count: names.length, names: format.list(names) })
}
