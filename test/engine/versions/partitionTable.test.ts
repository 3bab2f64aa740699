import { execFileSync } from 'node:child_process'
import { open, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ReadBytes } from '../../../engine/versions/partition.ts'
import { readPartitionTable } from '../../../engine/versions/partitionTable.ts'
import { missingProgram } from '../../support/programs.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'

const mib = 1024 * 1024
const folder = useTemporaryFolder()

/** Reads from memory, and fails when asked for what is not there or too much. */
const reader =
  (disk: Buffer): ReadBytes =>
  async ({ offset, length }) => {
    expect(offset).toBeGreaterThanOrEqual(0)
    expect(length).toBeGreaterThan(0)
    expect(length).toBeLessThanOrEqual(mib)
    expect(offset + length).toBeLessThanOrEqual(disk.length)
    return disk.subarray(offset, offset + length)
  }

/** A sparse file that sfdisk has partitioned, read as a version is. */
async function partitioned<T>(script: string, sizeBytes: number, look: (read: ReadBytes) => Promise<T>): Promise<T> {
  const path = join(folder.path, 'disk.img')
  await writeFile(path, '')
  await truncate(path, sizeBytes)
  execFileSync('sfdisk', ['--quiet', '--no-reread', path], { input: script, stdio: ['pipe', 'pipe', 'pipe'] })
  const file = await open(path)
  try {
    return await look(async ({ offset, length }) => (await file.read(Buffer.alloc(length), 0, length, offset)).buffer)
  } finally {
    await file.close()
  }
}

describe.skipIf(missingProgram('sfdisk'))('a table that sfdisk has written', () => {
  const gpt = `label: gpt
    start=2048, size=2048, type=C12A7328-F81F-11D2-BA4B-00A0C93EC93B, name="EFI"
    start=8192, size=20480, type=L, name="root \u00e4"
    start=40960, size=1, type=11111111-2222-3333-4444-555555555555`

  test('of GPT gives its partitions with their places, purposes and names', async () => {
    const table = await partitioned(gpt, 64 * mib, read => readPartitionTable(read, 64 * mib))
    expect(table).toEqual({
      kind: 'gpt',
      partitions: [
        { number: 1, offset: mib, length: mib, purpose: 'EFI System', name: 'EFI' },
        { number: 2, offset: 4 * mib, length: 10 * mib, purpose: 'Linux filesystem', name: 'root ä' },
        { number: 3, offset: 20 * mib, length: 512, purpose: null, name: null },
      ],
    })
  })

  test('of GPT is read from its second copy when the first is damaged, in the header or in the entries', async () => {
    const intact = await partitioned(gpt, 64 * mib, read => readPartitionTable(read, 64 * mib))
    for (const damaged of [512, 520, 1024]) {
      const table = await partitioned(gpt, 64 * mib, async read => {
        const torn: ReadBytes = async range => {
          const bytes = Buffer.from(await read(range))
          const at = damaged - range.offset
          if (at >= 0 && at < bytes.length) bytes[at]! ^= 0xff
          return bytes
        }
        return await readPartitionTable(torn, 64 * mib)
      })
      expect(table).toEqual(intact)
    }
  })

  test('of GPT with both copies damaged is shown as what is left: the record that protects it', async () => {
    const table = await partitioned(gpt, 64 * mib, async read => {
      const torn: ReadBytes = async range => {
        const bytes = Buffer.from(await read(range))
        for (let at = 0; at < bytes.length; at += 512)
          if (bytes.toString('latin1', at, at + 8) === 'EFI PART') bytes[at] = 0
        return bytes
      }
      return await readPartitionTable(torn, 64 * mib)
    })
    expect(table).toMatchObject({ kind: 'dos', partitions: [{ offset: 512, purpose: 'GPT' }] })
  })

  test('of DOS gives primary and logical partitions', async () => {
    const script = `label: dos
      start=2048, size=2048, type=c, bootable
      start=4096, size=100000, type=5
      start=6144, size=2048, type=83
      start=10240, size=2048, type=8e
      start=20480, size=2048, type=82`
    const table = await partitioned(script, 64 * mib, read => readPartitionTable(read, 64 * mib))
    expect(table).toEqual({
      kind: 'dos',
      partitions: [
        { number: 1, offset: mib, length: mib, purpose: 'W95 FAT32 (LBA)', name: null },
        { number: 5, offset: 3 * mib, length: mib, purpose: 'Linux', name: null },
        { number: 6, offset: 5 * mib, length: mib, purpose: 'Linux LVM', name: null },
        { number: 7, offset: 10 * mib, length: mib, purpose: 'Linux swap / Solaris', name: null },
      ],
    })
  })

  test('of a disk that was cut short ends where the disk ends', async () => {
    const table = await partitioned(gpt, 64 * mib, read => readPartitionTable(read, 6 * mib))
    expect(table!.partitions.map(({ offset, length }) => [offset, length])).toEqual([
      [mib, mib],
      [4 * mib, 2 * mib],
    ])
  })
})

