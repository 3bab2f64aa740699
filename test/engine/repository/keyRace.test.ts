import { expect, test } from 'vitest'
import { listKeys, removeKey } from '../../../engine/repository/keyManagement.ts'
import { ForwardingStorage } from '../../../engine/storage/forwarding.ts'
import { MemoryStorage } from '../../../engine/storage/memory.ts'
import { useRepositories } from '../../support/tempRepository.ts'

const repositories = useRepositories()

/** Calls `before` right before the first removal of an object. */
class InterruptedStorage extends ForwardingStorage {
  before: (() => Promise<unknown>) | undefined

  override async delete(name: string, signal?: AbortSignal): Promise<void> {
    const { before } = this
    this.before = undefined
    await before?.()
    await super.delete(name, signal)
  }
}

test('two who each remove one of two keys at the same moment leave one', async () => {
  const storage = new InterruptedStorage(new MemoryStorage())
  const { repository } = await repositories.create({ storage })
  const keys = await listKeys(repository)
  const one = keys.find(key => key.kind === 'keyfile')
  const other = keys.find(key => key !== one)
  storage.before = () => removeKey(repository, other!.id)
  await expect(removeKey(repository, one!.id)).rejects.toMatchObject({ code: 'repository.lastKey' })
  expect((await listKeys(repository)).map(key => key.id)).toEqual([one!.id])
  await repositories.open(storage)
})
