import { expect, test } from 'vitest'
import { checkRecords } from '../../../engine/maintenance/objectCheck.ts'
import { names } from '../../../engine/repository/format.ts'
import { ForwardingStorage } from '../../../engine/storage/forwarding.ts'
import { MemoryStorage } from '../../../engine/storage/memory.ts'
import { LeapingClock } from '../../support/leapingClock.ts'
import { makeRecord, useRepositories } from '../../support/tempRepository.ts'
import { idOf } from '../../support/versions.ts'

const repositories = useRepositories()

/** A clock on which others go on with their work while we wait. */
class BusyClock extends LeapingClock {
  meanwhile: (() => Promise<unknown>) | undefined

  override async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    const { meanwhile } = this
    this.meanwhile = undefined
    await meanwhile?.()
    await super.sleep(ms, signal)
  }
}

async function withVersion() {
  const clock = new BusyClock()
  const storage = new ForwardingStorage(new MemoryStorage(clock))
  const { repository } = await repositories.create({ storage, clock })
  const record = makeRecord({ id: idOf(7) })
  await repository.versions.putVersion(record)
  const name = names.version(record.id)
  const bytes = await storage.get(name)
  return { clock, storage, repository, name, bytes }
}

test('a record of which another process has yet to write the second place is no fault', async () => {
  const { clock, storage, repository, name, bytes } = await withVersion()
  await storage.delete(name)
  clock.meanwhile = () => storage.put(name, [bytes])
  expect(await checkRecords(repository)).toEqual([])
})

test('a record that another process is removing is no fault', async () => {
  const { clock, storage, repository, name } = await withVersion()
  await storage.delete(name)
  clock.meanwhile = () => storage.delete(names.copy(name))
  expect(await checkRecords(repository)).toEqual([])
})

test('a copy that stays missing is one', async () => {
  const { storage, repository, name, bytes } = await withVersion()
  await storage.delete(name)
  const [fault, ...others] = await checkRecords(repository)
  expect(fault).toMatchObject({ name, record: name, fault: 'missing' })
  expect(Buffer.compare(fault!.sound!, bytes)).toBe(0)
  expect(others).toEqual([])
})
