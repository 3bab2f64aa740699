import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { count, type RangeSet, subtract } from '../../../engine/sources/ranges.ts'
import { btrfsSuperblockBytes, readBtrfsSuperblock } from '../../../engine/usedBlocks/btrfs.ts'
import { addFreePlaces, type Chunk, DumpedChunks, DumpedExtents } from '../../../engine/usedBlocks/btrfsTrees.ts'
import { Doubt } from '../../../engine/usedBlocks/doubt.ts'
import { DumpedGroups, readExtSuperblock } from '../../../engine/usedBlocks/ext.ts'
import { FreeSpace } from '../../../engine/usedBlocks/freeSpace.ts'
import { Lines } from '../../../engine/usedBlocks/lines.ts'
import { NtfsBitmap, readNtfsBootSector } from '../../../engine/usedBlocks/ntfs.ts'
import { NtfsLog } from '../../../engine/usedBlocks/ntfsLog.ts'
import { parseProbe } from '../../../engine/usedBlocks/probe.ts'
import { readSwapHeader } from '../../../engine/usedBlocks/swap.ts'
import { FatTable, readFatBootSector } from '../../../engine/usedBlocks/vfat.ts'
import { ListedExtents, PrintedLog, readXfsSuperblock } from '../../../engine/usedBlocks/xfs.ts'

/** What the programs of Debian 12 printed of small file systems; superblocks are those of the same ones. */
const fixture = (name: string) => readFileSync(join(import.meta.dirname, 'fixtures', name))
const text = (name: string) => fixture(name).toString('utf8')
const all = { leastBytes: 1 }
const MiB = 1024 * 1024

/** Throws what the work throws unless it is a Doubt, whose message it gives. */
function doubtOf(work: () => unknown): string | undefined {
  try {
    work()
    return undefined
  } catch (error) {
    if (error instanceof Doubt) return error.message
    throw error
  }
}

function feed(parser: { line(line: string): void }, output: string): void {
  const lines = new Lines(line => parser.line(line))
  lines.push(Buffer.from(output, 'latin1'))
  lines.end()
}

function extFree(superblock: Buffer, output: string): RangeSet {
  const free = new FreeSpace(24 * MiB, all)
  const groups = new DumpedGroups(readExtSuperblock(superblock), free)
  feed(groups, output)
  groups.end()
  return free.ranges()
}

function xfsFree(superblock: Buffer, output: string): RangeSet {
  const free = new FreeSpace(300 * MiB, all)
  const extents = new ListedExtents(readXfsSuperblock(superblock), free)
  feed(extents, output)
  extents.end()
  return free.ranges()
}

function btrfsFree(superblock: Buffer, chunkTree: string, extentTree: string): RangeSet {
  const facts = readBtrfsSuperblock(superblock)
  const dumped = new DumpedChunks()
  feed(dumped, chunkTree)
  const chunks = dumped.end(facts.deviceBytes)
  const extents = new DumpedExtents(chunks, facts.nodeBytes)
  feed(extents, extentTree)
  const free = new FreeSpace(facts.deviceBytes, all)
  addFreePlaces(chunks, extents.end(facts.usedBytes), facts.deviceBytes, [{ start: 0, end: MiB }], free)
  return free.ranges()
}

const logState = (output: string) => {
  const log = new PrintedLog()
  feed(log, output)
  return log.end()
}

/** Each kind of output as one function from text to what is free. */
const readers: Record<string, { output: string; free: (output: string) => RangeSet }> = {
  dumpe2fs: { output: text('ext4.txt'), free: output => extFree(fixture('ext4.superblock'), output) },
  'dumpe2fs with clusters': {
    output: text('ext4-bigalloc.txt'),
    free: output => extFree(fixture('ext4-bigalloc.superblock'), output),
  },
  xfs_db: { output: text('xfs-freesp.txt'), free: output => xfsFree(fixture('xfs.superblock'), output) },
  'btrfs, chunks': {
    output: text('btrfs-chunks.txt'),
    free: output => btrfsFree(fixture('btrfs.superblock'), output, text('btrfs-extents.txt')),
  },
  'btrfs, extents': {
    output: text('btrfs-extents.txt'),
    free: output => btrfsFree(fixture('btrfs.superblock'), text('btrfs-chunks.txt'), output),
  },
}

