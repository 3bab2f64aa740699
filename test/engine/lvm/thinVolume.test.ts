import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ownIdentity, type ProcessIdentity } from '../../../engine/base/processIdentity.ts'
import { HoldfastError } from '../../../engine/contract/errors.ts'
import { HeldRecords } from '../../../engine/lvm/heldRecords.ts'
import { judgeRecord, withMetadataSnapshot } from '../../../engine/lvm/metadataSnapshot.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'
import { FakeLvm } from './fakeLvm.ts'
import { recorded } from './recorded.ts'

const folder = useTemporaryFolder()
const pool = 'LVM-OGoRLrUVFhIzvPCT1mZIUacoGYXC7HeRiefKtWepDA2SdGgVVm15S7akkDyLbC5d'
const mib = 1024 * 1024

async function world() {
  const lvm = new FakeLvm(folder.path)
  await lvm.boot()
  const volume = (await lvm.driver.find('/dev/my--vg-d--a'))!
  const changes = (signal?: AbortSignal) =>
    volume.changes(lvm.snapshot('holdfast_a'), lvm.snapshot('holdfast_b'), signal)
  return { lvm, volume, changes, records: new HeldRecords(lvm.context.stateDir) }
}

const dead: ProcessIdentity = { ...ownIdentity(), pid: 2 ** 30, startTicks: '1' }

describe('what was written between two thin snapshots', () => {
  test('is asked of a held snapshot of the metadata, by the ids that they have now', async () => {
    const { lvm, changes } = await world()
    expect(await changes()).toMatchObject({ known: true, discarded: [{ start: 101 * mib, end: 102 * mib }] })
    expect(lvm.lines).toEqual([
      `dmsetup message --uuid ${pool}-tpool 0 reserve_metadata_snap`,
      `thin_delta -m --snap1 2 --snap2 3 ${folder.path}/mapper/my--vg-the--pool_tmeta`,
      `dmsetup message --uuid ${pool}-tpool 0 release_metadata_snap`,
    ])
  })

  test('nothing is left when comparing fails, and all is to be read', async () => {
    const { lvm, changes, records } = await world()
    for (const stdout of ['', recorded('thin_delta').slice(0, 300), recorded('thin_delta').replace('"2"', '"4"')]) {
      lvm.answers.set('thin_delta', () => ({ stdout }))
      expect(await changes()).toEqual({ known: false, why: expect.stringMatching(/cannot be understood/) })
    }
    lvm.answers.set('thin_delta', () => {
      throw new HoldfastError('source.readFailed', 'thin_delta failed.')
    })
    expect(await changes()).toEqual({ known: false, why: 'thin_delta failed.' })
    expect(lvm.heldRoot).toBeUndefined()
    expect(await records.list()).toEqual([])
  })

  test('is let go of when it is cancelled, and that is no answer', async () => {
    const { lvm, changes } = await world()
    const stop = new AbortController()
    lvm.answers.set('thin_delta', () => {
      stop.abort()
      throw new HoldfastError('run.cancelled', 'It was cancelled.')
    })
    await expect(changes(stop.signal)).rejects.toMatchObject({ code: 'run.cancelled' })
    expect(lvm.heldRoot).toBeUndefined()
  })

  test('what changes a pool is never interrupted', async () => {
    const { lvm, volume, changes } = await world()
    const { signal } = new AbortController()
    await changes(signal)
    await volume.createSnapshot('holdfast_a', { signal }).catch(() => undefined)
    await volume.removeSnapshot(lvm.snapshot('holdfast_b'))
    const changing = lvm.calls.filter(({ line }) => /^(dmsetup message|lvcreate|lvremove|lvchange)/.test(line))
    expect(changing).toHaveLength(4)
    for (const { options } of changing) expect([options.signal, options.timeoutMs]).toEqual([undefined, undefined])
    expect(lvm.calls.find(({ line }) => line.startsWith('thin_delta'))?.options.signal).toBe(signal)
  })

  test('a snapshot that is gone makes it unknown, though its id was given to another', async () => {
    const { lvm, volume } = await world()
    const gone = { ...lvm.snapshot('holdfast_a'), id: `${pool.slice(0, -4)}gone` }
    expect(await volume.changes(gone, lvm.snapshot('holdfast_b'))).toMatchObject({ known: false })
    expect(await volume.changes(lvm.snapshot('holdfast_a'), gone)).toMatchObject({ known: false })
    expect(await volume.isValid(gone)).toBe(false)
    expect(lvm.lines).toEqual([])
  })

  test('only one at a time asks a pool', async () => {
    const { lvm } = await world()
    const order: string[] = []
    const hold = (name: string) =>
      withMetadataSnapshot(lvm.context, pool, undefined, async () => {
        order.push(`${name} begins`)
        await new Promise(resolve => setImmediate(resolve))
        order.push(`${name} ends`)
      })
    await Promise.all([hold('one'), hold('two')])
    expect([order[0]?.slice(0, 3), order[2]?.slice(0, 3)].sort()).toEqual(['one', 'two'])
    expect(order.map(line => line.split(' ')[1])).toEqual(['begins', 'ends', 'begins', 'ends'])
    expect(await readdir(join(folder.path, 'lock'))).toEqual([`holdfast-metadata-${pool}.lock`])
  })
})

