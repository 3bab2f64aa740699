import { describe, expect, test } from 'vitest'
import { hasExternalOrigin, kindOf, ownSnapshotsOf } from '../../../engine/lvm/kinds.ts'
import { groupUuidOf, isOwn, isOwnName, kernelId } from '../../../engine/lvm/names.ts'
import { type LogicalVolume, parseGroups, parseVolumes } from '../../../engine/lvm/report.ts'
import { recorded } from './recorded.ts'

const all = parseVolumes(recorded('lvs'))
const named = (name: string) => all.find(volume => volume.name === name)!
/** Our names as they are since that was recorded. */
const ours = (volume: LogicalVolume): LogicalVolume => ({
  ...volume,
  name: volume.name.replace('holdfast-', 'holdfast_'),
})

describe('what lvs reports', () => {
  test('every value is a string there, and becomes what it is', () => {
    expect(named('d-a')).toMatchObject({
      groupName: 'my-vg',
      path: '/dev/my-vg/d-a',
      sizeBytes: 268_435_456,
      thinId: 1,
      originUuid: undefined,
      tags: [],
      roles: ['public', 'origin', 'thinorigin', 'multithinorigin'],
    })
    expect(named('root').thinId).toBeUndefined()
    expect(named('holdfast-b')).toMatchObject({ thinId: 3, tags: ['holdfast'], originUuid: named('d-a').uuid })
  })

  test('a volume of two segments has two rows and comes once', () => {
    expect(recorded('lvs').match(/"lv_name":"root"/g)).toHaveLength(2)
    expect(all.filter(({ name }) => name === 'root')).toHaveLength(1)
  })

  test('segments of two kinds are both told', () => {
    const row = JSON.parse(recorded('lvs')).report[0].lv.find((one: { lv_name: string }) => one.lv_name === 'other')
    const text = JSON.stringify({ report: [{ lv: [row, { ...row, segtype: 'raid1' }] }] })
    expect(parseVolumes(text)).toMatchObject([{ segmentTypes: ['linear', 'raid1'] }])
  })

  test('brackets around names of hidden volumes are taken away', () => {
    expect(all.map(({ name }) => name)).toContain('the-pool_tmeta')
    expect(all.filter(({ name }) => /[[\]]/.test(name))).toEqual([])
  })

  test('it is identified as the kernel does', () => {
    expect(named('d-a').id).toBe('LVM-OGoRLrUVFhIzvPCT1mZIUacoGYXC7HeR4oImKOWukrCDRoh5qRgFH9U4xvsWeefN')
    expect(groupUuidOf(named('d-a').id)).toBe(named('d-a').groupUuid)
    expect(groupUuidOf(`${named('d-a').id}-cow`)).toBe(named('d-a').groupUuid)
    expect(groupUuidOf('CRYPT-LUKS2-0123')).toBeUndefined()
    expect(kernelId(named('root').groupUuid, named('root').uuid)).toBe(named('root').id)
  })

  test('what is no report is refused', () => {
    expect(() => parseVolumes('{"report":[{"lv":[{"lv_name":"a"}]}]}')).toThrow()
    expect(() => parseVolumes('')).toThrow()
  })
})

describe('what vgs reports', () => {
  test('a group on two devices comes once, with both', () => {
    expect(parseGroups(recorded('vgs'))).toMatchObject([
      { name: 'my-vg', freeBytes: 197_132_288, extentBytes: 4_194_304, devices: ['/dev/vda'] },
      { name: 'two', freeBytes: 226_492_416, devices: ['/dev/vdb', '/dev/vdc'] },
    ])
  })
})

describe('what is a volume to be backed up', () => {
  test.each([
    ['d-a', 'thin'],
    ['root', 'classic'],
    ['mirrored', 'classic'],
    ['cached', 'classic'],
    ['theirs', undefined],
    ['the-pool', undefined],
    ['the-pool_tdata', undefined],
    ['lvol0_pmspare', undefined],
    ['fast_cpool', undefined],
    ['cached_corig', undefined],
    ['mirrored_rimage_0', undefined],
    ['holdfast-s1', undefined],
    // By others, and writable: somebody may live in it.
    ['foreign', 'thin'],
    ['holdfast-b', undefined],
  ])('%s: %s', (name, kind) => {
    expect(kindOf(named(name))).toBe(kind)
  })

  test('our own snapshots are not, even when they may be written to', () => {
    const writable = { ...ours(named('holdfast-b')), attributes: 'Vwi---tz-k' }
    expect(kindOf(writable)).toBeUndefined()
    expect(kindOf({ ...writable, tags: [] })).toBe('thin')
  })

  test('snapshots are ours by name and tag together', () => {
    const list = all.map(ours)
    expect(ownSnapshotsOf(named('d-a'), list).map(({ name }) => name)).toEqual(['holdfast_a', 'holdfast_b'])
    expect(ownSnapshotsOf(named('root'), list).map(({ name }) => name)).toEqual(['holdfast_s1'])
    expect(isOwn({ name: 'holdfast_x', tags: [] })).toBe(false)
    expect(isOwn({ name: 'x', tags: ['holdfast'] })).toBe(false)
    expect(isOwn({ name: 'holdfast_x', tags: ['a', 'holdfast'] })).toBe(true)
  })

  test('names that LVM or a shell would take for something else are none of ours', () => {
    for (const name of ['holdfast_', 'x', 'holdfast_a/b', 'holdfast_a b', '-holdfast_a', `holdfast_${'a'.repeat(61)}`])
      expect(isOwnName(name)).toBe(false)
    expect(isOwnName('holdfast_0123abcd_89ef0123')).toBe(true)
  })

  test('a thin volume over one outside of its pool is known, also through snapshots', () => {
    expect(hasExternalOrigin(named('d-a'), all)).toBe(false)
    expect(hasExternalOrigin(named('foreign'), all)).toBe(false)
    const over = { ...named('d-a'), originUuid: named('root').uuid, groupUuid: named('root').groupUuid }
    expect(hasExternalOrigin(over, all)).toBe(true)
    const between = all.map(one => (one.name === 'd-a' ? { ...one, originUuid: 'gone' } : one))
    expect(hasExternalOrigin(named('foreign'), between)).toBe(true)
    const circle = all.map(one => (one.name === 'd-a' ? { ...one, originUuid: named('foreign').uuid } : one))
    expect(hasExternalOrigin(named('foreign'), circle)).toBe(true)
  })
})