describe('what programs print', () => {
  it('of ext4 adds up to what its superblock says is free', () => {
    const headline = Number(/^Free blocks: +(\d+)$/m.exec(text('ext4.txt'))![1])
    expect(count(readers.dumpe2fs!.free(text('ext4.txt')))).toBe(headline * 1024)
  })

  it('of ext4 with clusters counts whole clusters, of which it names the first block', () => {
    const headline = Number(/^Free blocks: +(\d+)$/m.exec(text('ext4-bigalloc.txt'))![1])
    expect(count(readers['dumpe2fs with clusters']!.free(text('ext4-bigalloc.txt')))).toBe(headline * 4096)
  })

  it('of xfs adds up to its sum', () => {
    const sum = Number(/^total free blocks (\d+)$/m.exec(text('xfs-freesp.txt'))![1])
    expect(count(readers.xfs_db!.free(text('xfs-freesp.txt')))).toBe(sum * 4096)
  })

  it('of btrfs leaves what is in use: data once, metadata and system twice', () => {
    const free = readers['btrfs, extents']!.free(text('btrfs-extents.txt'))
    expect(count(subtract([{ start: 0, end: 200 * MiB }], free))).toBe(MiB + 2 * 147456)
  })

  it.each(Object.keys(readers))('(%s) is believed only as a whole', name => {
    const { output, free } = readers[name]!
    const known = free(output)
    const lines = output.split('\n')
    const damage = fc.record({
      kind: fc.constantFrom('remove', 'repeat', 'garble', 'cut', 'insert'),
      at: fc.nat(lines.length - 1),
      noise: fc.string({ unit: 'binary', maxLength: 40 }),
    })
    fc.assert(
      fc.property(fc.array(damage, { minLength: 1, maxLength: 3 }), damages => {
        const changed = [...lines]
        for (const { kind, at, noise } of damages) {
          if (kind === 'remove') changed.splice(at, 1)
          else if (kind === 'repeat') changed.splice(at, 0, changed[at] ?? '')
          else if (kind === 'garble') changed[at] = noise
          else if (kind === 'cut') changed.splice(at)
          else changed.splice(at, 0, noise)
        }
        let found: RangeSet = []
        const why = doubtOf(() => {
          found = free(changed.join('\n'))
        })
        // Nothing may be called free that is in use, whatever became of the text.
        if (why === undefined) expect(subtract(found, known)).toEqual([])
      }),
      { numRuns: 500 },
    )
  })

  it.each(Object.keys(readers))('(%s) is doubted when it is anything else', name => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), output => {
        expect(doubtOf(() => readers[name]!.free(output))).toBeDefined()
      }),
    )
  })
})

describe('the log of xfs', () => {
  it('is clean after an unmount, and after a freeze holds counters alone', () => {
    expect(logState(text('xfs-log-clean.txt'))).toBe('clean')
    expect(logState(text('xfs-log-frozen.txt'))).toBe('dirty')
  })

  it.each([
    '',
    'xfs_logprint:\n',
    text('xfs-log-crashed.txt'),
    text('xfs-log-frozen.txt').replace('blkno:0x0 ', 'blkno:0x8 '),
  ])('is doubted otherwise (%#)', output => {
    expect(doubtOf(() => logState(output))).toBeDefined()
  })
})

