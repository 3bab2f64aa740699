import { execFileSync } from 'node:child_process'
import {
  closeSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createEngine } from '../../engine/engine.ts'
import type { Session } from '../../engine/engineApi.ts'
import { count, type RangeSet, subtract } from '../../engine/sources/ranges.ts'
import { readUsedBlocks } from '../../engine/usedBlocks/readUsedBlocks.ts'
import { holdfast, placeIn } from '../support/holdfast.ts'
import { attachLoop, type LoopDevice, mountAt, noLoopDevices } from '../support/loopDevice.ts'
import { missingProgram } from '../support/programs.ts'
import { attackSecret } from '../support/repositoryAttack.ts'
import { byMtools, type FileSystemCase, mounted, poisonedFile, runTool } from '../support/usedFileSystems.ts'

const MiB = 1024 * 1024
let folder = ''
let loop: LoopDevice
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-used-'))
})
afterEach(async () => {
  await session?.close()
  session = undefined
  loop.detach()
  rmSync(folder, { recursive: true })
})

const byMount = mounted(() => join(folder, 'mnt'))
const byNtfs3g = mounted(
  () => join(folder, 'mnt'),
  (device, at) => {
    runTool('ntfs-3g', device, at)
    return () => void runTool('umount', at)
  },
)
const byTools = byMtools(() => folder)

const ext = (name: string, type: string, ...options: string[]): FileSystemCase => ({
  name,
  type,
  sizeMiB: 96,
  make: [`mkfs.${type}`, '-q', '-F', ...options],
  check: ['e2fsck', '-fn'],
  access: byMount,
})
const btrfs = (name: string, ...options: string[]): FileSystemCase => ({
  name,
  type: 'btrfs',
  sizeMiB: 256,
  make: ['mkfs.btrfs', '-q', '-f', ...options],
  check: ['btrfs', 'check', '--readonly', '--check-data-csum'],
  access: byMount,
})
const fat = (bits: number, sizeMiB: number): FileSystemCase => ({
  name: `FAT${bits}`,
  type: 'vfat',
  sizeMiB,
  make: ['mkfs.vfat', '-F', String(bits), ...(bits === 32 ? ['-s', '1'] : [])],
  check: ['fsck.vfat', '-n'],
  access: byTools,
})

const cases: readonly FileSystemCase[] = [
  ext('ext4', 'ext4'),
  ext('ext4 with clusters', 'ext4', '-b', '4096', '-O', 'bigalloc', '-C', '65536'),
  ext('ext4 with groups on their own', 'ext4', '-O', '^flex_bg,^resize_inode,meta_bg', '-b', '1024'),
  ext('ext4 without checksums', 'ext4', '-O', '^metadata_csum,uninit_bg', '-b', '4096'),
  ext('ext3', 'ext3'),
  ext('ext2 of 1 KiB blocks', 'ext2', '-b', '1024'),
  {
    name: 'xfs',
    type: 'xfs',
    sizeMiB: 320,
    make: ['mkfs.xfs', '-q', '-f'],
    check: ['xfs_repair', '-n'],
    access: byMount,
  },
  btrfs('btrfs with metadata twice', '-m', 'dup', '-d', 'single'),
  btrfs('btrfs with everything once', '-m', 'single', '-d', 'single'),
  btrfs('btrfs with everything twice', '-m', 'dup', '-d', 'dup'),
  {
    name: 'ntfs',
    type: 'ntfs',
    sizeMiB: 96,
    make: ['mkfs.ntfs', '-q', '-F', '-Q'],
    check: ['ntfsfix', '-n'],
    access: byNtfs3g,
  },
  fat(12, 8),
  fat(16, 64),
  fat(32, 64),
]
const programsOf = (one: FileSystemCase) => [
  one.make[0]!,
  one.check[0]!,
  ...(one.type === 'vfat' ? ['mcopy'] : []),
  ...(one.type === 'xfs' ? ['xfs_db', 'xfs_logprint'] : []),
  ...(one.type === 'ntfs' ? ['ntfscat', 'ntfs-3g'] : []),
]
const missing = new Map(
  [...new Set(cases.flatMap(programsOf))].map(program => [program, missingProgram(program)] as const),
)

