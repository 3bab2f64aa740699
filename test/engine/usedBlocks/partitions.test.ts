import { expect, it } from 'vitest'
import type { RangeSet } from '../../../engine/sources/ranges.ts'
import { usedOfDisk } from '../../../engine/usedBlocks/partitions.ts'
import type { UsedBlocks } from '../../../engine/usedBlocks/usedBlocks.ts'

const known = (fileSystem: string, used: RangeSet): UsedBlocks => ({ known: true, fileSystem, used })
const unknown: UsedBlocks = { known: false, fileSystem: 'crypto_LUKS', why: 'nothing is known' }

it('counts as used what partitions use, those that do not tell, and all around them', () => {
  const parts = [
    { offset: 100, sizeBytes: 200, blocks: known('vfat', [{ start: 0, end: 50 }]) },
    { offset: 400, sizeBytes: 100, blocks: unknown },
    { offset: 500, sizeBytes: 400, blocks: known('ext4', [{ start: 10, end: 20 }]) },
  ]
  expect(usedOfDisk(1000, parts)).toEqual(
    known('ext4, vfat', [
      { start: 0, end: 150 },
      { start: 300, end: 500 },
      { start: 510, end: 520 },
      { start: 900, end: 1000 },
    ]),
  )
})

it('believes no partition about what another one uses', () => {
  const parts = [
    { offset: 0, sizeBytes: 600, blocks: known('ext4', []) },
    { offset: 500, sizeBytes: 500, blocks: known('xfs', [{ start: 0, end: 200 }]) },
    { offset: 300, sizeBytes: 10, blocks: unknown },
  ]
  expect(usedOfDisk(1000, parts)).toEqual(
    known('ext4, xfs', [
      { start: 300, end: 310 },
      { start: 500, end: 700 },
    ]),
  )
})

it('knows nothing when no partition tells', () => {
  expect(usedOfDisk(1000, [{ offset: 0, sizeBytes: 600, blocks: unknown }])).toMatchObject({ known: false })
  expect(usedOfDisk(1000, [])).toMatchObject({ known: false })
})