describe('superblocks', () => {
  const altered = (name: string, change: (bytes: Buffer) => void) => {
    const bytes = fixture(name)
    change(bytes)
    return bytes
  }

  it.each<[string, (bytes: Buffer) => void, RegExp]>([
    ['needs its journal', bytes => bytes.writeUInt32LE(bytes.readUInt32LE(0x60) | 0x4, 0x60), /journal/],
    ['has a feature of tomorrow', bytes => bytes.writeUInt32LE(bytes.readUInt32LE(0x60) | 0x800000, 0x60), /0x800000/],
    ['has one for readers, too', bytes => bytes.writeUInt32LE(bytes.readUInt32LE(0x64) | 0x4000, 0x64), /0x4000/],
    ['was mounted', bytes => bytes.writeUInt16LE(0, 0x3a), /cleanly/],
    ['has errors', bytes => bytes.writeUInt16LE(3, 0x3a), /errors/],
    ['has blocks of 1 TiB', bytes => bytes.writeUInt32LE(30, 0x18), /sizes/],
  ])('of ext are doubted when one %s', (_, change, why) => {
    expect(doubtOf(() => readExtSuperblock(fixture('ext4.superblock')))).toBeUndefined()
    expect(doubtOf(() => readExtSuperblock(altered('ext4.superblock', change)))).toMatch(why)
  })

  it.each<[string, (bytes: Buffer) => void, RegExp]>([
    ['needs repair', bytes => bytes.writeUInt32BE(bytes.readUInt32BE(216) | 0x10, 216), /0x10/],
    ['has an external log', bytes => bytes.writeBigUInt64BE(0n, 48), /log/],
    ['has a realtime device', bytes => bytes.writeBigUInt64BE(7n, 16), /realtime/],
    ['is being made', bytes => bytes.writeUInt8(1, 126), /completely/],
    ['has another number of groups', bytes => bytes.writeUInt32BE(3, 88), /sizes/],
  ])('of xfs are doubted when one %s', (_, change, why) => {
    expect(doubtOf(() => readXfsSuperblock(fixture('xfs.superblock')))).toBeUndefined()
    expect(doubtOf(() => readXfsSuperblock(altered('xfs.superblock', change)))).toMatch(why)
  })

  it.each<[string, (bytes: Buffer) => void, RegExp]>([
    ['has a log', bytes => bytes.writeBigUInt64LE(4096n, 0x60), /log/],
    ['has two devices', bytes => bytes.writeBigUInt64LE(2n, 0x88), /devices/],
    ['is RAID', bytes => bytes.writeUInt32LE(bytes.readUInt32LE(0xbc) | 0x80, 0xbc), /0x80/],
    ['is a seed', bytes => bytes.writeBigUInt64LE(1n | (1n << 32n), 0x38), /state/],
  ])('of btrfs are doubted when one %s', (_, change, why) => {
    expect(doubtOf(() => readBtrfsSuperblock(fixture('btrfs.superblock')))).toBeUndefined()
    expect(doubtOf(() => readBtrfsSuperblock(altered('btrfs.superblock', change)))).toMatch(why)
  })

  it('and first sectors that are anything else are doubted, and break nothing', () => {
    const heads = [
      { read: readExtSuperblock, bytes: fixture('ext4.superblock') },
      { read: readXfsSuperblock, bytes: fixture('xfs.superblock') },
      { read: readBtrfsSuperblock, bytes: fixture('btrfs.superblock') },
      { read: readNtfsBootSector, bytes: ntfsSector(5000, 8) },
      { read: readFatBootSector, bytes: fatSector({ bits: 16, clusters: 5000 }) },
      { read: readSwapHeader, bytes: Buffer.alloc(65536) },
    ]
    fc.assert(
      fc.property(
        fc.nat(heads.length - 1),
        fc.array(fc.tuple(fc.nat(btrfsSuperblockBytes), fc.nat(255)), { maxLength: 20 }),
        fc.nat(btrfsSuperblockBytes),
        (which, changes, length) => {
          const { read, bytes } = heads[which]!
          const changed = Buffer.from(bytes)
          for (const [at, value] of changes) if (at < changed.length) changed[at] = value
          doubtOf(() => read(changed))
          expect(doubtOf(() => read(changed.subarray(0, Math.min(length, 500))))).toBeDefined()
        },
      ),
      { numRuns: 500 },
    )
  })
})

function ntfsSector(sectors: number, clusterSectors: number): Buffer {
  const sector = Buffer.alloc(512)
  sector.write('NTFS    ', 3, 'latin1')
  sector.writeUInt16LE(512, 11)
  sector.writeUInt8(clusterSectors, 13)
  sector.writeBigUInt64LE(BigInt(sectors), 40)
  return sector
}

