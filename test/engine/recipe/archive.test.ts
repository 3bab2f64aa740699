import { execFileSync } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import {
  type ArchiveFile,
  listArchive,
  type ReadArchive,
  readEntry,
  writeArchive,
} from '../../../engine/recipe/archive.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'

const folder = useTemporaryFolder()
const readerOf =
  (archive: Buffer): ReadArchive =>
  async ({ offset, length }) => {
    expect(length).toBeLessThanOrEqual(1024 * 1024)
    expect(offset + length).toBeLessThanOrEqual(archive.length)
    return archive.subarray(offset, offset + length)
  }

const files: ArchiveFile[] = [
  { name: 'luks/0.header', bytes: Buffer.alloc(3 * 1024 * 1024 + 5, 'random') },
  { name: 'empty', bytes: Buffer.alloc(0) },
  { name: 'disks/sda.sfdisk', bytes: Buffer.from('label: gpt\n') },
  { name: 'lvm/vg-0_1.vgcfg', bytes: Buffer.alloc(512, 1) },
]

async function contents(archive: Buffer): Promise<ArchiveFile[]> {
  const read = readerOf(archive)
  const found: ArchiveFile[] = []
  for (const entry of await listArchive(read, archive.length)) {
    const pieces: Uint8Array[] = []
    for await (const piece of readEntry(read, entry)) pieces.push(piece)
    found.push({ name: entry.name, bytes: Buffer.concat(pieces) })
  }
  return found
}

describe('an archive', () => {
  test('gives back its files, and is the same whenever it is made', async () => {
    const archive = writeArchive(files)
    expect(await contents(archive)).toEqual(files)
    expect(writeArchive(files).equals(archive)).toBe(true)
    expect(await contents(writeArchive([]))).toEqual([])
  })

  test('is read by tar, which keeps the files private', async () => {
    await writeFile(join(folder.path, 'archive'), writeArchive(files))
    const tar = (...args: string[]) => execFileSync('tar', args, { cwd: folder.path, encoding: 'utf8' })
    const listed = tar('-tvf', 'archive').trim().split('\n')
    expect(listed.map(line => line.split(/\s+/).at(-1))).toEqual(files.map(({ name }) => name))
    expect(listed.every(line => line.startsWith('-rw------- 0/0'))).toBe(true)
    tar('-xf', 'archive', '--no-same-owner')
    for (const { name, bytes } of files) {
      expect((await readFile(join(folder.path, name))).equals(bytes), name).toBe(true)
    }
  })

  const packed = (path: string, ...args: string[]) =>
    execFileSync('tar', ['-cf', '-', '--format=ustar', ...args, path], { cwd: folder.path, maxBuffer: 1 << 20 })

  test('is not one of ours when names or kinds are others', async () => {
    await writeFile(join(folder.path, 'file'), 'x')
    expect(await contents(packed('file'))).toEqual([{ name: 'file', bytes: Buffer.from('x') }])
    const foreign = [
      packed('file', '--transform=s,file,../up,', '-P'),
      packed('file', '--transform=s,file,/root/up,', '-P'),
      packed('file', '--transform=s,file,a/b/c/d,'),
      packed('file', '--transform=s,file,.hidden,'),
      packed('.'),
      Buffer.alloc(2048, 1),
    ]
    for (const archive of foreign) {
      await expect(contents(archive)).rejects.toMatchObject({ code: 'integrity.objectDamaged' })
    }
  })

  test('that is altered or cut off is told from one that is whole', async () => {
    const archive = writeArchive(files)
    for (const at of [0, 100, 124, 150, 156, 257]) {
      const altered = Buffer.from(archive)
      altered[at]! ^= 1
      await expect(contents(altered), `byte ${at}`).rejects.toMatchObject({ code: 'integrity.objectDamaged' })
    }
    for (const length of [0, 511, 513, 1024 * 1024]) {
      await expect(contents(archive.subarray(0, length)), `${length}`).rejects.toMatchObject({
        code: 'integrity.objectDamaged',
      })
    }
  })

  test.each(['../up', '/absolute', 'a/../b', 'a//b', 'a/b/c/d', '', 'ä', 'x'.repeat(101)])(
    'takes no file named %j',
    name => {
      expect(() => writeArchive([{ name, bytes: Buffer.alloc(0) }])).toThrow(RangeError)
    },
  )
})
