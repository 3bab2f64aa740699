import { deviceId, externalDevices, GB, idOf, internalDevices, MB, spareDevices, strangeDevices } from './devices.ts'
import { FakeBridge } from './fakeBridge.ts'
import { attach } from './files.ts'
import { days, hours, ManualClock, minutes, seconds } from './manualClock.ts'
import type { ScenarioName } from './scenarioNames.ts'
import {
  addCheck,
  addDrive,
  addElsewhere,
  addFolder,
  addJob,
  addPastRun,
  addUsage,
  lackOf,
  laptopSources,
  longHost,
  longName,
  protectedComputer,
} from './sceneParts.ts'
import { volumeDevices, volumeInventory } from './volumes.ts'
import type { FakeWorld } from './world.ts'

/** A moment in the life of an invented computer. */
export const stageTime = '2026-11-26T14:02:00.000Z'

export function scenario(name: ScenarioName): { bridge: FakeBridge; clock: ManualClock } {
  const clock = new ManualClock(stageTime)
  const bridge = new FakeBridge(clock)
  bridge.world.devices = [...internalDevices, ...externalDevices]
  scenes[name](bridge, bridge.world, clock)
  return { bridge, clock }
}

type Scene = (bridge: FakeBridge, world: FakeWorld, clock: ManualClock) => void

