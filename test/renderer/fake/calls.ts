import type { DriveDevice } from '../../../engine/contract/drives.ts'
import { type ErrorCode, HoldfastError } from '../../../engine/contract/errors.ts'
import type { HealthAnswer } from '../../../engine/contract/health.ts'
import type { HelperContract } from '../../../engine/contract/helperContract.ts'
import type { Destination, HookMoment, Job } from '../../../engine/contract/jobs.ts'
import type { DiskPicture, LibraryVersion } from '../../../engine/contract/library.ts'
import type { CallName, CallOutput, HandlerInput } from '../../../engine/contract/rpcContract.ts'
import { decideRetention, type RetentionCandidate } from '../../../engine/maintenance/retention.ts'
import { parseRetentionPolicy } from '../../../engine/maintenance/retentionPolicy.ts'
import { GB, usedShare } from './devices.ts'
import { fakeFileCalls } from './files.ts'
import { days } from './manualClock.ts'
import { type FakeWorld, phrase } from './world.ts'

type Call = CallName<HelperContract>
export type FakeCalls = {
  [Name in Call]: (input: HandlerInput<HelperContract, Name>) => CallOutput<HelperContract, Name>
}
type PlaceChoice = HandlerInput<HelperContract, 'places.look'>['place']

/** What the invented helper answers. */
export function fakeCalls(world: FakeWorld): FakeCalls {
  const { clock } = world
  const plans = new Map<
    string,
    {
      kind: 'restore' | 'removal'
      destination: string
      versions: LibraryVersion[]
      confirmation: string
      target: string
    }
  >()

  const notices: CallOutput<HelperContract, 'notices.get'> = {
    email: null,
    webhook: null,
    deliveries: { email: null, webhook: null },
  }

  const pathOf = (place: PlaceChoice): string =>
    place.kind === 'folder'
      ? place.path
      : `${world.device(place.device).mountPoints[0] ?? '/run/holdfast/mnt'}/Holdfast`

  const look = (place: PlaceChoice): CallOutput<HelperContract, 'places.look'> => {
    const path = pathOf(place)
    const known = [...world.places.values()].find(({ destination }) => destination.url === path)
    const device = place.kind === 'drive' ? world.device(place.device) : null
    const sizeBytes = device?.sizeBytes ?? 900 * GB
    const otherBytes = Math.round(sizeBytes * (device ? (usedShare[device.id] ?? 0) : 0.4))
    const facts = {
      path,
      repositoryId: known?.destination.repositoryId ?? null,
      destination: known?.destination.id ?? null,
      problem: null,
      freeBytes: sizeBytes - otherBytes,
      sizeBytes,
      otherBytes,
      hasOtherFiles: otherBytes > 0,
    }
    if (known) return { ...facts, state: 'repository' }
    if (path.includes('existing')) return { ...facts, state: 'repository', repositoryId: world.newId(32) }
    if (device && device.fileSystem === null) {
      const problem = {
        message: 'There is no file system on it.',
        advice: 'Format the drive first, for example with Disks.',
      }
      return { ...facts, state: 'refused', path: null, problem }
    }
    if (device?.isSystem || path.startsWith('/proc')) {
      const problem = { message: 'A backup cannot be kept there.', advice: 'Choose a drive of its own.' }
      return { ...facts, state: 'refused', path: null, problem }
    }
    return { ...facts, state: 'free' }
  }

  const makeDestination = (
    name: string,
    place: PlaceChoice,
    rest: { mayMount: boolean; ejectAfterBackup: boolean },
  ): Destination => {
    if ([...world.places.values()].some(({ destination }) => destination.name === name)) {
      throw new HoldfastError('usage.invalid', `There is a destination “${name}” already.`, {
        advice: 'Choose another name.',
      })
    }
    const device = place.kind === 'drive' ? world.device(place.device) : null
    return {
      id: world.newId(),
      name,
      url: pathOf(place),
      repositoryId: world.newId(32),
      drive: device && {
        serial: device.serial,
        fileSystemUuid: device.fileSystem?.uuid ?? null,
        label: device.fileSystem?.label ?? device.model,
        pathOnDrive: 'Holdfast',
      },
      ...rest,
      createdAt: clock.iso(),
      lastSeenAt: clock.iso(),
    }
  }

  const checkPassphrase = (passphrase: string, wanted: string) => {
    if (passphrase !== wanted)
      throw new HoldfastError('repository.wrongKey', 'The passphrase does not open the repository.')
  }

  const checkPhrase = (text: string) => {
    const words = text.trim().split(/\s+/)
    const known = new Set(phrase.split(' '))
    const number = words.findIndex(word => !known.has(word)) + 1
    const wrong = (message: string, details: Record<string, unknown> = {}) =>
      new HoldfastError('repository.wrongKey', message, { details })
    if (number > 0) throw wrong(`Word ${number} is not in the word list.`, { word: words[number - 1], number })
    if (words.length !== 24) throw wrong(`The phrase has ${words.length} words.`, { words: words.length })
    if (words.join(' ') !== phrase) throw wrong('The checksum of the phrase does not fit.')
  }

  const sourcesOf = (choices: readonly { source: string; name: string }[]): Job['sources'] =>
    choices.map(({ source, name }) => {
      const file = world.files.get(source)
      if (file) return { path: file.path, device: null, name }
      return { path: world.device(source).path, device: source, name }
    })

  const setJob = (job: Job, changes: Partial<Job>): { job: Job } => {
    const changed = { ...job, ...changes, updatedAt: clock.iso() }
    world.jobs.set(job.id, changed)
    world.tellJob(job.id)
    return { job: changed }
  }

  const editVersions = (reference: string, ids: readonly string[], facts: Partial<LibraryVersion>) => {
    const { id } = world.place(reference).destination
    for (const version of ids) world.version(id, version)
    world.versions.set(
      id,
      world.versionsOf(id).map(one => (ids.includes(one.id) ? { ...one, ...facts } : one)),
    )
    world.tellLibrary(id)
  }

  const startUpkeep = (reference: string, kind: 'scrub' | 'prune', depth: 'light' | 'deep' = 'light') => {
    const place = world.place(reference)
    const totalBytes = place.usages.at(-1)?.storedBytes ?? 40 * GB
    const phase = kind === 'scrub' ? 'scrubbing' : 'pruning'
    const run = world.begin({ kind, job: null, place, trigger: 'manual', totalBytes, phase }, ended => {
      ended.outcome =
        kind === 'scrub'
          ? { kind, depth, checkedBytes: totalBytes, damaged: [], damagedCount: 0 }
          : { kind, freedBytes: 3 * GB, waitingFor: [] }
    })
    return { run: run.id }
  }

  const refusalOf = (device: DriveDevice, sizeBytes: number) => {
    const within = world.devices.filter(one => one.id === device.id || one.drives.includes(device.id))
    const holding = [...world.places.values()].flatMap(({ state }) =>
      state.state === 'connected' ? [state.drive] : [],
    )
    const refusal = (code: ErrorCode, message: string, advice: string) => ({ code, message, advice })
    if (device.isSystem)
      return refusal('target.systemDisk', `This computer runs from ${device.path}.`, 'Choose another.')
    if (within.some(({ id }) => holding.includes(id)))
      return refusal('target.holdsRepository', `A backup is on ${device.path}.`, 'Choose another disk.')
    if (within.some(({ mountPoints }) => mountPoints.length > 0))
      return refusal('target.mounted', `${device.path} is mounted.`, 'Unmount it first.')
    if (device.readOnly) return refusal('target.readOnly', `${device.path} is read-only.`, 'Look for a lock switch.')
    if (device.sizeBytes < sizeBytes)
      return refusal('target.tooSmall', `${device.path} is too small.`, 'Choose a larger disk.')
    return null
  }

  const partsOf = (disk: DriveDevice): DiskPicture['parts'] => {
    let offset = 1_048_576
    const parts: DiskPicture['parts'] = world.devices
      .filter(one => one.restsOn.includes(disk.id))
      .map(({ sizeBytes, fileSystem, mountPoints }) => {
        const part = { offset, length: sizeBytes, kind: 'partition' as const, mountPoints, usedBytes: null }
        offset += sizeBytes
        return { ...part, type: fileSystem?.type ?? null, label: fileSystem?.label ?? null }
      })
    const length = disk.sizeBytes - offset
    if (length <= 0) return parts
    return [...parts, { offset, length, kind: 'free', type: null, label: null, mountPoints: [], usedBytes: null }]
  }

  const picture = (version: LibraryVersion): DiskPicture => ({
    sizeBytes: version.sizeBytes,
    table: 'gpt',
    parts: [
      {
        offset: 1_048_576,
        length: 537_000_000,
        kind: 'partition',
        type: 'vfat',
        label: 'EFI',
        mountPoints: [],
        usedBytes: null,
      },
      {
        offset: 538_048_576,
        length: 1_500_000_000,
        kind: 'partition',
        type: 'ext4',
        label: 'boot',
        mountPoints: [],
        usedBytes: null,
      },
      {
        offset: 2_038_048_576,
        length: version.sizeBytes - 2_100_000_000,
        kind: 'partition',
        type: 'crypto_LUKS',
        label: null,
        mountPoints: [],
        usedBytes: null,
      },
    ],
  })

  return {
    ...fakeFileCalls(world),
    'status.get': () => ({
      program: '0.1.0',
      host: 'laptop-anna',
      startedAt: clock.iso(-days(2)),
      mode: 'system',
      secretsLocked: world.secretsLocked,
    }),
    'jobs.list': () => ({ jobs: world.jobViews() }),
    'jobs.create': ({ settings }) => ({ job: world.addJob({ ...settings, sources: sourcesOf(settings.sources) }) }),
    'jobs.edit': ({ job, changes }) => {
      const { sources, ...others } = changes
      const given = Object.fromEntries(
        Object.entries(others).filter(([, value]) => value !== undefined),
      ) as Partial<Job>
      return setJob(world.job(job), { ...given, ...(sources ? { sources: sourcesOf(sources) } : {}) })
    },
    'jobs.remove': ({ job }) => {
      const { id } = world.job(job)
      world.jobs.delete(id)
      world.tellJob(id)
      return {}
    },
    'jobs.run': ({ job, destinations }) => {
      world.runJob(
        world.job(job),
        destinations?.map(one => world.place(one).destination.id),
      )
      return {}
    },
    'jobs.preview': ({ job: reference }) => previewOf(world, world.job(reference)),
    'jobs.pause': ({ job, until }) => setJob(world.job(job), { pausedUntil: until }),
    'jobs.resume': ({ job }) => setJob(world.job(job), { pausedUntil: null }),
    'jobs.export': () => ({ text: JSON.stringify([...world.jobs.values()], null, 2) }),
    'jobs.import': () => ({
      added: [],
      replaced: [],
      kept: [...world.jobs.values()].map(({ name }) => name),
      destinationsAdded: [],
    }),
    'runs.list': ({ job, limit, before }) => ({
      runs: world.runs
        .filter(
          run =>
            (job === undefined || run.job === world.job(job).id) && (before === undefined || run.startedAt < before),
        )
        .slice(0, limit),
    }),
    'runs.get': ({ run: id }) => {
      const run = world.runs.find(one => one.id === id)
      if (!run) throw new HoldfastError('config.notFound', 'There is no such run.')
      return {
        run,
        log: [
          { at: run.startedAt, level: 'info', text: `Run began (${run.trigger}).` },
          ...run.warnings.map(text => ({ at: run.startedAt, level: 'warn' as const, text })),
          ...(run.error
            ? [{ at: run.finishedAt ?? run.startedAt, level: 'error' as const, text: run.error.message }]
            : []),
        ],
      }
    },
    'runs.cancel': ({ run }) => {
      world.end(run, 'cancelled')
      return {}
    },
    'destinations.list': () => ({ destinations: world.destinationViews() }),
    'destinations.add': ({ name, url, passphrase, ...rest }) => {
      const destination = makeDestination(name, { kind: 'folder', path: url }, rest)
      world.addPlace({ destination, passphrase })
      return { destination }
    },
    'destinations.unlock': ({ destination, passphrase }) => {
      const place = world.place(destination)
      checkPassphrase(passphrase, place.passphrase)
      place.isUnlocked = true
      world.tellPlace(place.destination.id)
      return {}
    },
    'destinations.forgetKey': ({ destination }) => {
      const place = world.place(destination)
      place.isUnlocked = false
      world.tellPlace(place.destination.id)
      return {}
    },
    'destinations.remove': ({ destination }) => {
      const { id, name } = world.place(destination).destination
      if ([...world.jobs.values()].some(job => job.destinations.includes(id))) {
        throw new HoldfastError('config.inUse', `“${name}” is used by a job.`, { advice: 'Change the job first.' })
      }
      world.places.delete(id)
      world.versions.delete(id)
      world.tellPlace(id)
      return {}
    },
    'destinations.create': ({ name, place, passphrase, ...rest }) => {
      if (look(place).state === 'repository') {
        throw new HoldfastError('repository.alreadyExists', 'There is a repository at this place.')
      }
      const destination = makeDestination(name, place, rest)
      const drive = place.kind === 'drive' ? place.device : null
      world.addPlace({ destination, passphrase, state: { state: 'connected', path: destination.url, drive } })
      return { destination, recoveryPhrase: phrase }
    },
    'destinations.open': ({ name, place, secret, ...rest }) => {
      if (secret.kind === 'passphrase') checkPassphrase(secret.text, 'correct horse battery staple')
      else checkPhrase(secret.text)
      const destination = makeDestination(name, place, rest)
      const drive = place.kind === 'drive' ? place.device : null
      world.addPlace({
        destination,
        passphrase: secret.text,
        state: { state: 'connected', path: destination.url, drive },
        sheetSavedAt: clock.iso(-days(90)),
      })
      for (let day = 3; day <= 24; day += 7) {
        const source = { path: '/dev/vg0/root', name: 'desktop-ben' }
        world.addVersion(null, destination.id, source, clock.iso(-days(day)), {
          host: 'desktop-ben',
          sizeBytes: 120 * GB,
        })
      }
      world.tellLibrary(destination.id)
      return { destination }
    },
    'destinations.edit': ({ destination, ...changes }) => {
      const place = world.place(destination)
      const given = Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined))
      place.destination = { ...place.destination, ...given }
      world.tellPlace(place.destination.id)
      return { destination: place.destination }
    },
    'destinations.measure': ({ destination }) => {
      const place = world.place(destination)
      const before = place.usages.at(-1)
      const usage = {
        storedBytes: 0,
        virtualBytes: 0,
        uniqueBytes: 0,
        freeBytes: null,
        versions: 0,
        ...before,
        at: clock.iso(),
      }
      place.usages.push(usage)
      world.tellPlace(place.destination.id)
      return { usage }
    },
    'destinations.history': ({ destination }) => ({ usages: world.place(destination).usages }),
    'secrets.lock': () => {
      world.secretsLocked = true
      return {}
    },
    'secrets.unlock': () => {
      world.secretsLocked = false
      return {}
    },
    'sources.list': () => ({ devices: world.devices }),
    'sources.offerFile': ({ path }) => {
      if (!path.endsWith('.img') && !path.endsWith('.qcow2')) {
        throw new HoldfastError('source.unsupported', `${path} is no regular file.`, {
          advice: 'Choose an image file.',
        })
      }
      const source = world.newId()
      world.files.set(source, { path, sizeBytes: 40 * GB })
      return { source }
    },
    'sources.fileFacts': ({ source }) => {
      const file = world.files.get(source)
      if (!file) throw new HoldfastError('config.notFound', 'This file was not offered.')
      return { ...file, allocatedBytes: Math.round(file.sizeBytes * 0.4) }
    },
    'sources.usage': () => ({
      usages: world.devices.flatMap(({ id, sizeBytes }) => {
        const share = usedShare[id]
        if (share === undefined) return []
        const usedBytes = Math.round(sizeBytes * share)
        return [{ device: id, usedBytes, freeBytes: sizeBytes - usedBytes }]
      }),
    }),
    'notices.get': () => structuredClone(notices),
    'notices.set': ({ email, webhook }) => {
      const idle = { waiting: 0, dropped: 0, error: null, lastDeliveredAt: null }
      notices.email = email && { host: email.host, port: email.port, tls: email.tls, from: email.from, to: email.to }
      notices.webhook = webhook
      notices.deliveries = { email: email && { ...idle }, webhook: webhook && { ...idle } }
      return {}
    },
    'notices.test': () => {
      for (const delivery of [notices.deliveries.email, notices.deliveries.webhook]) {
        if (delivery) delivery.lastDeliveredAt = clock.iso()
      }
      return {}
    },
    'drives.eject': ({ drive }) => {
      const gone = world.devices.filter(device => device.drives.includes(drive)).map(({ id }) => id)
      world.devices = world.devices.filter(({ id }) => !gone.includes(id))
      world.topics.drives.tell({ devices: world.devices })
      for (const place of world.places.values()) {
        if (place.state.state === 'connected' && place.state.drive !== null && gone.includes(place.state.drive)) {
          world.setPlaceState(place.destination.id, { state: 'missing', lastSeenAt: clock.iso() })
        }
      }
      return { unmounted: [], poweredOff: true, note: null }
    },
    'places.look': ({ place }) => look(place),
    'keys.list': ({ destination }) => ({ keys: world.place(destination).keys }),
    'keys.addRecoveryPhrase': ({ destination }) => {
      const key = {
        id: world.newId().slice(0, 8),
        kind: 'recovery' as const,
        label: 'recovery',
        createdAt: clock.iso(),
      }
      world.place(destination).keys.push(key)
      return { key, recoveryPhrase: phrase }
    },
    'keys.addPassphrase': ({ destination, passphrase }) => {
      const key = {
        id: world.newId().slice(0, 8),
        kind: 'passphrase' as const,
        label: 'passphrase',
        createdAt: clock.iso(),
      }
      const place = world.place(destination)
      place.keys.push(key)
      place.passphrase = passphrase
      return { key }
    },
    'keys.remove': ({ destination, key }) => {
      const place = world.place(destination)
      if (place.keys.length === 1) throw new HoldfastError('repository.lastKey', 'This is the last key.')
      place.keys = place.keys.filter(({ id }) => id !== key)
      return {}
    },
    'recoverySheet.make': ({ destination, recoveryPhrase }) => {
      if (recoveryPhrase !== phrase)
        throw new HoldfastError('repository.wrongKey', 'The phrase does not open the repository.')
      return { html: `<!doctype html><title>Recovery sheet</title><p>${world.place(destination).destination.name}</p>` }
    },
    'recoverySheet.saved': ({ destination }) => {
      const place = world.place(destination)
      place.sheetSavedAt = clock.iso()
      world.tellPlace(place.destination.id)
      return {}
    },
    'restores.targets': ({ destination, version }) => {
      const { sizeBytes } = world.version(destination, version)
      return { targets: world.devices.map(device => ({ device, refusal: refusalOf(device, sizeBytes) })) }
    },
    'restores.plan': ({ destination, version: id, target }) => {
      const version = world.version(destination, id)
      const planId = world.newId(32)
      const after = picture(version)
      if (target.kind === 'newFile') {
        plans.set(planId, { kind: 'restore', destination, versions: [version], confirmation: '', target: target.path })
        return {
          planId,
          version,
          target: { ...target, freeBytes: 900 * GB },
          before: { ...after, table: null, parts: [] },
          after,
          warnings: [],
        }
      }
      const device = world.device(target.device)
      const refusal = refusalOf(device, version.sizeBytes)
      if (refusal) throw new HoldfastError(refusal.code, refusal.message, { advice: refusal.advice })
      const confirmation = (device.serial ?? device.path).slice(-4)
      plans.set(planId, {
        kind: 'restore',
        destination,
        versions: [version],
        confirmation,
        target: `${device.path} (${[device.model, `serial number ${device.serial}`].filter(Boolean).join(', ')})`,
      })
      return {
        planId,
        version,
        target: {
          kind: 'device',
          device,
          confirmation,
          confirmationOf: device.serial === null ? 'name' : 'serial',
          lost: world.devices
            .filter(one => one.drives.includes(device.id) && one.fileSystem)
            .map(one => ({ label: one.fileSystem!.label, type: one.fileSystem!.type, sizeBytes: one.sizeBytes })),
        },
        before: {
          sizeBytes: device.sizeBytes,
          table: device.partitionTable,
          parts: partsOf(device),
        },
        after,
        warnings: [],
      }
    },
    'restores.start': ({ planId, confirmation }) => {
      const plan = plans.get(planId)
      const version = plan?.versions[0]
      if (!plan || !version)
        throw new HoldfastError('config.notFound', 'The plan is too old.', { advice: 'Plan again.' })
      if (confirmation !== plan.confirmation) throw new HoldfastError('usage.invalid', 'The confirmation does not fit.')
      plans.delete(planId)
      const place = world.place(plan.destination)
      const facts = {
        kind: 'restore',
        job: null,
        place,
        trigger: 'manual',
        totalBytes: version.sizeBytes,
        phase: 'restoring',
        name: `${version.name} to ${plan.target}`,
        outcome: {
          kind: 'restore',
          version: version.id,
          versionName: version.name,
          versionDate: version.date,
          target: plan.target,
          writtenBytes: 0,
          skippedBytes: 0,
          verified: false,
          damaged: [] as { offset: number; length: number }[],
        },
      } as const
      const run = world.begin(facts, ended => {
        const isDamaged = version.status === 'damaged'
        ended.outcome = {
          ...facts.outcome,
          writtenBytes: version.sizeBytes,
          verified: true,
          damaged: isDamaged
            ? [
                { offset: 41 * GB, length: 262_144 },
                { offset: 77 * GB, length: 32_768 },
              ]
            : [],
        }
        if (isDamaged) ended.state = 'incomplete'
      })
      return { run: run.id }
    },
    'scrubs.start': ({ destination, depth }) => startUpkeep(destination, 'scrub', depth),
    'prunes.start': ({ destination }) => startUpkeep(destination, 'prune'),
    'health.get': () => ({ answers: healthOf(world) }),
    'support.bundle': () => ({ text: JSON.stringify({ program: '0.1.0', jobs: world.jobs.size }) }),
    'versions.list': ({ destination, job, limit, after }) => {
      const ids = destination === undefined ? [...world.places.keys()] : [world.place(destination).destination.id]
      const all = ids
        .flatMap(id => world.versionsOf(id))
        .filter(version => job === undefined || version.job === world.job(job).id)
        .toSorted((a, b) => (a.date < b.date ? 1 : a.date > b.date ? -1 : 0))
      const from = after
        ? all.findIndex(one => one.id === after.version && one.destination === after.destination) + 1
        : 0
      return { versions: all.slice(from, from + limit), more: all.length > from + limit }
    },
    'versions.refresh': ({ destination }) => {
      const { id } = world.place(destination).destination
      world.tellLibrary(id)
      return { summary: world.summaryOf(id) }
    },
    'versions.protect': ({ destination, versions }) => {
      editVersions(destination, versions, { protected: true })
      return {}
    },
    'versions.unprotect': ({ destination, versions }) => {
      editVersions(destination, versions, { protected: false })
      return {}
    },
    'versions.label': ({ destination, version: id, edits }) => {
      const labels = { ...world.version(destination, id).labels }
      for (const edit of edits) {
        const equals = edit.indexOf('=')
        if (equals > 0) labels[edit.slice(0, equals)] = edit.slice(equals + 1)
        else if (edit.endsWith('-')) delete labels[edit.slice(0, -1)]
      }
      editVersions(destination, [id], { labels })
      return { version: world.version(destination, id) }
    },
    'versions.compare': ({ destination, older, newer }) => {
      const [a, b] = [world.version(destination, older), world.version(destination, newer)]
      const sizeBytes = Math.max(a.sizeBytes, b.sizeBytes)
      const changedBytes = Math.round(sizeBytes * 0.03)
      const parts = Array.from({ length: 128 }, (_, i) => Math.max(0, Math.sin(i / 9) * Math.sin(i / 31)) ** 2)
      return { changedBytes, sameBytes: sizeBytes - changedBytes, sizeBytes, parts }
    },
    'versions.picture': ({ destination, version }) => ({ picture: picture(world.version(destination, version)) }),
    'versions.planRemoval': ({ destination, versions }) => {
      const chosen = versions.map(id => world.version(destination, id))
      const removable = chosen.filter(version => !version.protected)
      const planId = removable.length === 0 ? null : world.newId(32)
      if (planId !== null)
        plans.set(planId, { kind: 'removal', destination, versions: removable, confirmation: '', target: '' })
      const left = world.versionsOf(world.place(destination).destination.id).filter(one => !removable.includes(one))
      const names = new Set(removable.map(({ name }) => name))
      return {
        planId,
        removable,
        kept: chosen.filter(one => one.protected).map(version => ({ version, reason: 'protected' })),
        lastOfName: [...names].filter(name => !left.some(one => one.name === name)),
      }
    },
    'versions.remove': ({ planId }) => {
      const plan = plans.get(planId)
      if (!plan) throw new HoldfastError('target.identityChanged', 'What was planned is not what is there.')
      plans.delete(planId)
      const { id } = world.place(plan.destination).destination
      const gone = new Set<string>(plan.versions.map(version => version.id))
      world.versions.set(
        id,
        world.versionsOf(id).filter(one => !gone.has(one.id)),
      )
      world.tellLibrary(id)
      return { removed: [...gone] }
    },
    'retention.preview': ({ job, destination, policy: text }) => {
      const policy = parseRetentionPolicy(text)
      const decide = (versions: RetentionCandidate[]) => {
        const all = decideRetention(versions, policy, { now: clock.now, timeZone: undefined })
        const keptCount = all.filter(one => one.keep).length
        const decisions = all.map(({ version, keep, reason }) => {
          const { id, name, date } = version
          return { version: id, name, date, keep, reason }
        })
        return { keptCount, removedCount: all.length - keptCount, decisions }
      }
      if (job === undefined && destination === undefined) return decide(hourlyForTwoYears(clock.now))
      const ids = destination === undefined ? [...world.places.keys()] : [world.place(destination).destination.id]
      const versions = ids
        .flatMap(id => world.versionsOf(id))
        .filter(one => job === undefined || one.job === world.job(job).id)
      return decide(versions)
    },
  }
}

