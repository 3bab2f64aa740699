import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createEngine } from '../../engine/engine.ts'
import type { Session } from '../../engine/engineApi.ts'
import { cachePath, localCache, setCacheLimit } from '../../engine/storage/cache/localCache.ts'
import { storageDrivers } from '../../engine/storage/drivers.ts'
import { MemoryStorage } from '../../engine/storage/memory.ts'
import type { Storage } from '../../engine/storage/storage.ts'
import { collect } from '../suites/storageReadingSuite.ts'
import { CountingStorage } from '../support/countingStorage.ts'
import { patchwork } from '../support/exportedVersion.ts'
import { useTemporaryFolder } from '../support/temporaryFolder.ts'
import { keyFile } from '../support/tempRepository.ts'

const url = 'sftp://backup@server/srv/backups'
const megabyte = 1024 * 1024
const content = patchwork(48 * megabyte)

/** Places that a file system is asked about when somebody looks around in it: here and there, some of them close to each other. */
const looks = Array.from({ length: 120 }, (_, i) => {
  const region = (i * 7919) % 24
  return { offset: region * 2 * megabyte + (i % 5) * 12_288 + (i % 3) * 180_224, length: 4096 }
})

describe('a repository on another computer', () => {
  const folder = useTemporaryFolder()

  /** A computer with a state folder of its own, and what it asks of the one server there is. */
  function computer(name: string, server: Storage) {
    const counting = new CountingStorage(server)
    const stateDir = join(folder.path, name)
    // What is closed is the connection.
    counting.close = async () => undefined
    const storages = { ...storageDrivers, sftp: async () => counting }
    return { counting, stateDir, engine: createEngine({ stateDir, storages }) }
  }

  async function backedUp(server: Storage) {
    const writer = computer('writer', server)
    const path = join(folder.path, 'disk.img')
    await writeFile(path, content)
    await writer.engine.init(url, keyFile())
    await using(writer.engine.open(url, keyFile()), session => session.backup(path, { name: 'disk' }))
    return path
  }

  const lookAround = (session: Session) =>
    session.read('latest', async read => {
      for (const { offset, length } of looks)
        expect(Buffer.compare(await read({ offset, length }), content.subarray(offset, offset + length))).toBe(0)
    })
  const browse = async (session: Session) => {
    const opened = await session.openExport('latest')
    try {
      for (const { offset, length } of looks) {
        const bytes = await opened.read(offset, length)
        expect(Buffer.compare(bytes, content.subarray(offset, offset + length))).toBe(0)
      }
    } finally {
      await opened.close()
    }
  }

  it('is asked for each stretch of a pack once, whoever looks and however often it is opened', async () => {
    const server = new MemoryStorage()
    await backedUp(server)
    const without = computer('without', server)
    const reader = computer('reader', server)
    await setCacheLimit(without.stateDir, 0)
    const asked = async ({ engine, counting }: typeof reader, work: (session: Session) => Promise<unknown>) =>
      await counting.during(() => using(engine.open(url, keyFile()), work))
    const plain = await asked(without, browse)
    expect((await asked(without, browse)).packReads).toBe(plain.packReads)
    const first = await asked(reader, browse)
    expect(first.packReads).toBeGreaterThan(0)
    expect(first.packReads).toBeLessThan(plain.packReads)
    expect((await asked(reader, browse)).packReads).toBe(0)
    // Another process, and another way to read.
    expect((await asked(computer('reader', server), lookAround)).packReads).toBe(0)
    expect((await asked(reader, session => session.versions())).packReads).toBe(0)
    expect((await localCache(reader.stateDir).usage()).bytes).toBeGreaterThan(0)
    expect(await localCache(without.stateDir).usage()).toEqual({ bytes: 0, files: 0 })
  })

  it('is read as it is when the cache is deleted in the middle', async () => {
    const server = new MemoryStorage()
    await backedUp(server)
    const { engine, stateDir } = computer('reader', server)
    await using(engine.open(url, keyFile()), async session => {
      await session.read('latest', async read => {
        for (const [at, { offset, length }] of looks.entries()) {
          if (at % 10 === 0) await rm(cachePath(stateDir), { recursive: true, force: true })
          expect(Buffer.compare(await read({ offset, length }), content.subarray(offset, offset + length))).toBe(0)
        }
      })
      await rm(cachePath(stateDir), { recursive: true, force: true })
      await browse(session)
    })
  })

  it('is scrubbed itself, not what is kept of it', async () => {
    const server = new MemoryStorage()
    await backedUp(server)
    const { engine } = computer('reader', server)
    await using(engine.open(url, keyFile()), browse)
    const packs = await damagePacks(server)
    // What is kept is sound, and serves as long as nobody looks at the storage.
    await using(engine.open(url, keyFile()), browse)
    await using(engine.open(url, keyFile()), async session => {
      // Without any pack being read whole, the maps show it.
      expect((await session.scrub([], { light: true })).damaged).not.toEqual([])
      expect((await session.scrub([], {})).damaged).not.toEqual([])
    })
    for (const { name, bytes } of packs) await server.put(name, [bytes], { overwrite: true })
    await using(engine.open(url, keyFile()), async session => {
      expect((await session.scrub([], {})).damaged).toEqual([])
      await browse(session)
    })
  })

  it('is read again where it was damaged when it was read, and has been mended elsewhere since', async () => {
    const server = new MemoryStorage()
    await backedUp(server)
    const { engine, stateDir } = computer('reader', server)
    const packs = await damagePacks(server)
    await expect(using(engine.open(url, keyFile()), browse)).rejects.toMatchObject({
      code: expect.stringMatching(/^integrity/),
    })
    expect((await localCache(stateDir).usage()).files).toBeGreaterThan(0)
    for (const { name, bytes } of packs) await server.put(name, [bytes], { overwrite: true })
    await using(engine.open(url, keyFile()), browse)
    await using(engine.open(url, keyFile()), lookAround)
  })
})

/** Flips bits all over the frames of every pack; returns the packs as they were. */
async function damagePacks(server: Storage) {
  const packs: { name: string; bytes: Uint8Array }[] = []
  for (const { name } of await collect(server.list('packs'))) packs.push({ name, bytes: await server.get(name) })
  for (const { name, bytes } of packs) {
    const bad = Buffer.from(bytes)
    for (let at = 100; at < bad.length - 20_000; at += 1000) bad[at]! ^= 4
    await server.put(name, [bad], { overwrite: true })
  }
  return packs
}

async function using<T>(opening: Promise<Session>, work: (session: Session) => Promise<T>): Promise<T> {
  const session = await opening
  try {
    return await work(session)
  } finally {
    await session.close()
  }
}