describe('NTFS', () => {
  it('has the clusters free whose bit is 0', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 60 }), fc.nat(7), fc.nat(30), (bitmap, spare, cut) => {
        const clusters = bitmap.length * 8 - spare
        const facts = readNtfsBootSector(ntfsSector(clusters * 8, 8))
        const free = new FreeSpace(clusters * 4096, all)
        const reader = new NtfsBitmap(facts, free)
        reader.piece(Buffer.from(bitmap.subarray(0, cut)))
        reader.piece(Buffer.from(bitmap.subarray(cut)))
        reader.end()
        const wanted = new FreeSpace(clusters * 4096, all)
        for (let i = 0; i < clusters; i++) {
          if (((bitmap[i >> 3]! >> (i & 7)) & 1) === 0) wanted.add(i * 4096, (i + 1) * 4096)
        }
        expect(free.ranges()).toEqual(wanted.ranges())
      }),
    )
  })

  it('is doubted when its bitmap is missing or cut short', () => {
    const facts = readNtfsBootSector(ntfsSector(8000, 8))
    for (const bytes of [0, 124]) {
      const bitmap = new NtfsBitmap(facts, new FreeSpace(16 * MiB))
      bitmap.piece(Buffer.alloc(bytes))
      expect(doubtOf(() => bitmap.end())).toBeDefined()
    }
  })

  const page = (sequence: number, clients: number, flags: number, magic = 'RSTR') => {
    const bytes = Buffer.alloc(4096)
    bytes.write(magic, 0, 'latin1')
    bytes.writeUInt32LE(4096, 16)
    bytes.writeUInt16LE(48, 24)
    bytes.writeBigUInt64LE(BigInt(sequence), 48)
    bytes.writeUInt16LE(clients, 48 + 12)
    bytes.writeUInt16LE(flags, 48 + 14)
    return bytes
  }
  const logDoubt = (...pieces: Buffer[]) =>
    doubtOf(() => {
      const log = new NtfsLog()
      for (const piece of pieces) log.piece(piece)
      log.end()
    })

  it('is trusted when the newer page of its journal says that nobody has it open', () => {
    expect(logDoubt(Buffer.alloc(200_000, 0xff))).toBeUndefined()
    expect(logDoubt(page(5, 0xffff, 0), page(4, 0, 0))).toBeUndefined()
    expect(logDoubt(page(4, 0, 0), page(5, 0, 2))).toBeUndefined()
    expect(logDoubt(page(5, 0, 0), page(4, 0xffff, 2))).toMatch(/journal/)
    expect(logDoubt(page(4, 0xffff, 2), page(5, 0, 0))).toMatch(/journal/)
  })

  it('is doubted when its journal is anything else', () => {
    expect(logDoubt()).toBeDefined()
    expect(logDoubt(Buffer.alloc(8192))).toBeDefined()
    expect(logDoubt(page(5, 0xffff, 0), Buffer.alloc(4096))).toBeDefined()
    expect(logDoubt(Buffer.alloc(100_000, 0xff), Buffer.alloc(1))).toBeDefined()
    fc.assert(fc.property(fc.uint8Array({ maxLength: 9000 }), bytes => void logDoubt(Buffer.from(bytes))))
  })
})

function fatSector({ bits, clusters }: { bits: 12 | 16 | 32; clusters: number }): Buffer {
  const sector = Buffer.alloc(512)
  const tableSectors = Math.ceil(((clusters + 2) * bits) / 8 / 512)
  sector.writeUInt16LE(512, 11)
  sector.writeUInt8(1, 13)
  sector.writeUInt16LE(1, 14)
  sector.writeUInt8(2, 16)
  sector.writeUInt16LE(bits === 32 ? 0 : 16, 17)
  sector.writeUInt16LE(bits === 32 ? 0 : tableSectors, 22)
  sector.writeUInt32LE(1 + 2 * tableSectors + (bits === 32 ? 0 : 1) + clusters, 32)
  if (bits === 32) {
    sector.writeUInt32LE(tableSectors, 36)
    sector.writeUInt32LE(2, 44)
  }
  sector.writeUInt16LE(0xaa55, 510)
  return sector
}

