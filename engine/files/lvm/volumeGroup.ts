import { type Segment, sliceSegments } from '../segments.ts'
import { type ConfigSection, type ConfigValue, parseConfigText } from './configText.ts'

/** Logical volumes as the metadata of their group describe them. All functions here are pure. */

/** A thin pool: what its volumes share, and where it keeps which of them has what. */
export interface ThinPool {
  metadata: Segment[]
  data: Segment[]
  chunkBytes: number
}

export type LogicalPlace =
  | { kind: 'segments'; segments: Segment[] }
  | { kind: 'thin'; pool: ThinPool; deviceId: number; sizeBytes: number }
  /** It cannot be opened; the reason is for people. */
  | { kind: 'none'; why: string; sizeBytes: number }

export interface LogicalVolume {
  group: string
  name: string
  place: LogicalPlace
}

/** One volume group may have many thousands of volumes; more are not looked at. */
const mostVolumes = 4096
const mostSegments = 65_536

/**
 * The visible volumes of a group. `disks` are the physical volumes that are there, by id: the segments of the disk that they
 * are. Null when the text is none of LVM's.
 */
export function readVolumeGroup(text: string, disks: ReadonlyMap<string, readonly Segment[]>): LogicalVolume[] | null {
  const config = parseConfigText(text)
  const entry = [...(config ?? [])].find(([, value]) => value instanceof Map)
  if (!entry) return null
  const [group, body] = entry as [string, ConfigSection]
  const extentBytes = numberIn(body, 'extent_size') * 512
  if (!(extentBytes > 0)) return null
  const reader = new GroupReader(body, extentBytes, disks)
  return reader.visible().map(name => ({ group, name, place: reader.place(name) }))
}

class Unreachable extends Error {}

class GroupReader {
  readonly #volumes: ConfigSection
  readonly #physical: ConfigSection
  readonly #extentBytes: number
  readonly #disks: ReadonlyMap<string, readonly Segment[]>

  constructor(body: ConfigSection, extentBytes: number, disks: ReadonlyMap<string, readonly Segment[]>) {
    this.#volumes = sectionIn(body, 'logical_volumes') ?? new Map()
    this.#physical = sectionIn(body, 'physical_volumes') ?? new Map()
    this.#extentBytes = extentBytes
    this.#disks = disks
  }

