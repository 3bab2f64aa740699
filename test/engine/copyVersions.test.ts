import { open, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { copyVersions } from '../../engine/copyVersions.ts'
import { seededRandom } from '../../engine/demo/seededRandom.ts'
import { createEngine } from '../../engine/engine.ts'
import type { Session } from '../../engine/engineApi.ts'
import { OverlayStore } from '../../engine/nbd/overlayStore.ts'
import { VersionDesk } from '../../engine/nbd/versionDesk.ts'
import { runBackup } from '../../engine/pipeline/backup.ts'
import type { VersionRecord } from '../../engine/repository/versionRecord.ts'
import { viewVersions } from '../../engine/repository/versionView.ts'
import { drawSeed } from '../support/killing.ts'
import { MemorySource } from '../support/memorySource.ts'
import { changedImage, mixedImage, randomImage, writeImage } from '../support/mixedImage.ts'
import { expectNothingLost, expectRestores, originalOf } from '../support/repositoryAttack.ts'
import { useTemporaryFolder } from '../support/temporaryFolder.ts'
import { useRepositories } from '../support/tempRepository.ts'

const folder = useTemporaryFolder()
const repositories = useRepositories()
/** In each history. */
const versions = 6
const otherSecret = { kind: 'keyfile', content: Buffer.alloc(64, 0x11) } as const
let sourcePath = ''
beforeEach(() => {
  sourcePath = join(folder.path, 'source')
})

const pathOf = (name: string) => join(folder.path, name)

/** A repository; computers of their own, so that nothing is known from elsewhere. */
async function make(name: string, options: { blockSizeBytes?: number } = {}): Promise<Session> {
  const engine = createEngine({ stateDir: pathOf(`state of ${name}`) })
  await engine.init(pathOf(name), otherSecret, options)
  return await engine.open(pathOf(name), otherSecret)
}

const reopen = async (name: string) => await createEngine({ stateDir: pathOf('fresh') }).open(pathOf(name), otherSecret)

async function backUp(session: Session, image: Buffer, options: Parameters<Session['backup']>[1] = {}) {
  await rm(sourcePath, { force: true })
  await writeImage(sourcePath, image)
  return (await session.backup(sourcePath, { name: 'disk', ...options })).version
}

async function damageBlocks(name: string, share: number): Promise<void> {
  for (const pack of await packsOf(name)) {
    const file = await open(pack, 'r+')
    const { size } = await file.stat()
    // Map nodes are in packs of their own, which are small.
    if (size > 100_000) await file.write(Buffer.alloc(8, 0xee), 0, 8, Math.floor(size * share))
    await file.close()
  }
}

async function packsOf(name: string): Promise<string[]> {
  const entries = await readdir(join(pathOf(name), 'packs'), { recursive: true, withFileTypes: true })
  return entries.filter(entry => entry.isFile()).map(entry => join(entry.parentPath, entry.name))
}

const bytesIn = async (name: string): Promise<number> => {
  const sizes = await Promise.all((await packsOf(name)).map(async pack => (await stat(pack)).size))
  return sizes.reduce((sum, size) => sum + size, 0)
}

describe('copied versions', () => {
  for (const blockSizeBytes of [32_768, 65_536, 16_384]) {
    test(`of any history restore bit for bit where they are copied to, with blocks of ${blockSizeBytes} bytes`, async () => {
      const seed = drawSeed('history to be copied')
      const random = seededRandom(`${seed} ${blockSizeBytes}`)
      const [from, to] = [await make('from'), await make('to', { blockSizeBytes })]
      const images = new Map<string, Buffer>()
      let image = mixedImage(3_000_000 + random.below(100_000), seed)
      for (let n = 0; n < versions; n++) {
        const id = await backUp(from, image, { labels: { n: String(n) } })
        images.set(id, image)
        if (random.below(3) === 0) {
          const { copied } = await from.copyTo(to)
          expect(copied.every(({ version }) => images.has(version))).toBe(true)
        }
        const next = changedImage(image, `${seed} ${n}`, 12)
        // It grows and shrinks, also by parts of blocks, and by holes.
        const size = Math.max(1, next.length + random.between(-300_000, 400_000) * random.below(2))
        image = Buffer.concat([next.subarray(0, size), Buffer.alloc(Math.max(0, size - next.length))])
      }
      // One in the middle is not wanted there any more, and is copied again from between others.
      const { copied } = await from.copyTo(to)
      const [, second] = await to.versions()
      if (second && copied.length < versions) await to.remove([second.id], {})
      const again = await from.copyTo(to)
      expect(again.failed).toEqual([])
      expect((await to.versions()).map(({ id }) => id).sort()).toEqual([...images.keys()].sort())
      for (const [id, content] of images) await expectRestores(to, id, originalOf(content), folder.path)
      await expectNothingLost(to)
      const before = await bytesIn('to')
      const nothing = await from.copyTo(to)
      expect(nothing).toMatchObject({ copied: [], failed: [] })
      expect(nothing.skipped.map(({ version }) => version as string).sort()).toEqual([...images.keys()].sort())
      expect(await bytesIn('to')).toBe(before)
      await Promise.all([from.close(), to.close()])
    })
  }

  test('keep all that is known of them, their marks included', async () => {
    const [from, to] = [await make('from'), await make('to')]
    const first = await backUp(from, mixedImage(1_000_000, 'marks'), { labels: { owner: 'anna', old: 'x' } })
    const second = await backUp(from, mixedImage(1_000_000, 'other'))
    await from.protect([first], true)
    await from.label(first, ['owner=bert', 'old-', 'place=cellar'])
    await from.copyTo(to)
    for (const id of [first, second]) {
      const [before, after] = [await from.show(id), await to.show(id)]
      const own = { newBytes: 0, storedBytes: 0 }
      expect({ ...after, ...own }).toEqual({ ...before, ...own })
    }
    expect(await to.show(first)).toMatchObject({ protected: true, labels: { owner: 'bert', place: 'cellar' } })
    // What happens to one afterwards does not concern the other.
    await from.protect([first], false)
    await from.copyTo(to)
    expect((await to.show(first)).protected).toBe(true)
    await Promise.all([from.close(), to.close()])
  })

  test('cost what differs: only that is read and stored', async () => {
    const [from, to] = [await make('from'), await make('to')]
    const image = randomImage(20_000_000, 'incremental')
    await backUp(from, image)
    await from.copyTo(to)
    image.fill(7, 5_000_000, 5_200_000)
    const second = await backUp(from, image)
    const { copied } = await from.copyTo(to)
    expect(copied).toMatchObject([{ version: second }])
    expect(copied[0]!.readBytes).toBeLessThan(400_000)
    expect(copied[0]!.storedBytes).toBeLessThan(400_000)
    await expectRestores(to, second, originalOf(image), folder.path)
    await Promise.all([from.close(), to.close()])
  })

  test('of a source that is nearly all holes do not read the holes', async () => {
    const [from, to] = [await make('from'), await make('to')]
    const image = Buffer.alloc(64_000_000)
    image.fill('x', 32_000_000, 32_100_000)
    const id = await backUp(from, image)
    const { copied } = await from.copyTo(to)
    expect(copied[0]!.readBytes).toBeLessThan(300_000)
    await expectRestores(to, id, originalOf(image), folder.path)
    await Promise.all([from.close(), to.close()])
  })

  test('are chosen by a filter or by name; a dry run says which, and copies none', async () => {
    const [from, to] = [await make('from'), await make('to')]
    const root = await backUp(from, mixedImage(500_000, 1), { name: 'root' })
    const home = await backUp(from, mixedImage(500_000, 2), { name: 'home' })
    const planned = await from.copyTo(to, { dryRun: true })
    expect(planned.copied.map(({ version }) => version as string)).toEqual([root, home])
    expect(await to.versions()).toEqual([])
    expect((await from.copyTo(to, { filter: 'name == "home"' })).copied).toMatchObject([{ version: home }])
    expect((await from.copyTo(to, { versions: ['root:latest'] })).copied).toMatchObject([{ version: root }])
    await Promise.all([from.close(), to.close()])
  })

  test('are refused to the repository that they are in', async () => {
    const from = await make('from')
    const same = await reopen('from')
    await expect(from.copyTo(same)).rejects.toMatchObject({ code: 'usage.invalid' })
    await Promise.all([from.close(), same.close()])
  })
})

describe('a version that is damaged', () => {
  test('is not copied, others are, and it follows once it is healed', async () => {
    const [from, to] = [await make('from'), await make('to')]
    const image = randomImage(4_000_000, 'damaged')
    const damaged = await backUp(from, image)
    await damageBlocks('from', 0.4)
    const sound = await backUp(from, randomImage(4_000_000, 'sound'), { name: 'another' })
    const first = await from.copyTo(to)
    expect(first.copied).toMatchObject([{ version: sound }])
    expect(first.failed).toMatchObject([{ version: damaged, error: { code: 'integrity.blockDamaged' } }])
    expect((await to.versions()).map(({ id }) => id as string)).toEqual([sound])
    await expectNothingLost(to)
    // A backup heals what a scrub has found.
    await from.scrub([], {})
    await backUp(from, image)
    const second = await from.copyTo(to)
    expect(second.failed).toEqual([])
    await expectRestores(to, damaged, originalOf(image), folder.path)
    await Promise.all([from.close(), to.close()])
  })

  test('is copied nevertheless when what it lacks is there already', async () => {
    const [from, to] = [await make('from'), await make('to')]
    const image = randomImage(4_000_000, 'half')
    await backUp(from, image)
    await from.copyTo(to)
    await damageBlocks('from', 0.4)
    image.fill(1, 0, 40_000)
    const second = await backUp(from, image)
    const { copied, failed } = await from.copyTo(to)
    expect(failed).toEqual([])
    expect(copied).toMatchObject([{ version: second }])
    await expectRestores(to, second, originalOf(image), folder.path)
    await Promise.all([from.close(), to.close()])
  })
})

test('an incomplete version is copied as one', async () => {
  const [from, to] = [await repositories.create(), await repositories.create()]
  const content = mixedImage(1_000_000, 'bad sectors')
  const source = new MemorySource(content)
  source.badSectors.add(512 * 700)
  const made = await runBackup(from.repository, source, { name: 'disk', threads: 1 })
  expect(made.status).toBe('incomplete')
  const desk = new VersionDesk(from.repository, new OverlayStore(folder.path))
  const loaded = await from.repository.refresh()
  const [view] = viewVersions(loaded, from.repository.index)
  const places = { from: from.repository, to: to.repository, open: (record: VersionRecord) => desk.open(record) }
  const result = await copyVersions(places, [{ record: loaded.versions[0]!, view: view! }], {})
  expect(result).toMatchObject({ copied: [{ version: made.version, status: 'incomplete' }], failed: [], warnings: [] })
  const [copy] = (await to.repository.versions.load()).versions
  const { status, unreadable } = copy!
  expect({ status, unreadable }).toEqual({ status: 'incomplete', unreadable: [{ offset: 512 * 700, length: 512 }] })
  await desk.close()
})

test('what stands in the way of everything ends the copy, and the next one goes on', async () => {
  const [from, to] = [await make('from'), await make('to')]
  const image = mixedImage(2_000_000, 'stopped')
  for (const n of [1, 2, 3]) await backUp(from, changedImage(image, n))
  const stop = new AbortController()
  const onVersion = (_: unknown, { index }: { index: number }) => {
    if (index === 2) stop.abort()
  }
  const copying = from.copyTo(to, { signal: stop.signal, onVersion })
  await expect(copying).rejects.toMatchObject({ code: 'run.cancelled' })
  expect((await to.versions()).length).toBe(2)
  expect((await from.copyTo(to)).copied.length).toBe(1)
  await Promise.all([from.close(), to.close()])
})
