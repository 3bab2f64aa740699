import { describe, expect, it } from 'vitest'
import type { PageCachePolicy } from '../../../engine/sources/pageCachePolicy.ts'
import { readSource } from '../../../engine/sources/reader.ts'
import { shortHandle } from '../../support/shortHandle.ts'

const pattern = (length: number) => Buffer.from(Array.from({ length }, (_, i) => (i % 251) + 1))

function recordingPolicy() {
  const told: string[] = []
  const policy: PageCachePolicy = {
    beforeRead: (offset, length) => void told.push(`before ${offset} ${length}`),
    afterRead: (offset, length) => void told.push(`after ${offset} ${length}`),
    finish: async () => undefined,
  }
  return { policy, told }
}

describe('reading a source', () => {
  it('goes on where the system read less than asked, up to the end', async () => {
    const { policy, told } = recordingPolicy()
    const buffer = Buffer.alloc(6000)
    expect(await readSource(shortHandle(pattern(5000)), '/x', buffer, 100, policy)).toBe(4900)
    expect(buffer.subarray(0, 4900)).toEqual(pattern(5000).subarray(100))
    expect(told).toEqual(['before 100 6000', 'after 100 6000'])
  })

  it('names the part that it could not read, after what it could, and lets the cache go', async () => {
    const { policy, told } = recordingPolicy()
    const buffer = Buffer.alloc(4000)
    await expect(readSource(shortHandle(pattern(5000), 2500), '/x', buffer, 100, policy)).rejects.toMatchObject({
      code: 'source.readFailed',
      details: { offset: 2500, length: 1600, path: '/x', errno: 'EIO' },
    })
    expect(buffer.subarray(0, 2400)).toEqual(pattern(5000).subarray(100, 2500))
    expect(told).toEqual(['before 100 4000', 'after 100 4000'])
  })
})
