import { mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { replaceSynced } from '../base/atomicFile.ts'
import { type AttachmentRecord, attachmentRecordSchema } from './steps.ts'

/**
 * Attachments in a folder of the state folder, one file each. A record is written before the step that it names is made, so
 * that whoever comes after a process that was killed knows all that there may be.
 */
export class AttachmentRecords {
  readonly #folder: string

  /** 'attachments' in a state folder. */
  constructor(stateDir: string) {
    this.#folder = join(stateDir, 'attachments')
  }

  /** Folder for what an attachment needs on the way: sockets, mount points, room for overlays. */
  workFolder(id: string): string {
    return join(this.#folder, id)
  }

  /** A file that cannot be read is none. */
  async list(): Promise<AttachmentRecord[]> {
    const names = (await readdir(this.#folder).catch(() => [])).filter(name =>
      /^holdfast-[0-9a-f]{8}\.json$/.test(name),
    )
    const records = await Promise.all(
      names.map(async name => {
        try {
          return attachmentRecordSchema.parse(JSON.parse(await readFile(join(this.#folder, name), 'utf8')))
        } catch {
          return undefined
        }
      }),
    )
    return records.filter(record => record !== undefined)
  }

  /** Durable when it resolves. */
  async write(record: AttachmentRecord): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 })
    await replaceSynced(this.#pathOf(record.id), JSON.stringify(record))
  }

  async remove(id: string): Promise<void> {
    await rm(this.#pathOf(id), { force: true })
  }

  #pathOf(id: string): string {
    return join(this.#folder, `${id}.json`)
  }
}
