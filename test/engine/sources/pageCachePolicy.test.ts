import { open, statfs } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createLinuxCalls, type LinuxCalls, linux } from '../../../engine/base/linux.ts'
import { openSource } from '../../../engine/sources/open.ts'
import { createPageCachePolicy } from '../../../engine/sources/pageCachePolicy.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'

const MiB = 1024 * 1024
const folder = useTemporaryFolder()
const pageBytes = linux.pageBytes()

const tmpfsMagic = 0x01021994

/** Why the state of the page cache cannot be seen here; undefined when it can. */
async function whyNoPageCache(): Promise<string | undefined> {
  if ((await statfs(tmpdir())).type === tmpfsMagic) return `${tmpdir()} is a tmpfs, which is nothing but page cache`
  const file = await open(process.execPath)
  const listed = linux.listCachedPages(file.fd, 0, 4096)
  await file.close()
  return listed === 'unsupported' ? 'mincore, or the native module, is missing' : undefined
}

const noPageCache = await whyNoPageCache()
if (noPageCache) console.warn(`Tests on the page cache are skipped: ${noPageCache}`)

describe.skipIf(noPageCache)('the page cache after reading a file', () => {
  const sizeBytes = 50 * MiB + 5000

  /** A file on disk of which nothing is cached, but the ranges given. */
  async function makeFile(...cachedRanges: [offset: number, length: number][]) {
    const path = join(folder.path, 'image')
    const file = await open(path, 'w+')
    const data = Buffer.alloc(MiB, 7)
    for (let at = 0; at < sizeBytes; at += MiB) await file.write(data, 0, Math.min(MiB, sizeBytes - at), at)
    await file.sync()
    await linux.forgetPages(file.fd, 0, sizeBytes)
    for (const [offset, length] of cachedRanges) {
      for (let at = offset; at < offset + length; at += MiB) {
        await file.read(data, 0, Math.min(MiB, offset + length - at), at)
      }
    }
    return { path, file, pages: () => Buffer.from(linux.listCachedPages(file.fd, 0, sizeBytes) as Uint8Array) }
  }

  async function readAll(path: string, calls: LinuxCalls, chunk = MiB, atOnce = 1): Promise<void> {
    const source = await openSource(path, { calls })
    for (let at = 0; at < sizeBytes; at += chunk * atOnce) {
      await Promise.all(Array.from({ length: atOnce }, (_, i) => source.read(Buffer.alloc(chunk), at + i * chunk)))
    }
    await source.close()
  }

  const cachedPages = (pages: Buffer) => pages.reduce((sum, page) => sum + page, 0)
  const withoutCachestat: LinuxCalls = { ...createLinuxCalls(), countCachedPages: () => 'unsupported' }
  const withoutMincore: LinuxCalls = { ...createLinuxCalls(), listCachedPages: () => 'unsupported' }
  const withNeither: LinuxCalls = { ...withoutCachestat, listCachedPages: () => 'unsupported' }
  const failing: LinuxCalls = {
    ...createLinuxCalls(),
    countCachedPages: () => {
      throw new Error('EBADF')
    },
  }
  const ways: [string, LinuxCalls][] = [
    ['cachestat and mincore', linux],
    ['mincore alone', withoutCachestat],
    ['cachestat alone', withoutMincore],
    ['a cachestat that fails', failing],
  ]

  it.each([...ways, ['nothing to ask', withNeither] as const])('is as empty as before, with %s', async (_, calls) => {
    const { path, file, pages } = await makeFile()
    expect(cachedPages(pages())).toBe(0)
    await readAll(path, calls)
    expect(cachedPages(pages())).toBe(0)
    await file.close()
  })

  it('is full when nothing is dropped, so the tests here can fail', async () => {
    const { path, file, pages } = await makeFile()
    await readAll(path, { ...linux, forgetPages: async () => 'unsupported' })
    expect(cachedPages(pages())).toBe(pages().length)
    await file.close()
  })

  it.each(ways)('still holds all of a file that somebody else had cached, with %s', async (_, calls) => {
    const { path, file, pages } = await makeFile([0, sizeBytes])
    expect(cachedPages(pages())).toBe(pages().length)
    await readAll(path, calls)
    expect(cachedPages(pages())).toBe(pages().length)
    await file.close()
  })

  it.each([
    ['one chunk after the other', MiB, 1],
    ['small chunks', 48 * 1024, 1],
    ['chunks that cross all borders, several at the same time', 3 * MiB + 4096 * 5, 4],
  ])('holds just the pages that it held before, read in %s', async (_, chunk, atOnce) => {
    const { path, file, pages } = await makeFile([3 * MiB, 300_000], [20 * MiB, 9 * MiB], [49 * MiB, MiB])
    const before = pages()
    expect(cachedPages(before)).toBeGreaterThan((10 * MiB) / pageBytes)
    expect(cachedPages(before)).toBeLessThan(before.length)
    await readAll(path, linux, chunk, atOnce)
    const after = pages()
    const lost = before.filter((page, i) => page === 1 && after[i] === 0).length
    const kept = before.filter((page, i) => page === 0 && after[i] === 1).length
    expect({ lost, kept }).toEqual({ lost: 0, kept: 0 })
    await file.close()
  })

  it('is left alone by what was read ahead of a read of a small part', async () => {
    const { path, file, pages } = await makeFile()
    const source = await openSource(path)
    for (let at = 17 * MiB; at < 19 * MiB; at += 64 * 1024) await source.read(Buffer.alloc(64 * 1024), at)
    // What the kernel is just reading ahead cannot be dropped; wait until it has caught up.
    for (let before = -1, now = cachedPages(pages()); now !== before; ) {
      await new Promise(resolve => setTimeout(resolve, 20))
      before = now
      now = cachedPages(pages())
    }
    await source.close()
    expect(cachedPages(pages())).toBe(0)
    await file.close()
  })
})