describe('FAT', () => {
  const table = (bits: 12 | 16 | 32, entries: readonly number[]) => {
    const bytes = Buffer.alloc(Math.ceil((entries.length * bits) / 8 / 512) * 512)
    entries.forEach((entry, i) => {
      if (bits === 32) bytes.writeUInt32LE(entry, i * 4)
      else if (bits === 16) bytes.writeUInt16LE(entry, i * 2)
      else {
        const at = Math.floor((i * 3) / 2)
        const old = bytes.readUInt16LE(at)
        bytes.writeUInt16LE(i % 2 === 1 ? (old & 0xf) | (entry << 4) : (old & 0xf000) | entry, at)
      }
    })
    return bytes
  }
  const ends = { 12: 0xfff, 16: 0xffff, 32: 0x0fffffff } as const

  it.each([12, 16, 32] as const)('of %i bits has the clusters free whose entry is 0 or bad', bits => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('free', 'used', 'bad', 'chain'), { minLength: 1, maxLength: 200 }),
        kinds => {
          // FAT12 and FAT16 are told apart by the count of clusters.
          const clusters = bits === 16 ? 5000 : 1 + kinds.length
          const entryOf = { free: 0, used: ends[bits], bad: ends[bits] - 8, chain: 3 }
          const entries = [ends[bits], ends[bits], ends[bits], ...kinds.map(kind => entryOf[kind])]
          while (entries.length < clusters + 2) entries.push(ends[bits])
          const facts = readFatBootSector(fatSector({ bits, clusters }))
          const free = new FreeSpace(facts.endAt, all)
          const reader = new FatTable(facts, free)
          reader.piece(table(bits, entries))
          reader.end()
          const wanted = new FreeSpace(facts.endAt, all)
          kinds.forEach((kind, i) => {
            const start = facts.clustersAt + (i + 1) * 512
            if (kind === 'free' || kind === 'bad') wanted.add(start, start + 512)
          })
          expect(free.ranges()).toEqual(wanted.ranges())
        },
      ),
      { numRuns: 50 },
    )
  })

  it.each<[string, 16 | 32, number[], RegExp]>([
    ['was not unmounted', 16, [0xffff, 0x7fff], /cleanly/],
    ['had errors', 16, [0xffff, 0xbfff], /errors/],
    ['was not unmounted (32)', 32, [0x0fffffff, 0x07ffffff], /cleanly/],
    ['has a free root folder', 32, [0x0fffffff, 0x0fffffff, 0], /root/],
    ['ends too early', 16, [0xffff, 0xffff], /early/],
  ])('is doubted when it %s', (_, bits, entries, why) => {
    const clusters = bits === 16 ? 5000 : 20
    const rest = why.source === 'early' ? [] : new Array(clusters + 2 - entries.length).fill(ends[bits])
    const facts = readFatBootSector(fatSector({ bits, clusters }))
    expect(
      doubtOf(() => {
        const reader = new FatTable(facts, new FreeSpace(facts.endAt))
        reader.piece(table(bits, [...entries, ...rest]))
        reader.end()
      }),
    ).toMatch(why)
  })

  it('is marked by its first sector while it is mounted', () => {
    for (const [bits, at] of [
      [16, 0x25],
      [32, 0x41],
    ] as const) {
      const sector = fatSector({ bits, clusters: 5000 })
      expect(readFatBootSector(sector).isDirty).toBe(false)
      sector[at] = 1
      expect(readFatBootSector(sector).isDirty).toBe(true)
    }
  })
})

describe('swap', () => {
  const header = (page: number, magic: string, lastPage: number) => {
    const head = Buffer.alloc(65536)
    head.writeUInt32LE(1, 1024)
    head.writeUInt32LE(lastPage, 1028)
    head.write(magic, page - 10, 'latin1')
    return head
  }

  it('is free behind its first page', () => {
    expect(readSwapHeader(header(4096, 'SWAPSPACE2', 99))).toEqual({ start: 4096, end: 409_600 })
    expect(readSwapHeader(header(65536, 'SWAPSPACE2', 9))).toEqual({ start: 65536, end: 655_360 })
  })

  it.each(['S1SUSPEND\0', 'S2SUSPEND\0', 'ULSUSPEND\0', 'LINHIB0001', 'SWAP-SPACE'])('is doubted with %j', magic => {
    expect(doubtOf(() => readSwapHeader(header(4096, magic, 99)))).toBeDefined()
  })
})

