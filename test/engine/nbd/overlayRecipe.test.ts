import { join } from 'node:path'
import { expect, test } from 'vitest'
import { seededRandom } from '../../../engine/demo/seededRandom.ts'
import { OverlayStore } from '../../../engine/nbd/overlayStore.ts'
import { VersionDesk } from '../../../engine/nbd/versionDesk.ts'
import { runBackup } from '../../../engine/pipeline/backup.ts'
import { readWholeRecipe } from '../../../engine/pipeline/versionReader.ts'
import { names } from '../../../engine/repository/format.ts'
import { MemorySource } from '../../support/memorySource.ts'
import { alter, flipped, useRepositories } from '../../support/tempRepository.ts'

const repositories = useRepositories()
const recipe = seededRandom('recipe').bytes(300_000)

/** A writable copy of a version with a recipe, in which something was written. */
async function writtenCopy() {
  const { repository } = await repositories.create({ blockSizeBytes: 16 * 1024 })
  const source = new MemorySource(seededRandom('source').bytes(500_000))
  await runBackup(repository, source, { name: 'disk', recipe: Promise.resolve(recipe) })
  const [version] = (await repository.refresh()).versions
  const desk = new VersionDesk(repository, new OverlayStore(join(repositories.folder.path, 'overlays')))
  const id = await desk.createOverlay(version!)
  const device = await desk.openOverlay(id)
  await device.write(4096, Buffer.alloc(4096, 1))
  await device.close()
  const kept = async () => {
    const result = await desk.commitOverlay(id)
    await desk.close()
    const record = (await repository.refresh()).versions.find(one => one.id === result.version)!
    return { result, record }
  }
  return { repository, version: version!, kept }
}

test('a writable copy that is kept has the recipe of its version', async () => {
  const { repository, version, kept } = await writtenCopy()
  const { result, record } = await kept()
  expect(result.warnings).toEqual([])
  expect(record.recipe).toEqual(version.recipe)
  expect((await readWholeRecipe(repository, record))?.equals(recipe)).toBe(true)
})

test('is kept without it, and says so, when it is damaged', async () => {
  const { repository, version, kept } = await writtenCopy()
  const [copy] = repository.index.locate(Buffer.from(version.recipe!.root, 'hex'))
  await alter(repository.storage, names.pack(copy!.packId as never), flipped(copy!.frameOffset + 20))
  const { result, record } = await kept()
  expect(record).not.toHaveProperty('recipe')
  expect(result.warnings).toEqual([
    expect.stringMatching(/^The machine recipe was not taken over, because it is damaged: /),
  ])
})
