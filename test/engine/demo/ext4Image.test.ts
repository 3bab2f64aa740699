import { execFileSync } from 'node:child_process'
import { copyFile, mkdtemp, open, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { changedPages } from '../../../engine/demo/changedPages.ts'
import { applyDayChange } from '../../../engine/demo/dayChange.ts'
import { assertClean, debugfs, type ImageTree, listImage, quoted } from '../../../engine/demo/e2fs.ts'
import { imagePlaces, makeImage } from '../../../engine/demo/ext4Image.ts'

const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin`, LC_ALL: 'C' }
const isInstalled = (program: string): boolean => {
  try {
    execFileSync(program, ['-V'], { env, stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
const tools = ['mke2fs', 'debugfs', 'e2fsck', 'dumpe2fs'].every(isInstalled)
const sizeBytes = 48 * 1024 ** 2

describe.skipIf(!tools)('ext4 images (needs e2fsprogs)', () => {
  let folder: string
  let image: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ext4-image-'))
    image = join(folder, 'disk.img')
    await makeImage({ path: image, sizeBytes, seed: 1 })
  }, 60_000)
  afterAll(() => rm(folder, { recursive: true, force: true }))

  /** Content of files inside an image. */
  async function contents(of: string, paths: string[]): Promise<Buffer[]> {
    const dir = await mkdtemp(join(folder, 'dump-'))
    await debugfs(
      of,
      paths.map((path, i) => `dump ${quoted(path)} ${join(dir, String(i))}`),
    )
    const read = await Promise.all(paths.map((_, i) => readFile(join(dir, String(i)))))
    await rm(dir, { recursive: true })
    return read
  }
  const content = async (of: string, path: string): Promise<Buffer> => (await contents(of, [path]))[0]!
  const pathsOf = (tree: ImageTree): string[] => tree.files.map(file => file.path)

  async function afterDay(name: string, heavy: boolean): Promise<string> {
    const after = join(folder, name)
    await copyFile(image, after)
    await applyDayChange({ path: after, seed: 1, heavy })
    return after
  }

  describe('makeImage', () => {
    it('makes a clean file system of the size asked for, with real files of this machine', async () => {
      await assertClean(image)
      expect((await stat(image)).size).toBe(sizeBytes)
      const system = pathsOf(await listImage(image)).filter(path => path.startsWith('/usr/'))
      expect(system.length).toBeGreaterThan(50)
      expect((await content(image, system[0]!)).equals(await readFile(system[0]!))).toBe(true)
    })

    it('fills about the share asked for, with pictures, logs and a database', async () => {
      const { files } = await listImage(image)
      const used = files.reduce((sum, file) => sum + Math.ceil(file.sizeBytes / 4096) * 4096, 0)
      expect(used / sizeBytes).toBeGreaterThan(0.5)
      expect(used / sizeBytes).toBeLessThan(0.7)
      for (const place of [imagePlaces.database, imagePlaces.logs, imagePlaces.pictures]) {
        expect(files.some(file => file.path.startsWith(place))).toBe(true)
      }
    })

    it('leaves old data in free blocks, as a used disk has it', async () => {
      const { directories, files } = await listImage(image)
      expect(directories).toContain(imagePlaces.downloads)
      expect(files.some(file => file.path.startsWith(imagePlaces.downloads))).toBe(false)
      expect(await nonZeroFreeBlocks(image)).toBeGreaterThan(200)
    })

    it('chooses the same files for the same seed and others for another', async () => {
      const trees: string[][] = []
      for (const seed of [1, 2]) {
        const path = join(folder, `seed-${seed}.img`)
        await makeImage({ path, sizeBytes: 32 * 1024 ** 2, seed })
        trees.push(pathsOf(await listImage(path)))
        await rm(path)
      }
      const again = join(folder, 'again.img')
      await makeImage({ path: again, sizeBytes: 32 * 1024 ** 2, seed: 1 })
      expect(pathsOf(await listImage(again))).toEqual(trees[0])
      expect(trees[1]).not.toEqual(trees[0])
    }, 60_000)

    it('never writes over an existing file', async () => {
      const path = join(folder, 'precious')
      await writeFile(path, 'precious')
      await expect(makeImage({ path, sizeBytes, seed: 1 })).rejects.toMatchObject({ code: 'target.exists' })
      expect(await readFile(path, 'utf8')).toBe('precious')
    })

    it('refuses sizes and fills that cannot work', async () => {
      const path = join(folder, 'refused.img')
      const refused = { code: 'usage.invalid' }
      await expect(makeImage({ path, sizeBytes: 1024 ** 2, seed: 1 })).rejects.toMatchObject(refused)
      await expect(makeImage({ path, sizeBytes, seed: 1, fill: 0.95 })).rejects.toMatchObject(refused)
    })

    it('leaves nothing behind when it is cancelled', async () => {
      const before = await readdir(folder)
      const path = join(folder, 'cancelled.img')
      const making = makeImage({ path, sizeBytes, seed: 1, signal: AbortSignal.abort() })
      await expect(making).rejects.toMatchObject({ code: 'run.cancelled' })
      expect(await readdir(folder)).toEqual(before)
    })
  })

  describe('applyDayChange', () => {
    it('changes a few percent of the pages and leaves a clean file system', async () => {
      const after = await afterDay('day.img', false)
      await assertClean(after)
      const { bytes, packedBytes } = await changedPages(image, after)
      expect(bytes / sizeBytes).toBeGreaterThan(0.01)
      expect(bytes / sizeBytes).toBeLessThan(0.12)
      expect(packedBytes).toBeLessThan(bytes)
    })

    it('makes logs longer and keeps what they had', async () => {
      const after = await afterDay('logs.img', false)
      const path = `${imagePlaces.logs}/syslog`
      const [older, newer] = [await content(image, path), await content(after, path)]
      expect(newer.length).toBeGreaterThan(older.length)
      expect(newer.subarray(0, older.length).equals(older)).toBe(true)
      expect(newer.includes(0)).toBe(false)
    })

    it('brings in new files of this machine, deletes others and edits some where they are', async () => {
      const after = join(folder, 'files.img')
      await copyFile(image, after)
      const report = await applyDayChange({ path: after, seed: 1 })
      const [older, newer] = [await listImage(image), await listImage(after)]
      const added = pathsOf(newer).filter(path => !pathsOf(older).includes(path))
      const gone = pathsOf(older).filter(path => !pathsOf(newer).includes(path))
      expect(added.length).toBe(report.newFiles)
      expect(gone.length).toBe(report.deletedFiles)
      const system = added.filter(path => path.startsWith('/usr/'))
      expect(system.length).toBeGreaterThan(0)
      expect((await content(after, system[0]!)).equals(await readFile(system[0]!))).toBe(true)
      const kept = pathsOf(older).filter(path => path.startsWith('/usr/') && !gone.includes(path))
      const then = await contents(image, kept)
      const now = await contents(after, kept)
      const edited = kept.filter((_, i) => !then[i]!.equals(now[i]!))
      expect(edited.length).toBe(report.editedFiles)
      expect(kept.every((_, i) => then[i]!.length === now[i]!.length)).toBe(true)
    })

    it('on a heavy day also copies a folder whole and writes into the database page by page', async () => {
      const after = join(folder, 'heavy.img')
      await copyFile(image, after)
      const report = await applyDayChange({ path: after, seed: 1, heavy: true })
      const tree = await listImage(after)
      const copied = pathsOf(tree).filter(path => path.includes('-copy1/'))
      expect(copied.length).toBeGreaterThan(0)
      const originals = await contents(
        after,
        copied.map(path => path.replace('-copy1/', '/')),
      )
      expect((await contents(after, copied)).map((c, i) => c.equals(originals[i]!))).not.toContain(false)
      expect(copied.some(path => path.endsWith('.new'))).toBe(false)

      const older = await content(image, imagePlaces.database)
      const newer = await content(after, imagePlaces.database)
      const pages = Array.from({ length: older.length / 4096 }, (_, i) => i * 4096)
      const changed = pages.filter(at => !older.subarray(at, at + 4096).equals(newer.subarray(at, at + 4096)))
      expect(changed.length).toBeGreaterThan(0)
      expect(changed.length).toBeLessThanOrEqual(report.randomWrites)
      expect(report.rewrittenFiles).toBeGreaterThan(0)
    })

    it('can be done day after day', async () => {
      const path = join(folder, 'days.img')
      await copyFile(image, path)
      for (const seed of [1, 2, 3]) {
        const report = await applyDayChange({ path, seed, heavy: true })
        expect(report.newFiles).toBeGreaterThan(0)
      }
      await assertClean(path)
    }, 60_000)

    it('refuses a file that is no clean ext4 image, and leaves it alone', async () => {
      const path = join(folder, 'noise')
      await writeFile(path, Buffer.alloc(1024 ** 2, 7))
      await expect(applyDayChange({ path, seed: 1 })).rejects.toMatchObject({ code: 'target.writeFailed' })
      expect((await readFile(path)).equals(Buffer.alloc(1024 ** 2, 7))).toBe(true)
    })
  })
})

/** Counts blocks that the file system calls free and that are not all zero. */
async function nonZeroFreeBlocks(image: string): Promise<number> {
  const listing = execFileSync('dumpe2fs', [image], { env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
  const handle = await open(image)
  let count = 0
  try {
    for (const [, ranges] of listing.matchAll(/^ {2}Free blocks: (.+)$/gm)) {
      for (const range of ranges!.split(', ')) {
        const [first, last] = range.split('-').map(Number)
        for (let block = first!; block <= (last ?? first!); block++) {
          const { buffer } = await handle.read(Buffer.alloc(4096), 0, 4096, block * 4096)
          if (!buffer.equals(Buffer.alloc(4096))) count++
        }
      }
    }
  } finally {
    await handle.close()
  }
  return count
}
