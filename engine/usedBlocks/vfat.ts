import { throwIfAborted } from '../contract/errors.ts'
import { doubt } from './doubt.ts'
import { FreeSpace } from './freeSpace.ts'
import type { Volume } from './volume.ts'

/** Where things are in a FAT file system; offsets and lengths in bytes. */
export interface FatFacts {
  bits: 12 | 16 | 32
  tableAt: number
  /** Of one copy of the table. */
  tableBytes: number
  copies: number
  /** Of cluster 2, the first. */
  clustersAt: number
  clusterBytes: number
  clusters: number
  endAt: number
  /** FAT32: the cluster in which the root folder begins. */
  rootCluster: number | undefined
  /** Its first sector says that it was not unmounted. */
  isDirty: boolean
}

const isPowerOfTwo = (value: number) => value > 0 && (value & (value - 1)) === 0

/** Reads the first sector: "Microsoft FAT Specification" of 2005, sections 3.1 to 3.5. A Doubt when it makes no sense. */
export function readFatBootSector(sector: Buffer): FatFacts {
  if (sector.length < 512 || sector.readUInt16LE(510) !== 0xaa55) doubt('its first sector is not one of FAT')
  const sectorBytes = sector.readUInt16LE(11)
  const clusterSectors = sector.readUInt8(13)
  const reserved = sector.readUInt16LE(14)
  const copies = sector.readUInt8(16)
  const rootEntries = sector.readUInt16LE(17)
  const total = sector.readUInt16LE(19) || sector.readUInt32LE(32)
  const tableSectors = sector.readUInt16LE(22) || sector.readUInt32LE(36)
  if (!isPowerOfTwo(sectorBytes) || sectorBytes < 512 || sectorBytes > 4096 || !isPowerOfTwo(clusterSectors)) {
    doubt('the sizes in its first sector make no sense')
  }
  const firstSector = reserved + copies * tableSectors + Math.ceil((rootEntries * 32) / sectorBytes)
  const clusters = Math.floor((total - firstSector) / clusterSectors)
  if (reserved === 0 || copies < 1 || copies > 2 || tableSectors === 0 || clusters < 1) {
    doubt('the sizes in its first sector make no sense')
  }
  const isFat32 = sector.readUInt16LE(22) === 0
  const bits = isFat32 ? 32 : clusters < 4085 ? 12 : 16
  const mostClusters = { 12: 4084, 16: 65524, 32: 0x0ffffff5 }[bits]
  if (clusters > mostClusters || ((clusters + 2) * bits) / 8 > tableSectors * sectorBytes) {
    doubt('the sizes in its first sector make no sense')
  }
  // With this bit, one copy of the table is in use and the others are stale, which few programs heed.
  if (isFat32 && (sector.readUInt16LE(40) & 0x80) !== 0) doubt('only one copy of its table is in use')
  return {
    bits,
    tableAt: reserved * sectorBytes,
    tableBytes: tableSectors * sectorBytes,
    copies,
    clustersAt: firstSector * sectorBytes,
    clusterBytes: clusterSectors * sectorBytes,
    clusters,
    endAt: total * sectorBytes,
    rootCluster: isFat32 ? sector.readUInt32LE(44) : undefined,
    // Where Linux and Windows note it: fs/fat/inode.c, fat_set_state.
    isDirty: (sector.readUInt8(isFat32 ? 0x41 : 0x25) & 1) !== 0,
  }
}

/** Bytes of the table that are looked at in one go: whole entries of every kind. */
const pieceBytes = 3 * 512 * 1024

/**
 * Goes through the table in pieces of 1.5 MiB, in order, and adds the clusters whose entry is 0. Bad clusters are free, too: they
 * hold nothing. A Doubt when the table itself says that it is not in order.
 */
export class FatTable {
  readonly #facts: FatFacts
  readonly #free: FreeSpace
  #cluster = 0
  #isRootUsed = false

  constructor(facts: FatFacts, free: FreeSpace) {
    this.#facts = facts
    this.#free = free
  }

  piece(bytes: Buffer): void {
    const { bits, clusters, clustersAt, clusterBytes, rootCluster } = this.#facts
    const count = Math.floor((bytes.length * 8) / bits)
    const bad = bits === 32 ? 0x0ffffff7 : bits === 16 ? 0xfff7 : 0xff7
    for (let i = 0; i < count && this.#cluster < clusters + 2; i++, this.#cluster++) {
      const entry = entryAt(bytes, i, bits)
      if (this.#cluster === 1) this.#requireClean(entry)
      if (this.#cluster < 2) continue
      if (this.#cluster === rootCluster && entry !== 0 && entry !== bad) this.#isRootUsed = true
      if (entry !== 0 && entry !== bad) continue
      const start = clustersAt + (this.#cluster - 2) * clusterBytes
      this.#free.add(start, start + clusterBytes)
    }
  }

  end(): void {
    if (this.#cluster !== this.#facts.clusters + 2) doubt('its table ends too early')
    if (this.#facts.rootCluster !== undefined && !this.#isRootUsed) doubt('its table says that its root folder is free')
  }

  /** The second entry has bits that are cleared while the volume is mounted, and after errors. */
  #requireClean(entry: number): void {
    const { bits } = this.#facts
    if (bits === 12) return
    const [clean, noErrors] = bits === 16 ? [0x8000, 0x4000] : [0x08000000, 0x04000000]
    if ((entry & clean) === 0) doubt('it was not unmounted cleanly')
    if ((entry & noErrors) === 0) doubt('its disk had errors')
  }
}

function entryAt(bytes: Buffer, index: number, bits: 12 | 16 | 32): number {
  if (bits === 32) return bytes.readUInt32LE(index * 4) & 0x0fffffff
  if (bits === 16) return bytes.readUInt16LE(index * 2)
  const pair = bytes.readUInt16LE(Math.floor((index * 3) / 2))
  return index % 2 === 1 ? pair >> 4 : pair & 0xfff
}

/** Free clusters of FAT12, FAT16 and FAT32, by the table itself. */
export async function readVfat(volume: Volume): Promise<FreeSpace> {
  const facts = readFatBootSector(await volume.read(0, 512))
  if (facts.endAt > volume.sizeBytes) doubt('its file system is larger than itself')
  // While it is mounted it is marked so; frozen, the table is all there, and nothing else says what is free.
  if (facts.isDirty && !volume.frozen) doubt('it was not unmounted cleanly')
  const free = new FreeSpace(volume.sizeBytes)
  const table = new FatTable(facts, free)
  for (let at = 0; at < facts.tableBytes; at += pieceBytes) {
    throwIfAborted(volume.signal, 'The backup')
    const length = Math.min(pieceBytes, facts.tableBytes - at)
    const piece = await volume.read(facts.tableAt + at, length)
    if (facts.copies === 2) {
      const copy = await volume.read(facts.tableAt + facts.tableBytes + at, length)
      if (!copy.equals(piece)) doubt('the two copies of its table differ')
    }
    table.piece(piece)
  }
  table.end()
  return free
}
