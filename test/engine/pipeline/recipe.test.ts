import { describe, expect, test } from 'vitest'
import { seededRandom } from '../../../engine/demo/seededRandom.ts'
import { runPrune } from '../../../engine/maintenance/prune.ts'
import { runRepair } from '../../../engine/maintenance/repair.ts'
import { runScrub } from '../../../engine/maintenance/scrub.ts'
import { type BackupOptions, runBackup } from '../../../engine/pipeline/backup.ts'
import { compareVersions } from '../../../engine/pipeline/compareVersions.ts'
import { compareWithSource } from '../../../engine/pipeline/compareWithSource.ts'
import { runRestore } from '../../../engine/pipeline/restore.ts'
import { readWholeRecipe } from '../../../engine/pipeline/versionReader.ts'
import { names } from '../../../engine/repository/format.ts'
import type { Repository } from '../../../engine/repository/repository.ts'
import { viewDetails } from '../../../engine/repository/versionView.ts'
import { MemorySource } from '../../support/memorySource.ts'
import { MemoryTarget } from '../../support/memoryTarget.ts'
import { alter, flipped, useRepositories } from '../../support/tempRepository.ts'

/** A recipe in the repository: nothing in it matters here but its bytes. */

const blockSizeBytes = 16 * 1024
const repositories = useRepositories()
const random = (seed: string, length: number) => seededRandom(seed).bytes(length)
const source = random('source', 100_000)
/** More than 128 blocks, so that its map has two levels; the last block is short. */
const recipe = random('recipe', 200 * blockSizeBytes + 77)
const other = random('other recipe', 200 * blockSizeBytes)

async function create() {
  const { repository, storage } = await repositories.create({ blockSizeBytes })
  return { repository, storage }
}

async function backUp(repository: Repository, bytes?: Uint8Array, content = source, options?: Partial<BackupOptions>) {
  const run = { name: 'disk', ...(bytes && { recipe: Promise.resolve(bytes) }), ...options }
  const result = await runBackup(repository, new MemorySource(content), run)
  const version = (await repository.refresh()).versions.find(({ id }) => id === result.version)!
  return { result, version }
}

const scrub = (repository: Repository) => runScrub(repository, { light: false })
const prune = (repository: Repository) => runPrune(repository, { dryRun: false })
const isWhole = async (repository: Repository, version: Parameters<typeof readWholeRecipe>[1], bytes: Buffer) =>
  (await readWholeRecipe(repository, version))?.equals(bytes) ?? false

/** Breaks the one copy of the recipe's root node, or the frame with one of its last blocks, which the source has no part in. */
async function damageRecipe(repository: Repository, root: string, what: 'node' | 'block'): Promise<void> {
  const { storage, index, blocks } = repository
  let id: Buffer = Buffer.from(root, 'hex')
  if (what === 'block') {
    id = (await blocks.loadNode(id, 1)).children[1]!
    id = (await blocks.loadNode(id, 0)).children[50]!
  }
  const [copy] = index.locate(id)
  await alter(storage, names.pack(copy!.packId as never), flipped(copy!.frameOffset + 20))
}

describe('a recipe', () => {
  test('comes back as it was, and counts as nothing of the source', async () => {
    const { repository } = await create()
    const { result, version } = await backUp(repository, recipe)
    expect(version.recipe).toEqual({ root: expect.any(String), sizeBytes: recipe.length })
    expect(await isWhole(repository, version, recipe)).toBe(true)
    expect(result).toMatchObject({
      readBytes: source.length,
      newBytes: source.length,
      holeBytes: 0,
      status: 'complete',
    })
    const target = new MemoryTarget(source.length)
    await runRestore(repository, version, target)
    expect(target.content.equals(source)).toBe(true)
    expect((await scrub(repository)).damaged).toEqual([])
    expect((await compareWithSource(repository, version, new MemorySource(source))).damaged).toEqual([])
  })

  test('is stored once, whichever versions have it', async () => {
    const { repository } = await create()
    const first = await backUp(repository, recipe)
    const again = await backUp(repository, recipe)
    expect(again.result.storedBytes).toBe(0)
    expect(again.version.recipe).toEqual(first.version.recipe)
    const longer = await backUp(repository, Buffer.concat([recipe, Buffer.from('a line more')]))
    expect(longer.result.storedBytes).toBeLessThan(3 * blockSizeBytes)
    expect(await compareVersions(repository, first.version, longer.version)).toMatchObject({ changedBytes: 0 })
  })

  test('may come long after the source was read, or not at all', async () => {
    const { repository } = await create()
    const late = Promise.withResolvers<Uint8Array | undefined>()
    const running = backUp(repository, undefined, source, {
      recipe: late.promise,
      onProgress: ({ phase, doneBytes }) => {
        if (phase === 'reading' && doneBytes === source.length) late.resolve(recipe)
      },
    })
    // Progress tells at most four times a second, so the end of the reading may pass untold.
    setTimeout(() => late.resolve(recipe), 1000)
    expect(await isWhole(repository, (await running).version, recipe)).toBe(true)
    const without = await backUp(repository, undefined, source, { recipe: Promise.resolve(undefined) })
    expect(without.version).not.toHaveProperty('recipe')
    expect(await readWholeRecipe(repository, without.version)).toBeUndefined()
  })

  test('goes with versions of hints, too, and is not that of their base', async () => {
    const { repository } = await create()
    const { version: base } = await backUp(repository, recipe)
    const hints = { read: [], holes: [] }
    const { version } = await backUp(repository, other, source, { base, hints })
    expect(version.method).toBe('hints')
    expect(await isWhole(repository, version, other)).toBe(true)
  })
})

