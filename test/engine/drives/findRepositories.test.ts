import { execFileSync } from 'node:child_process'
import { mkdir, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { DriveDevice } from '../../../engine/contract/drives.ts'
import { RepositoryFinder } from '../../../engine/drives/findRepositories.ts'
import { largestConfigBytes, repositoryIdIn, repositoryIdOf } from '../../../engine/drives/repositoryMark.ts'
import { fakeDevice } from '../../support/fakeDrives.ts'
import { FakeSystem } from '../../support/fakeSystem.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'

const folder = useTemporaryFolder()
const idA = 'a'.repeat(32)
const idB = 'b'.repeat(32)

const configOf = (repositoryId: string, version = 1) =>
  JSON.stringify({ format: 'holdfast-repository', version, repositoryId, blockSizeBytes: 32768, mac: '0'.repeat(64) })

async function makeRepository(path: string, id: string, name = 'config') {
  await mkdir(dirname(join(path, name)), { recursive: true })
  await writeFile(join(path, name), configOf(id))
}

describe('a config', () => {
  test.each([
    ['', undefined],
    ['null', undefined],
    ['[]', undefined],
    ['{"format":"other","repositoryId":"aa"}', undefined],
    [configOf('A'.repeat(32)), undefined],
    [configOf('../../etc'), undefined],
    [configOf(idA), idA],
    [configOf(idA, 99), idA],
  ])('%s names %s', (text, id) => {
    expect(repositoryIdIn(text)).toBe(id)
  })

  test('that is damaged or gone is read from its copy', async () => {
    await makeRepository(folder.path, idA, 'copies/config')
    expect(await repositoryIdOf(folder.path)).toBe(idA)
    await writeFile(join(folder.path, 'config'), 'rotten')
    expect(await repositoryIdOf(folder.path)).toBe(idA)
  })

  test('that is larger than any real one is none, however large', async () => {
    await writeFile(join(folder.path, 'config'), configOf(idA).padEnd(largestConfigBytes, ' '))
    expect(await repositoryIdOf(folder.path)).toBe(idA)
    await truncate(join(folder.path, 'config'), 2 ** 42)
    expect(await repositoryIdOf(folder.path)).toBeUndefined()
  })

  test('that is a link, a folder or a pipe is none, and does not hang', async () => {
    await makeRepository(join(folder.path, 'real'), idA)
    for (const [name, make] of [
      ['link', (path: string) => symlink('../real/config', path)],
      ['folder', (path: string) => mkdir(path)],
      ['pipe', async (path: string) => void execFileSync('mkfifo', [path])],
    ] as const) {
      await mkdir(join(folder.path, name))
      await make(join(folder.path, name, 'config'))
      expect(await repositoryIdOf(join(folder.path, name))).toBeUndefined()
    }
  })
})

/** A machine with drives whose mount points are folders of the test. */
class DriveWorld {
  readonly system = new FakeSystem(folder.path)
  readonly devices: DriveDevice[] = []

  async addDrive(name: string): Promise<string> {
    const point = join(folder.path, 'media', name)
    await mkdir(point, { recursive: true })
    await this.system.addDevice(name)
    const deviceNumber = `8:${this.devices.length}`
    this.devices.push(fakeDevice(name, { deviceNumber, mountPoints: [point] }))
    this.system.mount(name, point)
    return point
  }

  async search(options: Parameters<RepositoryFinder['search']>[1] = {}) {
    const finder = new RepositoryFinder({ access: this.system.access })
    const { found, silent } = await finder.search({ devices: this.devices }, options)
    return { silent, found: found.map(({ repositoryId, path, driveId }) => ({ repositoryId, path, driveId })) }
  }
}

describe('looking for repositories', () => {
  test('finds them in the root and one level down, and says on which drive', async () => {
    const world = new DriveWorld()
    const first = await world.addDrive('sdb1')
    const second = await world.addDrive('sdc1')
    await makeRepository(first, idA)
    await makeRepository(join(second, 'backups'), idB)
    await makeRepository(join(second, 'deep/down'), idA)
    await writeFile(join(second, 'config'), 'of something else')
    const [one, two] = world.devices
    expect(await world.search()).toEqual({
      silent: [],
      found: [
        { repositoryId: idA, path: first, driveId: one!.id },
        { repositoryId: idB, path: join(second, 'backups'), driveId: two!.id },
      ],
    })
  })

  test('looks where destinations remember one, and nowhere outside of the drive', async () => {
    const world = new DriveWorld()
    const point = await world.addDrive('sdb1')
    await makeRepository(join(point, 'some/where/deep'), idA)
    await makeRepository(join(folder.path, 'outside'), idB)
    await symlink(join(folder.path, 'outside'), join(point, 'link'))
    const relativePaths = ['some/where/deep', '../../outside', 'link', 'x/../../../outside', 'nul\0', 'no/such']
    const { found } = await world.search({ relativePaths })
    expect(found.map(({ path }) => path)).toEqual([join(point, 'some/where/deep')])
  })

  test('follows a remembered link that stays on the drive', async () => {
    const world = new DriveWorld()
    const point = await world.addDrive('sdb1')
    await makeRepository(join(point, 'a/b/c'), idA)
    await symlink('a/b/c', join(point, 'current'))
    expect((await world.search({ relativePaths: ['current'] })).found.map(({ path }) => path)).toEqual([
      join(point, 'a/b/c'),
    ])
  })

  test('does not take what is mounted over a drive, or inside of it, for the drive', async () => {
    const world = new DriveWorld()
    const covered = await world.addDrive('sdb1')
    const outer = await world.addDrive('sdc1')
    await makeRepository(covered, idA)
    await makeRepository(join(outer, 'inner'), idB)
    world.system.mountAnonymous('0:99', covered, 'tmpfs', 'tmpfs')
    world.system.mountAnonymous('0:98', join(outer, 'inner'), 'tmpfs', 'tmpfs')
    expect((await world.search()).found).toEqual([])
  })

  test('does not take an empty mount point for the drive when something above it was mounted over', async () => {
    const world = new DriveWorld()
    const point = await world.addDrive('sdb1')
    await makeRepository(point, idA)
    // The kernel still lists the mount; the path leads to another file system.
    world.system.addFolder(point, '0:77')
    expect((await world.search()).found).toEqual([])
  })

  test('looks at folders by their path, and says which drive they are on if they are on one', async () => {
    const world = new DriveWorld()
    const point = await world.addDrive('sdb1')
    const deep = join(point, 'x/y/z')
    const share = join(folder.path, 'share')
    await makeRepository(deep, idA)
    await makeRepository(share, idB)
    expect((await world.search({ paths: [deep, share, '/nonexistent'] })).found).toEqual([
      { repositoryId: idA, path: deep, driveId: world.devices[0]!.id },
      { repositoryId: idB, path: share, driveId: null },
    ])
  })

  test('reads a limited part of a folder with very many entries', async () => {
    const world = new DriveWorld()
    const point = await world.addDrive('sdb1')
    for (let i = 0; i < 300; i++) await mkdir(join(point, `folder${i}`))
    const looked: string[] = []
    const finder = new RepositoryFinder({
      access: world.system.access,
      identify: async path => void looked.push(path) as undefined,
    })
    await finder.search({ devices: world.devices })
    expect(looked).toHaveLength(1 + 256)
  })

  test('says which drive does not answer, and does not ask it again while it does not', async () => {
    const world = new DriveWorld()
    const dead = await world.addDrive('sdb1')
    const well = await world.addDrive('sdc1')
    await makeRepository(well, idA)
    let asked = 0
    let answer: () => void = () => undefined
    const finder = new RepositoryFinder({
      access: world.system.access,
      timeoutMs: 500,
      async identify(path) {
        if (!path.startsWith(dead)) return repositoryIdOf(path)
        asked += 1
        await new Promise<void>(resolve => {
          answer = resolve
        })
        return undefined
      },
    })
    for (let i = 0; i < 2; i++) {
      const { found, silent } = await finder.search({ devices: world.devices })
      expect(found.map(({ path }) => path)).toEqual([well])
      expect(silent).toEqual([world.devices[0]!.id])
    }
    expect(asked).toBe(1)
    answer()
    await new Promise(resolve => setImmediate(resolve))
    await finder.search({ devices: world.devices })
    expect(asked).toBe(2)
    answer()
  })

  test('finds the same for each of several who look at once', async () => {
    const world = new DriveWorld()
    const point = await world.addDrive('sdb1')
    await makeRepository(point, idA)
    const elsewhere = join(folder.path, 'elsewhere')
    await makeRepository(elsewhere, idB)
    let [reading, most] = [0, 0]
    const finder = new RepositoryFinder({
      access: world.system.access,
      async identify(path) {
        if (path !== elsewhere) return repositoryIdOf(path)
        reading += 1
        most = Math.max(most, reading)
        await new Promise(resolve => setTimeout(resolve, 50))
        reading -= 1
        return repositoryIdOf(path)
      },
    })
    const look = () => finder.search({ devices: world.devices }, { paths: [elsewhere] })
    for (const { found, silent } of await Promise.all([look(), look(), look()])) {
      expect(silent).toEqual([])
      expect(found.map(({ path }) => path).toSorted()).toEqual([point, elsewhere].toSorted())
    }
    expect(most).toBe(1)
  })

  test('survives a drive that is pulled meanwhile', async () => {
    const world = new DriveWorld()
    const point = await world.addDrive('sdb1')
    await makeRepository(point, idA)
    await rename(point, `${point}-gone`)
    expect((await world.search()).found).toEqual([])
    await rm(`${point}-gone`, { recursive: true })
  })

  test('can be cancelled', async () => {
    const world = new DriveWorld()
    await world.addDrive('sdb1')
    const end = new AbortController()
    const finder = new RepositoryFinder({
      access: world.system.access,
      identify: () => {
        end.abort()
        return new Promise(() => undefined)
      },
    })
    await expect(finder.search({ devices: world.devices }, { signal: end.signal })).rejects.toMatchObject({
      code: 'run.cancelled',
    })
  })
})
