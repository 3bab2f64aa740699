import { link, mkdir, readdir, rename, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { deviceNumbers, Root } from '../../../engine/storage/directory/root.ts'
import { type DirectoryOptions, DirectoryStorage } from '../../../engine/storage/directory.ts'
import { collect } from '../../suites/storageReadingSuite.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'

const temporary = useTemporaryFolder()
const root = () => join(temporary.path, 'repository')
const folders = ['packs/00', 'packs/01']
const text = (value: string) => Buffer.from(value)
const notConnected = { code: 'storage.driveNotConnected', retryable: false, advice: expect.stringContaining('Connect') }

async function withNewPlace(use: (storage: DirectoryStorage) => Promise<void>, options: DirectoryOptions = {}) {
  const storage = await DirectoryStorage.open(root(), { expect: 'nothing', ...options })
  try {
    await use(storage)
  } finally {
    await storage.close()
  }
}

/** Mount tables as files, as the system would have them. */
async function systemTables(fstab: string, mountInfo: string) {
  const tables = { fstabPath: join(temporary.path, 'fstab'), mountInfoPath: join(temporary.path, 'mountinfo') }
  await writeFile(tables.fstabPath, fstab)
  await writeFile(tables.mountInfoPath, `22 1 8:1 / / rw - ext4 /dev/sda1 rw\n${mountInfo}`)
  return { tables }
}

describe('a directory storage whose drive is gone', () => {
  it('never creates a folder to put an object into', async () => {
    await withNewPlace(async storage => {
      await storage.prepare(folders)
      await rm(join(root(), 'packs/00'), { recursive: true })
      await expect(storage.put('packs/00/a', [text('a')])).rejects.toMatchObject(notConnected)
      await expect(storage.put('other/a', [text('a')], { overwrite: true })).rejects.toMatchObject(notConnected)
      await storage.put('packs/01/a', [text('a')])
      expect(await readdir(join(root(), 'packs'))).toEqual(['01'])
      expect(await readdir(root())).toEqual(['packs'])
    })
  })

  /** As after an unmount: an empty folder, or another drive with a repository of its own, has taken the place. */
  async function replaceRoot(by: 'nothing' | 'an empty folder' | 'another repository') {
    await rename(root(), join(temporary.path, 'unplugged'))
    if (by === 'nothing') return
    await mkdir(root())
    if (by === 'another repository')
      for (const folder of folders) await mkdir(join(root(), folder), { recursive: true })
    if (by === 'another repository') await writeFile(join(root(), 'packs/00/theirs'), 'theirs')
  }

  async function snapshot() {
    const names = ['.', ...(await readdir(root(), { recursive: true })).sort()]
    return Promise.all(names.map(async name => [name, (await stat(join(root(), name), { bigint: true })).mtimeNs]))
  }

  for (const by of ['nothing', 'an empty folder', 'another repository'] as const) {
    it(`touches nothing and believes nothing when ${by} has taken its place`, async () => {
      await withNewPlace(async storage => {
        await storage.prepare(folders)
        await storage.put('config', [text('{}')])
        await storage.put('packs/00/a', [text('a')])
        await replaceRoot(by)
        const before = by === 'nothing' ? undefined : await snapshot()
        await expect(storage.put('config', [text('x')], { overwrite: true })).rejects.toMatchObject(notConnected)
        await expect(storage.put('packs/00/b', [text('b')])).rejects.toMatchObject(notConnected)
        await expect(storage.put('packs/00/theirs', [text('b')])).rejects.toMatchObject(notConnected)
        await expect(storage.delete('packs/00/theirs')).rejects.toMatchObject(notConnected)
        await expect(storage.prepare(folders)).rejects.toMatchObject(notConnected)
        await expect(storage.sweepTemporary()).rejects.toMatchObject(notConnected)
        await expect(storage.freeBytes()).rejects.toMatchObject(notConnected)
        await expect(storage.get('packs/00/a')).rejects.toMatchObject(notConnected)
        await expect(storage.stat('packs/00/a')).rejects.toMatchObject(notConnected)
        await expect(collect(storage.list('packs'))).rejects.toMatchObject(notConnected)
        await expect(collect(storage.list('nowhere'))).rejects.toMatchObject(notConnected)
        // Not even a file that was created and removed again: that would have changed a folder's time.
        if (by !== 'nothing') expect(await snapshot()).toEqual(before)
        // Back again: it goes on.
        await rm(root(), { recursive: true, force: true })
        await rename(join(temporary.path, 'unplugged'), root())
        await storage.put('packs/00/b', [text('b')])
        expect((await collect(storage.list('packs'))).map(info => info.name)).toEqual(['packs/00/a', 'packs/00/b'])
      })
    })
  }

  it('fails a put whose drive goes away while the object is given its name', async () => {
    for (const by of ['nothing', 'an empty folder', 'another repository'] as const) {
      let armed = false
      const late = async (from: string, to: string) => {
        if (armed) await replaceRoot(by)
        await link(from, to)
      }
      await withNewPlace(
        async storage => {
          await storage.prepare(folders)
          armed = true
          await expect(storage.put('packs/00/a', [text('a')])).rejects.toMatchObject(notConnected)
          if (by !== 'nothing') expect(await readdir(root(), { recursive: true })).not.toContain('packs/00/a')
        },
        { link: late },
      )
      await rm(root(), { recursive: true, force: true })
      await rm(join(temporary.path, 'unplugged'), { recursive: true, force: true })
    }
  })

  it('fails a put whose drive goes away before the folder is flushed', async () => {
    let armed = false
    const late = async (from: string, to: string) => {
      await link(from, to)
      if (armed) await replaceRoot('another repository')
    }
    await withNewPlace(
      async storage => {
        await storage.prepare(folders)
        armed = true
        await expect(storage.put('packs/00/a', [text('a')])).rejects.toMatchObject(notConnected)
      },
      { link: late },
    )
  })

  it('is told from a drive with errors by whether its device is there', async context => {
    const failing = async () => {
      throw Object.assign(new Error('EIO: i/o error, link'), { errno: -5, code: 'EIO' })
    }
    const { major } = deviceNumbers((await stat(temporary.path, { bigint: true })).dev)
    if (major === 0) context.skip('the folder for temporary files is on no device')
    await withNewPlace(
      async storage => {
        await storage.prepare(folders)
        await expect(storage.put('packs/00/a', [])).rejects.toMatchObject({ code: 'storage.failed', retryable: true })
      },
      { link: failing },
    )
    await mkdir(join(temporary.path, 'devices'))
    await withNewPlace(
      async storage => {
        await storage.prepare(folders)
        await expect(storage.put('packs/00/a', [])).rejects.toMatchObject(notConnected)
      },
      { link: failing, tables: { blockDevicesPath: join(temporary.path, 'devices') } },
    )
  })

  it('tells a drive that was pulled out by its device', async () => {
    const here = await Root.open(temporary.path)
    try {
      const { major } = deviceNumbers((await stat(temporary.path, { bigint: true })).dev)
      await mkdir(join(temporary.path, 'no-devices'))
      expect(await here.deviceIsGone(join(temporary.path, 'no-devices'))).toBe(major !== 0)
      expect(await here.deviceIsGone(join(temporary.path, 'no-sysfs'))).toBe(false)
      expect(await here.deviceIsGone('/sys/dev/block')).toBe(false)
    } finally {
      await here.close()
    }
  })

  it('reads device numbers as the C library packs them', () => {
    expect(deviceNumbers(0x801n)).toEqual({ major: 8, minor: 1 })
    expect(deviceNumbers(0xfd00n)).toEqual({ major: 253, minor: 0 })
    expect(deviceNumbers(0x10010305n)).toEqual({ major: 0x103, minor: 0x10005 })
    expect(deviceNumbers(21n)).toEqual({ major: 0, minor: 21 })
  })
})

describe('preparing a place', () => {
  it('creates the folder itself, but not the way to it', async () => {
    await withNewPlace(async storage => {
      await storage.prepare([...folders, 'versions'])
      expect((await readdir(root(), { recursive: true })).sort()).toEqual(['packs', 'packs/00', 'packs/01', 'versions'])
    })
    const far = await DirectoryStorage.open(join(temporary.path, 'drive/backup'), { expect: 'nothing' })
    await expect(far.prepare(folders)).rejects.toMatchObject(notConnected)
    expect(await readdir(temporary.path)).toEqual(['repository'])
  })

  it('can be repeated after it was interrupted', async () => {
    await mkdir(join(root(), 'packs/00'), { recursive: true })
    await writeFile(join(root(), '.tmp~0011223344556677'), 'left by a crash')
    await withNewPlace(async storage => {
      await storage.prepare(folders)
      await storage.put('packs/01/a', [])
    })
  })

  it('puts up with what file systems and desktops keep on a drive', async () => {
    for (const name of ['lost+found', '.Trash-1000', 'System Volume Information']) {
      await mkdir(join(root(), name), { recursive: true })
    }
    await withNewPlace(storage => storage.prepare(folders))
  })

  it('refuses a folder that is in use for something else, and leaves it as it is', async () => {
    await mkdir(join(root(), 'Photos'), { recursive: true })
    await withNewPlace(async storage => {
      await expect(storage.prepare(folders)).rejects.toMatchObject({
        code: 'storage.objectExists',
        advice: expect.stringContaining('empty or a new folder'),
        details: { found: ['Photos'] },
      })
    })
    expect(await readdir(root())).toEqual(['Photos'])
  })

  it('refuses a folder with foreign files inside the folders that it would use', async () => {
    await mkdir(join(root(), 'packs/00'), { recursive: true })
    await writeFile(join(root(), 'packs/00/Holiday.jpg'), '')
    await withNewPlace(storage =>
      expect(storage.prepare(folders)).rejects.toMatchObject({ code: 'storage.objectExists' }),
    )
  })

  it('refuses a file, and a place below a file', async () => {
    await writeFile(root(), '')
    await withNewPlace(storage => expect(storage.prepare([])).rejects.toMatchObject({ code: 'storage.objectExists' }))
    const below = await DirectoryStorage.open(join(root(), 'below'), { expect: 'nothing' })
    await expect(below.prepare([])).rejects.toMatchObject({ code: 'storage.objectExists' })
  })

  it('names the repository that is there before anything else', async () => {
    await mkdir(join(root(), 'Photos'), { recursive: true })
    await writeFile(join(root(), 'config'), '{}')
    await withNewPlace(storage =>
      expect(storage.prepare(folders)).rejects.toMatchObject({ code: 'repository.alreadyExists' }),
    )
  })

  it('takes the packs of a repository that lost its config for a repository', async () => {
    await mkdir(join(root(), 'packs/01'), { recursive: true })
    await writeFile(join(root(), 'packs/01/a'), '')
    await withNewPlace(storage =>
      expect(storage.prepare(folders)).rejects.toMatchObject({ code: 'repository.alreadyExists' }),
    )
  })

  it('refuses a mount point of fstab with nothing mounted, and any place below it', async () => {
    const options = await systemTables(
      `UUID=1 ${temporary.path}/repository\\040x ext4 noauto 0 2\nUUID=2 ${temporary.path} xfs`,
      '',
    )
    await withNewPlace(storage => expect(storage.prepare(folders)).rejects.toMatchObject(notConnected), options)
    const direct = await systemTables(`UUID=1 ${root()}/ ext4 noauto 0 2`, '')
    await mkdir(root())
    await withNewPlace(storage => expect(storage.prepare(folders)).rejects.toMatchObject(notConnected), direct)
    expect(await readdir(root())).toEqual([])
  })

  it('uses a mount point of fstab with its drive on it', async () => {
    const mounted = `30 22 8:17 / ${temporary.path} rw shared:1 - ext4 /dev/sdb1 rw\n`
    const options = await systemTables(
      `# drives\n\nUUID=1 ${temporary.path} ext4 noauto 0 2\nUUID=3 none swap sw`,
      mounted,
    )
    await withNewPlace(storage => storage.prepare(folders), options)
    expect(await readdir(root())).toEqual(['packs'])
  })

  it('is not deceived by symbolic links, to the place or to the mount point', async () => {
    await mkdir(join(temporary.path, 'drive'))
    await symlink(join(temporary.path, 'drive'), join(temporary.path, 'link'))
    const drive = join(temporary.path, 'drive')
    const alias = join(temporary.path, 'link')
    const open = async (fstab: string, mountInfo: string) =>
      DirectoryStorage.open(join(alias, 'new'), { expect: 'nothing', ...(await systemTables(fstab, mountInfo)) })
    const direct = await open(`UUID=1 ${drive} ext4`, '')
    await expect(direct.prepare(folders)).rejects.toMatchObject(notConnected)
    const both = await open(`UUID=1 ${alias} ext4`, '')
    await expect(both.prepare(folders)).rejects.toMatchObject(notConnected)
    const connected = await open(`UUID=1 ${alias} ext4`, `30 22 8:17 / ${drive} rw - ext4 /dev/sdb1 rw\n`)
    await connected.prepare(folders)
    await connected.close()
    expect(await readdir(drive)).toEqual(['new'])
  })

  it('refuses nothing where the system keeps no such tables', async () => {
    const tables = { fstabPath: join(temporary.path, 'none'), mountInfoPath: join(temporary.path, 'none') }
    await withNewPlace(storage => storage.prepare(folders), { tables })
  })
})
