import { expect, test } from 'vitest'
import { HoldfastError } from '../../../engine/contract/errors.ts'
import { diskPictureSchema } from '../../../engine/contract/library.ts'
import type { ReadRange } from '../../../engine/engineApi.ts'
import { pictureOf } from '../../../engine/helper/pictures.ts'

const mib = 1024 * 1024

/** Two partitions of Linux: 2 MiB at 1 MiB, and the rest from 8 MiB on; the first begins as swap. */
function disk(): Buffer {
  const bytes = Buffer.alloc(16 * mib)
  for (const [i, [start, size]] of [
    [1, 2],
    [8, 8],
  ].entries()) {
    const at = 446 + i * 16
    bytes[at + 4] = 0x83
    bytes.writeUInt32LE((start! * mib) / 512, at + 8)
    bytes.writeUInt32LE((size! * mib) / 512, at + 12)
  }
  bytes.writeUInt16LE(0xaa55, 510)
  bytes.write('SWAPSPACE2', mib + 4096 - 10, 'latin1')
  return bytes
}
const reader =
  (bytes: Buffer, damagedAt = -1): ReadRange =>
  async ({ offset, length }) => {
    if (offset <= damagedAt && damagedAt < offset + length) {
      throw new HoldfastError('integrity.blockDamaged', 'A block is damaged.')
    }
    return bytes.subarray(offset, offset + length)
  }

test('a disk is drawn with its partitions, what they hold, and the room between them', async () => {
  const picture = await pictureOf(reader(disk()), 16 * mib)
  expect(diskPictureSchema.parse(picture)).toEqual(picture)
  expect(picture).toMatchObject({ sizeBytes: 16 * mib, table: 'dos' })
  // What lies before the first is alignment.
  expect(picture.parts.map(({ kind, offset, length, type }) => [kind, offset / mib, length / mib, type])).toEqual([
    ['partition', 1, 2, 'swap'],
    ['free', 3, 5, null],
    ['partition', 8, 8, 'Linux'],
  ])
})

test('damage where a partition begins costs what is known of it, damage of the table all', async () => {
  const picture = await pictureOf(reader(disk(), mib), 16 * mib)
  expect(picture.parts[0]).toMatchObject({ kind: 'partition', type: 'Linux' })
  await expect(pictureOf(reader(disk(), 0), 16 * mib)).rejects.toMatchObject({ code: 'integrity.blockDamaged' })
})

test('without a table a disk is one part, and nothing is none', async () => {
  const picture = await pictureOf(reader(Buffer.alloc(2 * mib)), 2 * mib)
  expect(picture).toMatchObject({ table: null, parts: [{ kind: 'partition', offset: 0, length: 2 * mib, type: null }] })
  expect(await pictureOf(reader(Buffer.alloc(0)), 0)).toEqual({ sizeBytes: 0, table: null, parts: [] })
})
