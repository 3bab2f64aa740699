import {
  chmod,
  link,
  mkdir,
  mkdtemp,
  readdir,
  rename,
  rm,
  stat,
  symlink,
  unlink,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type DirectoryOptions, DirectoryStorage } from '../../../engine/storage/directory.ts'
import { collect } from '../../suites/storageReadingSuite.ts'
import { describeStorage } from '../../suites/storageSuite.ts'
import { damageAt } from '../../support/faultyStorage.ts'
import { LeapingClock } from '../../support/leapingClock.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'

const text = (value: string) => Buffer.from(value)
const noHardLinks = async () => {
  throw Object.assign(new Error('EPERM: operation not permitted, link'), { errno: -1, code: 'EPERM' })
}

async function makeFixture(options: DirectoryOptions = {}) {
  const parent = await mkdtemp(join(tmpdir(), 'holdfast-'))
  const path = join(parent, 'repository')
  return {
    storage: await DirectoryStorage.open(path, { expect: 'nothing', ...options }),
    openAgain: () => DirectoryStorage.open(path, { expect: 'folder', ...options }),
    cleanUp: () => rm(parent, { recursive: true }),
  }
}

describeStorage('directory storage', () => makeFixture())
describeStorage('directory storage without hard links', () => makeFixture({ link: noHardLinks }))

const temporary = useTemporaryFolder()
const root = () => join(temporary.path, 'repository')

/** A prepared place, opened; closed again after `use`. */
async function withStorage(use: (storage: DirectoryStorage) => Promise<void>, options: DirectoryOptions = {}) {
  const storage = await DirectoryStorage.open(root(), { expect: 'nothing', ...options })
  try {
    await storage.prepare(['packs/00', 'packs/01'])
    await use(storage)
  } finally {
    await storage.close()
  }
}
const filesBelow = async (path: string) =>
  (await readdir(path, { recursive: true, withFileTypes: true }))
    .filter(entry => !entry.isDirectory())
    .map(entry => join(relative(path, entry.parentPath), entry.name))
    .sort()

describe('opening a directory storage', () => {
  it('finds no repository where nothing is, where a file is, and where no config is', async () => {
    await writeFile(join(temporary.path, 'file'), '')
    for (const path of [root(), join(temporary.path, 'file'), join(temporary.path, 'file/below'), temporary.path]) {
      await expect(DirectoryStorage.open(path)).rejects.toMatchObject({
        code: 'repository.notFound',
        details: { path },
      })
    }
    for (const path of [root(), join(temporary.path, 'file')]) {
      await expect(DirectoryStorage.open(path, { expect: 'folder' })).rejects.toMatchObject({
        code: 'repository.notFound',
      })
    }
  })

  it('opens what was prepared before, with and without its config', async () => {
    await withStorage(storage => storage.put('config', [text('{}')]))
    const repository = await DirectoryStorage.open(root())
    expect(Buffer.from(await repository.get('config')).toString()).toBe('{}')
    await repository.delete('config')
    await repository.close()
    const folder = await DirectoryStorage.open(root(), { expect: 'folder' })
    expect(await folder.stat('config')).toBeUndefined()
    await folder.close()
  })

  it('calls it a bug to use a new place before prepare, or any place after close', async () => {
    const storage = await DirectoryStorage.open(root(), { expect: 'nothing' })
    await expect(storage.put('config', [])).rejects.toMatchObject({ code: 'internal.bug' })
    await storage.prepare([])
    await storage.put('config', [])
    await storage.close()
    await expect(storage.put('other', [])).rejects.toMatchObject({ code: 'internal.bug' })
    expect(await filesBelow(root())).toEqual(['config'])
  })

  it('tells the free bytes of the place before the folder is there', async () => {
    const storage = await DirectoryStorage.open(root(), { expect: 'nothing' })
    expect(await storage.freeBytes()).toBeGreaterThan(0)
    const nowhere = await DirectoryStorage.open(join(root(), 'a/b'), { expect: 'nothing' })
    await expect(nowhere.freeBytes()).rejects.toMatchObject({ code: 'storage.driveNotConnected' })
  })
})