describe('the page cache policy', () => {
  /** A kernel that records what it is told, with nothing cached. */
  function recorder() {
    const dropped: [number, number][] = []
    let looks = 0
    const calls: LinuxCalls = {
      ...createLinuxCalls(() => undefined),
      countCachedPages: () => {
        looks++
        return 0
      },
      forgetPages: async (_, offset, length) => {
        dropped.push([offset, length])
        return 'done'
      },
    }
    return { calls, dropped, looks: () => looks }
  }
  const read = (policy: ReturnType<typeof createPageCachePolicy>, offset: number, length: number) => {
    policy.beforeRead(offset, length)
    policy.afterRead(offset, length)
  }

  it('drops a window as soon as it was read to its end, and asks once for each window', async () => {
    const { calls, dropped, looks } = recorder()
    const policy = createPageCachePolicy(0, 64 * MiB, calls)
    for (let at = 0; at < 16 * MiB; at += MiB) read(policy, at, MiB)
    expect(dropped).toEqual([[0, 16 * MiB]])
    expect(looks()).toBe(3)
    await policy.finish()
    expect(dropped.sort(([a], [b]) => a - b)).toEqual([
      [0, 16 * MiB],
      [16 * MiB, 16 * MiB],
      [32 * MiB, 16 * MiB],
    ])
  })

  it('does not drop a window under a read that has not ended', async () => {
    const { calls, dropped } = recorder()
    const policy = createPageCachePolicy(0, 16 * MiB, calls)
    policy.beforeRead(0, 8 * MiB)
    policy.beforeRead(8 * MiB, 8 * MiB)
    policy.afterRead(8 * MiB, 8 * MiB)
    expect(dropped).toEqual([])
    policy.afterRead(0, 8 * MiB)
    expect(dropped).toEqual([[0, 16 * MiB]])
    await policy.finish()
  })

  it('does not drop a window under a second read of the same part', async () => {
    const { calls, dropped } = recorder()
    const policy = createPageCachePolicy(0, 16 * MiB, calls)
    policy.beforeRead(0, 16 * MiB)
    policy.beforeRead(0, 4096)
    policy.afterRead(0, 16 * MiB)
    expect(dropped).toEqual([])
    policy.afterRead(0, 4096)
    expect(dropped).toEqual([[0, 16 * MiB]])
    await policy.finish()
  })

  it.each([
    ['all', 1],
    ['none', 0],
  ])('looks at a few pages of a window when only mincore is there and %s are cached', async (_, page) => {
    const { calls, dropped } = recorder()
    let listed = 0
    const policy = createPageCachePolicy(0, 16 * MiB, {
      ...calls,
      countCachedPages: () => 'unsupported',
      listCachedPages(_, __, length) {
        listed += length
        return new Uint8Array(length / 4096).fill(page)
      },
    })
    read(policy, 0, 16 * MiB)
    expect(listed).toBeLessThan(MiB)
    expect(dropped).toEqual(page === 1 ? [] : [[0, 16 * MiB]])
    await policy.finish()
  })

  it('drops windows that were read in part once reading has moved on, so that it never holds many', async () => {
    const { calls, dropped } = recorder()
    const policy = createPageCachePolicy(0, 2 ** 40, calls)
    for (let window = 0; window < 1000; window += 5) read(policy, window * 16 * MiB + 4096, 4096)
    // Each place is a window and two ahead of it; twelve are kept.
    expect(dropped).toHaveLength(200 * 3 - 12)
    await policy.finish()
    expect(dropped).toHaveLength(200 * 3)
  })

  it('asks for nothing beyond the end', async () => {
    const { calls, dropped } = recorder()
    const policy = createPageCachePolicy(0, 10 * MiB + 1, calls)
    read(policy, 10 * MiB, MiB)
    read(policy, 20 * MiB, MiB)
    await policy.finish()
    expect(dropped).toEqual([[0, 10 * MiB + 1]])
  })

  it('goes on when the kernel does not take the advice', async () => {
    const { calls } = recorder()
    const policy = createPageCachePolicy(0, MiB, { ...calls, forgetPages: () => Promise.reject(new Error('EIO')) })
    read(policy, 0, MiB)
    await expect(policy.finish()).resolves.toBeUndefined()
  })
})
