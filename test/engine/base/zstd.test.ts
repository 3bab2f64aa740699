import { zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { builtInZstd, directZstd, zstd } from '../../../engine/base/linux/zstd.ts'
import { randomBytes } from '../../../engine/base/random.ts'

const text = Buffer.from('a day in the life of a disk '.repeat(5000))
const ways = { 'the library in the process': directZstd()!, 'node:zlib': builtInZstd(), 'what is chosen': zstd() }

describe.each(Object.entries(ways))('zstd through %s', (_, way) => {
  it.each([1, 3, 19])('writes at level %i what others read', level => {
    const out = Buffer.alloc(text.length)
    const length = way.compress(text, level, out)!
    expect(length).toBeLessThan(text.length / 10)
    expect(zstdDecompressSync(out.subarray(0, length)).equals(text)).toBe(true)
  })

  it('reads what others write', () => {
    const out = Buffer.alloc(text.length)
    expect(way.decompress(zstdCompressSync(text), out)).toBe(text.length)
    expect(out.equals(text)).toBe(true)
  })

  it('refuses when there is no room, and does not write past the end', () => {
    const memory = Buffer.alloc(2000, 0xee)
    expect(way.compress(randomBytes(1500), 1, memory.subarray(0, 1000))).toBeUndefined()
    expect(way.decompress(zstdCompressSync(text), memory.subarray(0, 1000))).toBeUndefined()
    expect(memory.subarray(1000).every(byte => byte === 0xee)).toBe(true)
  })

  it('refuses bytes that are no frame', () => {
    expect(way.decompress(randomBytes(500), Buffer.alloc(1000))).toBeUndefined()
    expect(way.decompress(zstdCompressSync(text).subarray(0, 20), Buffer.alloc(text.length))).toBeUndefined()
  })
})

it('is the library in the process on the pinned runtime', () => {
  expect(directZstd()).toBeDefined()
})
