import { stat } from 'node:fs/promises'
import { isAbsolute, resolve } from 'node:path'
import { randomHex } from '../base/random.ts'
import type { DriveInventory } from '../contract/drives.ts'
import { HoldfastError } from '../contract/errors.ts'
import type { JobSource } from '../contract/jobs.ts'
import { deviceById } from '../drives/inventory.ts'

/** A source as clients name it. */
export interface SourceChoice {
  source: string
  name: string
}

const mostOffers = 256

/**
 * What clients may choose as sources: devices of the inventory, by its ids, and image files that somebody who may configure
 * has named before. So nobody can name a device that the inventory does not know.
 */
export class SourceOffer {
  readonly #inventory: () => DriveInventory
  readonly #files = new Map<string, string>()

  constructor(inventory: () => DriveInventory) {
    this.#inventory = inventory
  }

  /** Gives a regular file an id. source.notFound, source.unsupported for anything else. */
  async offerFile(path: string): Promise<string> {
    if (!isAbsolute(path) || path.includes('\0')) {
      throw new HoldfastError('usage.invalid', `“${path}” is no absolute path.`, { advice: 'Begin the path with a /.' })
    }
    const clean = resolve(path)
    const facts = await stat(clean).catch(error => {
      throw new HoldfastError('source.notFound', `${clean} cannot be looked at: ${error.code ?? error.message}.`, {
        advice: 'Check the path.',
        details: { path: clean },
        cause: error,
      })
    })
    if (!facts.isFile()) throw noFile(clean)
    const known = [...this.#files].find(([, file]) => file === clean)
    if (known) return known[0]
    const id = randomHex(8)
    this.#files.set(id, clean)
    if (this.#files.size > mostOffers) this.#files.delete(this.#files.keys().next().value!)
    return id
  }

  /** The path of a file that was offered. source.notFound when the id is none, or that of a device. */
  fileOf(source: string): string {
    const file = this.#files.get(source)
    if (file !== undefined) return file
    throw new HoldfastError('source.notFound', 'This is no image file that can be chosen.', {
      advice: 'Name the file again.',
      details: { source },
    })
  }

  /** Sources of a file of jobs: a path alone may name a file, or nothing that is there yet, and never a device. */
  async refuseForeign(sources: readonly JobSource[]): Promise<void> {
    for (const { path } of sources.filter(source => source.device === null)) {
      const facts = await stat(path).catch(() => undefined)
      if (facts && !facts.isFile()) throw noFile(path)
    }
  }

  /** source.notFound names the first that was not offered, or has gone. */
  resolve(choices: readonly SourceChoice[]): JobSource[] {
    return choices.map(({ source, name }) => {
      const file = this.#files.get(source)
      if (file !== undefined) return { path: file, device: null, name }
      const device = deviceById(this.#inventory(), source)
      if (device) return { path: device.path, device: device.id, name }
      throw new HoldfastError('source.notFound', `The source “${name}” is none of those that can be chosen.`, {
        advice: 'Look at the list of sources again: it may have been disconnected.',
        details: { source },
      })
    })
  }
}

const noFile = (path: string) =>
  new HoldfastError('source.unsupported', `${path} is no regular file.`, {
    advice: 'Choose disks and volumes from the list of sources.',
    details: { path },
  })
