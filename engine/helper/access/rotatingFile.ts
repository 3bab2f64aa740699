import { constants } from 'node:fs'
import { type FileHandle, open, rename, rm } from 'node:fs/promises'
import { HoldfastError } from '../../contract/errors.ts'

export interface RotatingFileOptions {
  path: string
  /** A file that would grow beyond this is put aside first. */
  maxBytes: number
  /** How many files put aside are kept: path.1, the newest, to path.N. */
  keep: number
}

/**
 * A file of the owner alone (0600) that lines are only ever added to, and that cannot fill the disk: at most
 * (keep + 1) × maxBytes. Lines of several calls at once follow each other whole.
 */
export class RotatingFile {
  readonly #options: RotatingFileOptions
  #last: Promise<unknown> = Promise.resolve()

  constructor(options: RotatingFileOptions) {
    this.#options = options
  }

  /**
   * Adds a line with its newline; it is on the medium when this resolves. Fails with storage.failed; the line may then be
   * missing, and may be added again.
   */
  append(line: string): Promise<void> {
    const result = this.#last.then(() => this.#append(Buffer.from(line)))
    this.#last = result.catch(() => undefined)
    return result
  }

  async #append(bytes: Buffer): Promise<void> {
    const { path, maxBytes } = this.#options
    let file: FileHandle | undefined
    try {
      file = await openForAppending(path)
      const { size } = await file.stat()
      if (size > 0 && size + bytes.length > maxBytes) {
        await file.close()
        file = undefined
        await this.#putAside()
        file = await openForAppending(path)
      }
      await file.appendFile(bytes)
      await file.sync()
    } catch (cause) {
      throw new HoldfastError('storage.failed', `${path} cannot be written: ${(cause as Error).message}`, {
        advice: 'Make room on the disk and check who may write there.',
        details: { path },
        cause,
      })
    } finally {
      await file?.close().catch(() => undefined)
    }
  }

  async #putAside(): Promise<void> {
    const { path, keep } = this.#options
    const aside = (number: number) => (number === 0 ? path : `${path}.${number}`)
    if (keep === 0) return rm(path, { force: true })
    for (let number = keep - 1; number >= 0; number--) {
      await rename(aside(number), aside(number + 1)).catch(error => {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
      })
    }
  }
}

/** Does not follow a link in its place, nor wait for the reader of a pipe. */
async function openForAppending(path: string): Promise<FileHandle> {
  const { O_WRONLY, O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = constants
  const file = await open(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o600)
  try {
    if (!(await file.stat()).isFile()) throw new Error('it is no ordinary file')
    // The umask cannot widen the mode, but an older file may have been made by hand.
    await file.chmod(0o600)
    return file
  } catch (error) {
    await file.close()
    throw error
  }
}
