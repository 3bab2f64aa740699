import { describe, expect, it } from 'vitest'
import { randomBelow, randomBytes } from '../../../engine/base/random.ts'
import type { Progress } from '../../../engine/contract/progress.ts'
import { runScrub } from '../../../engine/maintenance/scrub.ts'
import { runBackup } from '../../../engine/pipeline/backup.ts'
import { compareWithSource } from '../../../engine/pipeline/compareWithSource.ts'
import { type RestoreOptions, runRestore } from '../../../engine/pipeline/restore.ts'
import type { Repository } from '../../../engine/repository/repository.ts'
import { MemorySource } from '../../support/memorySource.ts'
import { MemoryTarget } from '../../support/memoryTarget.ts'
import { alter, namesIn, useRepositories } from '../../support/tempRepository.ts'

const blockSizeBytes = 16 * 1024
const repositories = useRepositories()

/** Stretches of random, repeated and zero bytes, so that frames, holes and known blocks alternate; a short last block. */
function mixedContent(sizeBytes: number): Buffer {
  const content = Buffer.alloc(sizeBytes)
  for (let at = 0; at < sizeBytes; ) {
    const length = Math.min(sizeBytes - at, (1 + randomBelow(12)) * 4096)
    const kind = randomBelow(4)
    if (kind === 0) content.set(randomBytes(length), at)
    else if (kind === 1) content.fill(`row ${randomBelow(50)} `, at, at + length)
    at += length
  }
  return content
}

async function stored(content: Buffer, name = 'disk') {
  const { repository } = await repositories.create({ blockSizeBytes })
  const result = await runBackup(repository, new MemorySource(content), { name })
  const version = (await repository.refresh()).versions.find(record => record.id === result.version)!
  return { repository, result, version }
}

const restored = async (repository: Repository, index: number, target: MemoryTarget, options?: RestoreOptions) =>
  runRestore(repository, (await repository.refresh()).versions[index]!, target, options)

