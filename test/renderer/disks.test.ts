import { describe, expect, it } from 'vitest'
import type { DriveDevice } from '../../engine/contract/drives.ts'
import { ancestry, type DiskArea, devicesIn, drawDisks, leavesOf, leftOut } from '../../renderer/src/state/diskTree.ts'
import { lastVersions } from '../../renderer/src/state/lastVersions.ts'
import { jobProtection, protectionByDevice } from '../../renderer/src/state/protection.ts'
import { deviceId, externalDevices, GB, internalDevices, strangeDevices } from './fake/devices.ts'
import { scenario } from './fake/scenarios.ts'
import { volumeDevices, volumeInventory } from './fake/volumes.ts'

const all = [...externalDevices, ...strangeDevices, ...internalDevices]
const named = (path: string): DriveDevice => all.find(device => device.path === path)!

describe('a drawing of disks', () => {
  it('begins with the disk that the system runs from', () => {
    expect(drawDisks({ devices: all }).map(({ disk }) => disk.path)).toEqual([
      '/dev/nvme0n1',
      '/dev/sda',
      '/dev/sdb',
      '/dev/sdc',
    ])
  })

  it('goes through encryption and volumes down to the file systems', () => {
    const [system] = drawDisks({ devices: internalDevices })
    expect(leavesOf(system!.areas).map(({ path }) => path)).toEqual([
      '/dev/nvme0n1p1',
      '/dev/nvme0n1p2',
      '/dev/mapper/laptop-home',
      '/dev/mapper/laptop-root',
      '/dev/mapper/laptop-swap',
    ])
  })

  it('shows room that nothing uses, and none where it is only alignment', () => {
    const free = (path: string) => {
      const drawing = drawDisks({ devices: all }).find(({ disk }) => disk.path === path)!
      return drawing.areas.find(({ device }) => device === null)?.sizeBytes
    }
    expect(free('/dev/sdc')).toBe(100 * GB)
    expect(free('/dev/nvme0n1')).toBeUndefined()
  })

  it('draws a volume that lies on two disks once', () => {
    const volume = { ...named('/dev/mapper/laptop-home'), restsOn: [deviceId('/dev/sdb'), deviceId('/dev/sdc')] }
    const on = (path: string) => ({ ...named(path), holders: [volume.id], restsOn: [] })
    const drawn = drawDisks({ devices: [on('/dev/sdb'), on('/dev/sdc'), volume] }).map(
      ({ areas }) => devicesIn(areas).length,
    )
    expect(drawn).toEqual([1, 0])
  })

  it('comes to an end when devices lie on each other in a circle', () => {
    const [a, b] = [named('/dev/sdb'), named('/dev/sdb1')]
    const circle = [
      { ...a, restsOn: [b.id], holders: [b.id] },
      { ...b, restsOn: [a.id], holders: [a.id] },
    ]
    expect(drawDisks({ devices: circle })).toHaveLength(1)
    expect(ancestry(circle[0]!, new Map(circle.map(one => [one.id, one])))).toHaveLength(2)
  })

  it('draws an attached image as a disk, not as a part of the one with its file; none that cannot be written', () => {
    const disk = { ...named('/dev/sdb'), holders: [deviceId('/dev/loop0'), deviceId('/dev/loop1')] }
    const image = { ...disk, kind: 'loop' as const, restsOn: [disk.id], holders: [] }
    const attached = { ...image, id: deviceId('/dev/loop0'), path: '/dev/loop0' }
    const program = { ...image, id: deviceId('/dev/loop1'), path: '/dev/loop1', readOnly: true }
    const drawn = drawDisks({ devices: [disk, attached, program] })
    expect(drawn.map(({ disk: { path }, areas }) => [path, devicesIn(areas).length])).toEqual([
      ['/dev/loop0', 0],
      ['/dev/sdb', 0],
    ])
  })

  it('goes through volume groups and thin pools, and draws neither parts of volumes nor snapshots of Holdfast', () => {
    const outline = (areas: readonly DiskArea[]): unknown[] =>
      areas.map(({ device, node, inside }) => {
        const name =
          device?.path ??
          (node?.kind === 'group' ? node.group.name : node && 'volume' in node ? node.volume?.name : null)
        return inside.length === 0 ? name : [name, ...outline(inside)]
      })
    const [system, secret, mirror, other] = drawDisks({ devices: volumeDevices(), lvm: volumeInventory() })
    expect(outline(system!.areas)).toEqual([
      '/dev/nvme0n1p1',
      [
        '/dev/nvme0n1p2',
        [
          'vg0',
          ['pool', '/dev/mapper/vg0-home', 'before-upgrade', '/dev/mapper/vg0-www'],
          '/dev/mapper/vg0-root',
          '/dev/mapper/vg0-swap',
          // Free extents.
          null,
        ],
      ],
    ])
    expect(outline(secret!.areas)).toEqual([
      ['/dev/mapper/secret', ['vgdata', '/dev/mapper/vgdata-archive', '/dev/mapper/vgdata-scratch']],
    ])
    // A mirror is drawn in the first of its disks.
    expect(outline(mirror!.areas)).toEqual(['/dev/md0'])
    expect(other!.areas).toEqual([])
  })

  it('draws free extents as large as they are', () => {
    const [system] = drawDisks({ devices: volumeDevices(), lvm: volumeInventory() })
    const [group] = system!.areas[1]!.inside
    expect(group!.inside.at(-1)).toMatchObject({ device: null, node: null, sizeBytes: 186 * GB })
  })

  it('holds nothing of disks without a medium', () => {
    expect(drawDisks({ devices: [{ ...named('/dev/sdb'), sizeBytes: 0 }] })).toEqual([])
  })

  it('names what is left out, and neither swap nor what only holds others', () => {
    const covered = new Set([deviceId('/dev/mapper/laptop-home')])
    expect(leftOut({ devices: internalDevices }, ({ id }) => covered.has(id)).map(({ title }) => title)).toEqual([
      'EFI',
      'boot',
      'root',
      'Photos',
    ])
  })
})

