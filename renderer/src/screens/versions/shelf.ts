import type { DestinationState } from '../../../../engine/contract/drives.ts'
import type { LibraryVersion } from '../../../../engine/contract/library.ts'

/** What is shown of the versions that are known. Pure; lists are newest first. */

export interface Filter {
  /** Words that all occur in the name, the computer, the note or a label. */
  text: string
  job: string | null
  name: string | null
  destination: string | null
  host: string | null
}

export const noFilter: Filter = { text: '', job: null, name: null, destination: null, host: null }

export const isFiltering = (filter: Filter): boolean =>
  filter.text.trim() !== '' || [filter.job, filter.name, filter.destination, filter.host].some(one => one !== null)

export function filtered(versions: readonly LibraryVersion[], filter: Filter): readonly LibraryVersion[] {
  if (!isFiltering(filter)) return versions
  const words = filter.text.toLowerCase().split(/\s+/).filter(Boolean)
  return versions.filter(version => {
    const { job, name, destination, host } = filter
    if (job !== null && version.job !== job) return false
    if (name !== null && version.name !== name) return false
    if (destination !== null && version.destination !== destination) return false
    if (host !== null && version.host !== host) return false
    if (words.length === 0) return true
    const text = searchedText(version)
    return words.every(word => text.includes(word))
  })
}

const searchedText = ({ name, host, labels }: LibraryVersion): string =>
  `${name}\n${host}\n${Object.entries(labels)
    .map(([key, value]) => (key === 'note' ? value : `${key}=${value}`))
    .join('\n')}`.toLowerCase()

const twoDigits = (value: number): string => String(value).padStart(2, '0')

export const dayKey = (year: number, month: number, day: number): string =>
  `${year}-${twoDigits(month + 1)}-${twoDigits(day)}`

/** The day of a moment where the person is: '2026-11-26'. */
export function dayOf(iso: string): string {
  const date = new Date(iso)
  return dayKey(date.getFullYear(), date.getMonth(), date.getDate())
}

export interface Day {
  day: string
  /** Moment of its newest version. */
  at: string
  versions: readonly LibraryVersion[]
  damaged: number
}

/** Versions by the day of the person, in their order. */
export function daysOf(versions: readonly LibraryVersion[]): Day[] {
  const days = new Map<string, { day: string; at: string; versions: LibraryVersion[]; damaged: number }>()
  for (const version of versions) {
    const day = dayOf(version.date)
    let found = days.get(day)
    if (!found) {
      found = { day, at: version.date, versions: [], damaged: 0 }
      days.set(day, found)
    }
    found.versions.push(version)
    if (version.status === 'damaged') found.damaged++
  }
  return [...days.values()]
}

export type Row = { kind: 'day'; day: Day } | { kind: 'version'; version: LibraryVersion }

/** A line for each day, and below it one for each of its versions. */
export const rowsOf = (days: readonly Day[]): Row[] =>
  days.flatMap(day => [
    { kind: 'day' as const, day },
    ...day.versions.map(version => ({ kind: 'version' as const, version })),
  ])

/** Stands for a version among all destinations; the same version may have the same id in two. */
export const keyOf = ({ destination, id }: Pick<LibraryVersion, 'destination' | 'id'>): string => `${destination} ${id}`

const momentOf = ({ name, host, date }: LibraryVersion): string => `${host}\n${name}\n${date}`

/** By the same moment of the same thing: where else it is stored. */
export function copiesByMoment(versions: readonly LibraryVersion[]): (version: LibraryVersion) => LibraryVersion[] {
  const byMoment = new Map<string, LibraryVersion[]>()
  for (const version of versions) {
    const moment = momentOf(version)
    const known = byMoment.get(moment)
    if (known) known.push(version)
    else byMoment.set(moment, [version])
  }
  return version => byMoment.get(momentOf(version)) ?? [version]
}

/** Versions of the same thing in the same destination, right before and right after. */
export function neighboursOf(
  version: LibraryVersion,
  versions: readonly LibraryVersion[],
): { before: LibraryVersion | undefined; after: LibraryVersion | undefined } {
  const same = versions.filter(
    ({ destination, name, host }) =>
      destination === version.destination && name === version.name && host === version.host,
  )
  const place = same.findIndex(({ id }) => id === version.id)
  return place === -1 ? { before: undefined, after: undefined } : { before: same[place + 1], after: same[place - 1] }
}

/** Two versions can be compared when they are in one destination; older first. Null when these cannot. */
export function comparable(chosen: readonly LibraryVersion[]): { older: LibraryVersion; newer: LibraryVersion } | null {
  const [a, b] = chosen
  if (!a || !b || chosen.length !== 2 || a.destination !== b.destination) return null
  return a.date <= b.date ? { older: a, newer: b } : { older: b, newer: a }
}

/** The repository can be had at once, or after the service has mounted its drive. */
export const isReachable = (state: DestinationState | undefined): boolean =>
  state?.state === 'connected' || state?.state === 'present-unmounted'

/** Is there more to say of it than that it is whole, consistent, at hand, and of this computer? */
export const isRemarkable = (version: LibraryVersion, host: string | null, isAway: boolean): boolean =>
  version.protected ||
  version.status !== 'complete' ||
  version.consistency !== 'consistent' ||
  (host !== null && version.host !== host) ||
  isAway ||
  (version.labels.note ?? '') !== ''

/** Values that occur, each once, in the order of the language. */
export const distinct = (values: readonly string[], locale: string): string[] => {
  const order = new Intl.Collator(locale, { numeric: true })
  return [...new Set(values)].toSorted(order.compare)
}

/** Parts of a comparison, joined to at most so many of equal length; each with how much of it has changed. */
export function joinedParts(parts: readonly number[], atMost: number): { from: number; to: number; share: number }[] {
  const count = Math.min(parts.length, atMost)
  return Array.from({ length: count }, (_, i) => {
    const from = Math.floor((i * parts.length) / count)
    const to = Math.floor(((i + 1) * parts.length) / count)
    const inside = parts.slice(from, to)
    return {
      from: from / parts.length,
      to: to / parts.length,
      share: inside.reduce((sum, one) => sum + one, 0) / inside.length,
    }
  })
}

// The syntax of labels, which the service holds to.
const labelName = /^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/
const dnsName = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/

export function isLabelKey(text: string): boolean {
  const parts = text.split('/')
  if (parts.length > 2 || !labelName.test(parts.at(-1)!)) return false
  return parts.length === 1 || (parts[0]!.length <= 253 && dnsName.test(parts[0]!))
}

export const isLabelValue = (text: string): boolean => text === '' || labelName.test(text)
