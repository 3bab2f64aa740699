import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { randomBytes } from '../../../engine/base/random.ts'
import { runBackup } from '../../../engine/pipeline/backup.ts'
import { compareWithSource } from '../../../engine/pipeline/compareWithSource.ts'
import { planByAllocation, planOfRest } from '../../../engine/pipeline/readPlan.ts'
import { runRestore } from '../../../engine/pipeline/restore.ts'
import { alignOut, normalize, type RangeSet } from '../../../engine/sources/ranges.ts'
import type { Source } from '../../../engine/sources/source.ts'
import { MemorySource } from '../../support/memorySource.ts'
import { MemoryTarget } from '../../support/memoryTarget.ts'
import { useRepositories } from '../../support/tempRepository.ts'

const blockSizeBytes = 16 * 1024
const MiB = 1024 * 1024
const repositories = useRepositories()

/** Only these bytes are in use, of 5 MiB and a bit. */
const used: RangeSet = [
  { start: 0, end: 5000 },
  { start: MiB + 1, end: 2 * MiB },
  { start: 5 * MiB, end: 5 * MiB + 777 },
]
const usedBlocks = alignOut(used, blockSizeBytes)

const withoutFree = (content: Buffer) => {
  const wanted = Buffer.alloc(content.length)
  for (const { start, end } of usedBlocks)
    content.copy(wanted, start * blockSizeBytes, start * blockSizeBytes, end * blockSizeBytes)
  return wanted
}

async function backedUp(content: Buffer, isStillTrue?: () => Promise<boolean>) {
  const { repository } = await repositories.create({ blockSizeBytes })
  const source = new MemorySource(content)
  const allocated = isStillTrue ? { used, isStillTrue } : { used }
  const result = await runBackup(repository, source, { name: 'disk', allocated })
  const version = (await repository.refresh()).versions[0]!
  const target = new MemoryTarget(content.length, 0xee)
  await runRestore(repository, version, target)
  return { repository, source, result, version, restored: target.content }
}

describe('what somebody says is in use', () => {
  it('is read, by whole blocks, and the rest becomes holes', async () => {
    const content = randomBytes(5 * MiB + 777)
    const { result, restored } = await backedUp(content, async () => true)
    const wanted = withoutFree(content)
    expect(restored.equals(wanted)).toBe(true)
    const readBytes = blockSizeBytes + MiB + 777
    expect(result).toMatchObject({ method: 'allocation', readBytes, newBytes: readBytes, status: 'complete' })
    expect(result.holeBytes).toBe(content.length - readBytes)
  })

  it('is no difference from the source where it is free by now, too', async () => {
    const content = randomBytes(5 * MiB + 777)
    const { repository, source, version } = await backedUp(content)
    expect((await compareWithSource(repository, version, source, { used })).damaged).toEqual([])
    const { damaged } = await compareWithSource(repository, version, source)
    expect(damaged[0]!.ranges).toEqual([
      { version: version.id, offset: blockSizeBytes, length: MiB - blockSizeBytes },
      { version: version.id, offset: 2 * MiB, length: 3 * MiB },
    ])
  })

  it('is not believed when it changed meanwhile: then the rest is read as well', async () => {
    const content = randomBytes(5 * MiB + 777)
    content.fill(0, 3 * MiB, 4 * MiB)
    const { result, restored } = await backedUp(content, async () => false)
    expect(restored.equals(content)).toBe(true)
    expect(result).toMatchObject({ method: 'full', readBytes: content.length, status: 'complete', holeBytes: MiB })
  })

  it('does not hide what cannot be read of the rest', async () => {
    const content = randomBytes(5 * MiB + 777)
    const { repository } = await repositories.create({ blockSizeBytes })
    const source = new MemorySource(content)
    source.badSectors.add(512).add(3 * MiB)
    const allocated = { used, isStillTrue: async () => false }
    const { unreadable, status } = await runBackup(repository, source, { name: 'disk', allocated })
    expect(status).toBe('incomplete')
    expect(unreadable).toEqual([
      { offset: 512, length: 512 },
      { offset: 3 * MiB, length: 512 },
    ])
  })

  it('goes together with holes that the source knows of, and both plans together miss nothing', () => {
    const spans = fc.array(
      fc.tuple(fc.nat(4000), fc.nat(4000)).map(([a, b]) => ({ start: Math.min(a, b), end: Math.max(a, b) })),
      { maxLength: 8 },
    )
    fc.assert(
      fc.property(spans, spans, (data, inUse) => {
        const extents = normalize(data).map(({ start, end }) => ({ offset: start, length: end - start }))
        const source = { sizeBytes: 4000, extents: () => extents } as unknown as Source
        const set = normalize(inUse)
        const blocksOf = (plan: Iterable<{ start: number; end: number }>) =>
          [...plan].flatMap(({ start, end }) => Array.from({ length: end - start }, (_, i) => start + i))
        const first = blocksOf(planByAllocation(source, 64, set))
        const rest = blocksOf(planOfRest(source, 64, set))
        const all = blocksOf(planByAllocation(source, 64))
        expect([...first, ...rest].sort((a, b) => a - b)).toEqual(all)
        const touched = new Set(blocksOf(alignOut(set, 64)))
        expect(first).toEqual(all.filter(block => touched.has(block)))
      }),
    )
  })
})
