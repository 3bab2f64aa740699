import { describe, expect, it } from 'vitest'
import { DistantStorage } from '../../support/distantStorage.ts'
import { makeBlocks, makeRecord, storePack, useRepositories } from '../../support/tempRepository.ts'
import { idOf } from '../../support/versions.ts'

const repositories = useRepositories()

describe('a repository that is far away', () => {
  it('is opened, listed and brought up to date within a few round trips, however many versions it has', async () => {
    const { repository: origin, storage } = await repositories.create()
    for (let number = 1; number <= 24; number++) {
      await origin.versions.putVersion(makeRecord({ id: idOf(number) }))
      await origin.versions.putMark({
        kind: 'protect',
        at: '2026-01-31T10:00:00.000Z',
        version: idOf(number),
        protected: true,
      })
      await origin.index.writeSegments([await storePack(origin, makeBlocks(origin, 2))])
    }
    const distant = new DistantStorage(storage)
    const roundsOf = async (work: () => Promise<unknown>) => {
      const before = distant.rounds
      await work()
      return distant.rounds - before
    }
    let repository = origin
    // Config and names of the key slots, and then the slots.
    expect(await roundsOf(async () => (repository = await repositories.open(distant)))).toBe(2)
    // The names, 24 versions and 24 marks, eight at a time.
    expect(await roundsOf(() => repository.loadRecords())).toBe(1 + 3 + 3)
    expect(await roundsOf(() => repository.loadRecords())).toBe(1)
    // The names of records, what is condemned, segments, four at a time, and once more their names.
    expect(await roundsOf(() => repository.refresh())).toBe(1 + 1 + (1 + 6) + 1)
    expect(await roundsOf(() => repository.refresh())).toBe(4)
    expect(repository.index.table.packs()).toHaveLength(24)
  })
})
