import { mkdirSync, renameSync } from 'node:fs'
import { type FileHandle, link, open, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type DirectoryOptions, DirectoryStorage } from '../../../engine/storage/directory.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'

const temporary = useTemporaryFolder()
const root = () => join(temporary.path, 'repository')

describe('a directory storage makes things durable in the right order:', () => {
  let steps: string[]

  beforeEach(async () => {
    steps = []
    const probe = await open(temporary.path, 'r')
    await probe.close()
    const prototype = Object.getPrototypeOf(probe) as FileHandle
    const sync = prototype.sync
    vi.spyOn(prototype, 'sync').mockImplementation(async function (this: FileHandle) {
      const info = await this.stat()
      steps.push(info.isDirectory() ? 'flush folder' : `flush file of ${info.size}`)
      await sync.call(this)
    })
  })
  afterEach(() => vi.restoreAllMocks())

  async function run(use: (storage: DirectoryStorage) => Promise<void>, options: DirectoryOptions = {}) {
    const naming = async (from: string, to: string) => {
      steps.push('name')
      await link(from, to)
    }
    const storage = await DirectoryStorage.open(root(), { expect: 'nothing', link: naming, ...options })
    await storage.prepare(['packs/00'])
    const prepared = steps.splice(0)
    await use(storage)
    await storage.close()
    return prepared
  }

  it('folders and the way to them', async () => {
    expect(await run(async () => undefined)).toEqual(['flush folder', 'flush folder', 'flush folder'])
  })

  it('a new object', async () => {
    await run(storage => storage.put('packs/00/a', [Buffer.alloc(3), Buffer.alloc(4)]))
    expect(steps).toEqual(['flush file of 7', 'name', 'flush folder'])
  })

  it('a replaced object', async () => {
    await run(storage => storage.put('packs/00/a', [Buffer.alloc(3)], { overwrite: true }))
    expect(steps).toEqual(['flush file of 3', 'flush folder'])
  })

  it('a removed object, also when it is not there any more', async () => {
    await run(storage => storage.delete('packs/00/a'))
    expect(steps).toEqual(['flush folder'])
  })

  it('an object that somebody else wrote and may have died before flushing', async () => {
    await run(async storage => {
      await storage.put('packs/00/a', [])
      steps.length = 0
      await storage.put('packs/00/a', []).catch(() => undefined)
    })
    expect(steps).toEqual(['flush folder'])
  })
})

describe('a directory storage whose drive goes away at any moment of a put', () => {
  it('leaves nothing in what has taken its place', async () => {
    for (let round = 0; round < 60; round++) {
      const storage = await DirectoryStorage.open(root(), { expect: 'nothing' })
      await storage.prepare([])
      const put = storage.put('config', [Buffer.alloc(100_000)]).then(
        () => 'stored',
        error => error.code,
      )
      for (let turn = 0; turn < round % 15; turn++) await new Promise(resolve => setImmediate(resolve))
      renameSync(root(), join(temporary.path, 'unplugged'))
      mkdirSync(root())
      expect(['stored', 'storage.driveNotConnected']).toContain(await put)
      expect(await readdir(root())).toEqual([])
      await storage.close()
      await rm(root(), { recursive: true })
      await rm(join(temporary.path, 'unplugged'), { recursive: true })
    }
  })
})
