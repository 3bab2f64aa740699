import { rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { HoldfastError } from '../../engine/contract/errors.ts'
import { normalize, type RangeSet } from '../../engine/sources/ranges.ts'
import type {
  Changes,
  Snapshot,
  SnapshotDriver,
  SnapshotOptions,
  SnapshotUsage,
  TrackedVolume,
  TrackingMethod,
} from '../../engine/tracking/trackedVolume.ts'

/** What a process that was killed ends with; it does nothing afterwards. */
export class Killed extends Error {}

interface FakeSnapshot extends Snapshot {
  /** Bears the tag of Holdfast. */
  isOurs: boolean
  content: Buffer
  /** By chunk: the number of its last write when the snapshot was made; undefined when nothing lay there. */
  writes: Map<number, number>
  /** Chunks of the volume that were written since. */
  copied: Set<number>
  /** Chunks that there is room for. */
  room: number
  isValid: boolean
  devicePath: string | undefined
}

/**
 * Volumes with snapshots, in memory, that behave like those of LVM: a classic snapshot has room for some chunks and is void when more is
 * written; a thin one knows what was discarded. Any call may be the one at which the process is killed.
 */
export class FakeVolumes implements SnapshotDriver {
  readonly chunkBytes = 4096
  readonly volumes: FakeVolume[] = []
  readonly folder: string
  /** Called before every call of the driver: what others do meanwhile. */
  meanwhile: () => void = () => undefined
  calls: string[] = []
  #stepsLeft = Number.POSITIVE_INFINITY
  #isDead = false
  #made = 0

  constructor(folder: string) {
    this.folder = folder
  }

  add(path: string, method: TrackingMethod, content: Buffer): FakeVolume {
    const volume = new FakeVolume(this, `id-${++this.#made}`, path, method, content)
    this.volumes.push(volume)
    return volume
  }

  /** The process dies at the n-th step from now on (from 0); a call has one before and one after what it does. */
  killAt(n: number): void {
    this.#stepsLeft = n
  }

  /** A new process begins. True when the old one was killed. */
  revive(): boolean {
    const wasKilled = this.#isDead
    this.#isDead = false
    this.#stepsLeft = Number.POSITIVE_INFINITY
    return wasKilled
  }

  step(): void {
    if (this.#isDead || this.#stepsLeft-- <= 0) {
      this.#isDead = true
      throw new Killed('killed')
    }
  }

  /** Runs something that a kill may come before or after. */
  async inSteps<T>(name: string, work: () => T | Promise<T>): Promise<T> {
    this.step()
    this.calls.push(name)
    this.meanwhile()
    const result = await work()
    this.step()
    return result
  }

  nextId(): string {
    return `snapshot-${++this.#made}`
  }

  find(path: string): Promise<TrackedVolume | undefined> {
    return this.inSteps('find', () => this.volumes.find(volume => volume.path === path))
  }

  withOwnSnapshots(): Promise<TrackedVolume[]> {
    return this.inSteps('withOwnSnapshots', () => this.volumes.filter(volume => volume.own.length > 0))
  }
}

export class FakeVolume implements TrackedVolume {
  readonly lockName = 'group'
  readonly id: string
  readonly method: TrackingMethod
  path: string
  snapshots: FakeSnapshot[] = []
  content: Buffer
  /** Chunks that are free in the group, for classic snapshots. */
  freeChunks = 1000
  /** Chunks that a classic snapshot gets unless told otherwise. */
  usualRoom = 40
  readonly #driver: FakeVolumes
  #writes = new Map<number, number>()
  #writeCount = 0

  constructor(driver: FakeVolumes, id: string, path: string, method: TrackingMethod, content: Buffer) {
    this.#driver = driver
    this.id = id
    this.path = path
    this.method = method
    this.content = Buffer.alloc(content.length)
    this.write(0, content)
  }

  get sizeBytes(): number {
    return this.content.length
  }

  get own(): FakeSnapshot[] {
    return this.snapshots.filter(({ isOurs }) => isOurs)
  }

  write(offset: number, bytes: Uint8Array): void {
    this.#touch(offset, bytes.length, chunk => this.#writes.set(chunk, ++this.#writeCount))
    this.content.set(bytes, offset)
  }

  /** What lies there reads as zeros; in a classic volume that is a write, since the kernel offers it no discards then. */
  discard(chunk: number): void {
    const start = chunk * this.#driver.chunkBytes
    const zeros = Buffer.alloc(Math.min(this.#driver.chunkBytes, this.sizeBytes - start))
    this.write(start, zeros)
    if (this.method === 'lvm-thin') this.#writes.delete(chunk)
  }

  /** Whole chunks. */
  resize(sizeBytes: number): void {
    const content = Buffer.alloc(sizeBytes)
    this.content.copy(content)
    this.content = content
    const chunks = Math.ceil(sizeBytes / this.#driver.chunkBytes)
    for (const chunk of this.#writes.keys()) if (chunk >= chunks) this.#writes.delete(chunk)
  }

  /** Somebody else's, or with our tag one of another state folder. */
  addForeign(name: string, isOurs = false): void {
    this.#add(name, isOurs, 10)
  }

  /** What an administrator may do at any time. */
  takeAway(id: string): void {
    const found = this.snapshots.find(snapshot => snapshot.id === id)
    if (!found) return
    this.#close(found)
    this.snapshots = this.snapshots.filter(snapshot => snapshot !== found)
    this.freeChunks += found.room
  }

  ownSnapshots(): Promise<Snapshot[]> {
    return this.#driver.inSteps('ownSnapshots', () => this.own.map(plain))
  }

  createSnapshot(name: string, options: SnapshotOptions = {}): Promise<Snapshot> {
    return this.#driver.inSteps('createSnapshot', () => {
      const { roomBytes, largest } = options
      const asked = roomBytes === undefined ? this.usualRoom : Math.ceil(roomBytes / this.#driver.chunkBytes)
      const room = this.method === 'lvm-thin' ? 0 : largest ? this.freeChunks : asked
      if (this.method === 'lvm-classic' && (room > this.freeChunks || this.freeChunks === 0)) {
        throw new HoldfastError('source.noRoomForSnapshot', `There is no room for a snapshot of ${this.path}.`)
      }
      return plain(this.#add(name, true, room))
    })
  }

  activate({ id }: Snapshot): Promise<string> {
    return this.#driver.inSteps('activate', () => {
      const snapshot = this.#get(id)
      if (snapshot.devicePath !== undefined) return snapshot.devicePath
      const devicePath = join(this.#driver.folder, id)
      writeFileSync(devicePath, snapshot.content)
      snapshot.devicePath = devicePath
      if (!snapshot.isValid) truncateSync(devicePath)
      return devicePath
    })
  }

  deactivate({ id }: Snapshot): Promise<void> {
    return this.#driver.inSteps('deactivate', () => this.#close(this.#get(id)))
  }

  changes(older: Snapshot, newer: Snapshot): Promise<Changes> {
    return this.#driver.inSteps('changes', () => {
      const before = this.snapshots.find(({ id }) => id === older.id)
      const after = this.#get(newer.id)
      if (!before?.isValid) return { known: false, why: 'the older snapshot is void' }
      if (this.method === 'lvm-classic')
        return { known: true, written: this.#bytes(before.copied, after.sizeBytes), discarded: [] }
      const written = [...after.writes].filter(([chunk, n]) => before.writes.get(chunk) !== n).map(([chunk]) => chunk)
      const discarded = [...before.writes.keys()].filter(chunk => !after.writes.has(chunk))
      return {
        known: true,
        written: this.#bytes(written, after.sizeBytes),
        discarded: this.#bytes(discarded, after.sizeBytes),
      }
    })
  }

  allocated({ id }: Snapshot): Promise<RangeSet | undefined> {
    return this.#driver.inSteps('allocated', () => {
      const snapshot = this.#get(id)
      return this.method === 'lvm-thin' ? this.#bytes(snapshot.writes.keys(), snapshot.sizeBytes) : undefined
    })
  }

  isValid({ id }: Snapshot): Promise<boolean> {
    return this.#driver.inSteps('isValid', () => this.snapshots.find(snapshot => snapshot.id === id)?.isValid ?? false)
  }

  usage({ id }: Snapshot): Promise<SnapshotUsage | undefined> {
    return this.#driver.inSteps('usage', () => {
      const { copied, room } = this.#get(id)
      const { chunkBytes } = this.#driver
      return {
        usedBytes: copied.size * chunkBytes,
        roomBytes: this.method === 'lvm-thin' ? null : room * chunkBytes,
      }
    })
  }

  removeSnapshot({ id }: Snapshot): Promise<void> {
    return this.#driver.inSteps('removeSnapshot', () => {
      const found = this.snapshots.find(snapshot => snapshot.id === id)
      if (found && !found.isOurs) throw new Error(`${found.name} is none of ours`)
      this.takeAway(id)
    })
  }

  #add(name: string, isOurs: boolean, room: number): FakeSnapshot {
    if (this.snapshots.some(snapshot => snapshot.name === name)) throw new Error(`${name} exists`)
    const snapshot: FakeSnapshot = {
      id: this.#driver.nextId(),
      name,
      sizeBytes: this.sizeBytes,
      isOurs,
      content: Buffer.from(this.content),
      writes: new Map(this.#writes),
      copied: new Set(),
      room,
      isValid: true,
      devicePath: undefined,
    }
    this.snapshots.push(snapshot)
    this.freeChunks -= room
    return snapshot
  }

  #touch(offset: number, length: number, write: (chunk: number) => void): void {
    const { chunkBytes } = this.#driver
    for (let chunk = Math.floor(offset / chunkBytes); chunk * chunkBytes < offset + length; chunk++) {
      write(chunk)
      for (const snapshot of this.snapshots) {
        snapshot.copied.add(chunk)
        if (this.method === 'lvm-thin' || snapshot.copied.size <= snapshot.room) continue
        snapshot.isValid = false
        if (snapshot.devicePath) truncateSync(snapshot.devicePath)
      }
    }
  }

  #close(snapshot: FakeSnapshot): void {
    if (snapshot.devicePath) rmSync(snapshot.devicePath, { force: true })
    snapshot.devicePath = undefined
  }

  #get(id: string): FakeSnapshot {
    const found = this.snapshots.find(snapshot => snapshot.id === id)
    if (found) return found
    throw new Error(`There is no ${id}.`)
  }

  #bytes(chunks: Iterable<number>, sizeBytes: number): RangeSet {
    const { chunkBytes } = this.#driver
    return normalize(
      [...chunks].map(chunk => ({ start: chunk * chunkBytes, end: Math.min((chunk + 1) * chunkBytes, sizeBytes) })),
    )
  }
}

const plain = ({ id, name, sizeBytes }: FakeSnapshot): Snapshot => ({ id, name, sizeBytes })
