import { beforeEach, describe, expect, it } from 'vitest'
import { HoldfastError } from '../../engine/contract/errors.ts'
import { lookElsewhere } from '../../engine/elsewhere.ts'
import { withMac } from '../../engine/repository/config.ts'
import { formatName } from '../../engine/repository/format.ts'
import { ForwardingStorage } from '../../engine/storage/forwarding.ts'
import { MemoryStorage } from '../../engine/storage/memory.ts'
import { collect } from '../support/collect.ts'

let bucket: MemoryStorage
const repositoryId = '0123456789abcdef'.repeat(2)
const body = { format: formatName, version: 1, repositoryId, blockSizeBytes: 32_768, createdAt: '2026-01-01T00:00:00Z' }
const config = (over = {}) => withMac({ ...body, ...over }, Buffer.alloc(32, 7))
const denied = () => new HoldfastError('storage.authFailed', 'Access denied.', { advice: 'Ask for the right.' })

beforeEach(() => {
  bucket = new MemoryStorage()
})

/** A bucket whose key lacks rights. */
class Limited extends ForwardingStorage {
  readonly #lacks: ReadonlySet<string>
  constructor(inner: MemoryStorage, ...lacks: string[]) {
    super(inner)
    this.#lacks = new Set(lacks)
  }
  #check(right: string): void {
    if (this.#lacks.has(right)) throw denied()
  }
  override async put(...all: Parameters<MemoryStorage['put']>): Promise<void> {
    this.#check('write')
    await super.put(...all)
  }
  override async get(...all: Parameters<MemoryStorage['get']>): Promise<Uint8Array> {
    this.#check('read')
    return super.get(...all)
  }
  override list(...all: Parameters<MemoryStorage['list']>) {
    this.#check('list')
    return super.list(...all)
  }
  override async delete(...all: Parameters<MemoryStorage['delete']>): Promise<void> {
    this.#check('delete')
    await super.delete(...all)
  }
}

describe('a look at a place elsewhere', () => {
  it('finds a repository by its config or the copy of it, and puts nothing there', async () => {
    await bucket.put('copies/config', [config()])
    expect(await lookElsewhere(bucket, { mayTry: true })).toEqual({ repositoryId, canDelete: null })
    await bucket.put('config', [Buffer.from('{}')])
    expect(await lookElsewhere(bucket, { mayTry: true })).toEqual({ repositoryId, canDelete: null })
    expect(await collect(bucket.list('trial'))).toEqual([])
  })

  it('says that a newer Holdfast has made the repository', async () => {
    await bucket.put('config', [config({ version: 99 })])
    await expect(lookElsewhere(bucket, { mayTry: true })).rejects.toMatchObject({ code: 'repository.formatTooNew' })
  })

  it('tries an empty bucket and leaves nothing behind', async () => {
    await bucket.put('keys/ab', [Buffer.from('of an init that died')])
    expect(await lookElsewhere(bucket, { mayTry: true })).toEqual({ repositoryId: null, canDelete: true })
    expect(await collect(bucket.list('trial'))).toEqual([])
  })

  it('changes nothing where nothing is to be tried', async () => {
    const readOnly = new Limited(bucket, 'write', 'delete')
    expect(await lookElsewhere(readOnly, { mayTry: false })).toEqual({ repositoryId: null, canDelete: null })
  })

  it('refuses what is left of a repository', async () => {
    await bucket.put('packs/ab/abcd', [Buffer.alloc(10)])
    const look = lookElsewhere(bucket, { mayTry: true })
    await expect(look).rejects.toMatchObject({ code: 'repository.alreadyExists', details: { name: 'packs/ab/abcd' } })
  })

  it('tells a key that may not delete, by which backups work all the same', async () => {
    const found = await lookElsewhere(new Limited(bucket, 'delete'), { mayTry: true })
    expect(found).toEqual({ repositoryId: null, canDelete: false })
  })

  it.each(['write', 'read', 'list'] as const)('says that the right to %s is missing', async right => {
    const look = lookElsewhere(new Limited(bucket, right), { mayTry: true })
    await expect(look).rejects.toMatchObject({
      code: 'storage.authFailed',
      advice: 'Ask for the right.',
      details: { lacks: right },
    })
  })

  it('does not trust a storage that gives back something else', async () => {
    class Liar extends ForwardingStorage {
      override get = async () => Buffer.from('something else')
    }
    await expect(lookElsewhere(new Liar(bucket), { mayTry: true })).rejects.toMatchObject({ code: 'storage.failed' })
  })
})
