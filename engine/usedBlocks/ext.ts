import { doubt, unknownBits } from './doubt.ts'
import { FreeSpace } from './freeSpace.ts'
import type { Volume } from './volume.ts'

/** Facts of a superblock of ext2, ext3 or ext4. Counts are in blocks. */
export interface ExtFacts {
  blockBytes: number
  blocks: number
  firstBlock: number
  blocksPerGroup: number
  /** Blocks of one bit of the bitmap: more than 1 with bigalloc. */
  clusterBlocks: number
}

/** filetype, meta_bg, extents, 64bit, flex_bg, ea_inode, csum_seed, largedir, inline_data, encrypt, casefold. */
const knownIncompatible = 0x2 | 0x10 | 0x40 | 0x80 | 0x200 | 0x400 | 0x2000 | 0x4000 | 0x8000 | 0x10000 | 0x20000
const needsRecovery = 0x4
/** Who only reads may ignore these, but the meaning of the bitmap may hang on them, as it does with bigalloc (0x200). */
const knownReadOnly =
  0x1 | 0x2 | 0x4 | 0x8 | 0x10 | 0x20 | 0x40 | 0x100 | 0x200 | 0x400 | 0x1000 | 0x2000 | 0x8000 | 0x10000
const bigalloc = 0x200

export const extSuperblockAt = 1024
export const extSuperblockBytes = 1024

/**
 * Reads the superblock, and whether its bitmaps can be trusted: Documentation/filesystems/ext4/super.rst of Linux. A Doubt when
 * not.
 */
export function readExtSuperblock(superblock: Buffer): ExtFacts {
  if (superblock.length < extSuperblockBytes || superblock.readUInt16LE(0x38) !== 0xef53)
    doubt('its superblock is not one of ext')
  const revision = superblock.readUInt32LE(0x4c)
  const [incompatible, readOnly] =
    revision === 0 ? [0, 0] : [superblock.readUInt32LE(0x60), superblock.readUInt32LE(0x64)]
  if ((incompatible & needsRecovery) !== 0) doubt('its journal holds changes that are not in place yet')
  const unknown = unknownBits(incompatible, knownIncompatible) ?? unknownBits(readOnly, knownReadOnly)
  if (unknown) doubt(`it has features (${unknown}) that are not known here`)
  const state = superblock.readUInt16LE(0x3a)
  if ((state & 1) === 0) doubt('it was not unmounted cleanly')
  if ((state & ~1) !== 0) doubt('it has errors or was being repaired')
  const high = (incompatible & 0x80) !== 0 ? superblock.readUInt32LE(0x150) : 0
  const [blockShift, clusterShift] = [superblock.readUInt32LE(0x18), superblock.readUInt32LE(0x1c)]
  const isBigalloc = (readOnly & bigalloc) !== 0
  if (blockShift > 6 || (isBigalloc && (clusterShift < blockShift || clusterShift > 20))) {
    doubt('the sizes in its superblock make no sense')
  }
  const facts = {
    blockBytes: 1024 * 2 ** blockShift,
    blocks: high * 2 ** 32 + superblock.readUInt32LE(0x4),
    firstBlock: superblock.readUInt32LE(0x14),
    blocksPerGroup: superblock.readUInt32LE(0x20),
    clusterBlocks: isBigalloc ? 2 ** (clusterShift - blockShift) : 1,
  }
  const { blocks, firstBlock, blocksPerGroup } = facts
  if (firstBlock > 1 || blocks <= firstBlock || blocksPerGroup === 0 || blocks > 2 ** 48) {
    doubt('the sizes in its superblock make no sense')
  }
  return facts
}

/**
 * Understands what dumpe2fs(8) prints of the groups and adds what is free. Every group must be there, in order, with as many
 * free clusters listed as it says it has: otherwise a Doubt. Ranges are printed as numbers of the first block of their first and
 * last cluster.
 */
export class DumpedGroups {
  readonly #facts: ExtFacts
  readonly #free: FreeSpace
  #group = -1
  #first = 0
  #last = 0
  #promised: number | undefined
  #listed: number | undefined

  constructor(facts: ExtFacts, free: FreeSpace) {
    this.#facts = facts
    this.#free = free
  }

  line(line: string): void {
    const group = /^Group (\d+): \(Blocks (\d+)-(\d+)\)/.exec(line)
    if (group) this.#begin(Number(group[1]), Number(group[2]), Number(group[3]))
    if (this.#group < 0) return
    const promised = /^ {2}(\d+) free (?:blocks|clusters), /.exec(line)
    if (promised) {
      if (this.#promised !== undefined) this.#confused()
      this.#promised = Number(promised[1])
    } else if (line.startsWith('  Free blocks: ')) {
      if (this.#listed !== undefined) this.#confused()
      this.#listed = this.#list(line.slice(15).trim())
    }
  }

  /** After the last line. */
  end(): void {
    this.#finish()
    const { blocks, firstBlock, blocksPerGroup } = this.#facts
    if (this.#group + 1 !== Math.ceil((blocks - firstBlock) / blocksPerGroup)) this.#confused()
  }

  #begin(group: number, first: number, last: number): void {
    this.#finish()
    const { blocks, firstBlock, blocksPerGroup } = this.#facts
    const start = firstBlock + group * blocksPerGroup
    const isNext = group === this.#group + 1 && first === start && last === Math.min(start + blocksPerGroup, blocks) - 1
    if (!isNext || first > last) this.#confused()
    this.#group = group
    this.#first = first
    this.#last = last
    this.#promised = undefined
    this.#listed = undefined
  }

  #finish(): void {
    if (this.#group < 0) return
    if (this.#promised === undefined || this.#listed === undefined) this.#confused()
    if (this.#promised !== this.#listed) doubt('its bitmaps do not agree with what its groups say of themselves')
  }

  /** Adds the ranges and counts their clusters. */
  #list(text: string): number {
    if (text === '') return 0
    const { blockBytes, blocks, clusterBlocks } = this.#facts
    let clusters = 0
    let after = this.#first
    for (const part of text.split(', ')) {
      const range = /^(\d+)(?:-(\d+))?$/.exec(part)
      if (!range) this.#confused()
      const first = Number(range[1])
      const last = range[2] === undefined ? first : Number(range[2])
      if (first < after || last < first || last > this.#last || (last - first) % clusterBlocks !== 0) this.#confused()
      after = last + clusterBlocks
      clusters += (last - first) / clusterBlocks + 1
      this.#free.add(first * blockBytes, Math.min(after, blocks) * blockBytes)
    }
    return clusters
  }

  #confused(): never {
    doubt('what dumpe2fs says of it is not understood')
  }
}

/** Free blocks of ext2, ext3 and ext4, by dumpe2fs. */
export async function readExt(volume: Volume): Promise<FreeSpace> {
  const facts = readExtSuperblock(await volume.read(extSuperblockAt, extSuperblockBytes))
  if (facts.blocks * facts.blockBytes > volume.sizeBytes) doubt('its file system is larger than itself')
  const free = new FreeSpace(volume.sizeBytes)
  const groups = new DumpedGroups(facts, free)
  await volume.runLines('dumpe2fs', [volume.path], line => groups.line(line))
  groups.end()
  return free
}
