import { createHash, randomUUID } from 'node:crypto'

export interface StoredObject {
  data: Buffer
  etag: string
  modifiedAt: number
  lock?: ObjectLock | undefined
  storageClass?: string | undefined
}

/** Until when an object may not be removed, milliseconds since 1970 UTC. */
export interface ObjectLock {
  mode: 'GOVERNANCE' | 'COMPLIANCE'
  until: number
}

interface PartialObject {
  key: string
  startedAt: number
  parts: Map<number, Buffer>
  storageClass: string | undefined
  lock: ObjectLock | undefined
}

export const etagOf = (data: Uint8Array): string => `"${createHash('md5').update(data).digest('hex')}"`

/** One version of an object, or the marker that a removal leaves in a bucket with versions. */
export interface StoredVersion {
  id: string
  modifiedAt: number
  /** Undefined in a marker. */
  object: StoredObject | undefined
}

/** One bucket; with versions and object lock where it was made so. */
export class ObjectStore {
  /** What there is now. */
  readonly objects = new Map<string, StoredObject>()
  /** All versions by key, the oldest first; empty in a bucket without object lock. */
  readonly versions = new Map<string, StoredVersion[]>()
  readonly hasLock: boolean
  readonly uploads = new Map<string, PartialObject>()

  constructor(options: { lock?: boolean } = {}) {
    this.hasLock = options.lock ?? false
  }

  put(key: string, object: StoredObject): void {
    this.objects.set(key, object)
    this.#add(key, { id: randomUUID(), modifiedAt: object.modifiedAt, object })
  }

  /** Removes what there is now; in a bucket with versions it stays behind a marker. */
  remove(key: string, now: number): void {
    this.objects.delete(key)
    this.#add(key, { id: randomUUID(), modifiedAt: now, object: undefined })
  }

  version(key: string, id: string): StoredVersion | undefined {
    return this.versions.get(key)?.find(version => version.id === id)
  }

  /** Removes one version for good; the one before it shows again. */
  removeVersion(key: string, id: string): void {
    const left = (this.versions.get(key) ?? []).filter(version => version.id !== id)
    if (left.length === 0) this.versions.delete(key)
    else this.versions.set(key, left)
    const current = left.at(-1)?.object
    if (current) this.objects.set(key, current)
    else this.objects.delete(key)
  }

  #add(key: string, version: StoredVersion): void {
    if (this.hasLock) this.versions.set(key, [...(this.versions.get(key) ?? []), version])
  }

  get sizeBytes(): number {
    let sum = 0
    for (const { data } of this.objects.values()) sum += data.length
    return sum
  }

  begin(key: string, now: number, storageClass: string | undefined, lock?: ObjectLock): string {
    const id = randomUUID()
    this.uploads.set(id, { key, startedAt: now, parts: new Map(), storageClass, lock })
    return id
  }

  /** The object that the numbered parts make; undefined when one of them is missing. */
  whole(id: string, numbers: readonly number[]): Buffer | undefined {
    const parts = numbers.map(number => this.uploads.get(id)?.parts.get(number))
    return parts.every(part => part !== undefined) ? Buffer.concat(parts as Buffer[]) : undefined
  }

  /** Sorted as S3 lists them: by the bytes of their names. */
  keysAfter(prefix: string, after: string): string[] {
    return [...this.objects.keys()].filter(key => key.startsWith(prefix) && key > after).sort()
  }
}
