import { describe, expect, it } from 'vitest'
import { names } from '../../../engine/repository/format.ts'
import { addKey, addRecoveryPhrase, listKeys, removeKey } from '../../../engine/repository/keyManagement.ts'
import { LeapingClock } from '../../support/leapingClock.ts'
import { alter, flipped, keyFile, namesIn, useRepositories } from '../../support/tempRepository.ts'

const repositories = useRepositories()

describe('keys of a repository', () => {
  it('are listed oldest first, without what opens them', async () => {
    const clock = new LeapingClock()
    const { repository, storage } = await repositories.create({ clock })
    for (const label of ['laptop', 'desktop']) {
      clock.advance(60_000)
      await addKey(repository, keyFile(label.length), label)
    }
    const keys = await listKeys(repository)
    expect(keys.slice(2).map(({ kind, label }) => [kind, label])).toEqual([
      ['keyfile', 'laptop'],
      ['keyfile', 'desktop'],
    ])
    expect(
      keys
        .slice(0, 2)
        .map(key => key.kind)
        .sort(),
    ).toEqual(['keyfile', 'recovery'])
    expect(Object.keys(keys[0]!).sort()).toEqual(['createdAt', 'id', 'kind', 'label'])
    expect(keys.map(key => names.key(key.id)).sort()).toEqual(await namesIn(storage, 'keys'))
  })

  it('open the repository from when they are added until they are removed', async () => {
    const { repository, storage } = await repositories.create()
    const { key } = await addKey(repository, keyFile(9), 'second')
    const added = await addRecoveryPhrase(repository)
    const ways = [keyFile(9), { kind: 'recovery' as const, phrase: added.recoveryPhrase! }]
    for (const secret of ways) {
      expect((await repositories.open(storage, { secret })).masterKey).toEqual(repository.masterKey)
    }
    for (const { id } of [key, added.key]) await removeKey(repository, id)
    for (const secret of ways) {
      await expect(repositories.open(storage, { secret })).rejects.toMatchObject({ code: 'repository.wrongKey' })
    }
    expect(await namesIn(storage, 'copies/keys')).toHaveLength(2)
  })

  it('can be removed one after the other, but not the last one', async () => {
    const { repository, storage } = await repositories.create()
    const recovery = (await listKeys(repository)).find(key => key.kind === 'recovery')!
    await removeKey(repository, recovery.id)
    const [last] = await listKeys(repository)
    await expect(removeKey(repository, last!.id)).rejects.toMatchObject({ code: 'repository.lastKey' })
    await expect(removeKey(repository, '00000000')).rejects.toMatchObject({ code: 'repository.keyNotFound' })
    expect((await repositories.open(storage)).id).toBe(repository.id)
  })

  it('are listed by their sound copy, and not at all when both were altered', async () => {
    const { repository, storage } = await repositories.create()
    const { key } = await addKey(repository, keyFile(9), 'one of us')
    const name = names.key(key.id)
    const labelAt = Buffer.from(await storage.get(name)).indexOf('one of us')
    await alter(storage, name, flipped(labelAt, 1))
    expect(await listKeys(repository)).toContainEqual(key)
    await alter(storage, names.copy(name), flipped(labelAt, 1))
    expect((await listKeys(repository)).map(({ id }) => id)).not.toContain(key.id)
  })

  it('do not count towards the last one when they can no longer be read', async () => {
    const { repository, storage } = await repositories.create()
    const [one, other] = await listKeys(repository)
    for (const name of [names.key(one!.id), names.copy(names.key(one!.id))]) await alter(storage, name, flipped(20))
    await expect(removeKey(repository, other!.id)).rejects.toMatchObject({ code: 'repository.lastKey' })
  })
})
