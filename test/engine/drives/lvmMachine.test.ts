import { describe, expect, it } from 'vitest'
import { type BackupWay, howBackedUp, type WayReason } from '../../../engine/contract/backupWays.ts'
import { deviceTree, type TreeNode } from '../../../engine/contract/deviceTree.ts'
import { type DriveInventory, driveInventorySchema, type LvmInventory } from '../../../engine/contract/drives.ts'
import { parseDisks, parseFullReport } from '../../../engine/drives/lvmReport.ts'
import { LvmReader } from '../../../engine/drives/readVolumes.ts'
import { fakePrograms } from '../../support/fakeDrives.ts'
import { lvmAnswer, lvmMachine, recorded } from '../../support/lvmMachine.ts'

const all = lvmMachine(lvmAnswer())
const named = (path: string, inventory = all) => inventory.devices.find(device => device.path === path)!
const group = (name: string, inventory = all) => inventory.lvm!.groups.find(one => one.name === name)!
const volume = (name: string, inventory = all) => inventory.lvm!.volumes.find(one => one.name === name)!

/** The same computer with something else in a group or volume. */
const changed = (change: (lvm: LvmInventory) => void): DriveInventory => {
  const copy = structuredClone(all)
  change(copy.lvm!)
  return copy
}

describe('the inventory of a computer with LVM', () => {
  it('is what the contract says', () => {
    expect(driveInventorySchema.parse(all)).toEqual(all)
  })

  it('joins volumes with their devices, and knows pools, origins and snapshots', () => {
    expect(volume('root')).toMatchObject({ kind: 'plain', device: named('/dev/mapper/vg--data-root').id })
    expect(volume('home')).toMatchObject({ kind: 'thin', pool: volume('pool').uuid, dataPercent: expect.any(Number) })
    expect(volume('pool')).toMatchObject({
      kind: 'thin-pool',
      device: named('/dev/mapper/vg--data-pool-tpool').id,
      metadataPercent: expect.any(Number),
    })
    expect(volume('before-upgrade')).toMatchObject({
      kind: 'thin-snapshot',
      origin: volume('home').uuid,
      isOurs: false,
    })
    expect(volume('holdfast_home_1')).toMatchObject({ kind: 'thin-snapshot', device: null, isOurs: true })
    expect(volume('holdfast_root_1')).toMatchObject({
      kind: 'snapshot',
      origin: volume('root').uuid,
      // What it shows, not its room.
      sizeBytes: volume('root').sizeBytes,
      isOurs: true,
    })
    expect(volume('asleep')).toMatchObject({ device: null })
  })

  it('knows groups with their disks, free room and troubles', () => {
    expect(group('vg-data')).toMatchObject({
      freeBytes: 96_468_992,
      extentBytes: 4_194_304,
      devices: [named('/dev/vda2').id],
      problems: [],
    })
    expect(group('vgfull').freeBytes).toBe(0)
    expect(group('broken')).toMatchObject({ devices: [named('/dev/vdb3').id], problems: ['missing-disks'] })
    expect(all.lvm!.groups.filter(({ name }) => name === 'twin').map(({ problems }) => problems)).toEqual([
      ['duplicate-name'],
      ['duplicate-name'],
    ])
    const copied = lvmMachine(lvmAnswer('lvm-disks-copied.txt'))
    expect(copied.lvm!.groups.map(({ problems }) => problems)).toContainEqual(['duplicate-name', 'duplicate-disks'])
  })

  it('tells parts of volumes from volumes, arrays by their level, and types of partitions', () => {
    const internal = all.devices.filter(({ isInternal }) => isInternal).map(({ path }) => path)
    expect(internal.toSorted()).toEqual(
      ['holdfast_root_1-cow', 'pool', 'pool-tpool', 'pool_tdata', 'pool_tmeta', 'root-real'].map(
        name => `/dev/mapper/vg--data-${name}`,
      ),
    )
    expect(named('/dev/md0')).toMatchObject({ kind: 'raid', raidLevel: 'raid1' })
    expect(named('/dev/vdb2').partitionType).toBe('0x5')
  })
})

