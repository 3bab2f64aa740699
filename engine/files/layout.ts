import { type Volume, volumeSchema } from '../contract/files.ts'
import { headBytes, identifyFileSystem } from '../versions/fileSystemHead.ts'
import type { ReadBytes } from '../versions/partition.ts'
import { readPartitionTable } from '../versions/partitionTable.ts'
import { readPhysicalVolume } from './lvm/physicalVolume.ts'
import { type LogicalPlace, readVolumeGroup } from './lvm/volumeGroup.ts'
import { lengthOf, readerOf, type Segment, segmentOf, sliceSegments } from './segments.ts'

/** A volume, and where it lies on the disk that was looked at. */
export interface FoundVolume extends Volume {
  place: LogicalPlace
}

/** Tables inside of volumes (a disk of a virtual machine in a logical volume) are followed so deep. */
const deepest = 3
/** A forged disk must not keep us for ever. */
const mostVolumes = 8192

const withFiles = new Set(['ext2', 'ext3', 'ext4', 'xfs', 'btrfs', 'ntfs', 'vfat', 'exfat'])

/**
 * Finds the volumes of a disk, by reading it alone: partitions, logical volumes, file systems. Nothing is activated, and no
 * program of the system looks at the disk, so a volume group of the same name and identity that is in use on this computer
 * plays no part. `prefix` begins the names; a disk without parts is called by `wholeName`. Failures of `read` are passed on.
 */
export async function findVolumes(
  read: ReadBytes,
  sizeBytes: number,
  { prefix = '', wholeName = 'disk' }: { prefix?: string; wholeName?: string } = {},
): Promise<FoundVolume[]> {
  const search = new Search(read)
  await search.look([segmentOf(0, sizeBytes)], { name: wholeName, prefix, purpose: null, depth: 0 })
  await search.lookIntoGroups(prefix)
  return search.found
}

interface Spot {
  name: string
  prefix: string
  purpose: string | null
  depth: number
}

class Search {
  readonly found: FoundVolume[] = []
  readonly #read: ReadBytes
  readonly #disks = new Map<string, readonly Segment[]>()
  /** By the name of the volume that holds it, the metadata of its group. */
  readonly #metadata: string[] = []

  constructor(read: ReadBytes) {
    this.#read = read
  }

  async look(segments: readonly Segment[], spot: Spot): Promise<void> {
    if (this.found.length >= mostVolumes) return
    const sizeBytes = lengthOf(segments)
    const read = readerOf(this.#read, segments)
    const table = spot.depth < deepest ? await readPartitionTable(read, sizeBytes) : null
    if (table) {
      for (const { number, offset, length, purpose } of table.partitions) {
        const name = `${spot.prefix}p${number}`
        const part = sliceSegments(segments, offset, length)
        const inner = { name, prefix: `${name}/`, purpose, depth: spot.depth + 1 }
        if (part) await this.look(part, inner)
        else this.#add(inner, { kind: 'none', why: 'It cuts a stripe', sizeBytes: length }, null)
      }
      return
    }
    const physical = await readPhysicalVolume(read, sizeBytes)
    if (physical) {
      this.#disks.set(physical.id, segments)
      if (physical.metadata !== null) this.#metadata.push(physical.metadata)
      return
    }
    const head = await readHead(read, sizeBytes)
    this.#add(spot, { kind: 'segments', segments: [...segments] }, head)
  }

  /** Physical volumes inside of logical ones are not looked for: LVM itself does not unless told to. */
  async lookIntoGroups(prefix: string): Promise<void> {
    const seen = new Set<string>()
    for (const text of this.#metadata) {
      for (const { group, name, place } of readVolumeGroup(text, this.#disks) ?? []) {
        const path = `${prefix}${group}/${name}`
        if (seen.has(path)) continue
        seen.add(path)
        const spot = { name: path, prefix: `${path}/`, purpose: null, depth: 1 }
        if (place.kind === 'segments') await this.look(place.segments, spot)
        else this.#add(spot, place, null)
      }
    }
  }

  #add({ name, purpose }: Spot, place: LogicalPlace, head: Head | null): void {
    const sizeBytes = place.kind === 'segments' ? lengthOf(place.segments) : place.sizeBytes
    this.found.push({ name, sizeBytes, purpose, ...describe(place, head), place })
  }
}

type Head = NonNullable<ReturnType<typeof identifyFileSystem>>

/** What can be done with a volume, by where it lies and what it begins with. */
function describe(
  place: LogicalPlace,
  head: Head | null,
): Pick<Volume, 'kind' | 'label' | 'usedBytes' | 'state' | 'why'> {
  const facts = { kind: head?.type ?? null, label: head?.label ?? null, usedBytes: head?.usedBytes ?? null }
  if (place.kind === 'none') return { ...facts, state: 'closed', why: `${place.why}.` }
  // What is on it shows when it is opened.
  if (place.kind === 'thin') return { ...facts, state: 'ready', why: null }
  if (facts.kind === 'crypto_LUKS') return { ...facts, state: 'locked', why: 'It is encrypted.' }
  if (facts.kind === null) return { ...facts, state: 'closed', why: 'No file system was found on it.' }
  if (facts.kind === 'swap') return { ...facts, state: 'closed', why: 'It is swap space and holds no files.' }
  if (!withFiles.has(facts.kind)) return { ...facts, state: 'closed', why: `${facts.kind} cannot be opened.` }
  return { ...facts, state: 'ready', why: null }
}

/** What a volume begins with. */
export async function readHead(read: ReadBytes, sizeBytes: number): Promise<Head | null> {
  const bytes = await read({ offset: 0, length: Math.min(headBytes, sizeBytes) })
  return identifyFileSystem(bytes, sizeBytes)
}

/** The volume as others see it. */
export const plainVolume = (volume: Volume): Volume => volumeSchema.parse(volume)
