import { describe, expect, test } from 'vitest'
import { HoldfastError } from '../../../engine/contract/errors.ts'
import { seededRandom } from '../../../engine/demo/seededRandom.ts'
import { runPrune } from '../../../engine/maintenance/prune.ts'
import { runScrub } from '../../../engine/maintenance/scrub.ts'
import { runBackup } from '../../../engine/pipeline/backup.ts'
import type { Repository } from '../../../engine/repository/repository.ts'
import { ForwardingStorage } from '../../../engine/storage/forwarding.ts'
import { MemoryStorage } from '../../../engine/storage/memory.ts'
import type { Range } from '../../../engine/storage/storage.ts'
import { alter, flipped, namesIn, useRepositories } from '../../support/tempRepository.ts'
import { TroubledSource } from '../../support/troubledSource.ts'

const repositories = useRepositories()
const content = seededRandom('scrub marks').bytes(400_000)

/** A storage on which single objects lie on bad sectors, or are deleted by somebody else while they are being read. */
class MovingStorage extends ForwardingStorage {
  readonly badSectors = new Set<string>()
  onRead: (name: string) => Promise<void> = async () => undefined

  override async get(name: string, range?: Range, signal?: AbortSignal): Promise<Uint8Array> {
    if (this.badSectors.has(name)) throw new HoldfastError('storage.failed', `${name} cannot be read.`)
    await this.onRead(name)
    return super.get(name, range, signal)
  }
}

async function withVersion() {
  const storage = new MovingStorage(new MemoryStorage())
  const { repository } = await repositories.create({ storage, blockSizeBytes: 16 * 1024 })
  const { version } = await runBackup(repository, new TroubledSource(content, {}), { name: 'disk' })
  const packs = await namesIn(storage, 'packs')
  const sizes = await Promise.all(packs.map(async name => (await storage.stat(name))!.sizeBytes))
  const dataPack = packs[sizes.indexOf(Math.max(...sizes))]!
  return { storage, repository, version, dataPack }
}

const deepScrub = (repository: Repository) => runScrub(repository, { light: false })
const marksOf = async (repository: Repository) => (await repository.refresh()).marks

describe('what a scrub marks', () => {
  test('stays marked while the pack cannot be read at all', async () => {
    const { storage, repository, version, dataPack } = await withVersion()
    await alter(storage, dataPack, flipped(100))
    expect((await deepScrub(repository)).versions).toEqual([version])
    const { length } = (await marksOf(repository)).damagedCopies
    expect(length).toBeGreaterThan(0)
    storage.badSectors.add(dataPack)
    const found = await deepScrub(repository)
    expect(found.damaged.map(({ reason }) => reason).join()).toMatch(/cannot be read from the drive/)
    expect(found.versions).toEqual([version])
    expect((await marksOf(repository)).damagedCopies.length).toBeGreaterThanOrEqual(length)
  })

  test('includes every block of a pack that lies on a bad sector, so that a backup stores them again', async () => {
    const { storage, repository, version, dataPack } = await withVersion()
    storage.badSectors.add(dataPack)
    expect((await deepScrub(repository)).versions).toEqual([version])
    const healed = await runBackup(repository, new TroubledSource(content, {}), { name: 'disk' })
    expect(healed.newBytes).toBe(content.length)
    expect((await deepScrub(repository)).versions).toEqual([])
  })

  test('is forgotten when the bad copies have been pruned', async () => {
    const { storage, repository, dataPack } = await withVersion()
    await alter(storage, dataPack, flipped(100))
    await deepScrub(repository)
    await runBackup(repository, new TroubledSource(content, {}), { name: 'disk' })
    await runPrune(repository, { dryRun: false })
    expect(await namesIn(storage, 'packs')).not.toContain(dataPack)
    expect((await deepScrub(repository)).damaged).toEqual([])
    const { damagedCopies, missingPacks } = await marksOf(repository)
    expect({ damagedCopies, missing: missingPacks.size }).toEqual({ damagedCopies: [], missing: 0 })
  })

  test('is nothing when a prune deletes condemned packs while they are being scrubbed', async () => {
    const { storage, repository, version, dataPack } = await withVersion()
    // The first prune only condemns: somebody is reading.
    const reader = await repository.locks.acquire('shared', 'restore')
    await repository.versions.deleteVersion(version)
    expect((await runPrune(repository, { dryRun: false })).waitingPacks).toBeGreaterThan(0)
    await reader.release()
    storage.onRead = async name => {
      if (name !== dataPack) return
      for (const pack of await namesIn(storage, 'packs')) await storage.delete(pack)
    }
    const found = await deepScrub(repository)
    expect(found.damaged).toEqual([])
    expect((await marksOf(repository)).damagedCopies).toEqual([])
  })
})
