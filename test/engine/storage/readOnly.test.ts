import { describe, expect, it } from 'vitest'
import { MemoryStorage } from '../../../engine/storage/memory.ts'
import { readOnly } from '../../../engine/storage/readOnly.ts'
import { describeReading } from '../../suites/storageReadingSuite.ts'

describeReading('read-only storage', async () => {
  const writer = new MemoryStorage()
  return { storage: readOnly(writer), writer }
})

describe('read-only storage', () => {
  it('changes nothing and says so', async () => {
    const memory = new MemoryStorage()
    await memory.put('a', [Buffer.from('a')])
    const storage = readOnly(memory)
    for (const attempt of [
      () => storage.put('b', []),
      () => storage.put('a', [], { overwrite: true }),
      () => storage.delete('a'),
      () => storage.prepare(['f']),
    ]) {
      await expect(attempt()).rejects.toMatchObject({ code: 'storage.readOnly', retryable: false })
    }
    expect(await memory.stat('b')).toBeUndefined()
    expect(Buffer.from(await memory.get('a')).toString()).toBe('a')
  })

  it('sweeps nothing, without failing', async () => {
    const memory = new MemoryStorage()
    memory.sweepTemporary = async () => 5
    expect(await readOnly(memory).sweepTemporary()).toBe(0)
  })
})
