import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openDatabase } from '../../../engine/catalogue/database.ts'
import { repositoryMigrations } from '../../../engine/catalogue/migrations/index.ts'
import { makeBlocks, makeRecord, storePack, useRepositories } from '../../support/tempRepository.ts'

const repositories = useRepositories()

/** A repository with a version and some blocks, closed, and the way to look whether they are found again. */
async function withCatalogue() {
  const { repository, storage, stateDir } = await repositories.create()
  const blocks = makeBlocks(repository, 200)
  await repository.index.writeSegments([await storePack(repository, blocks)])
  await repository.versions.putVersion(makeRecord())
  await repository.close()
  const path = join(stateDir, 'repositories', `${repository.id}.sqlite`)
  const look = async () => {
    const again = await repositories.open(storage, { stateDir })
    const { versions } = await again.refresh()
    expect(versions).toEqual([makeRecord()])
    expect(blocks.every(block => again.index.isLive(block.id))).toBe(true)
    await again.close()
  }
  return { path, look }
}

describe('the catalogue of a repository', () => {
  it('is made anew when it was deleted', async () => {
    const { path, look } = await withCatalogue()
    await rm(path)
    await look()
  })

  it('is made anew when it is garbage', async () => {
    const { path, look } = await withCatalogue()
    await writeFile(path, Buffer.alloc(50_000, 0x5a))
    await look()
    await look()
  })

  it('is made anew when a newer Holdfast has changed it', async () => {
    const { path, look } = await withCatalogue()
    openDatabase(path, [...repositoryMigrations, 'DROP TABLE blocks; CREATE TABLE blocks (x)']).close()
    await look()
  })

  it('is made anew by the second attempt when only a part of it is damaged', async () => {
    const { path, look } = await withCatalogue()
    const bytes = await readFile(path)
    // Everything behind the schema.
    await writeFile(path, Buffer.concat([bytes.subarray(0, 4096), Buffer.alloc(bytes.length - 4096, 0xa5)]))
    await expect(look()).rejects.toMatchObject({ code: 'config.invalid', retryable: true })
    await look()
  })
})