describe('a snapshot of the metadata that is held already', () => {
  test('by somebody else, is left alone; how to let go of it is told', async () => {
    const { lvm, changes, volume } = await world()
    lvm.heldRoot = '52'
    expect(await changes()).toEqual({
      known: false,
      why: expect.stringMatching(/Another program .* dmsetup message my--vg-the--pool-tpool 0 release_metadata_snap$/),
    })
    expect(await volume.allocated(lvm.snapshot('holdfast_b'))).toBeUndefined()
    await lvm.driver.releaseStale()
    expect([lvm.heldRoot, lvm.lines]).toEqual(['52', []])
    const direct = withMetadataSnapshot(lvm.context, pool, undefined, async () => 1)
    await expect(direct).rejects.toMatchObject({ code: 'source.inUse', retryable: true })
  })

  test.each([56, null])('by a process of ours that died, is let go of (noted: %s)', async heldRoot => {
    const { lvm, changes, records } = await world()
    for (const tidy of [changes, () => lvm.driver.releaseStale()]) {
      lvm.heldRoot = '56'
      await records.write({ pool, by: dead, heldRoot })
      await tidy()
      expect([lvm.heldRoot, await records.list()]).toEqual([undefined, []])
    }
  })

  test('by somebody else after one of ours died, is left alone', async () => {
    const { lvm, changes, records } = await world()
    lvm.heldRoot = '57'
    await records.write({ pool, by: dead, heldRoot: 56 })
    expect(await changes()).toMatchObject({ known: false })
    expect([lvm.heldRoot, await records.list()]).toEqual(['57', []])
  })

  test('is noted before it is made, and the note stays when letting go fails', async () => {
    const { lvm, changes, records } = await world()
    const seen: unknown[] = []
    lvm.answers.set(`dmsetup message --uuid ${pool}-tpool 0 reserve`, async () => {
      seen.push((await records.read(pool))?.heldRoot)
      lvm.heldRoot = '56'
      return {}
    })
    lvm.answers.set(`dmsetup message --uuid ${pool}-tpool 0 release`, () => ({ exitCode: 1, stderr: 'no' }))
    expect(await changes()).toMatchObject({ known: true })
    expect([seen, (await records.read(pool))?.heldRoot]).toEqual([[null], 56])
    // The next one of this very process tries again.
    lvm.answers.clear()
    expect(await changes()).toMatchObject({ known: true })
    expect([lvm.heldRoot, await records.list()]).toEqual([undefined, []])
  })

  test('what to do about a note', () => {
    const record = { pool, by: dead, heldRoot: 5 }
    expect(judgeRecord(record, 5, () => 'dead')).toBe('release')
    expect(judgeRecord(record, 6, () => 'dead')).toBe('forget')
    expect(judgeRecord(record, undefined, () => 'dead')).toBe('forget')
    expect(judgeRecord(record, 5, () => 'unknown')).toBe('leave')
    expect(judgeRecord(record, 5, () => 'alive')).toBe('leave')
    expect(judgeRecord(record, 5)).toBe('release')
    expect(judgeRecord({ ...record, by: ownIdentity() }, 5)).toBe('release')
  })
})