describe('how a device can be backed up', () => {
  it.each<[string, BackupWay, WayReason]>([
    ['/dev/vda', 'in-use', 'in-use'],
    ['/dev/vda1', 'in-use', 'mounted'],
    ['/dev/vda2', 'not', 'holds-volumes'],
    ['/dev/vda3', 'in-use', 'in-use'],
    ['/dev/vda4', 'not', 'holds-volumes'],
    ['/dev/vda5', 'as-is', 'idle'],
    ['/dev/mapper/secret', 'in-use', 'mounted'],
    ['/dev/mapper/vg--data-root', 'snapshot-classic', 'snapshot'],
    ['/dev/mapper/vg--data-idle', 'snapshot-classic', 'snapshot'],
    ['/dev/mapper/vg--data-home', 'snapshot-thin', 'snapshot'],
    ['/dev/mapper/vg--data-before--upgrade', 'snapshot-thin', 'snapshot'],
    ['/dev/mapper/vg--data-holdfast_root_1', 'not', 'own-snapshot'],
    ['/dev/mapper/vg--data-pool', 'not', 'internal'],
    ['/dev/mapper/vg--data-pool-tpool', 'not', 'thin-pool'],
    ['/dev/mapper/vg--data-pool_tmeta', 'not', 'internal'],
    ['/dev/mapper/vg--data-root-real', 'not', 'internal'],
    ['/dev/mapper/vgfull-all', 'in-use', 'group-full'],
    // Nothing writes to it, so it does not matter that LVM could make no snapshot.
    ['/dev/mapper/broken-part', 'as-is', 'idle'],
    // One of two groups with one name.
    ['/dev/mapper/twin-data', 'snapshot-classic', 'snapshot'],
    ['/dev/loop1', 'as-is', 'idle'],
    ['/dev/vdb', 'in-use', 'in-use'],
    ['/dev/vdb1', 'as-is', 'idle'],
    ['/dev/vdb2', 'not', 'extended'],
    ['/dev/vdb3', 'not', 'holds-volumes'],
    ['/dev/vdb4', 'not', 'swap'],
    ['/dev/vdc', 'not', 'raid-member'],
    ['/dev/md0', 'as-is', 'idle'],
  ])('%s: %s, %s', (path, way, why) => {
    const found = howBackedUp(named(path), all)
    expect(found).toMatchObject({ way, why })
    const consistency = { not: null, 'in-use': 'read-while-in-use' }[way as string]
    expect(found.consistency).toBe(consistency === undefined ? 'consistent' : consistency)
    const tracking = { 'snapshot-thin': 'lvm-thin', 'snapshot-classic': 'lvm-classic' }[way as string] ?? 'none'
    expect(found.tracking).toBe(tracking)
    // Whoever is told that it is in use can agree to that.
    expect(found.choices.includes('read-in-use')).toBe(way === 'in-use')
  })

  it('without free extents names what makes some', () => {
    expect(howBackedUp(named('/dev/mapper/vgfull-all'), all).choices).toEqual([
      'add-disk',
      'remove-volume',
      'shrink-volume',
      'unmount',
      'read-in-use',
    ])
  })

  it('leads from a disk to the volumes on it, and from an encrypted part to what is in it', () => {
    expect(howBackedUp(named('/dev/vda'), all).choices[0]).toBe('volumes')
    expect(howBackedUp(named('/dev/vda2'), all).choices).toEqual(['volumes'])
    expect(howBackedUp(named('/dev/vda3'), all).choices[0]).toBe('contents')
    expect(howBackedUp(named('/dev/vdc'), all).choices).toEqual(['array'])
  })

  it('offers to unmount nothing that the running system needs', () => {
    const device = { ...named('/dev/vda1'), isSystem: true }
    expect(howBackedUp(device, all).choices).toEqual(['read-in-use'])
  })

  it.each([
    ['missing-disks', 'connect-disks'],
    ['duplicate-disks', 'disconnect-copy'],
    ['exported', 'import-group'],
  ] as const)('makes no snapshots in a group with trouble: %s', (problem, choice) => {
    const troubled = changed(lvm => lvm.groups.find(({ name }) => name === 'vg-data')!.problems.push(problem))
    expect(howBackedUp(named('/dev/mapper/vg--data-root'), troubled)).toMatchObject({ way: 'in-use', why: problem })
    expect(howBackedUp(named('/dev/mapper/vg--data-root'), troubled).choices[0]).toBe(choice)
  })

  it('makes none in a full pool, nor of types that have none', () => {
    const home = named('/dev/mapper/vg--data-home')
    const full = changed(lvm => {
      lvm.volumes.find(({ name }) => name === 'pool')!.problem = 'pool-full'
    })
    expect(howBackedUp(home, full)).toMatchObject({ way: 'in-use', why: 'pool-full' })
    const odd = changed(lvm => {
      lvm.volumes.find(({ name }) => name === 'root')!.kind = 'snapshot'
    })
    expect(howBackedUp(named('/dev/mapper/vg--data-root'), odd)).toMatchObject({ why: 'no-snapshots' })
  })

  it('makes none in a pool that is nearly full, by its room or that for its metadata', () => {
    const home = named('/dev/mapper/vg--data-home')
    const pool = (facts: Partial<LvmInventory['volumes'][number]>) =>
      changed(lvm => Object.assign(lvm.volumes.find(({ name }) => name === 'pool')!, facts))
    expect(howBackedUp(home, pool({ dataPercent: 94 })).way).toBe('snapshot-thin')
    expect(howBackedUp(home, pool({ dataPercent: 96 })).why).toBe('pool-full')
    expect(howBackedUp(home, pool({ metadataPercent: 95 })).why).toBe('pool-full')
    // A gibibyte is enough in a pool of any size.
    expect(howBackedUp(home, pool({ dataPercent: 99, sizeBytes: 200 * 1024 ** 3 })).way).toBe('snapshot-thin')
  })

  it('wants a fiftieth of a volume and 16 MiB free, and not more than a snapshot can take', () => {
    const free = (bytes: number) =>
      changed(lvm => {
        lvm.groups.find(({ name }) => name === 'vg-data')!.freeBytes = bytes
      })
    const why = (path: string, bytes: number) => howBackedUp(named(path), free(bytes)).way
    const mib = 1024 ** 2
    expect(why('/dev/mapper/vg--data-root', 16 * mib)).toBe('snapshot-classic')
    expect(why('/dev/mapper/vg--data-root', 12 * mib)).toBe('in-use')
    expect(why('/dev/mapper/vg--data-idle', 12 * mib)).toBe('snapshot-classic')
    expect(why('/dev/mapper/vg--data-idle', 8 * mib)).toBe('as-is')
  })

  it('is crash-consistent where LVM cannot freeze what writes', () => {
    const root = named('/dev/mapper/vg--data-root')
    const locked = { ...root, mountPoints: [], fileSystem: null, holders: ['f'.repeat(32)] }
    const inside = { ...root, id: 'f'.repeat(32), kind: 'crypt' as const, restsOn: [root.id] }
    const inventory = { ...all, devices: [...all.devices.filter(({ id }) => id !== root.id), locked, inside] }
    expect(howBackedUp(locked, inventory)).toMatchObject({ way: 'snapshot-classic', consistency: 'crash-consistent' })
  })

  it('says what is missing to know it', () => {
    const asked = (state: LvmInventory['state']) => lvmMachine({ state, groups: [], volumes: [], disks: [] })
    const why = (inventory: DriveInventory) => howBackedUp(named('/dev/mapper/vg--data-root', inventory), inventory)
    expect(why(asked('needs-root'))).toMatchObject({ way: 'in-use', why: 'lvm-needs-root' })
    expect(why(asked('not-installed'))).toMatchObject({ way: 'in-use', why: 'lvm-not-installed' })
    expect(why(asked('failed'))).toMatchObject({ way: 'in-use', why: 'lvm-failed' })
    expect(why(lvmMachine())).toMatchObject({ way: 'in-use', why: 'lvm-needs-root' })
  })
})