describe('backup and restore', () => {
  it('give back what was there, with many slots and frames that are only partly new', async () => {
    const first = mixedContent(33 * 1024 * 1024 + 777)
    const { repository, version } = await stored(first)
    const second = Buffer.from(first)
    for (let i = 0; i < 120; i++) second.set(randomBytes(3000), randomBelow(second.length - 3000))
    await runBackup(repository, new MemorySource(second), { name: 'disk' })
    for (const [index, content] of [first, second].entries()) {
      const target = new MemoryTarget(content.length)
      const result = await restored(repository, index, target, { verify: true })
      expect(result).toMatchObject({ verified: true, damaged: [], writtenBytes: target.writtenBytes })
      expect(result.writtenBytes + result.skippedBytes).toBeGreaterThanOrEqual(content.length * 0.9)
      expect(target.content.equals(content)).toBe(true)
    }
    expect((await runScrub(repository, { light: false })).damaged).toEqual([])
    expect((await compareWithSource(repository, version, new MemorySource(first))).damaged).toEqual([])
    expect((await compareWithSource(repository, version, new MemorySource(second))).damaged).toHaveLength(1)
  })

  it('tell while a backup goes on how much of it is stored, which only grows and ends as what the version took', async () => {
    const { repository } = await repositories.create({ blockSizeBytes })
    const told: Progress[] = []
    const source = new MemorySource(randomBytes(8 * 1024 * 1024))
    const onProgress = (progress: Progress) => void told.push(progress)
    const { storedBytes } = await runBackup(repository, source, { name: 'disk', onProgress })
    const stored = told.map(progress => progress.storedBytes ?? Number.NaN)
    expect(stored[0]).toBe(0)
    expect(stored).toEqual(stored.toSorted((a, b) => a - b))
    expect(storedBytes).toBeGreaterThan(8 * 1024 * 1024)
    expect(stored.at(-1)).toBe(storedBytes)
  })

  it('restore any range to any place, and touch nothing around it', async () => {
    const content = mixedContent(1_000_000)
    const { repository } = await stored(content)
    for (let round = 0; round < 30; round++) {
      const offset = randomBelow(content.length)
      const length = 1 + randomBelow(content.length - offset)
      const targetOffset = randomBelow(5000)
      const target = new MemoryTarget(content.length + 10_000, 0xee)
      const verify = round % 2 === 0
      const result = await restored(repository, 0, target, { range: { offset, length }, targetOffset, verify })
      expect(result).toMatchObject({ verified: verify, damaged: [] })
      const wanted = Buffer.alloc(target.sizeBytes, 0xee)
      wanted.set(content.subarray(offset, offset + length), targetOffset)
      expect(target.content.equals(wanted)).toBe(true)
    }
  })

  it('in delta mode write only what differs, and clear what should be zeros', async () => {
    const content = mixedContent(2_000_000)
    const { repository } = await stored(content)
    const target = new MemoryTarget(content.length, 0xee)
    target.content.set(content)
    target.content.fill(1, 100_000, 100_010)
    const result = await restored(repository, 0, target, { delta: true })
    expect(target.content.equals(content)).toBe(true)
    expect(target.writtenBytes).toBeLessThanOrEqual(2 * blockSizeBytes)
    expect(result.skippedBytes).toBeGreaterThan(content.length * 0.4)
  })

  it('with sparse leave alone what the version holds as holes', async () => {
    const content = Buffer.alloc(1_000_000)
    content.fill(5, 0, blockSizeBytes)
    const { repository } = await stored(content)
    const target = new MemoryTarget(content.length, 0xee)
    await restored(repository, 0, target, { sparse: true })
    expect(target.content.subarray(0, blockSizeBytes).equals(content.subarray(0, blockSizeBytes))).toBe(true)
    expect(target.content.subarray(blockSizeBytes).every(byte => byte === 0xee)).toBe(true)
  })

  it('write again what the target lost at first, and list what it never takes', async () => {
    const content = randomBytes(500_000)
    const { repository } = await stored(content)
    const forgetful = new MemoryTarget(content.length)
    let lost = 0
    forgetful.tamper = data => (lost++ === 0 ? undefined : data)
    expect(await restored(repository, 0, forgetful, { verify: true })).toMatchObject({ verified: true, damaged: [] })
    expect(forgetful.content.equals(content)).toBe(true)

    const broken = new MemoryTarget(content.length)
    const bad = 3 * blockSizeBytes + 5
    broken.tamper = (data, offset) => {
      if (offset <= bad && bad < offset + data.length) data[bad - offset]! ^= 1
      return data
    }
    expect(await restored(repository, 0, broken, { verify: true })).toMatchObject({
      verified: false,
      damaged: [{ offset: 3 * blockSizeBytes, length: blockSizeBytes }],
    })
  })

  it('verify what lies at the edges of a range, and the holes, on the medium itself', async () => {
    const content = mixedContent(1_000_000)
    content.fill(0, 300_000, 700_000)
    const { repository } = await stored(content)
    const range = { offset: 5, length: 999_000 }
    const target = new MemoryTarget(content.length, 0xee)
    let isFirst = true
    target.tamper = (data, offset) => {
      if (isFirst && offset === range.offset) data[0]! ^= 1
      isFirst = false
      return data
    }
    const zero = target.zero.bind(target)
    let lost = 0
    target.zero = async (offset, length) => {
      if (lost++ > 0) await zero(offset, length)
    }
    const result = await restored(repository, 0, target, { range, targetOffset: range.offset, verify: true })
    expect(result).toMatchObject({ verified: true, damaged: [] })
    const end = range.offset + range.length
    expect(target.content.subarray(range.offset, end).equals(content.subarray(range.offset, end))).toBe(true)
    expect(target.forgotten).toBeGreaterThan(0)
  })

  it('write nothing where blocks are lost: neither altered bytes nor what another chunk left in the slot', async () => {
    // More than all slots together hold, so that each is used several times.
    const content = randomBytes(40 * 1024 * 1024)
    const { repository } = await stored(content)
    for (const pack of await namesIn(repository.storage, 'packs')) {
      // Small ones hold the map.
      await alter(repository.storage, pack, bytes => {
        if (bytes.length > 1_000_000) for (let at = 1000; at < bytes.length - 100_000; at += 700_000) bytes[at]! ^= 0x40
        return bytes
      })
    }
    for (const verify of [false, true]) {
      const target = new MemoryTarget(content.length, 0xee)
      const { damaged, verified } = await restored(repository, 0, target, { verify })
      expect([damaged.length > 5, verified]).toEqual([true, false])
      const expected = Buffer.from(content)
      for (const { offset, length } of damaged) expected.fill(0xee, offset, offset + length)
      expect(target.content.equals(expected)).toBe(true)
    }
  })

  it('call damaged what reads back wrong and cannot be fetched once more', async () => {
    const content = randomBytes(200_000)
    const { repository } = await stored(content)
    const target = new MemoryTarget(content.length)
    target.tamper = () => undefined
    // The repository fails between writing and reading back.
    target.flush = async () => {
      for (const pack of await namesIn(repository.storage, 'packs')) {
        await alter(repository.storage, pack, bytes => (bytes.length > 100_000 ? bytes.fill(0xaa, 90, 190_000) : bytes))
      }
    }
    const { verified, damaged } = await restored(repository, 0, target, { verify: true })
    expect({ verified, damaged }).toEqual({ verified: false, damaged: [{ offset: 0, length: content.length }] })
  })

  it('claim no verification that was not asked for', async () => {
    const content = randomBytes(100_000)
    const { repository } = await stored(content)
    const target = new MemoryTarget(content.length)
    expect(await restored(repository, 0, target)).toMatchObject({ verified: false, damaged: [] })
    expect(target.writtenBytes).toBe(content.length)
  })

  it('store nothing for an unchanged source, and each block once', async () => {
    const block = randomBytes(blockSizeBytes)
    const content = Buffer.concat(Array.from({ length: 300 }, () => block))
    const { repository, result } = await stored(content)
    expect(result).toMatchObject({ newBytes: blockSizeBytes, holeBytes: 0, readBytes: content.length })
    expect(await runBackup(repository, new MemorySource(content), { name: 'disk' })).toMatchObject({
      newBytes: 0,
      storedBytes: 0,
    })
  })

  it('keep a version of an unreadable source as incomplete, with the exact sectors', async () => {
    const content = randomBytes(400_000)
    const source = new MemorySource(content)
    for (const sector of [0, 512, 70 * 512, 600 * 512]) source.badSectors.add(sector)
    const { repository } = await repositories.create({ blockSizeBytes })
    const result = await runBackup(repository, source, { name: 'disk' })
    const unreadable = [
      { offset: 0, length: 1024 },
      { offset: 70 * 512, length: 512 },
      { offset: 600 * 512, length: 512 },
    ]
    expect(result).toMatchObject({ status: 'incomplete', unreadable })
    const expected = Buffer.from(content)
    for (const { offset, length } of unreadable) expected.fill(0, offset, offset + length)
    const target = new MemoryTarget(content.length)
    await restored(repository, 0, target)
    expect(target.content.equals(expected)).toBe(true)
  })

  it('call the lost end of a source that shrinks unreadable', async () => {
    const source = new MemorySource(randomBytes(400_000))
    source.cutAt = 300_000
    const { repository } = await repositories.create({ blockSizeBytes })
    expect(await runBackup(repository, source, { name: 'disk' })).toMatchObject({
      status: 'incomplete',
      unreadable: [{ offset: 300_000, length: 100_000 }],
    })
  })

  it('end with run.cancelled when the signal fires, and go on from there the next time', async () => {
    const content = randomBytes(40 * 1024 * 1024)
    const { repository } = await repositories.create({ blockSizeBytes })
    const controller = new AbortController()
    const source = new MemorySource(content)
    const read = source.read.bind(source)
    source.read = (buffer, offset) => {
      if (offset > 36 * 1024 * 1024) controller.abort()
      return read(buffer, offset)
    }
    await expect(runBackup(repository, source, { name: 'disk', signal: controller.signal })).rejects.toMatchObject({
      code: 'run.cancelled',
    })
    expect((await repository.refresh()).versions).toEqual([])
    const again = await runBackup(repository, new MemorySource(content), { name: 'disk' })
    expect(again.newBytes).toBeLessThan(content.length / 4)
    const target = new MemoryTarget(content.length)
    await restored(repository, 0, target)
    expect(target.content.equals(content)).toBe(true)
  })
})
