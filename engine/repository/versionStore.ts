import type { Clock } from '../base/clock.ts'
import { inParallel } from '../base/inParallel.ts'
import { randomHex } from '../base/random.ts'
import type { RecordTable } from '../catalogue/recordTable.ts'
import { isVersionId, type VersionId } from '../contract/ids.ts'
import { names, type SealedKind, sealedKind } from './format.ts'
import { foldMarks, isMarkName, type Mark, type MarkState, markName, markTime, parseMark } from './marks.ts'
import { type MirroredRecords, type RecordFault, recordsAtOnce } from './records.ts'
import { ifAllowed } from './removing.ts'
import { openObject, sealObject } from './sealedObject.ts'
import { parseVersionRecord, type VersionRecord } from './versionRecord.ts'

export interface LoadedRecords {
  versions: VersionRecord[]
  marks: MarkState
  /** Ids of versions of which no copy of the record opens. */
  lostVersions: string[]
  /** Marks of which no copy opens: what they protected, labelled or called damaged is not known. */
  lostMarks: string[]
  /** Copies that are missing or altered while the other is sound (only those that had to be read). */
  faults: RecordFault[]
}

/** Version records and marks: sealed, stored twice, never changed, cached in the catalogue once opened. */
export class VersionStore {
  readonly #records: MirroredRecords
  readonly #objectKey: Uint8Array
  readonly #cache: RecordTable
  readonly #clock: Clock
  #newestMarkMs = 0

  constructor(records: MirroredRecords, objectKey: Uint8Array, cache: RecordTable, clock: Clock) {
    this.#records = records
    this.#objectKey = objectKey
    this.#cache = cache
    this.#clock = clock
  }

  /** All versions and marks there are now. */
  async load(signal?: AbortSignal): Promise<LoadedRecords> {
    const [ids, markIds] = await Promise.all([
      this.#ids('versions', isVersionId, signal),
      this.#ids('marks', isMarkName, signal),
    ])
    for (const id of markIds) this.#newestMarkMs = Math.max(this.#newestMarkMs, markTime(id))
    const records = await this.#readAll(ids, names.version, sealedKind.version, parseVersionRecord, signal)
    const marks = await this.#readAll(markIds, names.mark, sealedKind.mark, parseMark, signal)
    const versions = records.found.sort((a, b) =>
      a.startedAt < b.startedAt ? -1 : a.startedAt > b.startedAt ? 1 : a.id < b.id ? -1 : 1,
    )
    return {
      versions,
      marks: foldMarks(marks.found),
      lostVersions: records.lost,
      lostMarks: marks.lost,
      faults: [...records.faults, ...marks.faults],
    }
  }

  /** Records of one kind, in the order of their ids; those that were removed since they were listed are left out. */
  async #readAll<T>(
    ids: readonly string[],
    nameOf: (id: string) => string,
    kind: SealedKind,
    parse: (plain: Uint8Array) => T | undefined,
    signal?: AbortSignal,
  ): Promise<{ found: T[]; lost: string[]; faults: RecordFault[] }> {
    const read = await inParallel(ids, recordsAtOnce, async id => {
      const faults: RecordFault[] = []
      return { id, record: await this.#read(nameOf(id), kind, parse, faults, signal), faults }
    })
    return {
      found: read.flatMap(({ record }) => (record === 'damaged' || record === 'missing' ? [] : [record])),
      lost: read.filter(({ record }) => record === 'damaged').map(({ id }) => id),
      faults: read.flatMap(({ faults }) => faults),
    }
  }

  async putVersion(record: VersionRecord): Promise<void> {
    await this.#put(names.version(record.id), sealedKind.version, record)
  }

  async deleteVersion(id: VersionId): Promise<void> {
    await this.#records.delete(names.version(id))
    this.#cache.delete(names.version(id))
  }

  /**
   * Takes back a version that was stored a moment ago and may lack blocks. Without the right to remove, its record is replaced by one that
   * says that the run did not reach its end.
   */
  async withdrawVersion(record: VersionRecord): Promise<void> {
    if (await ifAllowed(() => this.deleteVersion(record.id))) return
    await ifAllowed(() => this.putVersion({ ...record, status: 'incomplete' }))
  }

  /** Stores a mark behind all marks that this object has seen, even when the clock was set back since. */
  async putMark(mark: Mark): Promise<void> {
    this.#newestMarkMs = Math.max(this.#clock.now(), this.#newestMarkMs + 1)
    await this.#put(names.mark(markName(this.#newestMarkMs, randomHex(4))), sealedKind.mark, mark)
  }

  /** Names under a folder that are ids, sorted. Others were put there by somebody else. */
  async #ids(folder: 'versions' | 'marks', isId: (text: string) => boolean, signal?: AbortSignal): Promise<string[]> {
    const found = await this.#records.list(folder, signal)
    return found.map(name => name.slice(folder.length + 1)).filter(isId)
  }

  /** Removes protect and label marks of versions that are neither in `versions` nor, by now, in the repository. */
  async dropMarksOfRemoved(versions: ReadonlySet<string>, signal?: AbortSignal): Promise<void> {
    const marks = await this.#ids('marks', isMarkName, signal)
    // Listed after the marks: a version that was made and protected meanwhile keeps its protection.
    const there = new Set(await this.#ids('versions', isVersionId, signal))
    for (const id of marks) {
      const name = names.mark(id)
      const mark = await this.#read(name, sealedKind.mark, parseMark, [], signal)
      if (typeof mark === 'string' || !('version' in mark)) continue
      if (versions.has(mark.version) || there.has(mark.version)) continue
      await this.#records.delete(name, signal)
      this.#cache.delete(name)
    }
  }

  async #put(name: string, kind: SealedKind, body: unknown): Promise<void> {
    const json = JSON.stringify(body)
    await this.#records.put(name, sealObject(this.#objectKey, kind, name, Buffer.from(json)))
    this.#cache.put(name, json)
  }

  async #read<T>(
    name: string,
    kind: SealedKind,
    parse: (plain: Uint8Array) => T | undefined,
    faults: RecordFault[],
    signal?: AbortSignal,
  ): Promise<T | 'missing' | 'damaged'> {
    const cached = this.#cache.get(name)
    // What cannot be read from the cache says nothing about the repository.
    const known = cached === undefined ? undefined : parse(Buffer.from(cached))
    if (known !== undefined) return known
    const open = (bytes: Uint8Array) => {
      const plain = openObject(this.#objectKey, kind, name, bytes)
      const value = plain && parse(plain)
      return value === undefined || plain === undefined ? undefined : { value, json: plain.toString() }
    }
    const read = await this.#records.read(name, open, signal ? { signal } : {})
    // Removed since it was listed.
    if (read.state === 'missing') return 'missing'
    faults.push(...read.faults)
    if (read.state === 'damaged') return 'damaged'
    this.#cache.put(name, read.value.json)
    return read.value.value
  }
}