describe('the tree of devices', () => {
  const outline = (nodes: readonly TreeNode[]): unknown[] =>
    nodes.map(node => {
      const name =
        node.kind === 'device' ? node.device.path : node.kind === 'group' ? node.group.name : node.volume.name
      const short = `${node.kind} ${name.replace(/^\/dev\/(mapper\/)?/, '')}`
      return node.inside.length === 0 ? short : [short, ...outline(node.inside)]
    })
  const rootOf = (path: string, inventory: DriveInventory) =>
    outline(deviceTree(inventory).filter(node => node.kind === 'device' && node.device.path === path))

  it('goes from disks through groups and pools to volumes', () => {
    expect(rootOf('/dev/vda', all)).toEqual([
      [
        'device vda',
        'device vda1',
        [
          'device vda2',
          [
            'group vg-data',
            'volume asleep',
            'device vg--data-idle',
            ['pool pool', 'device vg--data-home', 'device vg--data-before--upgrade', 'volume holdfast_home_1'],
            'device vg--data-root',
            'device vg--data-holdfast_root_1',
          ],
        ],
        ['device vda3', 'device secret'],
        ['device vda4', ['group vgfull', 'device vgfull-all']],
        'device vda5',
      ],
    ])
    expect(rootOf('/dev/vdc', all)).toEqual([['device vdc', 'device md0']])
  })

  it('has every device once, but for parts of volumes', () => {
    const devices = (nodes: readonly TreeNode[]): string[] =>
      nodes.flatMap(node => [...(node.kind === 'device' ? [node.device.path] : []), ...devices(node.inside)])
    const wanted = all.devices.filter(({ isInternal }) => !isInternal).map(({ path }) => path)
    expect(devices(deviceTree(all)).toSorted()).toEqual(wanted.toSorted())
  })

  it('shows volumes below their disk also when LVM says nothing', () => {
    expect(rootOf('/dev/vda', lvmMachine())).toEqual([
      [
        'device vda',
        'device vda1',
        [
          'device vda2',
          'device vg--data-before--upgrade',
          'device vg--data-holdfast_root_1',
          'device vg--data-home',
          'device vg--data-idle',
          'device vg--data-root',
        ],
        ['device vda3', 'device secret'],
        ['device vda4', 'device vgfull-all'],
        'device vda5',
      ],
    ])
  })
})

