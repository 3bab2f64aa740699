import { doubt, unknownBits } from './doubt.ts'
import { FreeSpace } from './freeSpace.ts'
import type { Volume } from './volume.ts'

/** Facts of the superblock of XFS; counts are in blocks. */
export interface XfsFacts {
  blockBytes: number
  blocks: number
  /** Of an allocation group; the last one may have fewer. */
  groupBlocks: number
  groups: number
  freeBlocks: number
}

/** ftype, sparse inodes, meta_uuid, bigtime, nrext64, exchange range, parent pointers. Not: needs repair, metadata folder, zones. */
const knownIncompatible = 0x1 | 0x2 | 0x4 | 0x8 | 0x20 | 0x40 | 0x80
/** finobt, rmapbt, reflink, inobtcnt. */
const knownReadOnly = 0x1 | 0x2 | 0x4 | 0x8

/** Reads the superblock (fs/xfs/libxfs/xfs_format.h of Linux, struct xfs_dsb), and whether it is of a kind that is known here. */
export function readXfsSuperblock(superblock: Buffer): XfsFacts {
  if (superblock.length < 512 || superblock.toString('latin1', 0, 4) !== 'XFSB')
    doubt('its superblock is not one of XFS')
  const format = superblock.readUInt16BE(100) & 0xf
  if (format !== 4 && format !== 5) doubt(`its format (${format}) is not known here`)
  if (format === 5) {
    const unknown =
      unknownBits(superblock.readUInt32BE(216), knownIncompatible) ??
      unknownBits(superblock.readUInt32BE(212), knownReadOnly) ??
      unknownBits(superblock.readUInt32BE(220), 0)
    if (unknown) doubt(`it has features (${unknown}) that are not known here`)
  }
  if (superblock.readUInt8(126) !== 0) doubt('it was not made completely')
  if (superblock.readBigUInt64BE(48) === 0n) doubt('its log is on another device')
  if (superblock.readBigUInt64BE(16) !== 0n || superblock.readBigUInt64BE(24) !== 0n) doubt('it has a realtime device')
  const facts = {
    blockBytes: superblock.readUInt32BE(4),
    blocks: Number(superblock.readBigUInt64BE(8)),
    groupBlocks: superblock.readUInt32BE(84),
    groups: superblock.readUInt32BE(88),
    freeBlocks: Number(superblock.readBigUInt64BE(144)),
  }
  const { blockBytes, blocks, groupBlocks, groups } = facts
  const isSize = blockBytes >= 512 && blockBytes <= 65536 && (blockBytes & (blockBytes - 1)) === 0
  if (!isSize || groups === 0 || groupBlocks === 0 || Math.ceil(blocks / groupBlocks) !== groups || blocks > 2 ** 44) {
    doubt('the sizes in its superblock make no sense')
  }
  return facts
}

/**
 * Understands what xfs_logprint(8) prints with -t, and says whether the log holds nothing that is not in place. `dirty` is what a
 * freeze leaves: records of the superblock alone, for its counters. Anything else is a Doubt.
 */
export class PrintedLog {
  #state: string | undefined
  /** Every line that a record of the superblock consists of; whatever else there is in a log has others. */
  static readonly #harmless = [
    /^xfs_logprint:$/,
    /^ {4}(data|log) device: /,
    /^LOG REC AT LSN cycle \d+ block \d+ /,
    /^=+$/,
    /^TRANS: tid:/,
    /^BUF: cnt:/,
    /^\tBUF: {2}#regs:\d+ +start blkno:0x0 /,
    /^\tSUPER Block Buffer: *$/,
    /^$/,
  ]

  line(line: string): void {
    const state = /^ {4}log tail: \d+ head: \d+ state: <(\w+)>$/.exec(line)
    if (state && this.#state === undefined) this.#state = state[1]
    else if (!PrintedLog.#harmless.some(pattern => pattern.test(line))) {
      doubt('its log holds changes that are not in place yet')
    }
  }

  end(): 'clean' | 'dirty' {
    if (this.#state === 'CLEAN') return 'clean'
    if (this.#state === 'DIRTY') return 'dirty'
    return doubt('what xfs_logprint says of its log is not understood')
  }
}

/**
 * Understands what `freesp -d -s` of xfs_db(8) prints, and adds what is free: lines of group, block in it and length, then a table by
 * length, then sums, which must be those of the lines. Blocks that are set aside for the trees of free space are listed as well.
 */
export class ListedExtents {
  readonly #facts: XfsFacts
  readonly #free: FreeSpace
  #part: 'before' | 'extents' | 'table' = 'before'
  #extents = 0
  #blocks = 0
  #sums: { extents?: number; blocks?: number } = {}

  constructor(facts: XfsFacts, free: FreeSpace) {
    this.#facts = facts
    this.#free = free
  }

  line(line: string): void {
    const words = line.trim().split(/\s+/)
    if (this.#part === 'before') {
      if (words.join(' ') !== 'agno agbno len') this.#confused()
      this.#part = 'extents'
    } else if (this.#part === 'extents') {
      if (words[0] === 'from') this.#part = 'table'
      else this.#extent(words)
    } else {
      const sum = /^total free (extents|blocks) (\d+)$/.exec(line)
      if (sum) this.#sums[sum[1] as 'extents' | 'blocks'] = Number(sum[2])
    }
  }

  /** After the last line. Resolves to how many blocks are free. */
  end(): number {
    if (this.#sums.extents !== this.#extents || this.#sums.blocks !== this.#blocks) this.#confused()
    return this.#blocks
  }

  #extent(words: readonly string[]): void {
    const { blockBytes, blocks, groupBlocks, groups } = this.#facts
    if (words.length !== 3 || !words.every(word => /^\d+$/.test(word))) this.#confused()
    const [group, block, length] = words.map(Number) as [number, number, number]
    const first = group * groupBlocks + block
    if (group >= groups || length === 0 || block + length > groupBlocks || first + length > blocks) this.#confused()
    this.#extents++
    this.#blocks += length
    this.#free.add(first * blockBytes, (first + length) * blockBytes)
  }

  #confused(): never {
    doubt('what xfs_db says of it is not understood')
  }
}

/** Free blocks of XFS, by xfs_db, if xfs_logprint says that nothing waits in the log. */
export async function readXfs(volume: Volume): Promise<FreeSpace> {
  const facts = readXfsSuperblock(await volume.read(0, 512))
  if (facts.blocks * facts.blockBytes > volume.sizeBytes) doubt('its file system is larger than itself')
  const log = new PrintedLog()
  await volume.runLines('xfs_logprint', ['-t', volume.path], line => log.line(line))
  const state = log.end()
  const free = new FreeSpace(volume.sizeBytes)
  const extents = new ListedExtents(facts, free)
  const file = volume.isFile ? ['-f'] : []
  await volume.runLines('xfs_db', ['-r', ...file, '-c', 'freesp -d -s', volume.path], line => extents.line(line))
  const blocks = extents.end()
  // After a freeze the counters wait in the log; after an unmount they are right, and count the trees of free space as free.
  if (state === 'clean' && blocks > facts.freeBlocks) doubt('more of it is listed as free than its superblock says')
  return free
}
