import { mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { replaceSynced } from '../base/atomicFile.ts'
import type { ProcessIdentity } from '../base/processIdentity.ts'

const schema = z.object({
  /** What the kernel calls the pool; names.ts. */
  pool: z.string().regex(/^LVM-\w{64}$/),
  by: z.object({
    host: z.string(),
    bootId: z.string(),
    pidNamespace: z.string(),
    pid: z.number(),
    startTicks: z.string(),
  }) satisfies z.ZodType<ProcessIdentity>,
  /** Where the snapshot lies, as soon as that is known; a moment earlier it may be there already. */
  heldRoot: z.number().nullable(),
})

/** That a process of ours holds a snapshot of a pool's metadata, or was about to. */
export type HeldRecord = z.infer<typeof schema>

/**
 * Such a snapshot outlives process and boot, and a pool has room for one. So it is noted durably, before it is made, whose it is:
 * a file for each pool in a folder of the state folder.
 */
export class HeldRecords {
  readonly #folder: string

  constructor(stateDir: string) {
    this.#folder = join(stateDir, 'pools')
  }

  /** Undefined when there is none; a file that cannot be read is none. */
  async read(pool: string): Promise<HeldRecord | undefined> {
    try {
      return schema.parse(JSON.parse(await readFile(this.#pathOf(pool), 'utf8')))
    } catch {
      return undefined
    }
  }

  async list(): Promise<HeldRecord[]> {
    const names = await readdir(this.#folder).catch(() => [])
    const pools = names.map(name => /^(LVM-\w{64})\.json$/.exec(name)?.[1]).filter(pool => pool !== undefined)
    return (await Promise.all(pools.map(pool => this.read(pool)))).filter(record => record !== undefined)
  }

  /** Durable when it resolves. */
  async write(record: HeldRecord): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 })
    await replaceSynced(this.#pathOf(record.pool), JSON.stringify(record))
  }

  async remove(pool: string): Promise<void> {
    await rm(this.#pathOf(pool), { force: true })
  }

  #pathOf(pool: string): string {
    return join(this.#folder, `${pool}.json`)
  }
}
