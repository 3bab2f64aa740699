import { describe, expect, it } from 'vitest'
import { readFully, writeFully, writeZeros } from '../../../engine/targets/writer.ts'
import { shortHandle } from '../../support/shortHandle.ts'

const pattern = (length: number) => Buffer.from(Array.from({ length }, (_, i) => (i % 251) + 1))

const at = (file: ReturnType<typeof shortHandle>) => ({ path: '/x', file, direct: undefined })

describe('writing and reading in full', () => {
  it('goes on where the system wrote less than asked', async () => {
    const bytes = Buffer.alloc(5000)
    await writeFully(at(shortHandle(bytes)), pattern(3456), 100)
    expect(bytes).toEqual(Buffer.concat([Buffer.alloc(100), pattern(3456), Buffer.alloc(5000 - 3556)]))
  })

  it('goes on where the system read less than asked, up to the end', async () => {
    const buffer = Buffer.alloc(6000)
    expect(await readFully(at(shortHandle(pattern(5000))), buffer, 100)).toBe(4900)
    expect(buffer.subarray(0, 4900)).toEqual(pattern(5000).subarray(100))
  })

  it('names the byte at which it could not go on', async () => {
    const handle = at(shortHandle(Buffer.alloc(5000), 2500))
    const failure = { code: 'target.writeFailed', details: { path: '/x', offset: 2500, length: 600, errno: 'EIO' } }
    await expect(writeFully(handle, pattern(3000), 100)).rejects.toMatchObject(failure)
    await expect(readFully(handle, pattern(3000), 100)).rejects.toMatchObject(failure)
  })

  it('writes zeros over any range and nothing else', async () => {
    const bytes = pattern(3_000_000)
    await writeZeros(at(shortHandle(bytes)), 10, 2_500_000)
    expect(bytes.equals(pattern(3_000_000).fill(0, 10, 2_500_010))).toBe(true)
  })
})
