import { HoldfastError } from '../../../../engine/contract/errors.ts'
import type { HelperContract } from '../../../../engine/contract/helperContract.ts'
import type { Destination } from '../../../../engine/contract/jobs.ts'
import type { CallOutput } from '../../../../engine/contract/rpcContract.ts'
import { GB, usedShare } from '../devices.ts'
import { days } from '../manualClock.ts'
import { type FakeWorld, phrase } from '../world.ts'
import { testPlace } from './testPlace.ts'
import type { AnyPlace, FakeCalls, PlaceChoice } from './types.ts'

/** Places for backups, and their keys. */
export function destinationsCalls(world: FakeWorld) {
  const { clock } = world
  const pathOf = (place: AnyPlace): string =>
    place.kind === 'folder'
      ? place.path
      : place.kind === 'elsewhere'
        ? place.url
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
    place: AnyPlace,
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

  return {
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
      if (place.kind !== 'elsewhere' && look(place).state === 'repository') {
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
    'destinations.edit': ({ destination, credentials, acceptHostKey: _, limits, ...changes }) => {
      if (credentials?.kind === 's3' && credentials.keyId === 'wrong') {
        throw new HoldfastError('storage.authFailed', 'The key was not accepted.')
      }
      const place = world.place(destination)
      const given = Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined))
      const { limits: before, ...rest } = place.destination
      const now = limits === undefined ? before : limits
      place.destination = { ...rest, ...given, ...(now && { limits: now }) }
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
    'destinations.readLocks': ({ destination }) => {
      const place = world.place(destination)
      const lock = place.usages.at(-1)?.lock
      if (!lock) throw new HoldfastError('config.notFound', 'Nothing is locked against removal there.')
      const { id } = place.destination
      const lockedUntil = clock.iso(days(21))
      const versions = world.versionsOf(id).map((version, n) => ({
        ...version,
        lock: { until: clock.iso(days(21 + (n % 9))), at: clock.iso(), by: 'server' as const },
      }))
      world.versions.set(id, versions)
      const facts = { mode: lock.mode, lockedUntil }
      place.askedLocks = { at: clock.iso(), ...facts, objects: 1284 }
      delete place.askingLocks
      world.tellPlace(id)
      world.tellLibrary(id)
      return { lock: { ...facts, days: 30, askedObjects: 1284 } }
    },
    'destinations.stopReadingLocks': ({ destination }) => {
      const place = world.place(destination)
      delete place.askingLocks
      world.tellPlace(place.destination.id)
      return {}
    },
    'destinations.lacking': () => ({ lacking: world.lacking }),
    'destinations.copyMissing': ({ to, from }) => {
      const place = world.place(to)
      if (from !== undefined) world.place(from)
      const totalBytes = 3 * GB
      const run = world.begin(
        { kind: 'copy', job: null, place, trigger: 'manual', totalBytes, phase: 'reading' },
        ended => {
          const missing = world.lacking.filter(one => one.destination === place.destination.id)
          world.lacking = world.lacking.filter(one => one.destination !== place.destination.id)
          const copied = missing.reduce((sum, one) => sum + one.count, 0)
          const bytes = { readBytes: totalBytes, storedBytes: totalBytes / 2 }
          ended.outcome = { kind: 'copy', copied, ...bytes, failed: [], failedCount: 0, reachesTo: null }
        },
      )
      return { run: run.id }
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
    'places.look': ({ place }) => look(place),
    'places.test': input => testPlace(world, input),
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
  } satisfies Partial<FakeCalls>
}
