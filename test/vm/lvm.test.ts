import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { inVm, noVm, type VmResult } from './inVm.ts'

const root = join(import.meta.dirname, '../..')

/** What is tried there, and how, is in test/support/lvmTrials.ts. */
const script = `
set -eu
cd /run/tmp
{ pvcreate -q /dev/vda /dev/vdb /dev/vdd
vgcreate -q my-vg /dev/vda
vgcreate -q two /dev/vdb /dev/vdd
lvcreate -q -y -L 400M -T my-vg/the-pool
lvcreate -q -y -V 48M -T -n d-a my-vg/the-pool
lvcreate -q -y -V 48M -T -n ext4 my-vg/the-pool
lvcreate -q -y -V 320M -T -n xfs my-vg/the-pool
lvcreate -q -y -L 32M -n root two /dev/vdb
lvcreate -q -y -L 48M -n ext4 two /dev/vdb
lvcreate -q -y -L 304M -n xfs two /dev/vdb
lvcreate -q -y --type raid1 -m1 -L 8M -n mirrored two
lvcreate -q -y -L 16M -n cached two /dev/vdb
lvcreate -q -y --type cache-pool -L 12M -n fast two /dev/vdd
lvconvert -q -y --type cache --cachepool two/fast two/cached; } >/dev/null
UV_THREADPOOL_SIZE=8 ${root}/test/vm/machine/node.sh ${root}/test/support/lvmTrials.ts
`