/** Files that stay, and old data in what is free: more was written than is there now, in pieces of many sizes. */
function fill(one: FileSystemCase, device: string): void {
  runTool(one.make[0]!, ...one.make.slice(1), device)
  const unit = Math.floor((one.sizeMiB * MiB) / 128)
  const sizes = Array.from({ length: 24 }, (_, i) => 1 + Math.floor((unit * (1 + (i % 7))) / (i % 3 === 0 ? 40 : 4)))
  one.access.write(device, 'old', sizes, 1)
  one.access.thinOut(device, 'old')
  one.access.write(device, 'kept', sizes.slice(0, 12), 2)
  one.access.thinOut(device, 'kept')
  runTool('blockdev', '--flushbufs', device)
}

const attached = (sizeMiB: number): LoopDevice => {
  const image = join(folder, 'image')
  writeFileSync(image, '')
  truncateSync(image, sizeMiB * MiB)
  return attachLoop(image)
}

/** A copy of a device in which all that is not in the set is 0xa5. */
function copyOf(device: string, used: RangeSet, to: string, sizeBytes: number): void {
  poisonedFile(to, sizeBytes)
  const [source, target] = [openSync(device, 'r'), openSync(to, 'r+')]
  for (const { start, end } of used) {
    const bytes = Buffer.alloc(end - start)
    readSync(source, bytes, 0, bytes.length, start)
    writeSync(target, bytes, 0, bytes.length, start)
  }
  closeSync(source)
  closeSync(target)
}

/** Bytes of a device beside the set that were written once: pages of 4 KiB that hold more than zeros. */
function writtenOnce(device: string, used: RangeSet, sizeBytes: number): number {
  const [zeros, page] = [Buffer.alloc(4096), Buffer.alloc(4096)]
  const source = openSync(device, 'r')
  let bytes = 0
  for (const { start, end } of subtract([{ start: 0, end: sizeBytes }], used)) {
    for (let at = Math.ceil(start / page.length) * page.length; at + page.length <= end; at += page.length) {
      readSync(source, page, 0, page.length, at)
      if (!page.equals(zeros)) bytes += page.length
    }
  }
  closeSync(source)
  return bytes
}

/** The engine as the helper uses it; the command line has a test of its own below. */
let session: Session | undefined
async function opened(): Promise<Session> {
  const engine = createEngine({ stateDir: join(folder, 'state') })
  const url = join(folder, 'repository')
  await engine.init(url, attackSecret)
  session = await engine.open(url, attackSecret)
  return session
}

/** The file system in an image passes its own check, and its files are those. */
function expectSound(one: FileSystemCase, image: string, hashes: Record<string, string>): void {
  const restored = attachLoop(image)
  try {
    runTool(one.check[0]!, ...one.check.slice(1), restored.path)
    expect(one.access.hashes(restored.path)).toEqual(hashes)
  } finally {
    restored.detach()
  }
}

describe.skipIf(noLoopDevices)('of a device, what its file system has in use is read and nothing else', () => {
  for (const one of cases) {
    const why = programsOf(one)
      .map(program => missing.get(program))
      .find(reason => reason !== undefined)
    test.skipIf(why !== undefined)(one.name, async () => {
      loop = attached(one.sizeMiB)
      const sizeBytes = one.sizeMiB * MiB
      fill(one, loop.path)
      const hashes = one.access.hashes(loop.path)
      expect(Object.keys(hashes)).toHaveLength(18)

      const blocks = await readUsedBlocks(loop.path, { sizeBytes })
      expect(blocks).toMatchObject({ known: true, fileSystem: one.type })
      if (!blocks.known) return
      copyOf(loop.path, blocks.used, join(folder, 'copy'), sizeBytes)
      expectSound(one, join(folder, 'copy'), hashes)
      rmSync(join(folder, 'copy'))

      const repository = await opened()
      const result = await repository.backup(loop.path, { name: 'disk' })
      expect(result).toMatchObject({
        method: 'allocation',
        consistency: 'consistent',
        usedBlocks: { fileSystem: one.type, whyAll: null },
      })
      const usedBytes = count(blocks.used)
      expect(result.readBytes).toBeGreaterThanOrEqual(usedBytes)
      expect(result.readBytes).toBeLessThan(usedBytes + blocks.used.length * 65536)
      expect(result.readBytes).toBeLessThan(sizeBytes * 0.8)
      poisonedFile(join(folder, 'restored'), sizeBytes)
      await repository.restore('latest', join(folder, 'restored'), { force: true })
      expectSound(one, join(folder, 'restored'), hashes)
      expect((await repository.scrub(['latest'], { sourcePath: loop.path })).damaged).toEqual([])

      // What was left out is stored now: the data of files that are gone, which is random, and so is what it takes.
      const left = writtenOnce(loop.path, blocks.used, sizeBytes)
      const free = one.access.freeBytes(loop.path)
      const all = await repository.backup(loop.path, { name: 'disk', usedBlocksOnly: false })
      expect(all).toMatchObject({ method: 'full', readBytes: sizeBytes })
      expect(all).not.toHaveProperty('usedBlocks')
      // Less what lies beside something in use, since 64 KiB are read at once; what is kept twice is stored once.
      const copies = one.name.endsWith('everything twice') ? 2 : 1
      expect(all.storedBytes).toBeGreaterThan((0.8 * left) / copies - 2 * 65536)
      expect(sizeBytes - result.readBytes).toBeGreaterThan(0.95 * free)
    })
  }
})

