import { describe, expect, it } from 'vitest'
import { offeredGroups } from '../../../engine/helper/restores/newVolumes.ts'
import { parseNewVolume, planNewVolume } from '../../../engine/targets/newVolumePlan.ts'
import { type LvmReports, volumeGroupsOf } from '../../../engine/targets/volumeGroups.ts'

const MiB = 1024 * 1024
const GiB = 1024 * MiB

/** As vgs and lvs of lvm2 2.03.16 write it: everything is a text. */
const reports = (): LvmReports => ({
  vg: [
    {
      vg_name: 'vg0',
      vg_uuid: 'uuid-1',
      vg_extent_size: '4194304',
      vg_free: String(GiB),
      vg_exported: '',
      vg_partial: '',
    },
    {
      vg_name: 'away',
      vg_uuid: 'uuid-2',
      vg_extent_size: '4194304',
      vg_free: String(GiB),
      vg_exported: 'exported',
      vg_partial: '',
    },
    {
      vg_name: 'torn',
      vg_uuid: 'uuid-3',
      vg_extent_size: '4194304',
      vg_free: String(GiB),
      vg_exported: '',
      vg_partial: 'partial',
    },
    { vg_name: 'twin', vg_uuid: 'uuid-4', vg_extent_size: '4194304', vg_free: '0', vg_exported: '', vg_partial: '' },
    { vg_name: 'twin', vg_uuid: 'uuid-5', vg_extent_size: '4194304', vg_free: '0', vg_exported: '', vg_partial: '' },
  ],
  lv: [
    {
      vg_name: 'vg0',
      lv_name: 'root',
      lv_size: '1',
      lv_tags: '',
      segtype: 'linear',
      data_percent: '',
      zero: 'unknown',
    },
    {
      vg_name: 'vg0',
      lv_name: 'root',
      lv_size: '1',
      lv_tags: '',
      segtype: 'striped',
      data_percent: '',
      zero: 'unknown',
    },
    {
      vg_name: 'vg0',
      lv_name: 'left',
      lv_size: '1',
      lv_tags: 'mine,holdfast_unfinished',
      segtype: 'linear',
      data_percent: '',
      zero: 'unknown',
    },
    {
      vg_name: 'vg0',
      lv_name: 'pool',
      lv_size: String(100 * MiB),
      lv_tags: '',
      segtype: 'thin-pool',
      data_percent: '25.00',
      zero: 'zero',
    },
    {
      vg_name: 'vg0',
      lv_name: 'raw',
      lv_size: String(100 * MiB),
      lv_tags: '',
      segtype: 'thin-pool',
      data_percent: '0.00',
      zero: '',
    },
    {
      vg_name: 'vg0',
      lv_name: 'asleep',
      lv_size: String(100 * MiB),
      lv_tags: '',
      segtype: 'thin-pool',
      data_percent: '',
      zero: 'zero',
    },
  ],
})
const groups = () => volumeGroupsOf(reports())
const needs = { sizeBytes: 10 * MiB + 1, dataBytes: 3 * MiB }

describe('what LVM tells', () => {
  it('becomes groups, each volume once, with how full their pools are', () => {
    const [vg0] = groups()
    expect(vg0!.volumes.map(({ name }) => name)).toEqual(['root', 'left', 'pool', 'raw', 'asleep'])
    expect(vg0!.pools).toEqual([
      { name: 'pool', sizeBytes: 100 * MiB, freeBytes: 75 * MiB, zeroes: true },
      { name: 'raw', sizeBytes: 100 * MiB, freeBytes: 100 * MiB, zeroes: false },
      { name: 'asleep', sizeBytes: 100 * MiB, freeBytes: 0, zeroes: true },
    ])
    expect(groups().map(({ name, unusable }) => [name, unusable])).toEqual([
      ['vg0', undefined],
      ['away', 'exported'],
      ['torn', 'partial'],
      ['twin', 'ambiguous'],
    ])
  })
})

describe('the name of a new volume', () => {
  it('is told from paths', () => {
    expect(parseNewVolume('lvm:vg0/root-of.may+1')).toEqual({ group: 'vg0', name: 'root-of.may+1' })
    for (const path of ['/dev/sda', './lvm:vg0/x', 'image.img']) expect(parseNewVolume(path)).toBeUndefined()
  })

  it.each([
    'lvm:',
    'lvm:vg0',
    'lvm:vg0/',
    'lvm:/x',
    'lvm:vg0/a/b',
    'lvm:vg0/-x',
    'lvm:../x',
    'lvm:vg0/a b',
    'lvm:vg0/ü',
  ])('is refused as %s', target => {
    expect(() => parseNewVolume(target)).toThrow(expect.objectContaining({ code: 'usage.invalid' }))
  })
})

describe('a new volume', () => {
  it('has whole extents and what was in them before; in a pool that zeroes, it is empty', () => {
    const wish = { group: 'vg0', name: 'new' }
    expect(planNewVolume(wish, groups(), needs)).toMatchObject({ sizeBytes: 12 * MiB, startsZeroed: false })
    expect(planNewVolume({ ...wish, thinPool: 'pool' }, groups(), needs)).toMatchObject({
      sizeBytes: 12 * MiB,
      freeBytes: 75 * MiB,
      startsZeroed: true,
    })
    expect(planNewVolume({ ...wish, thinPool: 'raw' }, groups(), needs).startsZeroed).toBe(false)
  })

  it.each<[object, object, string, string]>([
    [{ group: 'none' }, {}, 'target.notFound', 'no volume group none'],
    [{ group: 'away' }, {}, 'target.unsupported', 'exported'],
    [{ group: 'torn' }, {}, 'target.unsupported', 'misses'],
    [{ group: 'twin' }, {}, 'target.unsupported', 'twice'],
    [{ name: 'root' }, {}, 'target.exists', 'vg0/root exists'],
    [{ name: 'left' }, {}, 'target.exists', 'has not finished'],
    [{}, { sizeBytes: GiB + 1 }, 'target.full', `${GiB} bytes free; ${GiB + 4 * MiB} are needed`],
    [{ thinPool: 'none' }, {}, 'target.notFound', 'no thin pool none'],
    [{ thinPool: 'pool' }, { dataBytes: 75 * MiB + 1 }, 'target.full', 'vg0/pool'],
    [{ thinPool: 'asleep' }, {}, 'target.full', 'vg0/asleep'],
  ])('%j that needs %j is %s', (wish, more, code, words) => {
    const plan = () => planNewVolume({ group: 'vg0', name: 'new', ...wish }, groups(), { ...needs, ...more })
    expect(plan).toThrow(expect.objectContaining({ code, message: expect.stringContaining(words) }))
    expect(plan).toThrow(expect.objectContaining({ advice: expect.stringMatching(/\S/) }))
  })

  it('is offered where it can be made', () => {
    const [vg0, away] = offeredGroups(groups(), needs)
    expect(vg0).toEqual({
      name: 'vg0',
      freeBytes: GiB,
      refusal: null,
      pools: [
        { name: 'pool', freeBytes: 75 * MiB, refusal: null },
        { name: 'raw', freeBytes: 100 * MiB, refusal: null },
        { name: 'asleep', freeBytes: 0, refusal: expect.objectContaining({ code: 'target.full' }) },
      ],
    })
    expect(away?.refusal).toMatchObject({ code: 'target.unsupported' })
  })
})
