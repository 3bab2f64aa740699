import { mkdir, realpath, rmdir } from 'node:fs/promises'
import type { Logger } from '../base/logger.ts'
import { fateOf, ownIdentity } from '../base/processIdentity.ts'
import { randomHex } from '../base/random.ts'
import type { AttachmentRecords } from './attachmentRecords.ts'
import type { AttachmentRecord, Step } from './steps.ts'
import type { FilesSystem } from './system.ts'
import { undoStep } from './undoStep.ts'

export interface AttachmentOptions {
  records: AttachmentRecords
  system: FilesSystem
  logger: Logger
  /** For people who ask what is attached. */
  title: string
  /** Where a person sees it; null when nobody but us does. */
  mountPoint?: string | null
}

/**
 * All that was made so that a version can be looked into, kept on record so that none of it outlives its use: not when we
 * fail half way, and not when we are killed.
 */
export class Attachment {
  readonly #options: AttachmentOptions
  readonly #record: AttachmentRecord
  /** Empty, of this user alone, without symbolic links in its path. */
  readonly folder: string

  private constructor(options: AttachmentOptions, record: AttachmentRecord, folder: string) {
    this.#options = options
    this.#record = record
    this.folder = folder
  }

  static async begin(options: AttachmentOptions): Promise<Attachment> {
    const { records, title, mountPoint = null } = options
    const id = `holdfast-${randomHex(4)}`
    const record: AttachmentRecord = { id, owner: ownIdentity(), title, mountPoint, steps: [] }
    await records.write(record)
    const folder = records.workFolder(id)
    await mkdir(folder, { mode: 0o700 })
    return new Attachment(options, record, await realpath(folder))
  }

  get id(): string {
    return this.#record.id
  }

  get system(): FilesSystem {
    return this.#options.system
  }

  /** Writes a step down and then makes it. When making it fails, the step is undone and forgotten. */
  async step<T>(step: Step, make: () => Promise<T>): Promise<T> {
    this.#record.steps.push(step)
    await this.#options.records.write(this.#record)
    try {
      return await make()
    } catch (error) {
      await undoStep(step, this.system).catch(() => undefined)
      this.#record.steps.splice(this.#record.steps.lastIndexOf(step), 1)
      await this.#options.records.write(this.#record)
      throw error
    }
  }

  /** A new folder inside of our own. */
  async makeFolder(name: string): Promise<string> {
    const path = `${this.folder}/${name}`
    await this.step({ kind: 'folder', path }, () => mkdir(path, { mode: 0o700 }))
    return path
  }

  /** How many steps there are; to go back to by `undo`. */
  get height(): number {
    return this.#record.steps.length
  }

  /** Undoes steps from the end, down to a height. Fails with files.busy when one cannot be undone; may be repeated. */
  async undo(height = 0): Promise<void> {
    await undoRecord(this.#record, height, this.#options)
  }

  /** Undoes everything. Fails with files.busy; the record stays then, and the next start tries again. */
  async end(): Promise<void> {
    await this.undo()
    await forget(this.#record, this.#options)
  }
}

async function undoRecord(
  record: AttachmentRecord,
  height: number,
  { records, system }: Pick<AttachmentOptions, 'records' | 'system'>,
): Promise<void> {
  while (record.steps.length > height) {
    await undoStep(record.steps.at(-1)!, system)
    record.steps.pop()
    await records.write(record)
  }
}

async function forget(record: AttachmentRecord, { records }: Pick<AttachmentOptions, 'records'>): Promise<void> {
  // Only what is on record was ever made in it, so it is empty; if not, something could not be taken away.
  await rmdir(records.workFolder(record.id)).catch(error => {
    if (error.code !== 'ENOENT') throw error
  })
  await records.remove(record.id)
}

/**
 * Takes away what attachments have left whose process is gone. Those of living processes, of other computers and of other
 * containers stay. Never fails: what cannot be taken away is logged, and tried again the next time.
 */
export async function clearLeftovers(options: Omit<AttachmentOptions, 'title' | 'mountPoint'>): Promise<number> {
  let cleared = 0
  for (const record of await options.records.list()) {
    if (fateOf(record.owner) !== 'dead') continue
    try {
      await undoRecord(record, 0, options)
      await forget(record, options)
      cleared++
      options.logger.info('took away what a killed process had attached', { id: record.id, title: record.title })
    } catch (error) {
      options.logger.warn('an attachment of a killed process cannot be taken away yet', { id: record.id, error })
    }
  }
  return cleared
}