describe.skipIf(noLoopDevices)('all of a device is read', () => {
  const device = (...options: string[]) => {
    loop = attached(32)
    runTool('mkfs.ext4', '-q', '-F', ...options, loop.path)
    return loop.path
  }
  const expectAll = async (path: string, why: RegExp) => {
    const result = await (await opened()).backup(path, { name: 'disk', whileInUse: true })
    expect(result).toMatchObject({ method: 'full', readBytes: result.sizeBytes })
    expect(result.usedBlocks?.whyAll).toMatch(why)
  }

  test('while it is mounted', async () => {
    const path = device()
    runTool('mkdir', join(folder, 'mnt'))
    const unmount = mountAt(path, join(folder, 'mnt'))
    try {
      await expectAll(path, /^it is in use/)
    } finally {
      unmount()
    }
  })

  test('when its journal was not replayed', async () => {
    const path = device()
    runTool('debugfs', '-w', '-R', 'feature needs_recovery', path)
    await expectAll(path, /its journal holds changes/)
  })

  test('when it was mounted when the power went', async () => {
    const path = device('-O', '^has_journal')
    runTool('debugfs', '-w', '-R', 'ssv state 0', path)
    await expectAll(path, /not unmounted cleanly/)
  })

  test('when its bitmaps do not agree with its groups', async () => {
    const path = device('-O', '^metadata_csum')
    runTool('debugfs', '-w', '-R', 'set_bg 0 free_blocks_count 17', path)
    await expectAll(path, /bitmaps do not agree/)
  })

  test('when a checksum of a bitmap is wrong', async () => {
    const path = device()
    const at = Number(/Block bitmap at (\d+)/.exec(runTool('dumpe2fs', path))![1])
    const blockBytes = Number(/Block size: +(\d+)/.exec(runTool('dumpe2fs', '-h', path))![1])
    const file = openSync(path, 'r+')
    writeSync(file, Buffer.alloc(16, 0x0f), 0, 16, at * blockBytes + 100)
    closeSync(file)
    runTool('blockdev', '--flushbufs', path)
    await expectAll(path, /dumpe2fs|bitmaps/)
  })

  test('when it holds a partition table beside a file system', async () => {
    const path = device()
    const table = Buffer.alloc(66)
    table.set([0x80, 0, 0, 0, 0x83, 0, 0, 0, 0, 8, 0, 0, 0, 32, 0, 0], 0)
    table.set([0x55, 0xaa], 64)
    const file = openSync(path, 'r+')
    writeSync(file, table, 0, 66, 446)
    closeSync(file)
    await expectAll(path, /partition table/)
  })

  test('when a computer is suspended to it', async () => {
    loop = attached(16)
    runTool('mkswap', loop.path)
    const file = openSync(loop.path, 'r+')
    writeSync(file, Buffer.from('S1SUSPEND\0'), 0, 10, 4086)
    closeSync(file)
    await expectAll(loop.path, /suspended/)
  })
})

