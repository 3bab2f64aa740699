import type { BridgeConnection } from '../../../engine/contract/appBridge.ts'
import type { DriveDevice, DriveInventory } from '../../../engine/contract/drives.ts'
import type { WireError } from '../../../engine/contract/errors.ts'
import type { AttachmentView } from '../../../engine/contract/files.ts'
import type { DestinationView, HelperContract, JobView } from '../../../engine/contract/helperContract.ts'
import type { Run, RunProgress } from '../../../engine/contract/jobs.ts'
import type { LibrarySummary } from '../../../engine/contract/library.ts'
import type { TopicChange, TopicName, TopicState } from '../../../engine/contract/rpcContract.ts'
import type { ShownNotice } from '../../../engine/contract/shownNotice.ts'

/** What the screens know of the helper: nothing but what its topics have told. A list is null until it was told. */
export interface House {
  readonly connection: BridgeConnection
  readonly jobs: readonly JobView[] | null
  readonly destinations: readonly DestinationView[] | null
  readonly devices: readonly DriveDevice[] | null
  /** The same with what LVM says of them. */
  readonly inventory: DriveInventory | null
  readonly library: readonly LibrarySummary[] | null
  readonly running: readonly Run[] | null
  /** Runs that have ended while we watched, newest first. */
  readonly ended: readonly Run[]
  /** By run. */
  readonly progress: Readonly<Record<string, RunProgress>>
  /** Oldest first. */
  readonly notices: readonly ShownNotice[] | null
  /** Versions whose files are looked at, and writable copies. */
  readonly attachments: readonly AttachmentView[] | null
  /** Topics that the helper does not tell us about, and why. */
  readonly refused: Readonly<Partial<Record<Topic, WireError>>>
}

export type Topic = TopicName<HelperContract>
type State<Name extends Topic> = TopicState<HelperContract, Name>
type Change<Name extends Topic> = TopicChange<HelperContract, Name>

export const emptyHouse: House = {
  connection: { state: 'connecting', error: null },
  jobs: null,
  destinations: null,
  devices: null,
  inventory: null,
  library: null,
  running: null,
  ended: [],
  progress: {},
  notices: null,
  attachments: null,
  refused: {},
}

const endedToKeep = 50
const noticesToKeep = 200

/** What a whole state or one change of a topic makes of the house. Pure. */
export interface TopicReducer<Name extends Topic> {
  state(house: House, state: State<Name>): House
  change(house: House, change: Change<Name>): House
}

export const topicReducers: { readonly [Name in Topic]: TopicReducer<Name> } = {
  jobs: {
    state: (house, { jobs }) => ({ ...house, jobs }),
    change: (house, { changed, removed }) => ({
      ...house,
      jobs: merged(house.jobs ?? [], changed, removed, view => view.job.id),
    }),
  },
  destinations: {
    state: (house, { destinations }) => ({ ...house, destinations }),
    change: (house, { changed, removed }) => ({
      ...house,
      destinations: merged(house.destinations ?? [], changed, removed, view => view.destination.id),
    }),
  },
  drives: {
    state: (house, inventory) => ({ ...house, devices: inventory.devices, inventory }),
    change: (house, inventory) => ({ ...house, devices: inventory.devices, inventory }),
  },
  library: {
    state: (house, { summaries }) => ({ ...house, library: summaries }),
    change: (house, summary) => ({
      ...house,
      library: merged(house.library ?? [], [summary], [], one => one.destination),
    }),
  },
  runs: {
    state: (house, { running }) => ({ ...house, running, progress: onlyOf(house.progress, running) }),
    change: (house, run) => {
      const others = (house.running ?? []).filter(one => one.id !== run.id)
      if (run.state === 'running') {
        return { ...house, running: merged(house.running ?? [], [run], [], one => one.id) }
      }
      const ended = [run, ...house.ended.filter(one => one.id !== run.id)].slice(0, endedToKeep)
      return { ...house, running: others, ended, progress: onlyOf(house.progress, others) }
    },
  },
  notices: {
    state: (house, { notices }) => ({ ...house, notices: notices.slice(-noticesToKeep) }),
    change: (house, notice) => ({ ...house, notices: [...(house.notices ?? []), notice].slice(-noticesToKeep) }),
  },
  attachments: {
    state: (house, { attachments }) => ({ ...house, attachments }),
    change: (house, { attachments }) => ({ ...house, attachments }),
  },
  progress: {
    state: (house, { running }) => ({ ...house, progress: Object.fromEntries(running.map(one => [one.run, one])) }),
    change: (house, one) => {
      // What comes late is of a run that has ended.
      if (house.ended.some(run => run.id === one.run)) return house
      return { ...house, progress: { ...house.progress, [one.run]: one } }
    },
  },
}

/** A list in its order, with what has changed in place of what it was, new things at the end, and without what is gone. */
function merged<Thing>(
  old: readonly Thing[],
  changed: readonly Thing[],
  removed: readonly string[],
  idOf: (thing: Thing) => string,
): Thing[] {
  const news = new Map(changed.map(thing => [idOf(thing), thing]))
  const gone = new Set(removed)
  const kept = old
    .filter(thing => !gone.has(idOf(thing)))
    .map(thing => {
      const newer = news.get(idOf(thing))
      news.delete(idOf(thing))
      return newer ?? thing
    })
  return [...kept, ...[...news.values()].filter(thing => !gone.has(idOf(thing)))]
}

const onlyOf = (progress: House['progress'], runs: readonly Run[]): House['progress'] =>
  Object.fromEntries(runs.flatMap(({ id }) => (progress[id] ? [[id, progress[id]]] : [])))
