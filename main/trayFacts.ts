import type { BridgeConnection } from '../engine/contract/appBridge.ts'
import type { AttachmentView } from '../engine/contract/files.ts'
import type { DestinationView, JobView } from '../engine/contract/helperContract.ts'
import type { Run } from '../engine/contract/jobs.ts'
import type { LibraryVersion } from '../engine/contract/library.ts'

/** What the tray is made from. Lists are empty while there is no connection. */
export interface TrayFacts {
  connection: BridgeConnection
  jobs: readonly JobView[]
  destinations: readonly DestinationView[]
  /** Under way. */
  runs: readonly Run[]
  /** The newest few, newest first. */
  versions: readonly LibraryVersion[]
  /** Versions whose files are looked at, and writable copies, also those that are attached nowhere. */
  attachments: readonly AttachmentView[]
}

/** What there is to show without a connection. */
export const noFacts = { jobs: [], destinations: [], runs: [], versions: [], attachments: [] } as const

/** One word for the icon. Each has a shape of its own, so that nobody has to tell colours apart. */
export type TrayIcon = 'fine' | 'running' | 'waiting' | 'attention'

export type Standing = JobView['standings'][number]

/** All standings with the jobs that they are of. */
export function standingsOf(jobs: readonly JobView[]): { job: JobView; standing: Standing }[] {
  return jobs.flatMap(job => job.standings.map(standing => ({ job, standing })))
}

/** Replaces what has changed and leaves out what is gone, as changes of the topics `jobs` and `destinations` say. Pure. */
export function applyChange<Item>(
  items: readonly Item[],
  change: { changed: readonly Item[]; removed: readonly string[] },
  idOf: (item: Item) => string,
): Item[] {
  const changed = new Map(change.changed.map(item => [idOf(item), item]))
  const known = new Set(items.map(idOf))
  const kept = items.filter(item => !change.removed.includes(idOf(item)))
  return [
    ...kept.map(item => changed.get(idOf(item)) ?? item),
    ...change.changed.filter(item => !known.has(idOf(item))),
  ]
}
