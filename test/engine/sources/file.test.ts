import { mkdir, open, stat, symlink, truncate, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { runCommand } from '../../../engine/base/command.ts'
import { createLinuxCalls } from '../../../engine/base/linux.ts'
import { openSource } from '../../../engine/sources/open.ts'
import { describeSource } from '../../suites/sourceSuite.ts'
import { attachLoop, makeFileSystem, mountAt, noLoopDevices } from '../../support/loopDevice.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'

const MiB = 1024 * 1024
const folder = useTemporaryFolder()

/** 4 MiB with data at 1 MiB, before 3 MiB and at the very end. */
function image(): Buffer {
  const bytes = Buffer.alloc(4 * MiB)
  bytes.fill('first', MiB, MiB + 200_000)
  bytes.fill('second', 3 * MiB - 4096, 3 * MiB)
  bytes.fill('third', 4 * MiB - 10)
  return bytes
}

async function writeSparse(path: string, bytes: Buffer): Promise<void> {
  const file = await open(path, 'wx')
  await file.truncate(bytes.length)
  for (let at = 0; at < bytes.length; at += 4096) {
    const page = bytes.subarray(at, at + 4096)
    if (page.some(byte => byte !== 0)) await file.write(page, 0, page.length, at)
  }
  await file.close()
}

const change = (path: string) => async () => {
  const file = await open(path, 'r+')
  await file.write(Buffer.alloc(1), 0, 1, 2 * MiB)
  await file.close()
}

for (const [name, write, calls] of [
  ['sparse file', writeSparse, createLinuxCalls()],
  ['full file', writeFile, createLinuxCalls()],
  ['sparse file without the native module', writeSparse, createLinuxCalls(() => undefined)],
] as const) {
  describeSource(name, async () => {
    const path = join(folder.path, 'image')
    const bytes = image()
    await write(path, bytes)
    return { source: await openSource(path, { calls }), bytes, change: change(path) }
  })
}

describe('file source', () => {
  it('lists the holes of a file of 10 TiB with one extent far inside', async () => {
    const path = join(folder.path, 'huge')
    const file = await open(path, 'wx')
    await file.truncate(10 * 2 ** 40)
    await file.write(Buffer.alloc(4096, 1), 0, 4096, 7 * 2 ** 40)
    await file.close()
    const source = await openSource(path)
    expect(source.sizeBytes).toBe(10 * 2 ** 40)
    expect(source.knowsHoles).toBe(true)
    expect([...source.extents(0, source.sizeBytes)]).toEqual([{ offset: 7 * 2 ** 40, length: 4096 }])
    expect([...source.extents(7 * 2 ** 40 + 4096, source.sizeBytes)]).toEqual([])
    expect([...source.extents(7 * 2 ** 40 + 100, 7 * 2 ** 40 + 200)]).toEqual([
      { offset: 7 * 2 ** 40 + 100, length: 100 },
    ])
    await source.close()
  })

  it('reads an empty file as nothing', async () => {
    const path = join(folder.path, 'empty')
    await writeFile(path, '')
    const source = await openSource(path)
    expect(source.sizeBytes).toBe(0)
    expect(source.knowsHoles).toBe(false)
    expect([...source.extents(0, 100)]).toEqual([])
    expect(await source.read(Buffer.alloc(10), 0)).toBe(0)
    await source.close()
  })

  it('reads fewer bytes and is not consistent when the file shrank', async () => {
    const path = join(folder.path, 'image')
    await writeFile(path, Buffer.alloc(10_000, 1))
    const source = await openSource(path)
    await truncate(path, 6000)
    expect(source.sizeBytes).toBe(10_000)
    expect(await source.read(Buffer.alloc(10_000), 0)).toBe(6000)
    expect(await source.consistency()).toBe('read-while-in-use')
    await source.close()
  })

  it('is not consistent when it was written and its time was set back', async () => {
    const path = join(folder.path, 'image')
    await writeFile(path, Buffer.alloc(4 * MiB))
    await utimes(path, 1_000_000, 1_000_000)
    const source = await openSource(path)
    await change(path)()
    await utimes(path, 1_000_000, 1_000_000)
    expect((await stat(path)).mtimeMs).toBe(1_000_000_000)
    expect(await source.consistency()).toBe('read-while-in-use')
    await source.close()
  })

  it('follows a symbolic link and keeps the name that it was given', async () => {
    await writeFile(join(folder.path, 'image'), 'content')
    await symlink('image', join(folder.path, 'link'))
    const source = await openSource(join(folder.path, 'link'))
    expect([source.path, source.kind, source.sizeBytes]).toEqual([join(folder.path, 'link'), 'file', 7])
    await source.close()
  })

  it('says which range it could not read', async () => {
    const path = join(folder.path, 'image')
    await writeFile(path, Buffer.alloc(10_000, 1))
    const source = await openSource(path)
    await source.close()
    await expect(source.read(Buffer.alloc(500), 1000)).rejects.toMatchObject({
      code: 'source.readFailed',
      details: { offset: 1000, length: 500, path },
      advice: expect.stringContaining('SMART'),
    })
  })

  it('does not find what is not there', async () => {
    const path = join(folder.path, 'nothing')
    await expect(openSource(path)).rejects.toMatchObject({ code: 'source.notFound', details: { path } })
    await writeFile(path, '')
    await expect(openSource(join(path, 'below'))).rejects.toMatchObject({ code: 'source.notFound' })
    await symlink('nowhere', join(folder.path, 'dangling'))
    await expect(openSource(join(folder.path, 'dangling'))).rejects.toMatchObject({ code: 'source.notFound' })
  })

  it('refuses folders, pipes and character devices, and says what to name instead', async () => {
    await mkdir(join(folder.path, 'folder'))
    await runCommand('mkfifo', [join(folder.path, 'pipe')], { failureCode: 'internal.bug' })
    for (const path of [join(folder.path, 'folder'), join(folder.path, 'pipe'), '/dev/null']) {
      await expect(openSource(path)).rejects.toMatchObject({
        code: 'source.unsupported',
        details: { path },
        advice: expect.stringContaining('disk image'),
      })
    }
  })

  it.skipIf(noLoopDevices)(`is not consistent while it is mounted for writing through a loop device`, async () => {
    const path = join(folder.path, 'image')
    await writeFile(path, Buffer.alloc(4 * MiB))
    makeFileSystem(path)
    const loop = attachLoop(path)
    await mkdir(join(folder.path, 'mount'))
    const unmount = mountAt(loop.path, join(folder.path, 'mount'))
    try {
      const source = await openSource(path)
      const before = (await stat(path)).mtimeMs
      expect(await source.consistency()).toBe('read-while-in-use')
      // It is the mount that tells, not the file's times.
      expect((await stat(path)).mtimeMs).toBe(before)
      await source.close()
    } finally {
      unmount()
      loop.detach()
    }
  })
})