function hourlyForTwoYears(now: number): RetentionCandidate[] {
  return Array.from({ length: 2 * 365 * 24 }, (_, i) => ({
    id: i.toString(16).padStart(16, '0') as RetentionCandidate['id'],
    name: 'invented',
    date: new Date(now - i * 3_600_000).toISOString(),
    status: 'complete' as const,
    protected: false,
  }))
}

function previewOf(world: FakeWorld, job: Job): CallOutput<HelperContract, 'jobs.preview'> {
  return {
    job: job.id,
    jobName: job.name,
    sources: job.sources.map(source => ({
      source: source.name,
      path: source.path,
      present: true,
      sizeBytes: world.sizeOfSource(source),
      method: 'hints',
      error: null,
    })),
    hooks: Object.entries(job.hooks).map(([moment, hook]) => ({ moment: moment as HookMoment, hook, problem: null })),
    destinations: job.destinations.map(id => {
      const { destination, state } = world.place(id)
      const isHere = state.state === 'connected'
      return {
        destination: id,
        destinationName: destination.name,
        state,
        text: isHere ? 'It can be stored to.' : 'It is not connected.',
        wouldMount: state.state === 'present-unmounted',
        error: null,
        sources: isHere
          ? job.sources.map(({ name }) => {
              const all = world.versionsOf(id).filter(version => version.name === name)
              const [newest] = all
              const oldest = all.at(-1)
              return {
                source: name,
                newest: newest ? { id: newest.id, date: newest.date, status: newest.status } : null,
                removes:
                  oldest && oldest !== newest
                    ? [{ version: oldest.id, date: oldest.date, reason: 'older than everything that the policy keeps' }]
                    : [],
                error: null,
              }
            })
          : [],
        prune: isHere,
        scrubPercent: isHere ? 3 : null,
      }
    }),
  }
}