  visible(): string[] {
    const names: string[] = []
    for (const [name, value] of this.#volumes) {
      if (!(value instanceof Map) || !listIn(value, 'status').includes('VISIBLE')) continue
      // A pool holds volumes and is none itself.
      if (this.#segments(value).some(segment => segment.get('type') === 'thin-pool')) continue
      names.push(name)
      if (names.length === mostVolumes) break
    }
    return names
  }

  place(name: string): LogicalPlace {
    const volume = sectionIn(this.#volumes, name)!
    const segments = this.#segments(volume)
    const sizeBytes = segments.reduce((sum, s) => sum + numberIn(s, 'extent_count') * this.#extentBytes, 0)
    try {
      if (!(sizeBytes > 0)) throw new Unreachable('It is empty')
      const [first] = segments
      if (first!.get('type') === 'thin') return this.#thin(first!, sizeBytes)
      if (this.#isSnapshot(name)) throw new Unreachable('It is a snapshot; restore the version to open it')
      return { kind: 'segments', segments: this.#map(name) }
    } catch (error) {
      if (error instanceof Unreachable) return { kind: 'none', why: error.message, sizeBytes }
      throw error
    }
  }

  #thin(segment: ConfigSection, sizeBytes: number): LogicalPlace {
    const pool = sectionIn(this.#volumes, textIn(segment, 'thin_pool'))
    const [poolSegment] = pool ? this.#segments(pool) : []
    if (poolSegment?.get('type') !== 'thin-pool') throw new Unreachable('Its pool is not there')
    if (segment.has('external_origin')) throw new Unreachable('Part of it lies in another volume')
    const chunkBytes = numberIn(poolSegment, 'chunk_size') * 512
    if (!(chunkBytes > 0)) throw new Unreachable('Its pool is damaged')
    return {
      kind: 'thin',
      pool: {
        metadata: this.#map(textIn(poolSegment, 'metadata')),
        data: this.#map(textIn(poolSegment, 'pool')),
        chunkBytes,
      },
      deviceId: numberIn(segment, 'device_id'),
      sizeBytes,
    }
  }

  /** Where a volume that only consists of pieces of disks lies. */
  #map(name: string): Segment[] {
    const volume = sectionIn(this.#volumes, name)
    if (!volume) throw new Unreachable(`Its part ${name} is not there`)
    const sorted = this.#segments(volume).sort((a, b) => numberIn(a, 'start_extent') - numberIn(b, 'start_extent'))
    let next = 0
    return sorted.flatMap(segment => {
      if (numberIn(segment, 'start_extent') !== next) throw new Unreachable('It has gaps')
      next += numberIn(segment, 'extent_count')
      return this.#segment(segment)
    })
  }

  #segment(segment: ConfigSection): Segment[] {
    const type = textIn(segment, 'type')
    if (type !== 'striped' && type !== 'linear') {
      throw new Unreachable(`It is of the kind ${type}, which is only opened after a restore`)
    }
    const stripes = listIn(segment, 'stripes')
    const count = stripes.length / 2
    const length = numberIn(segment, 'extent_count') * this.#extentBytes
    const places: Segment[][] = []
    for (let i = 0; i < count; i++) {
      places.push(this.#disk(String(stripes[i * 2]), Number(stripes[i * 2 + 1]), length / count))
    }
    if (places.length === 0) throw new Unreachable('It is damaged')
    if (places.length === 1) return places[0]!
    const stripeBytes = numberIn(segment, 'stripe_size') * 512
    // Each stripe lies in one piece unless the disk itself is made of pieces.
    if (!(stripeBytes > 0) || places.some(pieces => pieces.length !== 1 || pieces[0]!.places.length !== 1)) {
      throw new Unreachable('Its stripes are too scattered')
    }
    return [{ length, stripeBytes, places: places.map(([piece]) => piece!.places[0]!) }]
  }

  #disk(name: string, extent: number, length: number): Segment[] {
    const physical = sectionIn(this.#physical, name)
    const disk = physical && this.#disks.get(textIn(physical, 'id'))
    if (!physical || !disk) throw new Unreachable('A part of it is on another disk')
    const offset = numberIn(physical, 'pe_start') * 512 + extent * this.#extentBytes
    const found = sliceSegments(disk, offset, length)
    if (!found) throw new Unreachable('A part of it lies beyond the end of the disk')
    return found
  }

  #isSnapshot(name: string): boolean {
    return [...this.#volumes.values()].some(
      other =>
        other instanceof Map &&
        this.#segments(other).some(s => s.get('type') === 'snapshot' && s.get('cow_store') === name),
    )
  }

  #segments(volume: ConfigSection): ConfigSection[] {
    const count = Math.min(numberIn(volume, 'segment_count'), mostSegments)
    const found: ConfigSection[] = []
    for (let i = 1; i <= count; i++) {
      const segment = sectionIn(volume, `segment${i}`)
      if (!segment) break
      found.push(segment)
    }
    return found
  }
}

const sectionIn = (section: ConfigSection, name: string): ConfigSection | undefined => {
  const value = section.get(name)
  return value instanceof Map ? value : undefined
}
const numberIn = (section: ConfigSection, name: string): number => {
  const value = section.get(name)
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : 0
}
const textIn = (section: ConfigSection, name: string): string => {
  const value = section.get(name)
  return typeof value === 'string' ? value : ''
}
const listIn = (section: ConfigSection, name: string): ConfigValue[] => {
  const value = section.get(name)
  return Array.isArray(value) ? value : []
}
