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
}

export const etagOf = (data: Uint8Array): string => `"${createHash('md5').update(data).digest('hex')}"`

/** One bucket without versions. */
export class ObjectStore {
  readonly objects = new Map<string, StoredObject>()
  readonly uploads = new Map<string, PartialObject>()

  get sizeBytes(): number {
    let sum = 0
    for (const { data } of this.objects.values()) sum += data.length
    return sum
  }

  begin(key: string, now: number, storageClass: string | undefined): string {
    const id = randomUUID()
    this.uploads.set(id, { key, startedAt: now, parts: new Map(), storageClass })
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
