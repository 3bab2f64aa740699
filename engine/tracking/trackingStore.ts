import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { createSynced, syncFolder } from '../base/atomicFile.ts'
import { randomHex } from '../base/random.ts'
import { formatRecord, parseRecord, type TrackingRecord } from './trackingRecord.ts'

/**
 * Records of volumes in a folder of the state folder, one file each, by the volume's id. Changed only by who holds the lock of
 * the volume. What is written is durable when it resolves.
 */
export class TrackingStore {
  readonly #folder: string

  /** 'tracking' in a state folder. */
  constructor(stateDir: string) {
    this.#folder = join(stateDir, 'tracking')
  }

  /** Names this state folder in the names of snapshots; 8 hex digits, made at the first call. */
  async owner(): Promise<string> {
    const path = join(this.#folder, 'owner')
    const known = async () => {
      const text = await readFile(path, 'utf8').catch(() => '')
      return /^[0-9a-f]{8}$/.test(text) ? text : undefined
    }
    const before = await known()
    if (before !== undefined) return before
    await this.#put(path, randomHex(4))
    // Of two that make it at the same time, the last one has named it.
    return (await known())!
  }

  /** Undefined when nothing is known of the volume; a file that cannot be understood is none. */
  async read(volume: string): Promise<TrackingRecord | undefined> {
    try {
      const record = parseRecord(await readFile(this.#pathOf(volume), 'utf8'))
      return record?.volume === volume ? record : undefined
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw error
    }
  }

  async list(): Promise<TrackingRecord[]> {
    const names = await readdir(this.#folder).catch(() => [])
    const records = await Promise.all(
      names
        .filter(name => name.endsWith('.json'))
        .map(async name => parseRecord(await readFile(join(this.#folder, name), 'utf8').catch(() => ''))),
    )
    return records.filter(record => record !== undefined)
  }

  async write(record: TrackingRecord): Promise<void> {
    await this.#put(this.#pathOf(record.volume), formatRecord(record))
  }

  async remove(volume: string): Promise<void> {
    await rm(this.#pathOf(volume), { force: true })
    await syncFolder(this.#folder).catch(() => undefined)
  }

  async #put(path: string, text: string): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 })
    const fresh = `${path}.${randomHex(4)}.new`
    await createSynced(fresh, [Buffer.from(text)], { mode: 0o600 })
    await rename(fresh, path)
    await syncFolder(this.#folder)
  }

  #pathOf(volume: string): string {
    return join(this.#folder, `${encodeURIComponent(volume)}.json`)
  }
}
