import { execFileSync } from 'node:child_process'
import { open, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { headBytes, identifyFileSystem } from '../../../engine/versions/fileSystemHead.ts'
import { missingProgram } from '../../support/programs.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'

const folder = useTemporaryFolder()
const sizeBytes = 16 * 1024 * 1024

/** The beginning of what a program makes out of an empty file. */
async function made(program: string, ...args: string[]) {
  const path = join(folder.path, 'volume.img')
  await writeFile(path, '', { mode: 0o600 })
  await truncate(path, sizeBytes)
  execFileSync(program, [...args, path], { stdio: 'pipe' })
  const file = await open(path)
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(headBytes), 0, headBytes, 0)
    return identifyFileSystem(buffer.subarray(0, bytesRead), sizeBytes)
  } finally {
    await file.close()
  }
}

describe('what programs of the system have made', () => {
  test.skipIf(missingProgram('mkfs.ext4'))('is told as ext4 and ext2, with label and how full it is', async () => {
    const ext4 = await made('mkfs.ext4', '-q', '-F', '-L', 'root disk')
    expect(ext4).toMatchObject({ type: 'ext4', label: 'root disk' })
    // Inode tables and journal.
    expect(ext4!.usedBytes).toBeGreaterThan(500_000)
    expect(ext4!.usedBytes).toBeLessThan(sizeBytes)
    expect(await made('mkfs.ext4', '-q', '-F', '-t', 'ext2')).toMatchObject({ type: 'ext2', label: null })
  })

  test.skipIf(missingProgram('mkfs.ext4'))(
    'tells where it was mounted last, and nothing before it ever was',
    async () => {
      const nothing = { path: null, date: null }
      expect(await made('mkfs.ext4', '-q', '-F')).toMatchObject({ lastMounted: nothing })
      expect(await made('mkfs.ext4', '-q', '-F', '-M', '/srv/data')).toMatchObject({
        lastMounted: { path: '/srv/data', date: null },
      })
    },
  )

  test.skipIf(missingProgram('mkswap'))('is told as swap', async () => {
    expect(await made('mkswap', '-q', '-L', 'spare')).toEqual({ type: 'swap', label: 'spare', usedBytes: null })
  })
})

test('an ext4 tells when it was mounted last, also after 2106', () => {
  const bytes = Buffer.alloc(headBytes)
  bytes.writeUInt16LE(0xef53, 1024 + 0x38)
  bytes.writeUInt32LE(Date.UTC(2026, 4, 1, 12) / 1000, 1024 + 0x2c)
  const dateOf = () => identifyFileSystem(bytes, sizeBytes)?.lastMounted?.date
  expect(dateOf()).toBe('2026-05-01T12:00:00.000Z')
  bytes[1024 + 0x275] = 1
  expect(dateOf()).toBe(new Date(Date.UTC(2026, 4, 1, 12) + 2 ** 32 * 1000).toISOString())
})

/** Bytes at places, as the specifications have them. */
function head(...pieces: [number, string][]): Buffer {
  const bytes = Buffer.alloc(headBytes)
  for (const [at, text] of pieces) bytes.write(text, at, 'latin1')
  return bytes
}

describe('what cannot be made here', () => {
  test.each([
    ['crypto_LUKS', 'safe', head([0, 'LUKS\xba\xbe\0\x02'], [24, 'safe'])],
    ['crypto_LUKS', null, head([0, 'LUKS\xba\xbe\0\x01'], [24, 'no label in version 1'])],
    ['LVM2_member', null, head([512, 'LABELONE'], [536, 'LVM2 001'])],
    ['xfs', 'data', head([0, 'XFSB'], [108, 'data'])],
    ['btrfs', 'pool', head([0x10040, '_BHRfS_M'], [0x1012b, 'pool'])],
    ['ntfs', null, head([3, 'NTFS    '], [510, '\x55\xaa'])],
    ['vfat', 'STICK', head([43, 'STICK      FAT16   '], [510, '\x55\xaa'])],
    ['vfat', null, head([71, 'NO NAME    FAT32   '], [510, '\x55\xaa'])],
  ])('is told as %s by its magic number', (type, label, bytes) => {
    expect(identifyFileSystem(bytes, sizeBytes)).toMatchObject({ type, label })
  })

  test('is not told from anything else, wherever the bytes end, and never said to hold more than fits', () => {
    const magic = fc.constantFrom(
      head([1024 + 0x38, '\x53\xef']),
      head([0, 'XFSB'], [4, '\xff\xff\xff\xff\xff\xff']),
      head([0x10040, '_BHRfS_M'], [0x10078, '\xff\xff\xff\xff\xff\xff\xff\xff']),
      head(),
    )
    fc.assert(
      fc.property(magic, fc.nat(headBytes), fc.array(fc.tuple(fc.nat(2000), fc.nat(255))), (bytes, end, noise) => {
        const spoiled = Buffer.from(bytes)
        for (const [at, byte] of noise) spoiled[at] = byte
        const found = identifyFileSystem(spoiled.subarray(0, end), 1_000_000)
        if (found?.usedBytes != null) {
          expect(found.usedBytes).toBeGreaterThanOrEqual(0)
          expect(found.usedBytes).toBeLessThanOrEqual(1_000_000)
        }
      }),
    )
    expect(identifyFileSystem(head(), sizeBytes)).toBeNull()
  })
})
