import { jobSettingsSchema } from '../../../engine/contract/jobs.ts'
import type { LibraryVersion } from '../../../engine/contract/library.ts'
import { deviceId, GB, idOf } from './devices.ts'
import { days, hours, minutes } from './manualClock.ts'
import { type FakeWorld, partOf } from './world.ts'

/** What scenes are made of: places, jobs and what they have come to. */

export const laptopSources = [
  { path: '/dev/mapper/laptop-root', device: deviceId('/dev/mapper/laptop-root'), name: 'root' },
  { path: '/dev/mapper/laptop-home', device: deviceId('/dev/mapper/laptop-home'), name: 'home' },
]

export function addDrive(world: FakeWorld, name = 'Samsung T7') {
  const { destination } = world.addPlace({
    destination: {
      id: idOf(`destination ${name}`, 16),
      name,
      url: '/media/anna/Samsung T7/Holdfast',
      repositoryId: idOf(`repository ${name}`, 32),
      drive: {
        serial: 'S6XPNS0T912345',
        fileSystemUuid: idOf('uuid /dev/sdb1', 32),
        label: 'Samsung T7',
        pathOnDrive: 'Holdfast',
      },
      mayMount: true,
      ejectAfterBackup: false,
      createdAt: world.clock.iso(-days(60)),
      lastSeenAt: world.clock.iso(-minutes(2)),
    },
    state: { state: 'connected', path: '/media/anna/Samsung T7/Holdfast', drive: deviceId('/dev/sdb1') },
    sheetSavedAt: world.clock.iso(-days(60)),
  })
  return destination
}

export function addFolder(world: FakeWorld, name = 'NAS in the cellar') {
  return world.addPlace({
    destination: {
      id: idOf(`destination ${name}`, 16),
      name,
      url: '/mnt/nas/holdfast',
      repositoryId: idOf(`repository ${name}`, 32),
      drive: null,
      mayMount: false,
      ejectAfterBackup: false,
      createdAt: world.clock.iso(-days(40)),
      lastSeenAt: world.clock.iso(-minutes(2)),
    },
  }).destination
}

export function addElsewhere(world: FakeWorld, name: string, url: string, isUnlocked = true) {
  const { destination } = world.addPlace({
    destination: {
      id: idOf(`destination ${name}`, 16),
      name,
      url,
      repositoryId: idOf(`repository ${name}`, 32),
      drive: null,
      mayMount: true,
      ejectAfterBackup: false,
      createdAt: world.clock.iso(-days(40)),
      lastSeenAt: world.clock.iso(-hours(1)),
    },
  })
  const place = world.places.get(destination.id)!
  place.isUnlocked = isUnlocked
  return destination
}

export function addJob(world: FakeWorld, destinations: string[], name = 'This computer', sources = laptopSources) {
  const job = world.addJob(
    jobSettingsSchema.parse({
      name,
      sources,
      destinations,
      schedule: { rules: [{ kind: 'daily', time: '20:00' }, { kind: 'drive' }] },
      retention: 'latest3,days14,weeks8,months12',
    }),
  )
  world.jobs.set(job.id, { ...job, createdAt: world.clock.iso(-days(60)) })
  return world.job(job.id)
}

/** A backup as it would be after `agoMs`, with its versions. */
export function addPastRun(
  world: FakeWorld,
  job: ReturnType<typeof addJob>,
  destination: string,
  agoMs: number,
  state: 'complete' | 'failed' | 'incomplete' | 'cancelled' = 'complete',
) {
  const startedAt = world.clock.iso(-agoMs)
  const parts = job.sources.map(source => {
    if (state === 'failed' || state === 'cancelled') return partOf(source.name, { state })
    const version = world.addVersion(job, destination, source, startedAt)
    const { readBytes, newBytes, storedBytes, durationMs } = version
    return partOf(source.name, { version: version.id, readBytes, newBytes, storedBytes, durationMs })
  })
  world.runs.push({
    id: world.newId(),
    kind: 'backup',
    job: job.id,
    jobName: job.name,
    destination,
    destinationName: world.place(destination).destination.name,
    trigger: 'schedule',
    state,
    startedAt,
    finishedAt: world.clock.iso(-agoMs + minutes(11)),
    phase: null,
    parts,
    damagedVersions: 0,
    outcome: null,
    error:
      state === 'failed'
        ? {
            code: 'storage.full',
            message: 'There is no room left at /media/anna/Samsung T7/Holdfast.',
            advice: 'Make room there.',
            retryable: false,
          }
        : null,
    warnings: [],
  })
  world.runs.sort((a, b) => b.startedAt.localeCompare(a.startedAt))
}

export function addUsage(world: FakeWorld, destination: string, count = 30) {
  const place = world.place(destination)
  for (let day = count; day >= 0; day--) {
    const storedBytes = 412 * GB + (count - day) * 2.4 * GB
    place.usages.push({
      at: world.clock.iso(-days(day)),
      storedBytes,
      virtualBytes: 9100 * GB,
      uniqueBytes: storedBytes * 1.7,
      freeBytes: 1600 * GB - storedBytes,
      versions: (count - day) * 2 + 2,
    })
  }
}

export function protectedComputer(world: FakeWorld) {
  const drive = addDrive(world)
  const job = addJob(world, [drive.id])
  for (let day = 13; day >= 0; day--) if (day !== 6) addPastRun(world, job, drive.id, days(day) + minutes(62))
  addUsage(world, drive.id)
  return { drive, job }
}

export const longName = 'Computer of my sister in the house by the sea, behind the blue door'

/** Of 200 characters, as long as names of servers come. */
export const longHost = `${'backup-of-the-whole-family.'.repeat(7)}example.org`

type Lack = FakeWorld['lacking'][number]
export const lackOf = (world: FakeWorld, facts: Omit<Lack, 'oldestAt' | 'newestAt'>): Lack => ({
  ...facts,
  oldestAt: world.clock.iso(-days(3)),
  newestAt: world.clock.iso(-days(1)),
})

/** A check of everything, which ended some minutes ago; of what was damaged, one part is told. */
export function addCheck(
  world: FakeWorld,
  { id, name }: { id: string; name: string },
  found: { jobName: string; reason: string; versions: readonly LibraryVersion[]; healedFrom?: string },
) {
  const { jobName, reason, versions, healedFrom } = found
  world.runs.unshift({
    id: world.newId(),
    kind: 'scrub',
    job: null,
    jobName,
    destination: id,
    destinationName: name,
    trigger: 'manual',
    state: 'complete',
    startedAt: world.clock.iso(-minutes(50)),
    finishedAt: world.clock.iso(-minutes(9)),
    phase: null,
    parts: [],
    damagedVersions: healedFrom === undefined ? versions.length : 0,
    outcome: {
      kind: 'scrub',
      depth: 'deep',
      checkedBytes: 484 * GB,
      damaged: [
        {
          reason,
          about: { kind: 'block', object: 'packs/4f/4f2a8c3be1d64f0c9a7e5b2d1c0f9e8d' },
          versions: versions.map(version => version.id),
        },
      ],
      damagedCount: 1,
      ...(healedFrom !== undefined && { repaired: 3, repairedFrom: [healedFrom] }),
    },
    error: null,
    warnings: [],
  })
}
