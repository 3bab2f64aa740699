import { mkdir, readdir, readFile, rm, stat, symlink, truncate, utimes, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { randomBytes } from '../../../../engine/base/random.ts'
import { CacheFolder } from '../../../../engine/storage/cache/cacheFolder.ts'
import { entryHeaderBytes, type WindowId, windowBytes } from '../../../../engine/storage/cache/entry.ts'
import { FakeTime } from '../../../support/fakeTime.ts'
import { tryMount } from '../../../support/realMount.ts'
import { useTemporaryFolder } from '../../../support/temporaryFolder.ts'

const id = (index: number, name = 'packs/00/a', place = 'here'): WindowId => ({ place, name, index })
const fileBytes = windowBytes + entryHeaderBytes

describe('cache folder', () => {
  const temporary = useTemporaryFolder()
  const root = () => join(temporary.path, 'cache')
  const make = (limitBytes = 1024 ** 3) => new CacheFolder({ path: root(), limitBytes: async () => limitBytes })
  const files = async () =>
    (await readdir(root(), { recursive: true, withFileTypes: true }))
      .filter(entry => !entry.isDirectory())
      .map(entry => join(entry.parentPath, entry.name))

  it('gives back what was kept, by place, object and window', async () => {
    const folder = make()
    await folder.write(id(0), Buffer.from('zero'))
    await folder.write(id(7), Buffer.from('seven'))
    expect((await make().read(id(0)))?.toString()).toBe('zero')
    expect((await make().read(id(7)))?.toString()).toBe('seven')
    expect(await folder.read(id(1))).toBeUndefined()
    expect(await folder.read(id(0, 'packs/00/b'))).toBeUndefined()
    expect(await folder.read(id(0, 'packs/00/a', 'elsewhere'))).toBeUndefined()
    expect((await folder.windows('here', 'packs/00/a')).sort()).toEqual([0, 7])
  })

  it('is for this user alone', async () => {
    await make().write(id(0), Buffer.from('zero'))
    const [file] = await files()
    expect((await stat(file!)).mode & 0o777).toBe(0o600)
    expect((await stat(dirname(file!))).mode & 0o777).toBe(0o700)
    expect((await stat(root())).mode & 0o777).toBe(0o700)
  })

  const damages: Record<string, (file: string) => Promise<unknown>> = {
    'cut short': async file => truncate(file, 50),
    'cut to nothing': async file => truncate(file, 0),
    'longer than it was': async file => writeFile(file, 'more', { flag: 'a' }),
    'longer than any window': async file => truncate(file, windowBytes * 3),
    removed: async file => rm(file),
    'a folder': async file => {
      await rm(file)
      await mkdir(join(file, 'deep'), { recursive: true })
    },
    'a link to itself': async file => {
      await rm(file)
      await symlink(file, file)
    },
    'a link to a good one': async file => {
      const other = join(temporary.path, 'other')
      await writeFile(other, await readFile(file))
      await rm(file)
      await symlink(other, file)
    },
  }
  for (const [how, damage] of Object.entries(damages)) {
    it(`does not believe a file that is ${how}, and keeps the window again`, async () => {
      const folder = make()
      await folder.write(id(0), Buffer.alloc(1000, 1))
      await damage((await files())[0]!)
      expect(await folder.read(id(0))).toBeUndefined()
      await folder.write(id(0), Buffer.alloc(1000, 2))
      await folder.write(id(0), Buffer.alloc(1000, 2))
      expect((await folder.read(id(0)))?.equals(Buffer.alloc(1000, 2))).toBe(true)
    })
  }

  it('does not believe a file with any bit flipped, nor that of another window', async () => {
    const folder = make()
    const data = randomBytes(100)
    await folder.write(id(0), data)
    const [file] = await files()
    const good = await readFile(file!)
    for (let at = 0; at < good.length; at++) {
      const bad = Buffer.from(good)
      bad[at]! ^= 1 << (at % 8)
      await writeFile(file!, bad)
      expect(await folder.read(id(0))).toBeUndefined()
    }
    await folder.write(id(1), data)
    await writeFile(file!, good)
    await writeFile(file!.replace(/\.0$/, '.1'), good)
    expect(await folder.read(id(1))).toBeUndefined()
    expect((await folder.read(id(0)))?.equals(data)).toBe(true)
  })

  it('goes on when it is deleted as a whole', async () => {
    const folder = make()
    await folder.write(id(0), Buffer.from('zero'))
    await rm(root(), { recursive: true })
    expect(await folder.read(id(0))).toBeUndefined()
    expect(await folder.usage()).toEqual({ bytes: 0, files: 0 })
    await folder.write(id(0), Buffer.from('zero'))
    expect((await folder.read(id(0)))?.toString()).toBe('zero')
  })

  it('does without where nothing can be written', async () => {
    await writeFile(root(), 'a file')
    const folder = make()
    await folder.write(id(0), Buffer.from('zero'))
    await folder.dropObject('here', 'packs/00/a')
    expect(await folder.read(id(0))).toBeUndefined()
    expect(await folder.usage()).toEqual({ bytes: 0, files: 0 })
  })

  it('gives its room back when the disk is full, and goes on when there is room', async context => {
    const drive = await tryMount('tmpfs', join(temporary.path, 'drive'))
    if (typeof drive === 'string') {
      console.warn(`Skipped "${context.task.name}": ${drive}`)
      return context.skip(drive)
    }
    try {
      const clock = new FakeTime(Date.now())
      const folder = new CacheFolder({ path: join(drive.path, 'cache'), limitBytes: async () => 1024 ** 3, clock })
      const data = Buffer.alloc(windowBytes, 1)
      await folder.write(id(0), data)
      const ballast = join(drive.path, 'ballast')
      await writeFile(ballast, Buffer.alloc(16 * 1024 ** 2)).catch(() => undefined)
      await folder.write(id(1), data)
      expect(await folder.read(id(1))).toBeUndefined()
      expect(await folder.usage()).toEqual({ bytes: 0, files: 0 })
      await rm(ballast)
      await clock.advance(60_000)
      await folder.write(id(1), data)
      expect((await folder.read(id(1)))?.equals(data)).toBe(true)
    } finally {
      await drive.detach()
    }
  })

  it('stays within its limit, and drops what was not used for longest', async () => {
    const limit = fileBytes * 64
    const folder = make(limit)
    const data = Buffer.alloc(windowBytes, 1)
    for (let index = 0; index < 20; index++) await folder.write(id(index), data)
    for (const file of await files()) await utimes(file, 1000, 1000)
    // Used again, so not the oldest any more.
    for (let index = 0; index < 5; index++) expect(await folder.read(id(index))).toBeDefined()
    for (let index = 20; index < 70; index++) {
      await folder.write(id(index), data)
      expect((await folder.usage()).bytes).toBeLessThanOrEqual(limit)
    }
    const kept = new Set(await folder.windows('here', 'packs/00/a'))
    expect([0, 1, 2, 3, 4].every(index => kept.has(index))).toBe(true)
    const indexes = (from: number, to: number) => [...kept].filter(index => index >= from && index < to)
    expect(indexes(5, 20).length).toBeLessThan(15)
    expect(indexes(20, 70).length).toBe(50)
  })

  it('stays within its limit when two processes write', async () => {
    const limit = fileBytes * 64
    const both = [make(limit), make(limit)]
    const data = Buffer.alloc(windowBytes, 1)
    for (let index = 0; index < 200; index++) {
      await both[index % 2]!.write(id(index), data)
      if (index % 5 === 0) expect((await both[0]!.usage()).bytes).toBeLessThanOrEqual(limit)
    }
  })

  it('keeps nothing when its limit is 0, and removes what was there', async () => {
    await make().write(id(0), Buffer.from('zero'))
    const off = make(0)
    await off.write(id(1), Buffer.from('one'))
    expect(await off.usage()).toEqual({ bytes: 0, files: 0 })
  })

  it('removes what a killed process left half written, and nothing that is being written', async () => {
    const folder = make()
    await folder.write(id(0), Buffer.from('zero'))
    const at = dirname((await files())[0]!)
    await writeFile(join(at, '.tmp~old'), 'half')
    await utimes(join(at, '.tmp~old'), 1000, 1000)
    await writeFile(join(at, '.tmp~new'), 'half')
    await folder.usage()
    expect((await readdir(at)).filter(name => name.startsWith('.tmp~'))).toEqual(['.tmp~new'])
  })

  it('clears everything', async () => {
    const folder = make()
    for (let index = 0; index < 5; index++) await folder.write(id(index, `packs/00/${index}`), Buffer.from('x'))
    await folder.clear()
    expect(await folder.usage()).toEqual({ bytes: 0, files: 0 })
    await folder.write(id(0), Buffer.from('zero'))
    expect((await folder.read(id(0)))?.toString()).toBe('zero')
  })
})