function healthOf(world: FakeWorld): HealthAnswer[] {
  const jobs = world.jobViews()
  const places = [...world.places.values()]
  const overdue = jobs.filter(({ standings }) => standings.some(({ overdueSince }) => overdueSince !== null))
  const damaged = places.filter(({ destination }) => world.summaryOf(destination.id).damaged > 0)
  const unsaved = places.filter(({ sheetSavedAt }) => sheetSavedAt === null)
  const restored = world.runs.find(run => run.kind === 'restore' && run.state === 'complete')
  const scrubbed = world.runs.find(run => run.kind === 'scrub' && run.state === 'complete')
  const idsOf = (list: typeof places) => list.map(({ destination }) => destination.id)
  if (jobs.length === 0) {
    const questions = [
      'recentBackup',
      'twoPlaces',
      'offSite',
      'verified',
      'undamaged',
      'recoverySheet',
      'restoreTested',
    ] as const
    return questions.map(question => ({ question, answer: 'unknown', at: null, jobs: [], destinations: [] }))
  }
  const newest =
    jobs
      .flatMap(({ standings }) => standings.flatMap(one => one.lastSuccessAt ?? []))
      .toSorted()
      .at(-1) ?? null
  return [
    {
      question: 'recentBackup',
      answer: overdue.length > 0 ? 'bad' : 'good',
      at: newest,
      jobs: overdue.map(({ job }) => job.id),
      destinations: [],
    },
    {
      question: 'twoPlaces',
      answer: places.length > 1 ? 'good' : 'open',
      at: null,
      jobs: places.length > 1 ? [] : jobs.map(({ job }) => job.id),
      destinations: [],
    },
    { question: 'offSite', answer: places.length > 1 ? 'good' : 'open', at: null, jobs: [], destinations: [] },
    {
      question: 'verified',
      answer: scrubbed ? 'good' : 'open',
      at: scrubbed?.finishedAt ?? null,
      jobs: [],
      destinations: scrubbed ? [] : idsOf(places),
    },
    {
      question: 'undamaged',
      answer: damaged.length > 0 ? 'bad' : 'good',
      at: null,
      jobs: [],
      destinations: idsOf(damaged),
    },
    {
      question: 'recoverySheet',
      answer: unsaved.length > 0 ? 'open' : 'good',
      at: null,
      jobs: [],
      destinations: idsOf(unsaved),
    },
    {
      question: 'restoreTested',
      answer: restored ? 'good' : 'open',
      at: restored?.finishedAt ?? null,
      jobs: [],
      destinations: [],
    },
  ]
}
