import { mkdir, mkdtemp, open, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { kill } from 'node:process'
import { writeAll } from '../../base/atomicFile.ts'

const prefix = 'holdfast-rclone-'

/**
 * A folder for what rclone is to send: it sends files with their size and hash, again if need be, where a stream that breaks off
 * would pass for a shorter object. Nobody else can look into it. What a process left that was killed is removed by the next.
 */
export class Outbox {
  readonly #parent: string
  #folder: Promise<string> | undefined
  #count = 0

  constructor(parent = tmpdir()) {
    this.#parent = parent
  }

  /** Lets `use` work with a file that holds the parts, named by its folder and its name there. Encrypted already. */
  async withFile<T>(parts: readonly Uint8Array[], use: (folder: string, name: string) => Promise<T>): Promise<T> {
    this.#folder ??= this.#make()
    const folder = await this.#folder
    const name = String(this.#count++)
    try {
      const file = await open(join(folder, name), 'wx', 0o600)
      try {
        await writeAll(file, parts)
      } finally {
        await file.close()
      }
      return await use(folder, name)
    } finally {
      await rm(join(folder, name), { force: true })
    }
  }

  async close(): Promise<void> {
    const folder = await this.#folder?.catch(() => undefined)
    if (folder !== undefined) await rm(folder, { recursive: true, force: true })
  }

  async #make(): Promise<string> {
    await mkdir(this.#parent, { recursive: true })
    for (const name of await readdir(this.#parent)) await removeLeft(join(this.#parent, name), name)
    return await mkdtemp(join(this.#parent, `${prefix}${process.pid}-`))
  }
}

async function removeLeft(path: string, name: string): Promise<void> {
  const pid = new RegExp(`^${prefix}(\\d+)-`).exec(name)?.[1]
  if (pid === undefined || isAlive(Number(pid))) return
  const owner = await stat(path).catch(() => undefined)
  if (owner?.uid === userInfo().uid) await rm(path, { recursive: true, force: true })
}

function isAlive(pid: number): boolean {
  try {
    kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