const scenes: Record<ScenarioName, Scene> = {
  empty: (_, world) => {
    world.devices = internalDevices
  },
  fresh: () => undefined,
  protected: (_, world) => {
    protectedComputer(world)
  },
  running: (_, world, clock) => {
    const { job } = protectedComputer(world)
    world.runJob(job)
    clock.advance(seconds(62))
  },
  paused: (_, world, clock) => {
    const { drive, job } = protectedComputer(world)
    const cloud = addElsewhere(world, 'Cloud', 'b2:anna-backups-2026/laptop')
    world.jobs.set(job.id, { ...world.job(job.id), destinations: [drive.id, cloud.id] })
    world.runJob(world.job(job.id))
    clock.advance(seconds(62))
    const held = [...world.works.values()].find(({ run }) => run.destination === drive.id)!.run
    held.holdsSnapshot = true
    world.hold(held.id, true)
  },
  elsewhere: (_, world, clock) => {
    const { drive, job } = protectedComputer(world)
    const bucket = addElsewhere(world, 'Bucket at Backblaze', 'b2:anna-backups-2026/laptop')
    const server = addElsewhere(
      world,
      'Computer of my sister in the house by the sea, behind the blue door',
      'sftp://anna@backup-of-the-whole-family.in-the-cellar.example.org/srv/backups/of/anna/laptop-with-the-long-name',
    )
    addElsewhere(world, 'MinIO', 's3:https://nas.example:9000/backups/laptop', false)
    world.jobs.set(job.id, { ...world.job(job.id), destinations: [drive.id, bucket.id, server.id] })
    world.places.get(bucket.id)!.destination.limits = {
      ...{ write: 2_000_000, read: null },
      hours: [{ from: '08:00', to: '18:00', write: 200_000, read: null }],
    }
    for (let day = 3; day >= 0; day--) addPastRun(world, world.job(job.id), bucket.id, days(day) + hours(1))
    addPastRun(world, world.job(job.id), server.id, days(3))
    world.setPlaceState(server.id, { state: 'unreachable', reason: 'network', lastSeenAt: clock.iso(-days(3)) })
    world.tellJob(job.id)
  },
  lacking: (_, world, clock) => {
    const { drive, job } = protectedComputer(world)
    const cloud = addElsewhere(world, 'Cloud', 'b2:anna-backups-2026/laptop')
    addUsage(world, cloud.id, 3)
    world.place(cloud.id).usages.at(-1)!.lock = { mode: 'compliance', lockedUntil: clock.iso(days(30)) }
    const server = addElsewhere(world, longName, 'sftp://anna@backup.example.org/srv/backups')
    const old = addFolder(world)
    const photos = addJob(world, [server.id, old.id], `Photos and films of ${longName}`, laptopSources.slice(1))
    world.jobs.set(job.id, { ...world.job(job.id), destinations: [drive.id, cloud.id] })
    for (const { id } of [server, old]) {
      world.setPlaceState(id, { state: 'unreachable', reason: 'network', lastSeenAt: clock.iso(-days(3)) })
    }
    world.lacking = [
      lackOf(world, { job: job.id, destination: cloud.id, count: 3, from: [drive.id] }),
      lackOf(world, { job: photos.id, destination: server.id, count: 1, from: [] }),
    ]
    addCheck(world, drive, {
      jobName: 'Check of everything',
      reason: 'Three blocks of the pack 4f2a… do not have the sums that they should have.',
      versions: world.versionsOf(drive.id).slice(4, 6),
      healedFrom: cloud.name,
    })
  },
  locked: (_, world, clock) => {
    const { drive, job } = protectedComputer(world)
    const cloud = addElsewhere(world, 'Cloud', 'b2:anna-backups-2026/laptop?lock=30')
    const ceph = addElsewhere(
      world,
      'Ceph of the house',
      's3:https://ceph.example.org/backups?lock=30&lock-mode=governance',
    )
    const old = addElsewhere(world, 'Old bucket', 's3:old-backups/laptop?lock=14')
    world.jobs.set(job.id, { ...world.job(job.id), destinations: [drive.id, cloud.id, ceph.id, old.id] })
    const until = { [cloud.id]: clock.iso(days(24)), [ceph.id]: null, [old.id]: clock.iso(-days(2)) }
    for (const { id } of [cloud, ceph, old]) {
      for (let day = 5; day >= 0; day--) addPastRun(world, world.job(job.id), id, days(day) + hours(1))
      addUsage(world, id, 3)
      const mode = id === ceph.id ? 'governance' : 'compliance'
      world.place(id).usages.at(-1)!.lock = { mode, lockedUntil: until[id]! }
      // The newest came after that was noted.
      const noted = { until: until[id]!, at: clock.iso(-hours(2)), by: 'notes' as const }
      const versions = world.versionsOf(id).map((version, n) => (n === 0 ? version : { ...version, lock: noted }))
      world.versions.set(id, versions)
    }
    world.place(old.id).askingLocks = { asked: 5210, objects: 20_480 }
  },
  longPlaces: (_, world, clock) => {
    const { drive, job } = protectedComputer(world)
    const bucket = addElsewhere(world, 'Bucket', `b2:${'anna-backups-'.repeat(5).slice(0, 63)}/laptop?lock=30`)
    const server = addElsewhere(world, 'Server', `sftp://anna@${longHost}/srv/backups`)
    const minio = addElsewhere(
      world,
      'MinIO',
      `s3:https://nas.example:9000/backups/${'folder-in-a-folder/'.repeat(14)}`,
    )
    const remote = addElsewhere(world, 'Remote', `rclone:drive:${'Backups and photos of all of us/'.repeat(8)}`)
    world.jobs.set(job.id, {
      ...world.job(job.id),
      destinations: [drive.id, bucket.id, server.id, minio.id, remote.id],
    })
    world.setPlaceState(server.id, { state: 'unreachable', reason: 'network', lastSeenAt: clock.iso(-days(3)) })
    world.tellJob(job.id)
  },
  waitingForDrive: (_, world, clock) => {
    const { drive, job } = protectedComputer(world)
    world.runs.splice(0, 2)
    world.versions.set(drive.id, world.versionsOf(drive.id).slice(4))
    world.devices = internalDevices
    world.setPlaceState(drive.id, { state: 'missing', lastSeenAt: clock.iso(-days(2)) })
    world.tellJob(job.id)
  },
  overdue: (_, world) => {
    const drive = addDrive(world)
    const job = addJob(world, [drive.id])
    for (let day = 20; day >= 9; day--) addPastRun(world, job, drive.id, days(day) + hours(1))
    for (let day = 8; day >= 0; day--) addPastRun(world, job, drive.id, days(day) + hours(1), 'failed')
    addUsage(world, drive.id)
    world.notify({
      title: 'Backup “This computer” is overdue',
      body: 'Open Holdfast to see why.',
      urgency: 'critical',
      about: { kind: 'overdue', reminder: false, count: 1, jobs: [job.name], drive: null, error: 'storage.full' },
    })
  },
  damaged: (_, world) => {
    const { drive } = protectedComputer(world)
    const versions = world.versionsOf(drive.id)
    world.versions.set(
      drive.id,
      versions.map((version, i) => (i >= 4 && i <= 7 ? { ...version, status: 'damaged' } : version)),
    )
    addCheck(world, drive, {
      jobName: drive.name,
      reason: 'A block of the pack 4f2a… does not have the sum that it should have.',
      versions: versions.slice(4, 8),
    })
    world.notify({
      title: 'Damage was found in the versions of “This computer”',
      body: 'Open Holdfast to see which versions are affected.',
      urgency: 'critical',
      about: { kind: 'damaged', reminder: false, count: 1, jobs: ['This computer'], drive: null, error: null },
    })
  },
  manyVersions: (_, world) => {
    const drive = addDrive(world)
    const folder = addFolder(world)
    const jobs = Array.from({ length: 200 }, (_, i) =>
      addJob(world, i % 3 === 0 ? [drive.id, folder.id] : [drive.id], `Machine ${i + 1}`, [
        { path: `/srv/machines/m${i + 1}.img`, device: null as never, name: `m${i + 1}` },
      ]),
    )
    const versions = Array.from({ length: 10_000 }, (_, i) => {
      const job = jobs[i % jobs.length]!
      return world.makeVersion(job, drive.id, job.sources[0]!, world.clock.iso(-hours(i / 2) - minutes(3)), {
        id: idOf(`version ${i}`, 16) as never,
        sizeBytes: 20 * GB + (i % 50) * 100 * MB,
      })
    })
    world.versions.set(drive.id, versions)
    for (const job of jobs.slice(0, 150)) for (const id of job.destinations) addPastRun(world, job, id, hours(2))
    addUsage(world, drive.id)
  },
  variedVersions: (_, world) => {
    const { drive, job } = protectedComputer(world)
    world.devices = [...internalDevices, ...externalDevices, ...spareDevices]
    const folder = addFolder(world)
    const away = addDrive(world, 'Old drive in the safe')
    world.setPlaceState(away.id, { state: 'missing', lastSeenAt: world.clock.iso(-days(40)) })
    const facts = [
      { protected: true, labels: { note: 'Before the move to the new disk' }, scrubbedAt: world.clock.iso(-days(1)) },
      { consistency: 'crash-consistent' },
      { consistency: 'read-while-in-use' },
      { status: 'incomplete' },
      { status: 'damaged', labels: { reason: 'monthly' }, unreadable: [{ offset: 4096, length: 8192 }] },
    ] as const
    const all = world.versionsOf(drive.id)
    const varied = all.map((one, i) => ({ ...one, ...facts[i] }) as typeof one)
    world.versions.set(drive.id, varied)
    // The same moments in the cellar, older ones in the safe, and those of somebody else.
    const copy = (one: (typeof all)[number], destination: string) => ({
      ...one,
      destination,
      id: world.newId() as never,
    })
    world.versions.set(
      folder.id,
      varied.slice(0, 6).map(one => copy(one, folder.id)),
    )
    for (let day = 40; day < 100; day += 7) {
      world.addVersion(job, away.id, job.sources[0]!, world.clock.iso(-days(day)))
      world.addVersion(null, folder.id, { path: '/dev/vg0/root', name: 'desktop-ben' }, world.clock.iso(-days(day)), {
        host: 'desktop-ben',
      })
    }
  },
  veryLongNames: (_, world) => {
    world.devices = [...internalDevices, ...externalDevices, ...strangeDevices]
    const long = 'Everything that must never be lost, on the computer in the study and on nothing else — do not delete!'
    const drive = addDrive(world, long.slice(0, 99))
    const job = addJob(world, [drive.id], long.slice(0, 100).trim())
    addPastRun(world, job, drive.id, hours(3))
    addUsage(world, drive.id)
    world.notify({ title: long.repeat(2), body: long.repeat(4), urgency: 'normal' })
  },
  attached: (_, world, clock) => {
    const { drive } = protectedComputer(world)
    const [newest, other, older, oldest] = world.versionsOf(drive.id)
    attach(world, newest!, { since: clock.iso(-minutes(4)), until: clock.iso(minutes(8)) })
    attach(world, older!, { since: clock.iso(-minutes(1)), state: 'busy' })
    attach(world, other!, {
      kind: 'copy',
      since: clock.iso(-hours(3)),
      device: '/dev/nbd0',
      uri: 'nbd+unix:///copy?socket=/run/holdfast/copies/4f2a',
      changedBytes: 214 * MB,
    })
    attach(world, oldest!, { kind: 'copy', since: clock.iso(-days(2)), state: 'idle', changedBytes: 3 * MB })
  },
  volumes: (_, world) => {
    world.devices = [...volumeDevices(), ...externalDevices]
    world.lvm = volumeInventory()
    const drive = addDrive(world)
    const sources = ['/dev/mapper/vg0-root', '/dev/mapper/vg0-home'].map(path => ({
      path,
      device: deviceId(path),
      name: path.replace('/dev/mapper/vg0-', ''),
    }))
    const archive = [
      { path: '/dev/mapper/vgdata-archive', device: deviceId('/dev/mapper/vgdata-archive'), name: 'archive' },
    ]
    const job = addJob(world, [drive.id], 'System and home', sources)
    const other = addJob(world, [drive.id], 'Archive', archive)
    for (let day = 13; day >= 0; day--) addPastRun(world, job, drive.id, days(day) + minutes(62))
    for (let day = 13; day >= 2; day--) addPastRun(world, other, drive.id, days(day) + minutes(122))
    const isArchive = (name: string) => name === 'archive'
    world.versions.set(
      drive.id,
      world.versionsOf(drive.id).map(one => ({
        ...one,
        consistency: isArchive(one.name) ? 'read-while-in-use' : 'consistent',
        method: isArchive(one.name) ? 'allocation' : 'lvm-thin',
      })),
    )
    addUsage(world, drive.id)
  },
  volumesLongNames: (_, world) => {
    const long = (name: string) =>
      `${name}-of-the-computer-in-the-study-that-nobody-else-may-use-and-that-is-never-switched-off`
    world.devices = [...volumeDevices(long), ...externalDevices]
    world.lvm = volumeInventory(long)
  },
  disconnected: bridge =>
    bridge.setConnection({
      state: 'connecting',
      error: {
        code: 'helper.unreachable',
        message: 'Nothing answers at /run/holdfast/helper.sock.',
        advice: 'Start the service holdfast.',
        retryable: true,
      },
    }),
  connecting: bridge => bridge.setConnection({ state: 'connecting', error: null }),
  unprivileged: (bridge, world) => {
    world.devices = []
    bridge.setConnection({ state: 'connected', mode: 'user', program: '0.1.0', canUnlock: true })
  },
}
