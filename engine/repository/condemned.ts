import { z } from 'zod'
import { randomHex } from '../base/random.ts'
import { isHoldfastError } from '../contract/errors.ts'
import type { Storage } from '../storage/storage.ts'
import { names, sealedKind } from './format.ts'
import { openObject, sealObject } from './sealedObject.ts'

const packsSchema = z.object({ packs: z.array(z.string().regex(/^[0-9a-f]{32}$/)), at: z.iso.datetime() })
const holdersSchema = z.object({ locks: z.array(z.string().regex(/^[0-9a-f]{32}$/)) })

/** Packs that a prune is going to delete. From the moment the list is stored, no new run refers to them. */
export interface CondemnedList {
  id: string
  packs: string[]
  /**
   * Locks that were held when the list had been stored: their runs may not have seen it, and the packs stay until these
   * locks are gone. Undefined when the prune died before it had looked.
   */
  holders: string[] | undefined
}

/** Reads and writes the lists under condemned/. */
export class Condemned {
  readonly #storage: Storage
  readonly #objectKey: Uint8Array

  constructor(storage: Storage, objectKey: Uint8Array) {
    this.#storage = storage
    this.#objectKey = objectKey
  }

  async list(): Promise<CondemnedList[]> {
    const found = new Set<string>()
    for await (const object of this.#storage.list('condemned')) found.add(object.name.slice('condemned/'.length))
    const lists: CondemnedList[] = []
    for (const id of found) {
      if (id.endsWith('.holders')) continue
      const packs = packsSchema.safeParse(await this.#read(id)).data
      // A damaged list condemns nothing; the next prune makes a new one.
      if (!packs) continue
      const holders = found.has(`${id}.holders`)
        ? holdersSchema.safeParse(await this.#read(`${id}.holders`)).data
        : undefined
      lists.push({ id, packs: packs.packs, holders: holders?.locks })
    }
    return lists
  }

  async condemn(packs: string[], at: string): Promise<string> {
    const id = randomHex(16)
    await this.#write(id, { packs, at })
    return id
  }

  async setHolders(id: string, locks: string[]): Promise<void> {
    await this.#write(`${id}.holders`, { locks })
  }

  /** The list goes before its holders: without the list, the holders mean nothing. */
  async remove(id: string): Promise<void> {
    await this.#storage.delete(names.condemned(id))
    await this.#storage.delete(names.condemned(`${id}.holders`))
  }

  async #write(id: string, body: unknown): Promise<void> {
    const name = names.condemned(id)
    const bytes = sealObject(this.#objectKey, sealedKind.condemned, name, Buffer.from(JSON.stringify(body)))
    await this.#storage.put(name, [bytes], { overwrite: true, transient: true })
  }

  async #read(id: string): Promise<unknown> {
    try {
      const name = names.condemned(id)
      const plain = openObject(this.#objectKey, sealedKind.condemned, name, await this.#storage.get(name))
      return plain && JSON.parse(plain.toString())
    } catch (error) {
      if (isHoldfastError(error, 'storage.objectNotFound')) return undefined
      throw error
    }
  }
}