describe('thin snapshots', () => {
  test('are made read-only, tagged, of the volume as it is called now', async () => {
    const { lvm, volume } = await world()
    lvm.volumes = lvm.volumes.replaceAll('"lv_name":"d-a"', '"lv_name":"renamed"')
    expect(await volume.createSnapshot('holdfast_a')).toMatchObject({ name: 'holdfast_a', id: lvm.idOf('holdfast_a') })
    expect(lvm.lines).toEqual([
      'lvcreate -q -y --snapshot --permission r --addtag holdfast --setactivationskip y --name holdfast_a my-vg/renamed',
    ])
  })

  test('where two groups have one name, LVM sees the devices of the right one alone', async () => {
    const { lvm, volume } = await world()
    lvm.groups = lvm.groups.replaceAll('"vg_name":"two"', '"vg_name":"my-vg"')
    await volume.createSnapshot('holdfast_a')
    expect(lvm.lines[0]).toMatch(/ --devices \/dev\/vda my-vg\/d-a$/)
  })

  test('are not made in a pool that is full', async () => {
    const { lvm, volume } = await world()
    lvm.answers.set('dmsetup status', () => ({
      stdout: '0 409600 thin-pool 4 126/1024 3200/3200 - out_of_data_space discard_passdown queue_if_no_space - 256',
    }))
    await expect(volume.createSnapshot('holdfast_a')).rejects.toMatchObject({
      code: 'source.noRoomForSnapshot',
      advice: expect.stringMatching(/lvextend my-vg\/the-pool/),
    })
    expect(lvm.lines).toEqual([])
  })

  test.each([
    [
      'Cannot create new thin volume, free space in thin pool my-vg/the-pool reached threshold.',
      'source.noRoomForSnapshot',
    ],
    ['Snapshots of merging origin are not supported.', 'source.unsupported'],
  ])('when LVM says: %s', async (stderr, code) => {
    const { lvm, volume } = await world()
    lvm.answers.set('lvcreate', () => ({ exitCode: 5, stderr: `  ${stderr}\n` }))
    await expect(volume.createSnapshot('holdfast_a')).rejects.toMatchObject({
      code,
      message: expect.stringContaining(stderr),
    })
  })

  test('are readable only when their device is there, whatever LVM says', async () => {
    const { lvm, volume } = await world()
    await expect(volume.activate(lvm.snapshot('holdfast_a'))).rejects.toMatchObject({ code: 'source.readFailed' })
    expect(lvm.lines[0]).toMatch(/^lvchange -q -y -ay -K --select vg_uuid=\S+ && lv_uuid=\S+ && lv_tags=holdfast$/)
  })

  test('are removed by their identity, again and again while they are in use', async () => {
    const { lvm, volume } = await world()
    let times = 0
    lvm.answers.set('lvremove', () =>
      ++times < 4 ? { exitCode: 5, stderr: 'Logical volume my-vg/holdfast_a in use.' } : {},
    )
    await volume.removeSnapshot(lvm.snapshot('holdfast_a'))
    expect(times).toBe(4)
    expect(lvm.lines[0]).toMatch(/^lvremove -q -y --select vg_uuid=\S+ && lv_uuid=\S+ && lv_tags=holdfast$/)

    times = Number.NEGATIVE_INFINITY
    await expect(volume.removeSnapshot(lvm.snapshot('holdfast_a'))).rejects.toMatchObject({ code: 'source.inUse' })
  })

  test('those of others are not removed, whatever one asks for', async () => {
    const { lvm, volume } = await world()
    for (const name of ['foreign', 'd-a', 'the-pool']) await volume.removeSnapshot(lvm.snapshot(name))
    expect(lvm.lines).toEqual([])
  })
})

describe('finding volumes', () => {
  test('missing programs are named with their package', async () => {
    const { lvm } = await world()
    lvm.missing = ['thin_delta', 'thin_ls']
    await expect(lvm.driver.find('/dev/my--vg-d--a')).rejects.toMatchObject({
      code: 'source.unsupported',
      advice: 'Install thin-provisioning-tools: apt install thin-provisioning-tools',
    })
    expect((await lvm.driver.find('/dev/two-other'))?.method).toBe('lvm-classic')
    lvm.missing = ['lvs', 'dmsetup']
    await expect(lvm.driver.find('/dev/two-other')).rejects.toMatchObject({
      details: { packages: ['lvm2', 'dmsetup'] },
    })
    expect(await lvm.driver.find('/dev/sda')).toBeUndefined()
    expect(await lvm.driver.withOwnSnapshots()).toEqual([])
  })

  test('only root can make snapshots', async () => {
    const { lvm } = await world()
    lvm.context.system.isRoot = false
    expect(await lvm.driver.find('/dev/two-other')).toBeUndefined()
    expect(await lvm.driver.withOwnSnapshots()).toEqual([])
  })

  test('all that have a snapshot of ours are found', async () => {
    const { lvm } = await world()
    const found = await lvm.driver.withOwnSnapshots()
    expect(found.map(({ path, method }) => `${method} ${path}`)).toEqual([
      'lvm-thin /dev/my-vg/d-a',
      'lvm-classic /dev/two/cached',
      'lvm-classic /dev/two/mirrored',
      'lvm-classic /dev/two/root',
    ])
  })
})
