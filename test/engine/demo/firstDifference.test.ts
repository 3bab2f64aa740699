import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { firstDifference } from '../../../engine/demo/firstDifference.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'

const folder = useTemporaryFolder()
const mib = 1024 ** 2

async function compare(a: Uint8Array, b: Uint8Array): Promise<number | undefined> {
  const paths = [join(folder.path, 'a'), join(folder.path, 'b')] as const
  await Promise.all([writeFile(paths[0], a), writeFile(paths[1], b)])
  return await firstDifference(...paths)
}

describe('firstDifference', () => {
  const bytes = Buffer.alloc(2 * mib + 17, 'holdfast')

  test('finds none between identical files', async () => {
    expect(await compare(bytes, Buffer.from(bytes))).toBe(undefined)
    expect(await compare(Buffer.alloc(0), Buffer.alloc(0))).toBe(undefined)
  })

  test.each([0, mib - 1, mib, 2 * mib + 16])('finds a single byte at %i', async offset => {
    const other = Buffer.from(bytes)
    other[offset]! ^= 1
    expect(await compare(bytes, other)).toBe(offset)
  })

  test('finds the end of the shorter file', async () => {
    expect(await compare(bytes, bytes.subarray(0, mib))).toBe(mib)
    expect(await compare(bytes.subarray(0, 5), bytes)).toBe(5)
  })

  test('fails when one of them is not there', async () => {
    await expect(firstDifference(join(folder.path, 'none'), '/dev/null')).rejects.toMatchObject({ code: 'ENOENT' })
  })
})
