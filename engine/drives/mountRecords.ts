import { mkdir, readdir, readFile, rename, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'

const schema = z.object({
  deviceNumber: z.string().regex(/^\d+:\d+$/),
  /** Of the drive, so that another one under the same number is not taken for it. */
  sequence: z.int().nullable(),
  mountPoint: z.string(),
  by: z.enum(['udisks', 'mount']),
})
/** A mount that is our work. */
export type MountRecord = z.infer<typeof schema>

/**
 * Remembers in files which mounts are ours, so that a helper that was killed finds them again and does not take away those
 * of other people. The folder is in /run: a restart of the computer ends all mounts.
 */
export class MountRecords {
  readonly #folder: string

  constructor(folder: string) {
    this.#folder = folder
  }

  /** All records; a file that cannot be read is none. */
  async list(): Promise<MountRecord[]> {
    const names = (await readdir(this.#folder).catch(() => [])).filter(name => /^\d+-\d+\.json$/.test(name))
    const records = await Promise.all(
      names.map(async name => {
        try {
          return schema.parse(JSON.parse(await readFile(join(this.#folder, name), 'utf8')))
        } catch {
          return undefined
        }
      }),
    )
    return records.filter(record => record !== undefined)
  }

  async add(record: MountRecord): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 })
    const path = this.#pathOf(record.deviceNumber)
    await writeFile(`${path}.new`, JSON.stringify(record), { mode: 0o600 })
    await rename(`${path}.new`, path)
  }

  async remove(deviceNumber: string): Promise<void> {
    await unlink(this.#pathOf(deviceNumber)).catch(() => undefined)
  }

  #pathOf(deviceNumber: string): string {
    return join(this.#folder, `${deviceNumber.replace(':', '-')}.json`)
  }
}
