import { constants } from 'node:fs'
import { mkdir, open, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'
import { FakeLvm } from './fakeLvm.ts'
import { recordedStore } from './recorded.ts'

const folder = useTemporaryFolder()

async function world() {
  const lvm = new FakeLvm(folder.path)
  await lvm.boot()
  return { lvm, volume: (await lvm.driver.find('/dev/two-root'))! }
}

describe('classic snapshots', () => {
  test('get room of their own', async () => {
    const { lvm, volume } = await world()
    expect(await volume.createSnapshot('holdfast_s1', { roomBytes: 9_000_000 })).toEqual({
      id: lvm.idOf('holdfast_s1'),
      name: 'holdfast_s1',
      // Of what can be read, and not of the room.
      sizeBytes: 58_720_256,
    })
    expect(lvm.lines).toEqual([
      'lvcreate -q -y --snapshot --permission r --addtag holdfast --size 12582912b --chunksize 4096b --name holdfast_s1 two/root',
    ])
  })

  test('are not made where the group has no room; what can be done is told', async () => {
    const { lvm, volume } = await world()
    lvm.groups = lvm.groups.replaceAll('"vg_free":"226492416"', '"vg_free":"8388608"')
    await expect(volume.createSnapshot('holdfast_s1', { roomBytes: 9_000_000 })).rejects.toMatchObject({
      code: 'source.noRoomForSnapshot',
      message:
        'There is no room for a snapshot of /dev/two/root: the volume group two has 8 MiB free, and 12 MiB are needed.',
      advice: expect.stringMatching(/smaller snapshot.*room in the group.*without a snapshot/),
      details: { freeBytes: 8_388_608, neededBytes: 12_582_912 },
    })
    await expect(volume.createSnapshot('holdfast_s1')).rejects.toMatchObject({
      advice: expect.stringMatching(/^Make room in the group/),
    })
    expect(lvm.lines).toEqual([])
  })

  test('a name that is not ours is a fault of the caller', async () => {
    const { volume } = await world()
    await expect(volume.createSnapshot('root')).rejects.toThrow(TypeError)
  })

  test('that ran out of room are not valid, and tell nothing', async () => {
    const { lvm, volume } = await world()
    lvm.answers.set('dmsetup status', () => ({ stdout: '0 114688 snapshot Invalid' }))
    expect(await volume.isValid(lvm.snapshot('holdfast_s1'))).toBe(false)
    expect(await volume.usage(lvm.snapshot('holdfast_s1'))).toBeUndefined()
  })

  test('tell what their store says, if they are still valid after it was read', async context => {
    const { lvm, volume } = await world()
    const store = join(folder.path, 'mapper/two-holdfast_s1-cow')
    await mkdir(join(folder.path, 'mapper'))
    await writeFile(store, recordedStore())
    const direct = await open(store, constants.O_RDONLY | constants.O_DIRECT).catch(() => undefined)
    if (direct === undefined) return context.skip('the file system of temporary files knows no direct I/O')
    await direct.close()

    const snapshot = lvm.snapshot('holdfast_s1')
    const changes = () => volume.changes(snapshot, lvm.snapshot('holdfast_s1'))
    const mib = 1024 * 1024
    const sizes = { sizeBytes: 56 * mib }
    expect(await volume.changes({ ...snapshot, ...sizes }, { ...snapshot, ...sizes })).toEqual({
      known: true,
      written: [
        { start: 10 * 4096, end: 11 * 4096 },
        { start: 2000 * 4096, end: 2001 * 4096 },
        { start: 5000 * 4096, end: 5001 * 4096 },
        { start: 7000 * 4096, end: 7300 * 4096 },
      ],
      discarded: [],
    })
    expect(await volume.isValid(snapshot)).toBe(true)

    // It ran out of room while the table was read: the kernel says so, or only the medium does.
    lvm.answers.set('dmsetup status', () => ({ stdout: '0 114688 snapshot Invalid' }))
    expect(await changes()).toEqual({
      known: false,
      why: expect.stringMatching(/became invalid: the kernel calls it Invalid/),
    })
    lvm.answers.set('dmsetup status', async () => {
      await writeFile(store, recordedStore().fill(0, 4, 8))
      return { stdout: '0 114688 snapshot 2448/16384 24' }
    })
    expect(await changes()).toEqual({ known: false, why: expect.stringMatching(/became invalid: it ran out of room/) })
    expect(await volume.isValid(snapshot)).toBe(false)
  })

  test('whose store cannot be read tell nothing', async () => {
    const { lvm, volume } = await world()
    // There is no such device on this computer.
    const changes = await volume.changes(lvm.snapshot('holdfast_s1'), lvm.snapshot('holdfast_s1'))
    expect(changes).toEqual({
      known: false,
      why: expect.stringMatching(/The store of holdfast_s1 cannot be read: ENOENT/),
    })
  })

  test('are as readable as the volume; letting go changes nothing', async () => {
    const { lvm, volume } = await world()
    expect(await volume.activate(lvm.snapshot('holdfast_s1'))).toBe(join(folder.path, 'mapper/two-holdfast_s1'))
    await volume.deactivate(lvm.snapshot('holdfast_s1'))
    expect(lvm.lines).toEqual([])
    const gone = { id: 'LVM-gone', name: 'gone', sizeBytes: 1 }
    await expect(volume.activate(gone)).rejects.toMatchObject({ code: 'source.snapshotInvalid' })
    expect(await volume.isValid(gone)).toBe(false)
    expect(await volume.changes(gone, gone)).toMatchObject({ known: false })
  })

  test('their use of the room is told', async () => {
    const { lvm, volume } = await world()
    expect(await volume.usage(lvm.snapshot('holdfast_s1'))).toEqual({ usedBytes: 2448 * 512, roomBytes: 16_384 * 512 })
  })
})