/** A disk with a GPT made by hand, of blocks of this size; `change` may spoil entries before the sums are made. */
function handMade(sector: number, change: (entries: Buffer, header: Buffer) => void = () => undefined): Buffer {
  const disk = Buffer.alloc(2 * mib)
  disk[446 + 4] = 0xee
  disk.writeUInt32LE(1, 446 + 8)
  disk.writeUInt32LE(0xffffffff, 446 + 12)
  disk.writeUInt16LE(0xaa55, 510)
  const entries = disk.subarray(2 * sector, 2 * sector + 16_384)
  Buffer.from('af3dc60f838472478e793d69d8477de4', 'hex').copy(entries)
  entries.writeBigUInt64LE(64n, 32)
  entries.writeBigUInt64LE(127n, 40)
  entries.write('data', 56, 'utf16le')
  const header = disk.subarray(sector, sector + 92)
  header.write('EFI PART', 'latin1')
  header.writeUInt32LE(0x10000, 8)
  header.writeUInt32LE(92, 12)
  header.writeBigUInt64LE(1n, 24)
  header.writeBigUInt64LE(2n, 72)
  header.writeUInt32LE(128, 80)
  header.writeUInt32LE(128, 84)
  change(entries, header)
  header.writeUInt32LE(crc32(entries), 88)
  header.writeUInt32LE(0, 16)
  header.writeUInt32LE(crc32(header), 16)
  return disk
}

describe('a table of strangers', () => {
  test('of a disk with blocks of 4 KiB is read in those', async () => {
    const table = await readPartitionTable(reader(handMade(4096)), 2 * mib)
    const [partition] = table!.partitions
    expect(partition).toEqual({
      number: 1,
      offset: 256 * 1024,
      length: 256 * 1024,
      purpose: 'Linux filesystem',
      name: 'data',
    })
  })

  test('that claims more than there is, or the impossible, never makes anybody read outside or draw twice', async () => {
    const numbers = fc.oneof(fc.bigInt({ min: 0n, max: 5000n }), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }))
    const header = fc.record({ count: fc.nat(0xffffffff), size: fc.nat(0xffffffff), at: numbers, bytes: fc.nat(600) })
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(numbers, numbers), { maxLength: 128 }),
        fc.option(header, { nil: undefined, freq: 2 }),
        async (ranges, spoiled) => {
          const disk = handMade(512, (entries, head) => {
            for (const [i, [first, last]] of ranges.entries()) {
              entries.fill(i + 1, i * 128, i * 128 + 16)
              entries.writeBigUInt64LE(first, i * 128 + 32)
              entries.writeBigUInt64LE(last, i * 128 + 40)
            }
            if (!spoiled) return
            head.writeUInt32LE(spoiled.bytes, 12)
            head.writeBigUInt64LE(spoiled.at, 72)
            head.writeUInt32LE(spoiled.count, 80)
            head.writeUInt32LE(spoiled.size, 84)
          })
          requireSound(await readPartitionTable(reader(disk), disk.length), disk.length)
        },
      ),
    )
  })

  test('of DOS with any entries, and chains that turn in rings, comes to an end', async () => {
    const entry = fc.record({
      flag: fc.constantFrom(0, 0x80),
      type: fc.constantFrom(0, 5, 0xf, 0x83, 7, 0xee),
      start: fc.oneof(fc.nat(40), fc.nat(0xffffffff)),
      size: fc.oneof(fc.nat(40), fc.nat(0xffffffff)),
    })
    const record = fc.array(entry, { minLength: 4, maxLength: 4 })
    await fc.assert(
      fc.asyncProperty(fc.array(record, { minLength: 1, maxLength: 40 }), async records => {
        const disk = Buffer.alloc(40 * 512)
        for (const [block, entries] of records.entries()) {
          for (const [i, { flag, type, start, size }] of entries.entries()) {
            const at = block * 512 + 446 + i * 16
            disk[at] = flag
            disk[at + 4] = type
            disk.writeUInt32LE(start, at + 8)
            disk.writeUInt32LE(size, at + 12)
          }
          disk.writeUInt16LE(0xaa55, block * 512 + 510)
        }
        requireSound(await readPartitionTable(reader(disk), disk.length), disk.length)
      }),
    )
  })

  test('is none where bytes mean nothing, and none in a boot sector of FAT or NTFS', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 5000 }), async bytes => {
        requireSound(await readPartitionTable(reader(Buffer.from(bytes)), bytes.length), bytes.length)
      }),
    )
    for (const [at, text] of [
      [3, 'NTFS    '],
      [82, 'FAT32   '],
      [54, 'FAT16   '],
    ] as const) {
      const disk = handMade(512)
      disk.write(text, at, 'latin1')
      expect(await readPartitionTable(reader(disk), disk.length)).toBeNull()
    }
  })

  test('has no names that would forge other words', async () => {
    const disk = handMade(512, entries => entries.write('a\u202eb\nc\u0007', 56, 'utf16le'))
    expect((await readPartitionTable(reader(disk), disk.length))!.partitions[0]!.name).toBe('a b c')
  })
})

function requireSound(table: Awaited<ReturnType<typeof readPartitionTable>>, sizeBytes: number): void {
  let end = 0
  for (const { offset, length } of table?.partitions ?? []) {
    expect(offset).toBeGreaterThanOrEqual(end)
    expect(length).toBeGreaterThan(0)
    end = offset + length
    expect(end).toBeLessThanOrEqual(sizeBytes)
  }
}
