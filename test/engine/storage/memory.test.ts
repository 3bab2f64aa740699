import { describe, expect, it } from 'vitest'
import { MemoryStorage } from '../../../engine/storage/memory.ts'
import { describeStorage } from '../../suites/storageSuite.ts'
import { LeapingClock } from '../../support/leapingClock.ts'

describeStorage('memory storage', async () => ({ storage: new MemoryStorage() }))

describe('memory storage', () => {
  it('refuses to put an equal object a second time', async () => {
    const storage = new MemoryStorage()
    await storage.put('a', [Buffer.from('a')])
    await expect(storage.put('a', [Buffer.from('a')])).rejects.toMatchObject({ code: 'storage.objectExists' })
  })

  it('dates objects by its clock', async () => {
    const clock = new LeapingClock(5000)
    const storage = new MemoryStorage(clock)
    await storage.put('a', [])
    clock.advance(1000)
    await storage.put('b', [])
    expect((await storage.stat('a'))?.modifiedAt).toBe(5000)
    expect((await storage.stat('b'))?.modifiedAt).toBe(6000)
  })
})
