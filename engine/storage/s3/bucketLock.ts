import { isHoldfastError } from '../../contract/errors.ts'
import type { LockMode } from '../bucketLocations.ts'
import { isObjectName, objectNotFound } from '../names.ts'
import type { ObjectLock, SweptHidden } from '../objectLock.ts'
import { isAnswer } from './answers.ts'
import type { Bucket, Retention } from './bucket.ts'
import { noObjectLock } from './errors.ts'
import type { ListedVersion } from './versions.ts'

const dayMs = 24 * 60 * 60 * 1000
/** Between the server's clock and ours; more, and it answers nothing. */
const toleratedSkewMs = 15 * 60_000

export interface LockOptions {
  mode: LockMode
  days: number
  /** As ObjectLock has it. */
  place: string
}

/** Object lock of a bucket: https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html */
export class BucketLock implements ObjectLock {
  readonly mode: LockMode
  readonly days: number
  readonly place: string
  readonly #bucket: Bucket
  readonly #prefix: string
  #put = new Map<string, number>()

  /** `prefix` is empty or ends with a slash. */
  constructor(bucket: Bucket, prefix: string, { mode, days, place }: LockOptions) {
    this.#bucket = bucket
    this.#prefix = prefix
    this.mode = mode
    this.days = days
    this.place = place
  }

  /** Of an object that is put now. */
  retention(): Retention {
    return this.#until(this.#bucket.facts.clock.now() + this.days * dayMs)
  }

  #until(until: number): Retention {
    // Some servers keep whole seconds only, and a lock must not end before it was said to.
    return {
      mode: this.mode === 'compliance' ? 'COMPLIANCE' : 'GOVERNANCE',
      until: new Date(Math.ceil(until / 1000) * 1000),
    }
  }

  notePut(name: string, { until }: Retention): void {
    this.#put.set(name, until.getTime())
  }

  takePut(): Map<string, number> {
    const put = this.#put
    this.#put = new Map()
    return put
  }

  /** Throws config.invalid when objects cannot be locked here. A key that may not ask finds out when it puts something. */
  async requireEnabled(signal?: AbortSignal): Promise<void> {
    try {
      if (await this.#bucket.hasLock(signal)) return
    } catch (error) {
      if (isHoldfastError(error, 'storage.authFailed') && isAnswer(error, 403)) return
      throw error
    }
    throw noObjectLock(this.#bucket.facts.url, this.#bucket.facts.bucket)
  }

  async lockedUntil(name: string, signal?: AbortSignal): Promise<number | undefined> {
    try {
      const { ObjectLockRetainUntilDate } = await this.#bucket.head(name, { key: this.#key(name) }, signal)
      return ObjectLockRetainUntilDate?.getTime()
    } catch (error) {
      throw isAnswer(error, 404) ? objectNotFound(name, this.#bucket.facts.url) : error
    }
  }

  async extend(name: string, until: number, signal?: AbortSignal): Promise<void> {
    await this.#bucket.retain(name, this.#key(name), this.#until(until), signal)
  }

  async sweepHidden(signal?: AbortSignal): Promise<SweptHidden> {
    const swept: SweptHidden = { removed: 0, freedBytes: 0, waiting: { objects: 0, sizeBytes: 0, until: 0 } }
    let versions: ListedVersion[] = []
    for await (const version of this.#bucket.versions(this.#prefix, signal)) {
      // What somebody else put there is none of ours.
      if (!isObjectName(version.key.slice(this.#prefix.length))) continue
      if (versions[0] !== undefined && versions[0].key !== version.key) {
        await this.#sweep(versions, swept, signal)
        versions = []
      }
      versions.push(version)
    }
    await this.#sweep(versions, swept, signal)
    return swept
  }

  /** The oldest first, and the marker that hides them last: without it, what is behind it would be there again. */
  async #sweep(newestFirst: readonly ListedVersion[], swept: SweptHidden, signal?: AbortSignal): Promise<void> {
    let isAllGone = true
    for (const version of newestFirst.toReversed()) {
      if (version.isLatest && !(version.isMarker && isAllGone)) return
      const lockedUntil = await this.#remove(version, signal)
      if (lockedUntil === undefined) {
        swept.removed++
        swept.freedBytes += version.sizeBytes
        continue
      }
      isAllGone = false
      swept.waiting.objects++
      swept.waiting.sizeBytes += version.sizeBytes
      swept.waiting.until = Math.max(swept.waiting.until, lockedUntil)
    }
  }

  /** Until when the version is locked; undefined when it is gone. storage.deleteRefused when that is for another reason. */
  async #remove(version: ListedVersion, signal?: AbortSignal): Promise<number | undefined> {
    const name = version.key.slice(this.#prefix.length)
    try {
      await this.#bucket.delete(name, version, signal)
      return undefined
    } catch (error) {
      if (isAnswer(error, 404)) return undefined
      if (!isHoldfastError(error, 'storage.deleteRefused') || version.isMarker) throw error
      const { ObjectLockRetainUntilDate } = await this.#bucket.head(name, version, signal)
      const until = ObjectLockRetainUntilDate?.getTime() ?? 0
      if (until > this.#bucket.facts.clock.now() - toleratedSkewMs) return until
      throw error
    }
  }

  #key(name: string): string {
    return `${this.#prefix}${name}`
  }
}