test.skipIf(noLoopDevices)('of a disk, what its partitions have in use is read, and all around them', async () => {
  loop = attached(64)
  writeFileSync(join(folder, 'image'), Buffer.alloc(64 * MiB, 'old data'))
  runTool('blockdev', '--flushbufs', loop.path)
  execFileSync('sfdisk', ['-q', '--no-reread', loop.path], { input: 'start=2048,size=65536,type=83\n', stdio: 'pipe' })
  const partition = loop.addPartition(MiB, 32 * MiB)
  runTool('mkfs.ext4', '-q', '-F', '-E', 'nodiscard', partition)
  const repository = await opened()
  const result = await repository.backup(loop.path, { name: 'disk' })
  expect(result).toMatchObject({ method: 'allocation', usedBlocks: { fileSystem: 'ext4', whyAll: null } })
  expect(result.readBytes).toBeGreaterThan(32 * MiB)
  expect(result.readBytes).toBeLessThan(48 * MiB)
  const restored = join(folder, 'restored')
  await repository.restore('latest', restored, {})
  const [before, after] = [readFileSync(join(folder, 'image')), readFileSync(restored)]
  for (const [from, to] of [
    [0, MiB],
    [33 * MiB, 64 * MiB],
  ] as const) {
    expect(after.subarray(from, to).equals(before.subarray(from, to))).toBe(true)
  }
  writeFileSync(restored, after.subarray(MiB, 33 * MiB))
  runTool('e2fsck', '-fn', restored)
})

test.skipIf(noLoopDevices)('of a swap area, the header alone is read', async () => {
  loop = attached(16)
  runTool('mkswap', '-L', 'swapped', loop.path)
  const uuid = runTool('blkid', '-p', '-s', 'UUID', '-o', 'value', loop.path)
  const file = openSync(loop.path, 'r+')
  writeSync(file, Buffer.alloc(MiB, 'old'), 0, MiB, 4 * MiB)
  closeSync(file)
  const repository = await opened()
  expect(await repository.backup(loop.path, { name: 'swap' })).toMatchObject({
    usedBlocks: { fileSystem: 'swap', whyAll: null },
    readBytes: 32768,
  })
  const restored = join(folder, 'restored')
  poisonedFile(restored, 16 * MiB)
  await repository.restore('latest', restored, { force: true })
  expect(runTool('blkid', '-p', '-s', 'UUID', '-o', 'value', restored)).toBe(uuid)
})

test.skipIf(noLoopDevices)(
  'free blocks of an image file are left out only when asked and nobody has it attached',
  async () => {
    loop = attached(32)
    const image = join(folder, 'image')
    writeFileSync(image, Buffer.alloc(32 * MiB, 'old data'))
    runTool('blockdev', '--flushbufs', loop.path)
    runTool('mkfs.ext4', '-q', '-F', '-E', 'nodiscard', image)
    const repository = await opened()
    const options = { name: 'image', usedBlocksOnly: true }
    expect((await repository.backup(image, options)).usedBlocks?.whyAll).toMatch(/in use/)
    loop.detach()
    try {
      expect(await repository.backup(image, { name: 'image' })).not.toHaveProperty('usedBlocks')
      const result = await repository.backup(image, options)
      expect(result).toMatchObject({ method: 'allocation', usedBlocks: { fileSystem: 'ext4', whyAll: null } })
      expect(result.readBytes).toBeLessThan(16 * MiB)
    } finally {
      loop = attachLoop(image)
    }
  },
)

test.skipIf(noLoopDevices)('the command line says what was read, or why it was all', async () => {
  loop = attached(32)
  runTool('mkfs.ext4', '-q', '-F', loop.path)
  const env = placeIn(folder)
  const said = async (...options: string[]) => {
    const { code, stdout, stderr } = await holdfast(['backup', loop.path, '--name', 'disk', ...options], { env })
    return { code, read: /^ *Read +(.*)$/m.exec(stdout)?.[1], stderr }
  }
  expect((await holdfast(['init'], { env })).code).toBe(0)
  expect((await said()).read).toMatch(/; what is in use by ext4 was read$/)
  expect((await said('--all-blocks')).read).toMatch(/^32 MiB .*; everything was read$/)
  runTool('debugfs', '-w', '-R', 'feature needs_recovery', loop.path)
  expect((await said()).read).toMatch(/; everything was read: its journal holds changes that are not in place yet$/)
  const both = await said('--all-blocks', '--used-blocks')
  expect(both).toMatchObject({ code: 64, stderr: expect.stringContaining('contradict') })
})
