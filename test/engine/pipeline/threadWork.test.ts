import { mkdtemp, readFile, rename, rm, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { linux } from '../../../engine/base/linux.ts'
import { randomBytes } from '../../../engine/base/random.ts'
import { runScrub } from '../../../engine/maintenance/scrub.ts'
import { runBackup } from '../../../engine/pipeline/backup.ts'
import { BlockPool } from '../../../engine/pipeline/blockPool.ts'
import { type RestoreOptions, runRestore } from '../../../engine/pipeline/restore.ts'
import { startSpareThreads, takeThread } from '../../../engine/pipeline/spareThreads.ts'
import type { Repository } from '../../../engine/repository/repository.ts'
import { DirectoryStorage } from '../../../engine/storage/directory.ts'
import { ForwardingStorage } from '../../../engine/storage/forwarding.ts'
import type { Range, Storage } from '../../../engine/storage/storage.ts'
import { FileTarget } from '../../../engine/targets/file.ts'
import { MemorySource } from '../../support/memorySource.ts'
import { MemoryTarget } from '../../support/memoryTarget.ts'
import { alter, flipped, namesIn, useRepositories } from '../../support/tempRepository.ts'

const blockSizeBytes = 32 * 1024
const sizeBytes = 21 * 1024 * 1024 + 777
const repositories = useRepositories()

/** Half of it holes, text and noise in turn. */
function content(): Buffer {
  const bytes = Buffer.alloc(sizeBytes)
  for (let at = 0; at < sizeBytes; at += 300_000) {
    if ((at / 300_000) % 3 === 0) bytes.set(randomBytes(Math.min(250_000, sizeBytes - at)), at)
    if ((at / 300_000) % 3 === 1) bytes.fill(`line ${at} `, at, at + 90_000)
  }
  return bytes
}

/** Counts reads of packs that go through it, and lets threads go past it. */
class CountingStorage extends ForwardingStorage {
  packReads = 0

  override get(name: string, range?: Range, signal?: AbortSignal, room?: ArrayBuffer): Promise<Uint8Array> {
    // Whole packs, and frames of data: those of maps are shorter.
    if (name.startsWith('packs/') && (range?.length ?? Number.POSITIVE_INFINITY) > 20_000) this.packReads++
    return super.get(name, range, signal, room)
  }

  fileOf(name: string): string | undefined {
    return this.inner.fileOf?.(name)
  }
}

async function storedOnDisk() {
  const path = await mkdtemp(join(repositories.folder.path, 'repo-'))
  const directory = await DirectoryStorage.open(path, { expect: 'nothing' })
  const storage = new CountingStorage(directory)
  const { repository } = await repositories.create({ storage, blockSizeBytes })
  const bytes = content()
  await runBackup(repository, new MemorySource(bytes), { name: 'disk' })
  return { repository, storage, path, bytes, dataPack: await largestPack(storage) }
}

async function largestPack(storage: Storage): Promise<string> {
  const names = await namesIn(storage, 'packs')
  const sizes = await Promise.all(names.map(async name => (await storage.stat(name))!.sizeBytes))
  return names[sizes.indexOf(Math.max(...sizes))]!
}

/** Restores to a new file and gives what is in it. */
async function restoredFile(repository: Repository, options: RestoreOptions = {}) {
  const path = join(await mkdtemp(join(repositories.folder.path, 'out-')), 'disk.img')
  const target = await FileTarget.open(path, options.range?.length ?? sizeBytes, false, linux)
  try {
    const [version] = (await repository.refresh()).versions
    const result = await runRestore(repository, version!, target, options)
    return { result, bytes: await readFile(path) }
  } finally {
    await target.close()
  }
}

describe('a restore from files to a file', () => {
  it('is done by the threads alone', async () => {
    const { repository, storage, bytes } = await storedOnDisk()
    storage.packReads = 0
    const restored = await restoredFile(repository)
    expect(restored.bytes.equals(bytes)).toBe(true)
    expect(restored.result.damaged).toEqual([])
    expect(restored.result.writtenBytes + restored.result.skippedBytes).toBe(sizeBytes)
    expect(storage.packReads).toBe(0)
  })

  it('gives any range', async () => {
    const { repository, bytes } = await storedOnDisk()
    for (const [offset, length] of [
      [0, 1],
      [blockSizeBytes - 1, 5_000_000],
      [4_194_300, 9_000_001],
      [sizeBytes - 3, 3],
    ] as const) {
      const restored = await restoredFile(repository, { range: { offset, length } })
      expect(restored.bytes.equals(bytes.subarray(offset, offset + length))).toBe(true)
    }
  })

  it.each([
    ['altered', (path: string) => alterFile(path)],
    ['cut short', (path: string) => truncate(path, 400_000)],
    ['missing', (path: string) => rm(path)],
  ])('lists what is damaged in a pack that is %s, and gives all the rest', async (_how, harm) => {
    const { repository, path, bytes, dataPack } = await storedOnDisk()
    await harm(join(path, dataPack))
    const { result, bytes: back } = await restoredFile(repository)
    expect(result.damaged.length).toBeGreaterThan(0)
    const lost = (at: number) => result.damaged.some(({ offset, length }) => at >= offset && at < offset + length)
    for (let at = 0; at < sizeBytes; at += blockSizeBytes) {
      const end = Math.min(at + blockSizeBytes, sizeBytes)
      if (!lost(at)) expect(back.subarray(at, end).equals(bytes.subarray(at, end))).toBe(true)
    }
    expect(result.damaged.reduce((sum, { length }) => sum + length, 0)).toBeLessThan(sizeBytes)
  })

  it('says what is wrong with a target that takes nothing', async () => {
    const { repository } = await storedOnDisk()
    const target = new MemoryTarget(sizeBytes)
    // Descriptors that nobody can write to, of a target that fails as well.
    Object.assign(target, {
      descriptorsFor: () => ({ fd: 0x7fff_fff0, directFd: undefined }),
      write: () => Promise.reject(new Error('the disk is gone')),
    })
    const [version] = (await repository.refresh()).versions
    await expect(runRestore(repository, version!, target)).rejects.toThrow('the disk is gone')
  })

  it('is written by the target when the threads cannot', async () => {
    const { repository, bytes } = await storedOnDisk()
    const target = new MemoryTarget(sizeBytes)
    Object.assign(target, { descriptorsFor: () => ({ fd: 0x7fff_fff0, directFd: undefined }) })
    const [version] = (await repository.refresh()).versions
    const result = await runRestore(repository, version!, target)
    expect(target.content.equals(bytes)).toBe(true)
    expect(result.writtenBytes).toBe(target.writtenBytes)
  })

  it('ends soon when it is cancelled in the middle, and can be gone on with', async () => {
    const { repository, bytes } = await storedOnDisk()
    const path = join(await mkdtemp(join(repositories.folder.path, 'out-')), 'disk.img')
    const [version] = (await repository.refresh()).versions
    const cancel = new AbortController()
    const first = await FileTarget.open(path, sizeBytes, false, linux)
    const { descriptorsFor } = FileTarget.prototype
    let chunks = 0
    Object.assign(first, {
      descriptorsFor(offset: number, length: number) {
        if (++chunks === 3) cancel.abort()
        return descriptorsFor.call(first, offset, length)
      },
    })
    await expect(runRestore(repository, version!, first, { signal: cancel.signal, threads: 1 })).rejects.toMatchObject({
      code: 'run.cancelled',
    })
    await first.close()
    const second = await FileTarget.open(path, sizeBytes, true, linux)
    const result = await runRestore(repository, version!, second, { delta: true })
    await second.close()
    expect(result.damaged).toEqual([])
    expect((await readFile(path)).equals(bytes)).toBe(true)
  })

  it('with an own error when the range is beyond the target', async () => {
    const { repository } = await storedOnDisk()
    const path = join(await mkdtemp(join(repositories.folder.path, 'out-')), 'disk.img')
    const target = await FileTarget.open(path, 5_000_000, false, linux)
    const [version] = (await repository.refresh()).versions
    await expect(runRestore(repository, version!, target)).rejects.toMatchObject({ code: 'internal.bug' })
    await target.close()
  })
})

describe('a deep scrub of files', () => {
  it('is done by the threads alone', async () => {
    const { repository, storage } = await storedOnDisk()
    storage.packReads = 0
    const result = await runScrub(repository, { light: false })
    const light = await runScrub(repository, { light: true })
    expect(result).toMatchObject({ damaged: [], versions: [], checkedBlocks: light.checkedBlocks })
    expect(result.checkedBytes).toBeGreaterThan(1_000_000)
    expect(storage.packReads).toBe(0)
  })

  it('finds any altered byte, and what versions miss by it', async () => {
    const { repository, storage, dataPack } = await storedOnDisk()
    const { sizeBytes: packBytes } = (await storage.stat(dataPack))!
    for (const offset of [5, 30, 100, Math.floor(packBytes / 2), packBytes - 300, packBytes - 3]) {
      await alter(storage, dataPack, flipped(offset))
      const result = await runScrub(repository, { light: false })
      expect(result.damaged.map(({ object }) => object)).toContain(dataPack)
      expect(result.versions).toHaveLength(offset >= 84 && offset < packBytes - 100_000 ? 1 : 0)
      await alter(storage, dataPack, flipped(offset))
      expect((await runScrub(repository, { light: false })).versions).toEqual([])
    }
  })
})

describe('threads', () => {
  it('that were started ahead are the ones that are taken', async () => {
    startSpareThreads(2)
    startSpareThreads(2)
    const taken = [takeThread(), takeThread()]
    const ids = taken.map(({ threadId }) => threadId)
    taken.push(takeThread())
    expect(taken[2]!.threadId).toBeGreaterThan(Math.max(...ids))
    await Promise.all(taken.map(thread => thread.terminate()))
  })

  it('that ended before they were needed are not taken', async () => {
    startSpareThreads(1)
    const worker = takeThread()
    await worker.terminate()
    startSpareThreads(1)
    const pool = new BlockPool((await storedOnDisk()).repository.keyring, blockSizeBytes, { threads: 1 })
    const slot = await pool.acquire()
    expect((await pool.identify(slot, blockSizeBytes)).holes).toEqual(Uint8Array.of(1))
    await pool.close()
  })
})

async function alterFile(path: string): Promise<void> {
  const bytes = flipped(50_000)(await readFile(path))
  const { writeFile } = await import('node:fs/promises')
  await writeFile(`${path}.new`, bytes)
  await rename(`${path}.new`, path)
}
