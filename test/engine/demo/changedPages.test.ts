import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { changedPages } from '../../../engine/demo/changedPages.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'changed-pages-'))
})
afterEach(() => rm(folder, { recursive: true }))

async function compare(before: Buffer, after: Buffer): Promise<Awaited<ReturnType<typeof changedPages>>> {
  await writeFile(join(folder, 'before'), before)
  await writeFile(join(folder, 'after'), after)
  return changedPages(join(folder, 'before'), join(folder, 'after'))
}

describe('changedPages', () => {
  it('finds nothing in equal images', async () => {
    const image = randomBytes(5 * 4096)
    expect(await compare(image, image)).toMatchObject({ pages: 0, bytes: 0 })
  })

  it('counts each page once, across the pieces in which it reads', async () => {
    const before = randomBytes(9 * 1024 ** 2)
    const after = Buffer.from(before)
    for (const offset of [0, 1, 4096, 4 * 1024 ** 2 - 1, 4 * 1024 ** 2, before.length - 1]) after[offset]! ^= 1
    const found = await compare(before, after)
    expect(found.pages).toBe(5)
    expect(found.bytes).toBe(5 * 4096)
    expect(found.packedBytes).toBeGreaterThan(5 * 4096)
  })

  it('counts what was added at the end, a part of a page included', async () => {
    const before = randomBytes(4096 * 3)
    expect((await compare(before, Buffer.concat([before, randomBytes(5000)]))).pages).toBe(2)
    expect((await compare(before, before.subarray(0, 4096))).pages).toBe(0)
  })

  it('packs what repeats', async () => {
    const found = await compare(Buffer.alloc(1024 ** 2), Buffer.alloc(1024 ** 2, 'text '))
    expect(found.pages).toBe(256)
    expect(found.packedBytes).toBeLessThan(4096)
  })
})