describe('a prune', () => {
  test('keeps the recipes of versions that are there, and no others', async () => {
    const { repository } = await create()
    const gone = await backUp(repository, other)
    const kept = await backUp(repository, recipe)
    await repository.versions.deleteVersion(gone.version.id)
    const { freedBytes } = await prune(repository)
    expect(freedBytes).toBeGreaterThan(other.length * 0.9)
    expect(repository.index.hasSoundCopy(Buffer.from(gone.version.recipe!.root, 'hex'))).toBe(false)
    expect(await isWhole(repository, kept.version, recipe)).toBe(true)
    expect((await scrub(repository)).damaged).toEqual([])
  })

  test('refuses when the map of a recipe is damaged, as for any map', async () => {
    const { repository } = await create()
    const { version } = await backUp(repository, recipe)
    await damageRecipe(repository, version.recipe!.root, 'node')
    const fresh = await repositories.open(repository.storage)
    await expect(prune(fresh)).rejects.toMatchObject({ code: 'integrity.blockDamaged' })
  })
})

describe.each(['node', 'block'] as const)('a recipe of which a %s is damaged', what => {
  async function damaged() {
    const { repository } = await create()
    const { version } = await backUp(repository, recipe)
    await damageRecipe(repository, version.recipe!.root, what)
    return { repository: await repositories.open(repository.storage), version }
  }

  test('is named by a scrub in words, with the version that has it', async () => {
    const { repository, version } = await damaged()
    await repository.refresh()
    const found = await scrub(repository)
    const words = found.damaged.map(({ reason }) => reason).join('\n')
    expect(words).toContain(`It belongs to the machine recipe of version ${version.id} of disk.`)
    expect(found.versions).toEqual([version.id])
    expect(found.damaged.flatMap(({ ranges = [] }) => ranges)).toEqual([])
    const { marks } = await repository.refresh()
    expect(viewDetails(version, marks, repository.index)).toMatchObject({
      status: 'damaged',
      damagedBlocks: what === 'node' ? 1 : expect.toSatisfy(count => count > 0 && count <= 16),
    })
    const repaired = await runRepair(repository, { dryRun: true, forgetLostMarks: false })
    expect(repaired.lost.join()).toMatch(
      new RegExp(`The machine recipe of version ${version.id} of disk needs \\d+ block`),
    )
    expect(repaired.lost.join()).not.toContain(`Version ${version.id}`)
  })

  test('is found by a scrub of that version alone', async () => {
    const { repository, version } = await damaged()
    await repository.refresh()
    const { versions } = await runScrub(repository, { light: false, versions: [version] })
    expect(versions).toEqual([version.id])
  })

  test('costs the version nothing else', async () => {
    const { repository, version } = await damaged()
    await expect(readWholeRecipe(repository, version)).rejects.toMatchObject({
      code: expect.stringMatching(/^integrity\./),
    })
    const target = new MemoryTarget(source.length)
    expect(await runRestore(repository, version, target, { verify: true })).toMatchObject({ damaged: [] })
    expect(target.content.equals(source)).toBe(true)
  })

  test('heals with the next backup that has the same', async () => {
    const { repository, version } = await damaged()
    await repository.refresh()
    await scrub(repository)
    await backUp(repository, recipe)
    const { marks } = await repository.refresh()
    expect(viewDetails(version, marks, repository.index).status).toBe('complete')
    expect(await isWhole(repository, version, recipe)).toBe(true)
    expect((await scrub(repository)).versions).toEqual([])
    await prune(repository)
    expect(await isWhole(repository, version, recipe)).toBe(true)
  })
})

test('a recipe whose packs are missing is named by a scrub as well', async () => {
  const { repository } = await create()
  await backUp(repository)
  const { version } = await backUp(repository, recipe)
  const [copy] = repository.index.locate(Buffer.from(version.recipe!.root, 'hex'))
  const node = await repository.blocks.loadNode(Buffer.from(version.recipe!.root, 'hex'), 1)
  expect(node.children[0]).toBeDefined()
  await repository.storage.delete(names.pack(copy!.packId as never))
  const found = await scrub(await repositories.open(repository.storage))
  const words = found.damaged.map(({ reason }) => reason)
  expect(words).toContainEqual(
    `The machine recipe of version ${version.id} of disk needs 1 blocks that the repository no longer has, because packs are missing.`,
  )
  expect(words.join()).not.toContain(`Version ${version.id}`)
})