describe('the protection of a device', () => {
  it('is that of the jobs of it, and of what it lies on', () => {
    const { bridge } = scenario('protected')
    const jobs = bridge.world.jobViews()
    const ofJobs = protectionByDevice(jobs, all)
    expect(ofJobs(named('/dev/mapper/laptop-home'))).toBe('protected')
    expect(ofJobs(named('/dev/sda1'))).toBe('none')
    const wholeDisk = jobs.map(view => ({
      ...view,
      job: { ...view.job, sources: [{ path: '/dev/sda', device: deviceId('/dev/sda'), name: 'sda' }] },
    }))
    expect(protectionByDevice(wholeDisk, all)(named('/dev/sda1'))).toBe('protected')
  })

  it('is danger when a job is overdue everywhere, attention when one place is well', () => {
    const { bridge } = scenario('overdue')
    const [view] = bridge.world.jobViews()
    expect(jobProtection(view!)).toBe('danger')
    const well = { ...view!.standings[0]!, overdueSince: null, state: 'scheduled' as const, lastRun: null }
    expect(jobProtection({ ...view!, standings: [view!.standings[0]!, well] })).toBe('attention')
  })

  it('waits while nothing was stored yet', () => {
    const { bridge } = scenario('protected')
    const [view] = bridge.world.jobViews()
    const fresh = { ...view!.standings[0]!, lastSuccessAt: null, lastRun: null }
    expect(jobProtection({ ...view!, standings: [fresh] })).toBe('waiting')
  })
})

describe('the last version of a device', () => {
  it('is the newest whole one of a job of it, or of what it lies on', () => {
    const { world } = scenario('volumes').bridge
    const versions = [...world.versions.values()].flat().toSorted((a, b) => b.date.localeCompare(a.date))
    const lastOf = lastVersions(world.jobViews(), versions, world.devices)
    const device = (path: string) => world.devices.find(one => one.path === path)!
    const home = versions.filter(({ name }) => name === 'home')
    expect(lastOf(device('/dev/mapper/vg0-home'))).toBe(home[0])
    expect(lastOf(device('/dev/mapper/vgdata-archive'))).toMatchObject({ name: 'archive' })
    expect(lastOf(device('/dev/mapper/vg0-www'))).toBeUndefined()
    const broken = versions.map(one => (one === home[0] ? { ...one, status: 'damaged' as const } : one))
    expect(lastVersions(world.jobViews(), broken, world.devices)(device('/dev/mapper/vg0-home'))).toBe(home[1])
  })
})
