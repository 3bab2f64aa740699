import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { withMac } from '../../../engine/repository/config.ts'
import { names } from '../../../engine/repository/format.ts'
import type { Secret } from '../../../engine/repository/keySlots.ts'
import { DirectoryStorage } from '../../../engine/storage/directory.ts'
import { MemoryStorage } from '../../../engine/storage/memory.ts'
import type { Storage } from '../../../engine/storage/storage.ts'
import { FaultyStorage, storageError } from '../../support/faultyStorage.ts'
import { alter, flipped, keyFile, namesIn, useRepositories } from '../../support/tempRepository.ts'

const repositories = useRepositories()

const open = (storage: Storage, secret: Secret = keyFile()) => repositories.open(storage, { secret })
const codeOf = (opening: Promise<unknown>): Promise<string> =>
  opening.then(
    () => 'opened',
    error => error.code,
  )

const textOf = async (storage: Storage, name: string): Promise<string> =>
  Buffer.from(await storage.get(name)).toString()

/** A copy of the objects, so that many ways to damage a repository can start from the same one. */
async function copyOf(storage: Storage): Promise<MemoryStorage> {
  const copy = new MemoryStorage()
  for (const folder of ['keys', 'copies']) {
    for (const name of await namesIn(storage, folder)) await copy.put(name, [await storage.get(name)])
  }
  await copy.put('config', [await storage.get('config')])
  return copy
}

