import { open, readdir, rm, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createEngine } from '../../engine/engine.ts'
import type { Session } from '../../engine/engineApi.ts'
import { changedImage, mixedImage, randomImage, writeImage } from '../support/mixedImage.ts'
import { attackSecret, expectRestores, originalOf } from '../support/repositoryAttack.ts'
import { useTemporaryFolder } from '../support/temporaryFolder.ts'

const folder = useTemporaryFolder()
const at = (name: string) => join(folder.path, name)

async function make(name: string, blockSizeBytes?: number): Promise<Session> {
  const engine = createEngine({ stateDir: at(`state of ${name}`) })
  await engine.init(at(name), attackSecret, blockSizeBytes === undefined ? {} : { blockSizeBytes })
  return await engine.open(at(name), attackSecret)
}

async function backUp(session: Session, image: Buffer): Promise<string> {
  await rm(at('source'), { force: true })
  await writeImage(at('source'), image)
  return (await session.backup(at('source'), { name: 'disk' })).version
}

async function packsOf(name: string): Promise<{ path: string; sizeBytes: number }[]> {
  const entries = await readdir(join(at(name), 'packs'), { recursive: true, withFileTypes: true })
  const packs = []
  for (const entry of entries.filter(entry => entry.isFile())) {
    const path = join(entry.parentPath, entry.name)
    const file = await open(path)
    packs.push({ path, sizeBytes: (await file.stat()).size })
    await file.close()
  }
  return packs
}

async function flip(path: string, offset: number): Promise<void> {
  const file = await open(path, 'r+')
  await file.write(Buffer.alloc(8, 0xee), 0, 8, offset)
  await file.close()
}

for (const otherBlocks of [32_768, 65_536]) {
  test(`damage is healed from a copy whose blocks have ${otherBlocks} bytes: only what is lost is stored`, async () => {
    const [here, there] = [await make('here'), await make('there', otherBlocks)]
    const image = randomImage(20_000_000, 'heal')
    const images = [image, changedImage(image, 1)]
    const ids = []
    for (const one of images) ids.push(await backUp(here, one))
    await here.copyTo(there)
    for (const { path, sizeBytes } of await packsOf('here')) {
      if (sizeBytes > 1_000_000) await flip(path, sizeBytes / 2)
    }
    const before = (await packsOf('here')).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
    const found = await here.scrub([], { repairFrom: there })
    expect(found.damaged.length).toBeGreaterThan(0)
    expect(found.repair!.repaired).toBeGreaterThan(0)
    expect(found.repair).toMatchObject({ stillDamaged: [], warnings: [] })
    expect([...found.repair!.versions].sort()).toEqual([...found.versions].sort())
    const stored = (await packsOf('here')).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) - before
    expect(stored).toBeLessThan(3_000_000)
    expect((await here.versions()).map(({ status }) => status)).toEqual(['complete', 'complete'])
    for (const [n, id] of ids.entries()) await expectRestores(here, id, originalOf(images[n]!), folder.path)
    await Promise.all([here.close(), there.close()])
  })
}

test('lost packs, those of the map among them, are healed from a copy', async () => {
  const [here, there] = [await make('here'), await make('there')]
  const image = mixedImage(6_000_000, 'lost')
  const id = await backUp(here, image)
  await here.copyTo(there)
  for (const { path } of await packsOf('here')) await unlink(path)
  const { repair } = await here.scrub([], { repairFrom: there })
  expect(repair).toMatchObject({ versions: [id], stillDamaged: [], warnings: [] })
  await expectRestores(here, id, originalOf(image), folder.path)
  await Promise.all([here.close(), there.close()])
})

test('what the copy has lost as well, and what it never had, stays damaged, and that is said', async () => {
  const [here, there] = [await make('here'), await make('there')]
  const image = randomImage(3_000_000, 'both')
  const both = await backUp(here, image)
  await here.copyTo(there)
  const only = await backUp(here, randomImage(3_000_000, 'only here'))
  for (const name of ['here', 'there']) {
    for (const { path, sizeBytes } of await packsOf(name)) if (sizeBytes > 1_000_000) await flip(path, sizeBytes / 2)
  }
  const { repair } = await here.scrub([], { repairFrom: there })
  expect(repair!.versions).toEqual([])
  expect(repair!.stillDamaged.map(String).sort()).toEqual([both, only].sort())
  expect(repair!.warnings).toMatchObject([expect.stringMatching(/could not be healed/)])
  await Promise.all([here.close(), there.close()])
})