describe('the files of a directory storage', () => {
  it('can be read by their owner only', async () => {
    await withStorage(async storage => {
      await storage.put('packs/00/a', [text('a')])
      await storage.put('packs/00/a', [text('b')], { overwrite: true })
      expect((await stat(join(root(), 'packs/00/a'))).mode & 0o7777).toBe(0o600)
      for (const folder of ['', 'packs', 'packs/00'])
        expect((await stat(join(root(), folder))).mode & 0o7777).toBe(0o700)
    })
  })

  it('are no more than the objects once all calls have ended', async () => {
    for (const options of [{}, { link: noHardLinks }]) {
      await withStorage(async storage => {
        await storage.put('packs/00/a', [text('a')])
        await storage.put('packs/00/a', [text('b')]).catch(() => undefined)
        await storage.put('packs/00/a', [text('c')], { overwrite: true })
        await Promise.allSettled(Array.from({ length: 5 }, () => storage.put('packs/00/b', [text('b')])))
        expect(await filesBelow(root())).toEqual(['packs/00/a', 'packs/00/b'])
        await storage.delete('packs/00/a')
        await storage.delete('packs/00/b')
      }, options)
    }
  })

  it('that others put there are no objects unless they are named like one', async () => {
    await withStorage(async storage => {
      await mkdir(join(root(), 'packs/lost+found'))
      for (const name of ['packs/00/Thumbs.db', 'packs/00/a b', 'packs/lost+found/a', 'packs/00/plain']) {
        await writeFile(join(root(), name), '')
      }
      expect((await collect(storage.list('packs'))).map(info => info.name)).toEqual(['packs/00/plain'])
    })
  })

  it('may be on another drive through symbolic links, and are listed as they are read', async () => {
    await withStorage(async storage => {
      await storage.put('packs/00/a', [text('a')])
      await rename(join(root(), 'packs'), join(temporary.path, 'elsewhere'))
      await symlink(join(temporary.path, 'elsewhere'), join(root(), 'packs'))
      await rename(join(temporary.path, 'elsewhere/01'), join(temporary.path, '01'))
      await symlink(join(temporary.path, '01'), join(temporary.path, 'elsewhere/01'))
      await symlink('a', join(root(), 'packs/00/alias'))
      await symlink('nowhere', join(root(), 'packs/00/dangling'))
      await storage.put('packs/01/b', [text('b')])
      const names = (await collect(storage.list('packs'))).map(info => info.name)
      expect(names).toEqual(['packs/00/a', 'packs/00/alias', 'packs/01/b'])
      for (const name of names) expect((await storage.get(name)).length).toBe(1)
      expect(await storage.stat('packs/00/dangling')).toBeUndefined()
    })
  })

  it('are not hidden by an equal put', async () => {
    await withStorage(async storage => {
      await storage.put('packs/00/a', [text('a')])
      await expect(storage.put('packs/00/a', [text('a')])).rejects.toMatchObject({ code: 'storage.objectExists' })
    })
  })

  it('are reported when they are shorter than they claim to be', async context => {
    // A file of sysfs says that it has a page of bytes and gives only a few.
    const liar = '/sys/class/net/lo/mtu'
    const claimed = await stat(liar).catch(() => undefined)
    if (!claimed || claimed.size < 100) context.skip(`${liar} is not there, or tells its true size`)
    await withStorage(async storage => {
      await symlink(liar, join(root(), 'packs/00/short'))
      await expect(storage.get('packs/00/short')).rejects.toMatchObject({ code: 'storage.failed', retryable: false })
    })
  })

  it('are read as they are when something damaged them', async () => {
    await withStorage(async storage => {
      const damage = damageAt(root())
      for (const name of ['one', 'two', 'three']) await storage.put(`packs/00/${name}`, [text(name)])
      await damage.flipByte('packs/00/one', -1)
      expect(Buffer.from(await storage.get('packs/00/one'))).toEqual(Buffer.of(0x6f, 0x6e, 0x65 ^ 0xff))
      await damage.truncate('packs/00/three', 2)
      expect(Buffer.from(await storage.get('packs/00/three')).toString()).toBe('th')
      await expect(storage.get('packs/00/three', { offset: 0, length: 5 })).rejects.toMatchObject({
        code: 'storage.rangeInvalid',
      })
      await damage.swap('packs/00/two', 'packs/00/three')
      expect(Buffer.from(await storage.get('packs/00/two')).toString()).toBe('th')
      await damage.replace('packs/00/two', 'packs/00/three')
      expect(Buffer.from(await storage.get('packs/00/two')).toString()).toBe('two')
      await damage.drop('packs/00/two')
      await expect(storage.get('packs/00/two')).rejects.toMatchObject({ code: 'storage.objectNotFound' })
    })
  })

  it('cannot be written or read without permission', async context => {
    if (process.getuid?.() === 0) context.skip('root may read and write everything')
    await withStorage(async storage => {
      await storage.put('packs/00/a', [text('a')])
      await chmod(join(root(), 'packs/00'), 0o000)
      await expect(storage.get('packs/00/a')).rejects.toMatchObject({ code: 'storage.authFailed' })
      await expect(storage.put('packs/00/b', [])).rejects.toMatchObject({ code: 'storage.authFailed' })
      await expect(collect(storage.list('packs'))).rejects.toMatchObject({ code: 'storage.authFailed' })
      await chmod(join(root(), 'packs/00'), 0o700)
    })
  })
})

