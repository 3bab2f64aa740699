import type { Clock } from '../base/clock.ts'
import { randomHex } from '../base/random.ts'
import type { RecordTable } from '../catalogue/recordTable.ts'
import type { VersionId } from '../contract/ids.ts'
import { names, type SealedKind, sealedKind } from './format.ts'
import { foldMarks, type Mark, type MarkState, markName, parseMark } from './marks.ts'
import type { MirroredRecords, RecordFault } from './records.ts'
import { openObject, sealObject } from './sealedObject.ts'
import { parseVersionRecord, type VersionRecord } from './versionRecord.ts'

export interface LoadedRecords {
  versions: VersionRecord[]
  marks: MarkState
  /** Version records of which no copy opens. */
  lostVersions: string[]
  /** Copies that are missing or altered while the other is sound (only those that had to be read). */
  faults: RecordFault[]
}

/** Version records and marks: sealed, stored twice, never changed, cached in the catalogue once opened. */
export class VersionStore {
  readonly #records: MirroredRecords
  readonly #objectKey: Uint8Array
  readonly #cache: RecordTable
  readonly #clock: Clock

  constructor(records: MirroredRecords, objectKey: Uint8Array, cache: RecordTable, clock: Clock) {
    this.#records = records
    this.#objectKey = objectKey
    this.#cache = cache
    this.#clock = clock
  }

  /** All versions and marks there are now. */
  async load(signal?: AbortSignal): Promise<LoadedRecords> {
    const faults: RecordFault[] = []
    const lostVersions: string[] = []
    const versions: VersionRecord[] = []
    for (const name of await this.#records.list('versions', signal)) {
      const record = await this.#read(name, sealedKind.version, parseVersionRecord, faults, signal)
      if (record) versions.push(record)
      else lostVersions.push(name.slice('versions/'.length))
    }
    const marks: Mark[] = []
    for (const name of await this.#records.list('marks', signal)) {
      const mark = await this.#read(name, sealedKind.mark, parseMark, faults, signal)
      if (mark) marks.push(mark)
    }
    versions.sort((a, b) => (a.startedAt < b.startedAt ? -1 : a.startedAt > b.startedAt ? 1 : a.id < b.id ? -1 : 1))
    return { versions, marks: foldMarks(marks), lostVersions, faults }
  }

  async putVersion(record: VersionRecord): Promise<void> {
    await this.#put(names.version(record.id), sealedKind.version, record)
  }

  async deleteVersion(id: VersionId): Promise<void> {
    await this.#records.delete(names.version(id))
    this.#cache.delete(names.version(id))
  }

  async putMark(mark: Mark): Promise<void> {
    await this.#put(names.mark(markName(this.#clock.now(), randomHex(4))), sealedKind.mark, mark)
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
  ): Promise<T | undefined> {
    const cached = this.#cache.get(name)
    if (cached !== undefined) return parse(Buffer.from(cached))
    const open = (bytes: Uint8Array) => {
      const plain = openObject(this.#objectKey, kind, name, bytes)
      const value = plain && parse(plain)
      return value === undefined || plain === undefined ? undefined : { value, json: plain.toString() }
    }
    const read = await this.#records.read(name, open, signal ? { signal } : {})
    if (read.state !== 'missing') faults.push(...read.faults)
    if (read.state !== 'ok') return undefined
    this.#cache.put(name, read.value.json)
    return read.value.value
  }
}
