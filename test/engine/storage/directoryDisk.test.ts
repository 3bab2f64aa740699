import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, type TestContext } from 'vitest'
import { DirectoryStorage } from '../../../engine/storage/directory.ts'
import { collect } from '../../suites/storageReadingSuite.ts'
import { type RealMount, tryMount } from '../../support/realMount.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'

const temporary = useTemporaryFolder()
const folders = ['packs/00', 'packs/01']
const megabyte = 1024 * 1024

/** A real drive at `drive` below the temporary folder; the test is skipped, with the reason, where there can be none. */
async function withDrive(context: TestContext, kind: 'tmpfs' | 'ext4', use: (drive: RealMount) => Promise<void>) {
  const drive = await tryMount(kind, join(temporary.path, 'drive'))
  if (typeof drive === 'string') {
    console.warn(`Skipped "${context.task.name}": ${drive}`)
    return context.skip(drive)
  }
  try {
    await use(drive)
  } finally {
    await drive.detach()
  }
}

async function openNew(path: string, fstab = '') {
  const fstabPath = join(temporary.path, 'fstab')
  await writeFile(fstabPath, fstab)
  return DirectoryStorage.open(path, { expect: 'nothing', tables: { fstabPath } })
}

for (const kind of ['tmpfs', 'ext4'] as const) {
  describe(`a directory storage on a real drive (${kind})`, () => {
    it('that is full says so, keeps what it has, and goes on when there is room', async context => {
      await withDrive(context, kind, async drive => {
        const storage = await openNew(join(drive.path, 'repository'))
        await storage.prepare(folders)
        const put = (index: number) =>
          storage.put(`packs/00/${index}`, [Buffer.alloc(2 * megabyte, index), Buffer.alloc(9)])
        let stored = 0
        const fillUp = async () => {
          while (stored < 20) {
            await put(stored)
            stored++
          }
        }
        await expect(fillUp()).rejects.toMatchObject({
          code: 'storage.full',
          retryable: false,
          advice: expect.stringContaining('earlier versions are intact'),
        })
        expect(stored).toBeGreaterThan(0)
        expect(await storage.freeBytes()).toBeLessThan(2 * megabyte + 9)
        expect((await readdir(join(drive.path, 'repository/packs/00'))).length).toBe(stored)
        await expect(
          storage.put('packs/00/0', [Buffer.alloc(5 * megabyte)], { overwrite: true }),
        ).rejects.toMatchObject({
          code: 'storage.full',
        })
        for (let index = 0; index < stored; index++) {
          const data = await storage.get(`packs/00/${index}`)
          expect(data.length).toBe(2 * megabyte + 9)
          expect(data[megabyte]).toBe(index)
        }
        await storage.delete('packs/00/0')
        await put(stored)
        expect((await collect(storage.list('packs'))).length).toBe(stored)
        await storage.close()
      })
    })

    it('that became read-only says so and is still read', async context => {
      await withDrive(context, kind, async drive => {
        const storage = await openNew(join(drive.path, 'repository'))
        await storage.prepare(folders)
        await storage.put('packs/00/a', [Buffer.from('a')])
        await drive.remount('remount,ro')
        for (const change of [
          () => storage.put('packs/00/b', []),
          () => storage.put('packs/00/a', [], { overwrite: true }),
          () => storage.delete('packs/00/a'),
        ]) {
          await expect(change()).rejects.toMatchObject({ code: 'storage.readOnly', retryable: false })
        }
        expect(Buffer.from(await storage.get('packs/00/a')).toString()).toBe('a')
        await storage.close()
      })
    })

    it('that goes away in the middle of a run writes nothing to the empty mount point', async context => {
      await withDrive(context, kind, async drive => {
        const storage = await openNew(drive.path, `holdfast-test ${drive.path} auto noauto`)
        await storage.prepare(folders)
        await storage.put('config', [Buffer.from('{}')])
        await storage.put('packs/00/a', [Buffer.from('a')])
        await drive.detach()
        for (const call of [
          () => storage.put('config', [Buffer.from('x')], { overwrite: true }),
          () => storage.put('packs/00/b', [Buffer.from('b')]),
          () => storage.get('packs/00/a'),
          () => storage.stat('config'),
          () => collect(storage.list('packs')),
          () => storage.prepare(folders),
        ]) {
          await expect(call()).rejects.toMatchObject({ code: 'storage.driveNotConnected' })
        }
        await storage.close()
        const next = await openNew(drive.path, `holdfast-test ${drive.path} auto noauto`)
        await expect(next.prepare(folders)).rejects.toMatchObject({ code: 'storage.driveNotConnected' })
        expect(await readdir(drive.path)).toEqual([])
      })
    })

    it('keeps the drive from being unmounted until it is closed', async context => {
      await withDrive(context, kind, async drive => {
        const storage = await openNew(join(drive.path, 'repository'))
        await storage.prepare(folders)
        await expect(drive.unmount()).rejects.toThrow(/busy/)
        await storage.close()
        await drive.unmount()
        expect(await readdir(drive.path)).toEqual([])
      })
    })
  })
}
