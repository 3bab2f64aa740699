import { HoldfastError } from './contract/errors.ts'
import type { RepairedFromCopy } from './contract/models.ts'
import type { CallOptions, PriorityOptions } from './engineApi.ts'
import type { Export } from './nbd/export.ts'
import { runBackup } from './pipeline/backup.ts'
import { readWholeRecipe } from './pipeline/versionReader.ts'
import type { Repository } from './repository/repository.ts'
import type { VersionRecord } from './repository/versionRecord.ts'
import { viewVersion } from './repository/versionView.ts'
import { VersionSource } from './versionSource.ts'

export interface RepairPlaces {
  /** What is damaged. */
  repository: Repository
  /** Where the same versions are. */
  origin: Repository
  /** Opens a version of `origin` to be read. */
  open(record: VersionRecord): Promise<Export>
}

/**
 * Heals versions that a scrub has found to be damaged out of versions of the same ids in another repository. Of each, the blocks and map
 * nodes without a sound copy are read there, at their places in the version; each is checked by its id there and, since the map
 * that comes of it must be the same, by its id here. They are stored like new ones, which clears the damage of all versions that need
 * them. A version that is damaged there as well stays damaged, with a warning.
 */
export async function repairFromCopy(
  { repository, origin, open }: RepairPlaces,
  { signal, onProgress, priority }: CallOptions & PriorityOptions,
): Promise<RepairedFromCopy> {
  const warnings: string[] = []
  const damaged = await damagedVersions(repository, signal)
  const before = lostBlocks(damaged)
  const copies = new Map((await origin.refresh(signal)).versions.map(record => [record.id, record]))
  for (const { record } of damaged) {
    const copy = copies.get(record.id)
    if (!copy) continue
    try {
      const source = new VersionSource(copy, await open(copy), signal)
      try {
        const recipe = await readWholeRecipe(origin, copy, signal)
        await runBackup(repository, source, {
          name: record.name,
          base: record,
          hints: { read: [], holes: [] },
          healsBase: true,
          ...(recipe && { recipe: Promise.resolve(recipe) }),
          ...(signal && { signal }),
          ...(onProgress && { onProgress }),
          ...(priority && { priority }),
        })
      } finally {
        await source.close()
      }
    } catch (error) {
      if (!(error instanceof HoldfastError) || !error.code.startsWith('integrity.')) throw error
      warnings.push(`Version ${record.id} of ${record.name} could not be healed: ${error.message}`)
    }
  }
  const left = await damagedVersions(repository, signal)
  const after = lostBlocks(left)
  return {
    repaired: [...before].filter(block => !after.has(block)).length,
    versions: damaged.filter(({ record }) => !left.some(one => one.record.id === record.id)).map(one => one.record.id),
    stillDamaged: left.map(({ record }) => record.id),
    warnings,
  }
}

interface DamagedVersion {
  record: VersionRecord
  blocks: string[]
}

async function damagedVersions(repository: Repository, signal?: AbortSignal): Promise<DamagedVersion[]> {
  const { versions, marks } = await repository.refresh(signal)
  return versions
    .filter(record => viewVersion(record, marks, repository.index).status === 'damaged')
    .map(record => {
      const blocks = [...(marks.damagedVersions.get(record.id) ?? [])]
      return { record, blocks: blocks.filter(id => !repository.index.hasSoundCopy(Buffer.from(id, 'hex'))) }
    })
}

const lostBlocks = (versions: readonly DamagedVersion[]): Set<string> =>
  new Set(versions.flatMap(({ blocks }) => blocks))