describe.skipIf(noVm !== undefined)('where there is LVM', () => {
  let vm: VmResult
  const read = (name: string) => JSON.parse(vm.files[`${name}.json`]?.toString('utf8') ?? `"no ${name}"`)
  beforeAll(async () => {
    vm = await inVm(script, { disks: ['700M', '900M', '100M', '100M'], seconds: 1500 })
    expect(vm.exitCode, `${vm.output}\n${vm.console}`).toBe(0)
  }, 1_600_000)

  test('volumes are found by any of their names, and nothing else is', () => {
    const { answers, byNumber, own, foreignListed } = read('find')
    expect(answers).toEqual({
      '/dev/my-vg/d-a': 'lvm-thin /dev/my-vg/d-a true',
      '/dev/mapper/my--vg-d--a': 'lvm-thin /dev/my-vg/d-a true',
      '/run/link': 'lvm-thin /dev/my-vg/d-a true',
      '/dev/my-vg/clone': 'lvm-thin /dev/my-vg/clone false',
      '/dev/two/mirrored': 'lvm-classic /dev/two/mirrored false',
      '/dev/two/cached': 'lvm-classic /dev/two/cached false',
      '/dev/my-vg/still': null,
      '/dev/two/theirs': null,
      '/dev/mapper/my--vg-the--pool_tmeta': null,
      '/dev/mapper/my--vg-the--pool-tpool': null,
      '/dev/mapper/two-theirs-cow': null,
      '/dev/mapper/two-root-real': null,
      '/dev/mapper/two-mirrored_rimage_0': null,
      '/dev/vda': null,
      '/share/script.sh': null,
    })
    expect(byNumber).toBe('lvm-thin /dev/my-vg/d-a true')
    expect(own).toEqual([null, null])
    expect(foreignListed).toBe(1)
  })

  describe.each(['lvm-thin ext4', 'lvm-thin xfs', 'lvm-classic ext4', 'lvm-classic xfs'])('%s, mounted', name => {
    test('what is told leads from one snapshot to the next', () => {
      const found = read('mounted')[name]
      expect(found).toMatchObject({ leadsThere: true, valid: [true, true] })
      expect(found.written + found.discarded).toBeGreaterThanOrEqual(found.changed)
      expect(found.changed).toBeGreaterThan(0)
      expect(found.usage.usedBytes).toBeGreaterThan(0)
    })

    test('the link to the file system stays with the volume', () => {
      expect(read('mounted')[`${name} links`]).toBe(1)
    })

    test('what was never written is known where there is a pool', () => {
      const { restIsZero, isSparse, discarded } = read('mounted')[name]
      const isThin = name.startsWith('lvm-thin')
      expect([restIsZero, isSparse]).toEqual(isThin ? [true, true] : [undefined, undefined])
      expect(discarded > 0).toBe(isThin)
    })
  })

  test('a volume that was renamed and grew is the same', () => {
    const found = read('renamedAndGrown')
    expect(found.isSame).toEqual([true, true])
    expect(found.leadsThere).toBe(true)
    expect(found.listed).toHaveLength(2)
    const [was, is] = found.sizes
    expect(is - was).toBe(4 * 1024 * 1024)
  })

  test('LVM lets a classic one grow only while it is not active, and what is new counts as written', () => {
    const { whileActive, whileInactive, classicLeadsThere, classicChanges, classicSizes } = read('renamedAndGrown')
    expect(whileActive).toMatch(/only while inactive/)
    expect(whileInactive).toMatch(/successfully resized/)
    expect(classicLeadsThere).toBe(true)
    const [, , older, newer, now] = classicSizes
    expect([newer, now]).toEqual([older + 4 * 1024 * 1024, older + 4 * 1024 * 1024])
    expect(classicChanges.written).toContainEqual({ start: older, end: newer })
  })

  test('an id of a pool that was given to another snapshot is not taken for the old one', () => {
    const found = read('reusedId')
    expect(found.ids[0]).toBe(found.ids[1])
    expect(found).toMatchObject({ changes: { known: false }, valid: false, left: 2 })
    expect(found.activation.code).toBe('source.snapshotInvalid')
  })

  test('a snapshot of the metadata that somebody else holds is left alone, and all is to be read', () => {
    const found = read('heldByOthers')
    expect(found.while_.changes).toEqual({
      known: false,
      why: expect.stringMatching(/Another program.*dmsetup message my--vg-the--pool-tpool 0 release_metadata_snap/),
    })
    expect(found.while_).toMatchObject({ allocated: null, usage: null })
    expect(found.stillHeld).toBe(true)
    expect(found).toMatchObject({ afterwards: { known: true, written: [] }, free: '-' })
  })

  test('one that a killed process left is let go of by the next with its state folder, and by nobody else', () => {
    const { states, changes } = read('heldByTheDead')
    expect(states).toHaveLength(2)
    for (const state of states)
      expect(state).toMatchObject({
        held: expect.stringMatching(/^\d+$/),
        survived: true,
        seen: { known: false },
        left: true,
        after: '-',
      })
    expect(changes).toMatchObject({ known: true })
  })

  test('a classic snapshot that runs out of room while it is read is not valid, tells nothing, and can be removed', () => {
    const found = read('overflow')
    expect(found.before).toMatchObject([true, { roomBytes: 4 * 1024 * 1024 }])
    expect(found.valid).toEqual([false, true])
    expect(found.changes).toMatchObject({ known: false })
    expect(found).toMatchObject({ usage: null, listed: true, left: 0 })
  })

  test('a snapshot that is in use is removed when it is free', () => {
    expect(read('inUse')).toEqual([
      { again: true, waited: true, left: 0 },
      { again: true, waited: true, left: 0 },
    ])
  })

  test('after a restart of the computer they are still good, and thin ones stay inactive', () => {
    const found = read('restarted')
    expect(found).toMatchObject({ isActive: false, valid: [true, true] })
    expect(found.thin).toEqual({ known: true, written: [{ start: 0, end: 65_536 }], discarded: [] })
    expect(found.classic).toEqual({ known: true, written: [{ start: 0, end: 4096 }], discarded: [] })
  })

  test('snapshots of others are neither listed nor removed', () => {
    const found = read('foreign')
    expect(found.listed).toEqual([found.own])
    expect(found.withOwn).toEqual(['/dev/my-vg/d-a'])
    expect(found.left).toEqual(expect.arrayContaining(['holdfast_untagged', 'tagged']))
    expect(found.left).not.toContain(found.own)
  })

  test('an unchanged terabyte takes no longer than asking', () => {
    const { size, ms, changes, allocated } = read('sparse')
    expect(size).toBe(2 ** 40)
    expect(changes).toEqual({ known: true, written: [], discarded: [] })
    expect(allocated).toEqual([
      { start: 0, end: 65_536 },
      { start: 2 ** 40 - 65_536, end: 2 ** 40 },
    ])
    // Two seconds on a computer; an emulated processor is much slower.
    expect(ms).toBeLessThan(20_000)
  })

  test('a thin volume over one outside of its pool has no zeros to tell of', () => {
    const found = read('externalOrigin')
    expect(found.allocated).toBeNull()
    expect(found.changes).toEqual({ known: true, written: [{ start: 1_048_576, end: 1_114_112 }], discarded: [] })
  })

  test.each([
    ['root', false],
    ['else', true],
    ['thin', true],
  ])('of two groups with one name, the right one is meant (%s)', (name, inOther) => {
    const found = read('sameName')
    expect(found[name]).toMatchObject({ inOther, there: true, changes: { known: true } })
    expect(found[name].changes.written).toEqual([{ start: 65_536, end: 131_072 }])
    expect(found.left).toBe('')
  })

  test('no room in the group', () => {
    const { byDefault, asked } = read('noRoom')
    expect(byDefault).toMatchObject({ code: 'source.noRoomForSnapshot', said: expect.stringMatching(/0 MiB free/) })
    expect(asked).toMatchObject({ code: 'source.noRoomForSnapshot', said: expect.stringMatching(/smaller snapshot/) })
  })

  test('no room in the pool; what is there already can still be compared', () => {
    const found = read('poolFull')
    expect(found.status).toMatch(/out_of_data_space|400\/400|6400\/6400/)
    expect(found.snapshot).toMatchObject({ code: 'source.noRoomForSnapshot', said: expect.stringMatching(/lvextend/) })
    expect(found).toMatchObject({ changes: { known: true }, left: 0 })
  })
})
