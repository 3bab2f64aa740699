import { mkdir, open, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { runCommand } from '../../../engine/base/command.ts'
import { createLinuxCalls, type LinuxCalls, linux, SystemCallError } from '../../../engine/base/linux.ts'
import { openTarget } from '../../../engine/targets/open.ts'
import { describeTarget } from '../../suites/targetSuite.ts'
import { tryMount } from '../../support/realMount.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'

const MiB = 1024 * 1024
const folder = useTemporaryFolder()
const path = () => join(folder.path, 'image')
const used = async () => (await stat(path())).blocks * 512

const withoutHoles: LinuxCalls = { ...linux, punchHole: async () => 'unsupported' }
const withoutModule = createLinuxCalls(() => undefined)

for (const [name, calls] of [
  ['', linux],
  [' without punching holes', withoutHoles],
  [' without the native module', withoutModule],
] as const) {
  describeTarget(`new file${name}`, async () => ({
    target: await openTarget(path(), { sizeBytes: 2 * MiB + 123, calls }),
    bytes: Buffer.alloc(2 * MiB + 123),
    readBack: () => readFile(path()),
  }))

  describeTarget(`existing file${name}`, async () => {
    const bytes = Buffer.alloc(2 * MiB + 123, 'old content ')
    await writeFile(path(), bytes)
    return {
      target: await openTarget(path(), { sizeBytes: MiB, force: true, calls }),
      bytes,
      readBack: () => readFile(path()),
    }
  })
}

describe('file target', () => {
  it('is new: sparse, starts zeroed, and only its owner may read it', async () => {
    const target = await openTarget(path(), { sizeBytes: 2 ** 40 })
    expect([target.kind, target.sizeBytes, target.startsZeroed]).toEqual(['file', 2 ** 40, true])
    await target.write(Buffer.alloc(4096, 1), 2 ** 39)
    await target.flush()
    expect(await used()).toBeLessThan(MiB)
    expect((await stat(path())).mode & 0o777).toBe(0o600)
    await target.close()
  })

  it('does not touch a file that exists, unless forced', async () => {
    await writeFile(path(), 'precious')
    await expect(openTarget(path(), { sizeBytes: 3 })).rejects.toMatchObject({
      code: 'target.exists',
      details: { path: path() },
    })
    expect(await readFile(path(), 'utf8')).toBe('precious')
  })

  it('grows a smaller file, never cuts a larger one, and keeps the mode of both', async () => {
    await writeFile(path(), 'precious', { mode: 0o640 })
    const grown = await openTarget(path(), { sizeBytes: 20, force: true })
    expect([grown.sizeBytes, grown.startsZeroed]).toEqual([20, false])
    await grown.close()
    expect(await readFile(path())).toEqual(Buffer.concat([Buffer.from('precious'), Buffer.alloc(12)]))
    const larger = await openTarget(path(), { sizeBytes: 3, force: true })
    expect(larger.sizeBytes).toBe(20)
    await larger.close()
    expect(await readFile(path())).toHaveLength(20)
    expect((await stat(path())).mode & 0o777).toBe(0o640)
  })

  it('starts zeroed over an empty file', async () => {
    await writeFile(path(), '')
    const target = await openTarget(path(), { sizeBytes: 5000, force: true })
    expect([target.sizeBytes, target.startsZeroed]).toEqual([5000, true])
    await target.close()
  })

  it('gives the space of zeroed ranges back', async () => {
    await writeFile(path(), Buffer.alloc(4 * MiB, 1))
    const target = await openTarget(path(), { sizeBytes: 4 * MiB, force: true })
    await target.flush()
    const before = await used()
    await target.zero(MiB, 2 * MiB)
    await target.flush()
    expect(before - (await used())).toBeGreaterThanOrEqual(2 * MiB - 65_536)
    await target.close()
  })

  it('is not found when its folder does not exist', async () => {
    const target = openTarget(join(folder.path, 'no', 'image'), { sizeBytes: 1 })
    await expect(target).rejects.toMatchObject({ code: 'target.notFound' })
    await symlink('nowhere/image', path())
    await expect(openTarget(path(), { sizeBytes: 1, force: true })).rejects.toMatchObject({ code: 'target.notFound' })
  })

  it('refuses folders, pipes and character devices, forced or not', async () => {
    await mkdir(join(folder.path, 'folder'))
    await runCommand('mkfifo', [join(folder.path, 'pipe')], { failureCode: 'internal.bug' })
    for (const other of [join(folder.path, 'folder'), join(folder.path, 'pipe'), '/dev/full']) {
      for (const force of [false, true]) {
        await expect(openTarget(other, { sizeBytes: 1, force })).rejects.toMatchObject({ code: 'target.unsupported' })
      }
    }
  })

  it('leaves nothing behind when the file system cannot hold its size', async () => {
    await expect(openTarget(path(), { sizeBytes: Number.MAX_SAFE_INTEGER })).rejects.toMatchObject({
      code: 'target.full',
    })
    await expect(stat(path())).rejects.toMatchObject({ code: 'ENOENT' })
  })

  it('says at which byte writing, zeroing or reading failed', async () => {
    const broken: LinuxCalls = { ...linux, punchHole: () => Promise.reject(new SystemCallError('fallocate', 'EIO')) }
    const target = await openTarget(path(), { sizeBytes: 10_000, calls: broken })
    const at = (offset: number, length: number) => ({
      code: 'target.writeFailed',
      details: { path: path(), offset, length },
      message: expect.stringContaining(`at byte ${offset}`),
    })
    await expect(target.zero(100, 200)).rejects.toMatchObject({ ...at(100, 200), details: { errno: 'EIO' } })
    await target.close()
    await expect(target.write(Buffer.alloc(10), 50)).rejects.toMatchObject(at(50, 10))
    await expect(target.read(Buffer.alloc(10), 60)).rejects.toMatchObject(at(60, 10))
    await expect(target.flush()).rejects.toMatchObject({ code: 'target.writeFailed' })
  })

  it('is full when its file system is', async ({ skip }) => {
    const mount = await tryMount('tmpfs', join(folder.path, 'small'))
    if (typeof mount === 'string') return skip(mount)
    try {
      const target = await openTarget(join(mount.path, 'image'), { sizeBytes: 64 * MiB })
      const writeAll = async () => {
        for (let at = 0; at < 64 * MiB; at += MiB) await target.write(Buffer.alloc(MiB, 1), at)
      }
      await expect(writeAll()).rejects.toMatchObject({
        code: 'target.full',
        details: { offset: expect.any(Number), errno: 'ENOSPC' },
        advice: expect.stringContaining('space'),
      })
      await target.close()
    } finally {
      await mount.detach()
    }
  })

  it('may not be written on a read-only file system', async ({ skip }) => {
    const mount = await tryMount('tmpfs', join(folder.path, 'small'))
    if (typeof mount === 'string') return skip(mount)
    try {
      await mount.remount('remount,ro')
      const target = openTarget(join(mount.path, 'image'), { sizeBytes: 1 })
      await expect(target).rejects.toMatchObject({ code: 'target.readOnly', details: { errno: 'EROFS' } })
    } finally {
      await mount.detach()
    }
  })

  it('is in use when it is a running program', async ({ skip }) => {
    const program = join(folder.path, 'program')
    await writeFile(program, await readFile('/bin/sleep'), { mode: 0o755 })
    const controller = new AbortController()
    const run = runCommand(program, ['1000'], { failureCode: 'internal.bug', signal: controller.signal })
    const ended = expect(run).rejects.toMatchObject({ code: 'run.cancelled' })
    try {
      // Linux 6.11 to 6.13 let running programs be written.
      const probe = await open(program, 'r+').catch(() => undefined)
      await probe?.close()
      if (probe !== undefined) return skip('this kernel lets running programs be written')
      await expect(openTarget(program, { sizeBytes: 1, force: true })).rejects.toMatchObject({ code: 'target.inUse' })
    } finally {
      controller.abort()
      await ended
    }
  })
})
