import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { findVolumes } from '../../../engine/files/layout.ts'
import { readPhysicalVolume } from '../../../engine/files/lvm/physicalVolume.ts'

const mib = 1024 * 1024
const id = 'HWSE0o31RDHDGCYtofTo3eWTsNVjwZjL'
const dashed = 'HWSE0o-31RD-HDGC-Ytof-To3e-WTsN-VjwZjL'

/** calc_crc of lib/misc/crc.c, bit by bit. */
function sum(bytes: Uint8Array): number {
  let crc = 0xf597a6cf
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0)
  }
  return crc >>> 0
}

/** A physical volume of 8 MiB whose text begins at this offset of its area of 64 KiB, which is at 4 KiB. */
function physicalVolume(text: string, textAt = 512): Buffer {
  const disk = Buffer.alloc(8 * mib)
  const label = disk.subarray(512, 1024)
  label.write('LABELONE')
  label.writeBigUInt64LE(1n, 8)
  label.writeUInt32LE(32, 20)
  label.write('LVM2 001', 24)
  label.write(id, 32)
  label.writeBigUInt64LE(BigInt(disk.length), 64)
  // Data from 1 MiB on, end of that list, one area, end of that list.
  for (const [i, value] of [mib, 0, 0, 0, 4096, 65_536, 0, 0].entries())
    label.writeBigUInt64LE(BigInt(value), 72 + i * 8)
  label.writeUInt32LE(sum(label.subarray(20)), 16)
  const area = disk.subarray(4096, 4096 + 65_536)
  const bytes = Buffer.from(`${text}\0`)
  const header = area.subarray(0, 512)
  header.write(' LVM2 x[5A%r0N*>', 4, 'latin1')
  header.writeUInt32LE(1, 20)
  header.writeBigUInt64LE(4096n, 24)
  header.writeBigUInt64LE(65_536n, 32)
  header.writeBigUInt64LE(BigInt(textAt), 40)
  header.writeBigUInt64LE(BigInt(bytes.length), 48)
  header.writeUInt32LE(sum(bytes), 56)
  header.writeUInt32LE(sum(header.subarray(4)), 0)
  for (const [i, byte] of bytes.entries()) area[512 + ((textAt - 512 + i) % (65_536 - 512))] = byte
  return disk
}

const text = `vg { id = "x" seqno = 3 extent_size = 2048
physical_volumes { pv0 { id = "${dashed}" pe_start = 2048 } }
logical_volumes { root { status = ["VISIBLE"] segment_count = 1
segment1 { start_extent = 0 extent_count = 4 type = "striped" stripe_count = 1 stripes = ["pv0", 1] } } } }`

const reader =
  (disk: Buffer) =>
  async ({ offset, length }: { offset: number; length: number }) => {
    expect(length).toBeLessThanOrEqual(mib)
    expect(offset).toBeGreaterThanOrEqual(0)
    expect(offset + length).toBeLessThanOrEqual(disk.length)
    return Buffer.from(disk.subarray(offset, offset + length))
  }

/** The superblock of an ext4 file system, as far as it is looked at. */
function putExt4(disk: Buffer, at: number): void {
  disk.writeUInt16LE(0xef53, at + 1024 + 0x38)
  disk.writeUInt32LE(0x40, at + 1024 + 0x60)
  disk.write('data', at + 1024 + 0x78)
}

describe('a physical volume', () => {
  test('gives its identity and its text, also one that runs over the end of its area', async () => {
    for (const textAt of [512, 4096, 65_536 - 100]) {
      const disk = physicalVolume(text, textAt)
      expect(await readPhysicalVolume(reader(disk), disk.length)).toEqual({ id: dashed, metadata: text })
    }
  })

  test('whose text is damaged has none, and one whose label is, is none', async () => {
    const torn = physicalVolume(text)
    torn[4096 + 600]! ^= 1
    expect(await readPhysicalVolume(reader(torn), torn.length)).toEqual({ id: dashed, metadata: null })
    const unlabelled = physicalVolume(text)
    unlabelled[600]! ^= 1
    expect(await readPhysicalVolume(reader(unlabelled), unlabelled.length)).toBeNull()
  })
})

describe('the volumes of a disk', () => {
  test('are those of its volume group, with what is on them', async () => {
    const disk = physicalVolume(text)
    // Extent 1 of 1 MiB, behind 1 MiB of what is LVM's own.
    putExt4(disk, 2 * mib)
    expect(await findVolumes(reader(disk), disk.length, { prefix: 'p3/' })).toMatchObject([
      { name: 'p3/vg/root', kind: 'ext4', label: 'data', sizeBytes: 4 * mib, state: 'ready' },
    ])
  })

  test('without any table are all of it', async () => {
    const disk = Buffer.alloc(2 * mib)
    expect(await findVolumes(reader(disk), disk.length)).toMatchObject([{ name: 'disk', kind: null, state: 'closed' }])
    putExt4(disk, 0)
    expect(await findVolumes(reader(disk), disk.length)).toMatchObject([{ name: 'disk', kind: 'ext4', state: 'ready' }])
  })

  test('inside of volumes are found: a disk of a virtual machine in a logical volume', async () => {
    const disk = physicalVolume(text)
    const inner = disk.subarray(2 * mib, 6 * mib)
    inner.writeUInt16LE(0xaa55, 510)
    inner[446 + 4] = 0x83
    inner.writeUInt32LE(2048, 446 + 8)
    inner.writeUInt32LE(2048, 446 + 12)
    putExt4(disk, 3 * mib)
    expect(await findVolumes(reader(disk), disk.length)).toMatchObject([
      { name: 'vg/root/p1', kind: 'ext4', sizeBytes: mib, state: 'ready', purpose: 'Linux' },
    ])
  })

  test('of disks that somebody has tampered with lie inside of them', async () => {
    const whole = physicalVolume(text)
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fc.nat(8191), fc.nat(255)), { maxLength: 8 }), async changes => {
        const disk = Buffer.from(whole)
        for (const [at, value] of changes) disk[at] = value
        // Sums that fit, so that what is behind them is reached.
        const label = disk.subarray(512, 1024)
        label.writeUInt32LE(sum(label.subarray(20)), 16)
        const header = disk.subarray(4096, 4608)
        header.writeUInt32LE(sum(disk.subarray(4608, 4608 + text.length + 1)), 56)
        header.writeUInt32LE(sum(header.subarray(4)), 0)
        for (const { place, sizeBytes } of await findVolumes(reader(disk), disk.length)) {
          expect(Number.isSafeInteger(sizeBytes)).toBe(true)
          if (place.kind !== 'segments') continue
          for (const { places, length } of place.segments) {
            for (const start of places) expect(start + length / places.length).toBeLessThanOrEqual(disk.length)
          }
        }
      }),
      { numRuns: 200 },
    )
  })
})