describe('temporary files of a directory storage', () => {
  const old = new Date(Date.now() - 25 * 60 * 60 * 1000)
  const young = new Date(Date.now() - 23 * 60 * 60 * 1000)

  it('never appear as objects', async () => {
    const seen: string[] = []
    const watching = async (from: string, to: string) => {
      seen.push(...(await filesBelow(root())))
      await link(from, to)
    }
    await withStorage(
      async storage => {
        await storage.put('packs/00/a', [text('a')])
        expect(seen.length).toBe(1)
        await writeFile(join(root(), seen[0]!), 'left by a crash')
        expect((await collect(storage.list('packs'))).map(info => info.name)).toEqual(['packs/00/a'])
      },
      { link: watching },
    )
  })

  it('are swept when they are older than a day, wherever they are', async () => {
    const left: string[] = []
    const watching = async (from: string, to: string) => {
      left.push(relative(root(), from))
      await link(from, to)
    }
    await withStorage(
      async storage => {
        for (const name of ['config', 'packs/00/a', 'packs/01/b']) await storage.put(name, [text(name)])
        for (const [index, name] of left.entries()) {
          await writeFile(join(root(), name), 'left by a crash')
          await utimes(join(root(), name), old, index === 2 ? young : old)
        }
        await utimes(join(root(), 'packs/00/a'), old, old)
        expect(await storage.sweepTemporary()).toBe(2)
        expect(await filesBelow(root())).toEqual(['config', 'packs/00/a', left[2], 'packs/01/b'].sort())
        expect(await storage.sweepTemporary()).toBe(0)
      },
      { link: watching },
    )
  })

  it('that are swept under a slow put make it fail so that it can be repeated', async () => {
    let sweep = true
    const slow = async (from: string, to: string) => {
      if (sweep) await unlink(from)
      sweep = false
      await link(from, to)
    }
    await withStorage(
      async storage => {
        await expect(storage.put('packs/00/a', [text('a')])).rejects.toMatchObject({
          code: 'storage.failed',
          retryable: true,
        })
        await storage.put('packs/00/a', [text('a')])
      },
      { link: slow },
    )
  })
})

describe('giving an object its name', () => {
  it('succeeds when a network file system did it but says that the name was taken', async () => {
    const repeated = async (from: string, to: string) => {
      await link(from, to)
      await link(from, to)
    }
    await withStorage(
      async storage => {
        await storage.put('packs/00/a', [text('a')])
        expect(Buffer.from(await storage.get('packs/00/a')).toString()).toBe('a')
        expect(await filesBelow(root())).toEqual(['packs/00/a'])
      },
      { link: repeated },
    )
  })

  it('waits for a claim of another process, and takes over one whose process died', async () => {
    const clock = new LeapingClock()
    await withStorage(
      async storage => {
        await writeFile(join(root(), 'packs/00/.tmp~claim~a'), '')
        await storage.put('packs/00/a', [text('a')])
        expect(clock.sleeps.reduce((sum, ms) => sum + ms, 0)).toBeGreaterThanOrEqual(30_000)
        expect(await filesBelow(root())).toEqual(['packs/00/a'])
      },
      { link: noHardLinks, clock },
    )
  })

  it('can be cancelled while it waits for a claim', async () => {
    await withStorage(
      async storage => {
        await writeFile(join(root(), 'packs/00/.tmp~claim~a'), '')
        const abort = new AbortController()
        const put = storage.put('packs/00/a', [text('a')], { signal: abort.signal })
        setTimeout(() => abort.abort(), 50)
        await expect(put).rejects.toMatchObject({ code: 'run.cancelled' })
        expect(await filesBelow(root())).toEqual(['packs/00/.tmp~claim~a'])
      },
      { link: noHardLinks },
    )
  })

  it('asks for hard links only until it knows that there are none', async () => {
    let asked = 0
    const counting = async () => {
      asked++
      return noHardLinks()
    }
    await withStorage(
      async storage => {
        for (const name of ['a', 'b', 'c']) await storage.put(name, [])
        expect(asked).toBe(1)
      },
      { link: counting },
    )
  })
})