describe('asking LVM', () => {
  const lvm = (answers: { fullreport?: string; pvs?: string; exitCode?: number }) =>
    fakePrograms({
      lvm: ([verb]) => ({ stdout: answers[verb as 'fullreport' | 'pvs'] ?? '', exitCode: answers.exitCode ?? 0 }),
    })
  const said = { fullreport: recorded('lvm-report.txt'), pvs: recorded('lvm-disks.txt') }

  it('takes two commands', async () => {
    const { run, calls } = lvm(said)
    expect(await new LvmReader({ run, isRoot: true }).read()).toEqual(lvmAnswer())
    expect(calls.map(([program, verb]) => `${program} ${verb}`)).toEqual(['lvm fullreport', 'lvm pvs'])
  })

  it('is for root alone, and needs LVM', async () => {
    const { run, calls } = lvm(said)
    expect((await new LvmReader({ run, isRoot: false }).read()).state).toBe('needs-root')
    expect(calls).toEqual([])
    expect((await new LvmReader({ run: fakePrograms({}).run, isRoot: true }).read()).state).toBe('not-installed')
  })

  it('keeps what was said for when LVM does not answer, and says so', async () => {
    let answers: Parameters<typeof lvm>[0] = said
    const reader = new LvmReader({ run: (...args) => lvm(answers).run(...args), isRoot: true })
    await reader.read()
    for (const broken of [{ exitCode: 3 }, { ...said, pvs: 'nonsense' }, { ...said, fullreport: '{"report":7}' }]) {
      answers = broken
      expect(await reader.read()).toEqual({ ...lvmAnswer(), state: 'failed' })
    }
  })

  it('reads the report of a group with a missing disk, which ends with 5', async () => {
    const { run } = lvm({ ...said, exitCode: 5 })
    expect((await new LvmReader({ run, isRoot: true }).read()).state).toBe('known')
  })

  it('ends when it is no longer wanted', async () => {
    const reader = new LvmReader({ isRoot: true })
    await expect(reader.read(AbortSignal.abort())).rejects.toMatchObject({ code: 'run.cancelled' })
  })
})

describe('a report of LVM', () => {
  it('is none when it is no report', () => {
    for (const text of ['', '{}', '[]', '{"report":[{"vg":7}]}']) {
      expect(parseFullReport(text)).toBeUndefined()
      expect(parseDisks(text)).toBeUndefined()
    }
  })

  it('loses a row that is not understood, and no other', () => {
    const { groups } = parseFullReport(recorded('lvm-report.txt').replace('"vg_name":"vgfull"', '"vg_name":"\\u0007"'))!
    expect(groups.map(({ name }) => name)).not.toContain('vgfull')
    expect(groups.map(({ name }) => name)).toContain('vg-data')
  })

  it('counts numbers that are none as nothing, and takes the first type of several', () => {
    const row = {
      vg_uuid: 'g',
      lv_name: 'a',
      lv_uuid: 'v',
      lv_role: 'public',
      lv_size: 'x',
      origin_uuid: '',
      pool_lv_uuid: '',
    }
    const more = {
      data_percent: '',
      metadata_percent: '',
      lv_active: '',
      lv_tags: 'a,b',
      lv_health_status: '',
      lv_snapshot_invalid: 'unknown',
    }
    const seg = [
      { lv_uuid: 'v', segtype: 'linear' },
      { lv_uuid: 'v', segtype: 'striped' },
    ]
    const { volumes } = parseFullReport(JSON.stringify({ report: [{ lv: [{ ...row, ...more }], seg }] }))!
    expect(volumes).toMatchObject([
      { sizeBytes: 0, segmentType: 'linear', tags: ['a', 'b'], isActive: false, dataPercent: null },
    ])
  })
})