describe('what blkid finds', () => {
  it('is a type, if it is one thing', () => {
    expect(parseProbe('DEVNAME=/dev/sdb1\nUUID=1-2\nTYPE=ext4\nUSAGE=filesystem\n')).toBe('ext4')
    const entry = 'TYPE=xfs\nPART_ENTRY_OFFSET=2048\nPART_ENTRY_SIZE=65536\n'
    expect(parseProbe(entry, { offset: 2048 * 512, sizeBytes: 65536 * 512 })).toBe('xfs')
    expect(doubtOf(() => parseProbe(entry, { offset: 4096 * 512, sizeBytes: 65536 * 512 }))).toMatch(/table/)
    expect(doubtOf(() => parseProbe('TYPE=xfs\n', { offset: 0, sizeBytes: 0 }))).toMatch(/table/)
    expect(parseProbe('PTUUID=1-2\nPTTYPE=gpt\n')).toBe('partitions')
    for (const output of ['', 'TYPE=', 'TYPE=ext4\nPTTYPE=dos\n', 'TYPE=xfs\nSBBADCSUM=1\n'])
      expect(doubtOf(() => parseProbe(output))).toBeDefined()
  })
})

describe('the places of btrfs', () => {
  /** Chunks of 8 units at places drawn by lot, each once or twice; extents at whole units. */
  const layout = fc.record({
    copies: fc.array(fc.constantFrom(1, 2), { minLength: 1, maxLength: 5 }),
    order: fc.array(fc.nat(1000), { minLength: 12, maxLength: 12 }),
    used: fc.array(fc.boolean(), { minLength: 40, maxLength: 40 }),
  })

  it('are free when no copy of anything is there', () => {
    fc.assert(
      fc.property(layout, ({ copies, order, used }) => {
        const unit = 16384
        const slots = order.map((key, i) => ({ key, at: i * 10 * unit })).sort((a, b) => a.key - b.key)
        const chunks: Chunk[] = copies.map((copy, i) => ({
          start: i * 16 * unit,
          length: 8 * unit,
          stripes: slots.splice(0, copy).map(slot => slot.at),
        }))
        const sizeBytes = 130 * unit
        const extents = new DumpedExtents(chunks, unit)
        const busy: { start: number; end: number }[] = []
        let items = 0
        const lines: string[] = []
        chunks.forEach(({ start, stripes }, c) => {
          for (let u = 0; u < 8; u++) {
            if (!used[c * 8 + u]) continue
            const kind = u % 2 === 0 ? `EXTENT_ITEM ${unit}` : 'METADATA_ITEM 0'
            lines.push(`\titem ${items++} key (${start + u * unit} ${kind}) itemoff 1 itemsize 1`)
            for (const at of stripes) busy.push({ start: at + u * unit, end: at + (u + 1) * unit })
          }
        })
        feed(extents, [`leaf 1 items ${items} free space 1`, ...lines].join('\n'))
        const free = new FreeSpace(sizeBytes, all)
        addFreePlaces(chunks, extents.end(items * unit), sizeBytes, [{ start: 0, end: 3 }], free)
        const wanted = new FreeSpace(sizeBytes, all)
        let at = 3
        for (const { start, end } of busy.sort((a, b) => a.start - b.start)) {
          if (start > at) wanted.add(at, start)
          at = Math.max(at, end)
        }
        wanted.add(at, sizeBytes)
        expect(free.ranges()).toEqual(wanted.ranges())
      }),
    )
  })

  it.each<[string, string, RegExp]>([
    ['RAID', 'type METADATA|RAID1', /profile/],
    ['another device', 'devid 2', /devices/],
    ['a place beyond its end', 'offset 72351744000', /understood/],
    ['two things at one place', 'offset 22020096', /understood/],
  ])('are doubted with %s', (_, change, why) => {
    const patterns = { type: /type METADATA\|DUP/, devid: /devid 1(?= offset)/, offset: /offset 72351744/ }
    const output = text('btrfs-chunks.txt').replace(patterns[change.split(' ')[0] as keyof typeof patterns], change)
    expect(doubtOf(() => readers['btrfs, chunks']!.free(output))).toMatch(why)
  })
})
