import { HoldfastError } from '../../../engine/contract/errors.ts'
import type { AttachmentView, FileEntry } from '../../../engine/contract/files.ts'
import type { HelperContract } from '../../../engine/contract/helperContract.ts'
import type { LibraryVersion } from '../../../engine/contract/library.ts'
import type { CallName, CallOutput, HandlerInput } from '../../../engine/contract/rpcContract.ts'
import { GB, MB } from './devices.ts'
import { entryAt, folderAt, picture, textOfNotes, volumesOf } from './fileTree.ts'
import { minutes } from './manualClock.ts'
import type { FakeWorld } from './world.ts'

type FileCall = Extract<CallName<HelperContract>, `files.${string}` | `copies.${string}`>
type FileCalls = {
  [Name in FileCall]: (input: HandlerInput<HelperContract, Name>) => CallOutput<HelperContract, Name>
}
type PlanInput = HandlerInput<HelperContract, 'files.planRestore'>

/** What the encrypted volume of the invented versions is opened with. */
export const volumePassphrase = 'under the doormat'

/** The answers of the invented helper about files, writable copies and what is attached. */
export function fakeFileCalls(world: FakeWorld): FileCalls {
  const { clock } = world
  const unlocked = new Set<string>()
  /** What lies in folders of the person. */
  const own = new Map<string, Set<string>>([['/home/anna/Desktop', new Set(['notes.txt', 'home'])]])
  const plans = new Map<
    string,
    { input: PlanInput; version: LibraryVersion; answer: CallOutput<HelperContract, 'files.planRestore'> }
  >()

  const find = (id: string, kind: AttachmentView['kind']): AttachmentView => {
    const found = world.attachments.find(one => one.id === id && one.kind === kind)
    if (!found) throw new HoldfastError('files.notMounted', 'This is not attached.')
    if (kind === 'files') change(id, { until: clock.iso(minutes(10)) })
    return found
  }
  const change = (id: string, facts: Partial<AttachmentView> | null) => {
    world.attachments = world.attachments.flatMap(one =>
      one.id !== id ? [one] : facts === null ? [] : [{ ...one, ...facts }],
    )
    world.topics.attachments.tell({ attachments: world.attachments })
  }
  const isReachable = (destination: string) => {
    const { state, destination: facts } = world.place(destination)
    if (state.state !== 'connected')
      throw new HoldfastError('storage.driveNotConnected', `${facts.name} is not connected.`)
  }
  const place = ({ attachment, volume }: { attachment: string; volume: string }) => {
    const of = find(attachment, 'files')
    const known = volumesOf(of.versionName, unlocked.has(of.version)).find(({ name }) => name === volume)
    if (!known) throw new HoldfastError('files.volumeNotFound', `There is no volume ${volume}.`)
    if (known.state === 'locked') throw new HoldfastError('files.locked', `${volume} is encrypted.`)
    return of
  }
  const mustBe = <Thing>(thing: Thing | undefined, path: string): Thing => {
    if (thing === undefined) throw new HoldfastError('files.notFound', `There is no ${path} in this version.`)
    return thing
  }
  const mustBeDetached = ({ state }: AttachmentView) => {
    if (state !== 'idle') throw new HoldfastError('files.busy', 'The copy is attached.', { advice: 'Detach it first.' })
  }

  const sizeOf = (path: string): { entries: number; bytes: number } => {
    const inside = folderAt(path)
    if (!inside) return { entries: 1, bytes: entryAt(path)?.sizeBytes ?? 0 }
    return inside
      .map(({ name }) => sizeOf(path === '' ? name : `${path}/${name}`))
      .reduce((sum, one) => ({ entries: sum.entries + one.entries, bytes: sum.bytes + one.bytes }), {
        entries: 1,
        bytes: 0,
      })
  }

  return {
    'files.open': ({ destination, version: id }) => {
      isReachable(destination)
      const version = world.version(destination, id)
      const open = world.attachments.find(one => one.kind === 'files' && one.version === id)
      const volumes = volumesOf(version.name, unlocked.has(id))
      if (open) return { attachment: open.id, volumes }
      const attachment = attach(world, version, { until: clock.iso(minutes(10)) })
      world.topics.attachments.tell({ attachments: world.attachments })
      return { attachment: attachment.id, volumes }
    },
    'files.unlock': ({ attachment, passphrase }) => {
      const { version, versionName } = find(attachment, 'files')
      if (passphrase !== volumePassphrase)
        throw new HoldfastError('files.wrongPassphrase', 'No key of the volume fits that passphrase.')
      unlocked.add(version)
      return { volumes: volumesOf(versionName, true) }
    },
    'files.list': ({ path, search, order, descending, offset, limit, ...rest }) => {
      place(rest)
      const wanted = search.toLowerCase()
      const all = mustBe(folderAt(path), path)
      const found = wanted === '' ? all : all.filter(({ name }) => name.toLowerCase().includes(wanted))
      const sorted = sortedBy(found, order, descending)
      return { entries: sorted.slice(offset, offset + limit), total: found.length }
    },
    'files.preview': ({ path, ...rest }) => {
      place(rest)
      const { name, sizeBytes } = mustBe(entryAt(path), path)
      if (sizeBytes === 0) return { kind: 'none', reason: 'empty' }
      if (name.endsWith('.png')) return { kind: 'picture', type: 'image/png', base64: picture }
      if (name.endsWith('.jpg')) return { kind: 'none', reason: 'tooLarge' }
      if (name.endsWith('.txt')) return { kind: 'text', text: textOfNotes, isWhole: sizeBytes < 65_536 }
      return { kind: 'none', reason: 'other' }
    },
    'files.history': ({ path, limit, ...rest }) => {
      const { destination, version } = place(rest)
      const { name } = world.version(destination, version)
      const all = world.versionsOf(destination).filter(one => one.name === name)
      const { kind, sizeBytes, modified } = mustBe(entryAt(path), path)
      const states = ['present', 'same', 'same', 'present', 'absent', 'unknown'] as const
      return {
        entries: all.slice(0, limit).map((one, i) => {
          const state = states[i % states.length]!
          const isThere = state === 'present' || state === 'same'
          return {
            version: one.id,
            date: one.date,
            state,
            kind: isThere ? kind : null,
            sizeBytes: isThere ? sizeBytes : null,
            modified: isThere ? modified : null,
          }
        }),
        more: all.length > limit,
      }
    },
    'files.planRestore': input => {
      const { destination, version: id } = place(input)
      const folder = input.folder.replace(/^~\//, '/home/anna/')
      if (!folder.startsWith('/home/anna/'))
        throw new HoldfastError('access.denied', `${folder} is no folder of yours.`, { advice: 'Choose another.' })
      const there = own.get(folder) ?? new Set()
      const names = input.paths.map(path => path.slice(path.lastIndexOf('/') + 1) || 'disk')
      const taken = names.filter(name => there.has(name))
      const isKeeping = input.existing === 'keep-both'
      const sums = input.paths.map(sizeOf)
      const version = world.version(destination, id)
      const answer = {
        planId: world.newId(32),
        version,
        folder,
        names: names.map(name => (isKeeping && there.has(name) ? `${name} (2)` : name)),
        entries: sums.reduce((sum, one) => sum + one.entries, 0),
        bytes: sums.reduce((sum, one) => sum + one.bytes, 0),
        freeBytes: folder.includes('full') ? 1000 : 312 * GB,
        replaced: isKeeping ? [] : taken,
        replacedCount: isKeeping ? 0 : taken.length,
      }
      plans.set(answer.planId, { input, version, answer })
      return answer
    },
    'files.startRestore': ({ planId }) => {
      const plan = plans.get(planId)
      if (!plan) throw new HoldfastError('config.notFound', 'The plan is too old.', { advice: 'Plan again.' })
      plans.delete(planId)
      const { input, version, answer } = plan
      if (input.existing === 'refuse' && answer.replacedCount > 0)
        throw new HoldfastError('target.exists', `${answer.replaced[0]} is there already.`)
      const outcome = {
        kind: 'extract' as const,
        version: version.id,
        versionName: version.name,
        versionDate: version.date,
        target: answer.folder,
        entries: 0,
        bytes: 0,
        replacedCount: 0,
        problems: [] as string[],
        problemCount: 0,
      }
      change(input.attachment, { state: 'busy' })
      const run = world.begin(
        {
          kind: 'extract',
          job: null,
          place: world.place(version.destination),
          trigger: 'manual',
          totalBytes: Math.max(1, answer.bytes),
          phase: 'restoring',
          name: version.name,
          outcome,
        },
        ended => {
          const problems = answer.names.includes('control') ? ['control: a pipe cannot be made here'] : []
          ended.outcome = {
            ...outcome,
            entries: answer.entries,
            bytes: answer.bytes,
            replacedCount: answer.replacedCount,
            problems,
            problemCount: problems.length,
          }
          if (problems.length > 0) ended.state = 'incomplete'
          own.set(answer.folder, new Set([...(own.get(answer.folder) ?? []), ...answer.names]))
          change(input.attachment, { state: 'attached' })
        },
      )
      return { run: run.id }
    },
    'files.close': ({ attachment }) => {
      const { state } = find(attachment, 'files')
      if (state === 'busy') throw new HoldfastError('files.busy', 'Something is copied out of it.')
      change(attachment, null)
      return {}
    },
    'copies.create': ({ destination, version }) => {
      isReachable(destination)
      const copy = attach(world, world.version(destination, version), { kind: 'copy', state: 'idle', changedBytes: 0 })
      world.topics.attachments.tell({ attachments: world.attachments })
      return { copy: copy.id }
    },
    'copies.attach': ({ copy }) => {
      find(copy, 'copy')
      const where = { device: '/dev/nbd0', uri: `nbd+unix:///copy?socket=/run/holdfast/copies/${copy}` }
      change(copy, { state: 'attached', ...where, changedBytes: 3 * MB })
      return where
    },
    'copies.detach': ({ copy }) => {
      if (find(copy, 'copy').state === 'busy') throw new HoldfastError('files.busy', '/dev/nbd0p1 is mounted.')
      change(copy, { state: 'idle', device: null, uri: null })
      return {}
    },
    'copies.keep': ({ copy, note }) => {
      const of = find(copy, 'copy')
      mustBeDetached(of)
      change(copy, { state: 'busy' })
      const version = world.version(of.destination, of.version)
      const outcome = {
        kind: 'keep' as const,
        of: version.id,
        versionName: version.name,
        versionDate: version.date,
        version: null,
        storedBytes: 0,
      }
      const run = world.begin(
        {
          kind: 'keep',
          job: null,
          place: world.place(of.destination),
          trigger: 'manual',
          totalBytes: Math.max(1, of.changedBytes ?? 0),
          phase: 'reading',
          name: version.name,
          outcome,
        },
        ended => {
          const kept = world.addVersion(
            null,
            of.destination,
            { path: version.source, name: version.name },
            clock.iso(),
            {
              protected: true,
              sizeBytes: version.sizeBytes,
              labels: note === '' ? {} : { note },
            },
          )
          ended.outcome = { ...outcome, version: kept.id, storedBytes: of.changedBytes ?? 0 }
          change(copy, null)
          world.tellLibrary(of.destination)
        },
      )
      return { run: run.id }
    },
    'copies.discard': ({ copy }) => {
      mustBeDetached(find(copy, 'copy'))
      change(copy, null)
      return {}
    },
  }
}

/** Puts a version among what is attached, without telling anybody. */
export function attach(world: FakeWorld, version: LibraryVersion, facts: Partial<AttachmentView> = {}): AttachmentView {
  const attachment: AttachmentView = {
    id: world.newId(),
    kind: 'files',
    destination: version.destination,
    destinationName: world.place(version.destination).destination.name,
    version: version.id,
    versionName: version.name,
    versionDate: version.date,
    since: world.clock.iso(),
    state: 'attached',
    device: null,
    uri: null,
    changedBytes: null,
    until: null,
    ...facts,
  }
  world.attachments = [...world.attachments, attachment]
  return attachment
}

/** The last order that was asked for, of one folder: pages of 100 000 entries are not sorted for each page. */
let lastSorted: { of: readonly FileEntry[]; by: string; entries: FileEntry[] } | undefined

function sortedBy(
  entries: readonly FileEntry[],
  order: 'name' | 'size' | 'modified',
  descending: boolean,
): FileEntry[] {
  const by = `${order} ${descending}`
  if (lastSorted?.of === entries && lastSorted.by === by) return lastSorted.entries
  const value = (a: FileEntry, b: FileEntry): number => {
    if (order === 'size') return a.sizeBytes - b.sizeBytes
    if (order === 'modified') return a.modified < b.modified ? -1 : a.modified > b.modified ? 1 : 0
    return a.name < b.name ? -1 : 1
  }
  const isFolder = ({ kind }: FileEntry) => Number(kind === 'folder')
  const sorted = entries.toSorted((a, b) => isFolder(b) - isFolder(a) || (descending ? -value(a, b) : value(a, b)))
  lastSorted = { of: entries, by, entries: sorted }
  return sorted
}