describe('Repository.create', () => {
  it('makes a repository in a folder that opens again with the same secret', async () => {
    const path = join(repositories.folder.path, 'repository')
    const storage = await DirectoryStorage.open(path, { expect: 'nothing' })
    const { repository } = await repositories.create({ storage, blockSizeBytes: 1 << 20 })
    const again = await open(await DirectoryStorage.open(path))
    expect(again.id).toBe(repository.id)
    expect(again.blockSizeBytes).toBe(1 << 20)
    expect(again.masterKey).toEqual(repository.masterKey)
    expect(again.keyring).toEqual(repository.keyring)
  })

  it('refuses block sizes that are no powers of two from 16 KiB to 4 MiB, and writes nothing', async () => {
    for (const blockSizeBytes of [0, -65_536, 8192, 65_537, 3 << 16, 8 << 20, Number.NaN]) {
      const storage = new MemoryStorage()
      expect(await codeOf(repositories.create({ storage, blockSizeBytes }))).toBe('usage.invalid')
      expect(await namesIn(storage, 'keys')).toEqual([])
    }
  })

  it('refuses an empty passphrase and a short key file, and writes nothing', async () => {
    const secrets: Secret[] = [
      { kind: 'passphrase', passphrase: '' },
      { kind: 'keyfile', content: Buffer.alloc(31) },
    ]
    for (const secret of secrets) {
      const storage = new MemoryStorage()
      expect(await codeOf(repositories.create({ storage, secret }))).toBe('usage.invalid')
      expect(await namesIn(storage, 'copies')).toEqual([])
    }
  })

  it('does not touch a place that holds a repository', async () => {
    const { storage, repository } = await repositories.create()
    expect(await codeOf(repositories.create({ storage, secret: keyFile(9) }))).toBe('repository.alreadyExists')
    expect((await open(storage)).id).toBe(repository.id)
  })

  it('leaves the place empty when it cannot be finished', async () => {
    for (const name of [/^keys\//, /^copies\/keys\//, /^config$/, /^copies\/config$/]) {
      for (const when of ['before', 'after'] as const) {
        const storage = new FaultyStorage(new MemoryStorage())
        storage.fail({ operation: 'put', name, when, error: storageError('storage.full', false) })
        expect(await codeOf(repositories.create({ storage }))).toBe('storage.full')
        expect(await codeOf(open(storage))).toBe('repository.notFound')
        const { repository } = await repositories.create({ storage })
        expect((await open(storage)).id).toBe(repository.id)
      }
    }
  })

  it('makes one repository when two are begun in the same place at the same moment', async () => {
    for (let round = 0; round < 5; round++) {
      const storage = new MemoryStorage()
      const begun = [1, 2].map(fill => repositories.create({ storage, secret: keyFile(fill) }))
      const codes = await Promise.all(begun.map(codeOf))
      expect(codes.toSorted()).toEqual(['opened', 'repository.alreadyExists'])
      const winner = codes.indexOf('opened')
      expect((await open(storage, keyFile(winner + 1))).id).toBe((await begun[winner]!).repository.id)
      expect(await namesIn(storage, 'keys')).toHaveLength(2)
    }
  })

  it('makes no repository when this computer cannot keep a catalogue of it', async () => {
    const stateDir = join(repositories.folder.path, 'a file')
    await writeFile(stateDir, '')
    const storage = new MemoryStorage()
    expect(await codeOf(repositories.create({ storage, stateDir }))).toBe('config.invalid')
    expect(await codeOf(open(storage))).toBe('repository.notFound')
    await repositories.create({ storage })
  })
})

describe('Repository.open', () => {
  it('says that a key is wrong', async () => {
    const { storage } = await repositories.create()
    const phrase = `${'abandon '.repeat(23)}art`
    const wrong: Secret[] = [
      keyFile(8),
      { kind: 'recovery', phrase },
      { kind: 'recovery', phrase: 'no phrase at all' },
      { kind: 'passphrase', passphrase: 'there is no passphrase' },
    ]
    for (const secret of wrong) expect(await codeOf(open(storage, secret))).toBe('repository.wrongKey')
  })

  it('finds nothing where there is nothing, and in folders of other programs', async () => {
    const nothing = new MemoryStorage()
    expect(await codeOf(open(nothing))).toBe('repository.notFound')
    // As in a bare git repository.
    await nothing.put('config', [Buffer.from('[core]\n\tbare = true\n')])
    await nothing.put('index/something', [Buffer.from('else')])
    expect(await codeOf(open(nothing))).toBe('repository.notFound')
  })

  it('opens when either copy of the config, or of its key slot, is deleted', async () => {
    const { storage } = await repositories.create()
    const objects = ['config', ...(await namesIn(storage, 'keys'))]
    for (const name of objects.flatMap(name => [name, names.copy(name)])) {
      const damaged = await copyOf(storage)
      await damaged.delete(name)
      expect(await codeOf(open(damaged)), name).toBe('opened')
    }
  })

  it('opens when any byte of one copy of the config was altered', async () => {
    const { storage, stateDir } = await repositories.create()
    for (const name of ['config', 'copies/config']) {
      const bytes = await storage.get(name)
      for (let at = 0; at < bytes.length; at++) {
        // The one in the lowest bits makes another digit, and with that a config that looks sound.
        for (const mask of [0x01, 0x08, 0xff]) {
          await alter(storage, name, flipped(at, mask))
          const opening = repositories.open(storage, { stateDir })
          expect(await codeOf(opening), `${name} byte ${at}`).toBe('opened')
          await (await opening).close()
          await storage.put(name, [bytes], { overwrite: true })
        }
      }
    }
  }, 60_000)

  it('opens when any byte of one copy of its key slot was altered', async () => {
    const { storage, stateDir } = await repositories.create()
    const [one, other] = (await namesIn(storage, 'keys')) as [string, string]
    const slot = (await textOf(storage, one)).includes('"keyfile"') ? one : other
    for (const name of [slot, names.copy(slot)]) {
      const bytes = await storage.get(name)
      for (let at = 0; at < bytes.length; at++) {
        await alter(storage, name, flipped(at, at % 2 === 0 ? 0x01 : 0xff))
        const opening = repositories.open(storage, { stateDir })
        expect(await codeOf(opening), `${name} byte ${at}`).toBe('opened')
        await (await opening).close()
        await storage.put(name, [bytes], { overwrite: true })
      }
    }
  }, 60_000)

  it('opens when the medium does not give back one copy', async () => {
    const { storage } = await repositories.create()
    for (const name of ['config', 'copies/config', /^keys\//, /^copies\/keys\//]) {
      const faulty = new FaultyStorage(storage)
      faulty.fail({ operation: 'get', name, when: 'before', times: 9, error: storageError('storage.failed', true) })
      expect(await codeOf(open(faulty)), String(name)).toBe('opened')
    }
  })

  it('does not take a drive that cannot be reached for damage', async () => {
    const { storage } = await repositories.create()
    const faulty = new FaultyStorage(storage)
    faulty.fail({ operation: 'get', name: 'config', when: 'before' })
    expect(await codeOf(open(faulty))).toBe('storage.unreachable')
  })

  it('says that the config is damaged when both copies are', async () => {
    const { storage } = await repositories.create()
    for (const name of ['config', 'copies/config']) await alter(storage, name, bytes => bytes.subarray(0, -1))
    expect(await codeOf(open(storage))).toBe('integrity.objectDamaged')
    await storage.delete('config')
    expect(await codeOf(open(storage))).toBe('integrity.objectDamaged')
  })

  it('says that the config is damaged when both copies were altered alike', async () => {
    const { storage } = await repositories.create({ blockSizeBytes: 65_536 })
    const text = (bytes: Buffer) => Buffer.from(bytes.toString().replace('65536', '32768'))
    for (const name of ['config', 'copies/config']) await alter(storage, name, text)
    expect(await codeOf(open(storage))).toBe('integrity.objectDamaged')
    expect(await codeOf(open(storage, keyFile(8)))).toBe('repository.wrongKey')
  })

  it('finds no repository when both copies of the config are gone', async () => {
    const { storage } = await repositories.create()
    for (const name of ['config', 'copies/config']) await storage.delete(name)
    expect(await codeOf(open(storage))).toBe('repository.notFound')
  })

  it('says that the key slots are damaged when none can be read', async () => {
    const { storage } = await repositories.create()
    for (const name of await namesIn(storage, 'keys')) {
      for (const copy of [name, names.copy(name)]) await storage.put(copy, [Buffer.alloc(300)], { overwrite: true })
    }
    expect(await codeOf(open(storage))).toBe('integrity.objectDamaged')
  })

  it('says that the format is too new, and does not fall for a digit that was altered', async () => {
    const { storage } = await repositories.create()
    const forged = Buffer.from(await textOf(storage, 'config').then(text => text.replace('"version":1', '"version":2')))
    await storage.put('config', [forged], { overwrite: true })
    expect(await codeOf(open(storage))).toBe('opened')
    await storage.put('copies/config', [forged], { overwrite: true })
    expect(await codeOf(open(storage))).toBe('repository.formatTooNew')
  })

  it('says that the format is too new when an update was interrupted between the copies of the config', async () => {
    const { storage, repository } = await repositories.create()
    const { mac: _, ...body } = JSON.parse(await textOf(storage, 'config'))
    const genuine = withMac({ ...body, version: 2 }, repository.keyring.config)
    await storage.put('copies/config', [genuine], { overwrite: true })
    expect(await codeOf(open(storage))).toBe('repository.formatTooNew')
  })
})
