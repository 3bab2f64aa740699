import { readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { seededRandom } from '../../engine/demo/seededRandom.ts'
import { createEngine } from '../../engine/engine.ts'
import type { Session } from '../../engine/engineApi.ts'
import { EngineProcess } from '../support/engineProcess.ts'
import { drawSeed } from '../support/killing.ts'
import { changedImage, mixedImage, randomImage, writeImage } from '../support/mixedImage.ts'
import {
  attackSecret,
  expectAllRestore,
  expectRestores,
  hashFile,
  type Original,
  originalOf,
} from '../support/repositoryAttack.ts'
import { useTemporaryFolder } from '../support/temporaryFolder.ts'

const folder = useTemporaryFolder()
const processes: EngineProcess[] = []
const sessions: Session[] = []
let url = ''

beforeEach(async () => {
  url = join(folder.path, 'repository')
  await createEngine({ stateDir: join(folder.path, 'state-of-init') }).init(url, attackSecret)
})

afterEach(async () => {
  for (const process of processes.splice(0)) await process.kill()
  for (const session of sessions.splice(0)) await session.close()
})

/** A process that works with the repository. Those with one computer's name share a catalogue. */
async function startOn(computer: string): Promise<EngineProcess> {
  const process = EngineProcess.start({ url, stateDir: join(folder.path, `state-${computer}`), secret: attackSecret })
  processes.push(process)
  await process.ready()
  return process
}

/** The same in this process. */
async function openOn(computer: string): Promise<Session> {
  const session = await createEngine({ stateDir: join(folder.path, `state-${computer}`) }).open(url, attackSecret)
  sessions.push(session)
  return session
}

/** A computer that never saw the repository finds nothing wrong and restores everything. */
async function expectAllIntact(originals: ReadonlyMap<string, Original>, computer: string): Promise<void> {
  const session = await openOn(computer)
  expect((await session.scrub([], {})).damaged).toEqual([])
  expect(await expectAllRestore(session, originals, folder.path)).toBe(originals.size)
}

async function objectsUnder(part: string): Promise<string[]> {
  const entries = await readdir(join(url, part), { recursive: true, withFileTypes: true })
  return entries
    .filter(entry => entry.isFile() && !entry.name.startsWith('.'))
    .map(entry => join(entry.parentPath, entry.name))
}

describe('several processes on one repository', () => {
  test('lose nothing: two backups and a scrub at once, then rm, enforce and prune during two backups', async () => {
    const seed = drawSeed('concurrent')
    const random = seededRandom(seed)
    const originals = new Map<string, Original>()
    const [disk, data, scrubber, pruner] = await Promise.all(['here', 'there', 'here', 'elsewhere'].map(startOn))
    const images = { disk: mixedImage(20_000_000, seed), data: mixedImage(14_000_000, `${seed} data`) }

    /** Backs both sources up at once, while `meanwhile` goes on. */
    const backUpBoth = async (meanwhile: () => Promise<unknown>) => {
      const one = async (process: EngineProcess, name: 'disk' | 'data') => {
        const path = join(folder.path, name)
        await writeImage(path, images[name])
        await delay(random.below(120))
        const { version } = await process.call('backup', path, { name })
        originals.set(version, originalOf(images[name]))
      }
      await Promise.all([one(disk!, 'disk'), one(data!, 'data'), meanwhile()])
      images.disk = changedImage(images.disk, `${seed} ${originals.size}`, 120)
      images.data = changedImage(images.data, `${seed} ${originals.size}`, 120)
    }

    for (let round = 0; round < 4; round++) {
      await backUpBoth(async () => {
        await delay(random.below(150))
        const { damaged, versions } = await scrubber!.call('scrub', [], {})
        expect({ damaged, versions }).toEqual({ damaged: [], versions: [] })
      })
      await backUpBoth(async () => {
        const [oldest, second] = originals.keys()
        for (const id of [oldest!, second!]) originals.delete(id)
        await pruner!.call('remove', [oldest!, second!], {})
        for (let i = 0; i < 3; i++) {
          await delay(random.below(100))
          await pruner!.call('prune', {})
        }
        const { damaged } = await scrubber!.call('scrub', [], {})
        expect(damaged).toEqual([])
      })
      const kept = (await pruner!.call('enforce', 'latest2', {})).decisions.filter(decision => decision.keep)
      for (const id of [...originals.keys()]) if (!kept.some(({ version }) => version === id)) originals.delete(id)
      expect((await pruner!.call('prune', {})).waitingPacks).toBe(0)
    }
    expect(originals.size).toBe(4)
    await expectAllIntact(originals, 'never seen')
  })

  test('restore what is being removed and pruned: the prune waits for the reader', async () => {
    const image = randomImage(96 * 1024 * 1024, 'reader')
    const source = join(folder.path, 'source')
    await writeImage(source, image)
    const session = await openOn('here')
    const { version } = await session.backup(source, { name: 'disk' })
    const reader = await startOn('there')
    const target = join(folder.path, 'restored')
    const { report } = await reader.begin('restore', version, target, {})
    while ((await objectsUnder('locks')).length === 0) await delay(1)
    await delay(20)
    reader.pause()
    await session.remove([version], {})
    const { waitingPacks, waitingFor } = await session.prune({})
    expect(waitingPacks).toBeGreaterThan(0)
    expect(waitingFor[0]).toMatch(/^restore by process \d+/)
    reader.goOn()
    expect((await report).result?.damaged).toEqual([])
    expect(await hashFile(target)).toBe(originalOf(image).sha256)
    expect((await session.prune({})).deletedPacks).toBeGreaterThan(0)
  })
})

describe('a writer that is stalled in the middle of its backup', () => {
  /** The first part is known to the repository, the rest is new. */
  const known = randomImage(8 * 1024 * 1024, 'known')
  const image = Buffer.concat([known, randomImage(88 * 1024 * 1024, 'new')])
  let session: Session
  let source = ''

  /**
   * Stops a backup after it has found that it need not store the first part of its source again; then removes the only
   * version that keeps that part alive.
   */
  async function stall() {
    source = join(folder.path, 'source')
    session = await openOn('here')
    await writeImage(source, known)
    const { version: old } = await session.backup(source, { name: 'disk' })
    const before = (await objectsUnder('packs')).length
    await writeImage(source, image)
    const writer = await startOn('there')
    const { report } = await writer.begin('backup', source, { name: 'disk' })
    // It reads in order: when a pack of new blocks is there, the known ones are behind it.
    while ((await objectsUnder('packs')).length === before) await delay(1)
    writer.pause()
    expect(await objectsUnder('locks')).toHaveLength(1)
    await session.remove([old], {})
    return { writer, report }
  }

  test('loses nothing, however long it takes: prunes wait for it', async () => {
    const { writer, report } = await stall()
    for (let i = 0; i < 2; i++) {
      const { waitingPacks, waitingFor, deletedPacks } = await session.prune({})
      expect(waitingPacks).toBeGreaterThan(0)
      expect(waitingFor).toHaveLength(1)
      expect(waitingFor[0]).toMatch(/^backup by process \d+/)
      expect(deletedPacks).toBe(0)
    }
    writer.goOn()
    const { result } = await report
    expect(result!.newBytes).toBeLessThan(image.length - known.length / 2)
    expect((await session.prune({})).waitingPacks).toBe(0)
    await expectAllIntact(new Map([[result!.version as string, originalOf(image)]]), 'never seen')
  })

  test('and that is taken for dead reports no version: the next run has it', async () => {
    const { writer, report } = await stall()
    for (const lock of await objectsUnder('locks')) await rm(lock)
    const { waitingPacks, deletedPacks } = await session.prune({})
    expect(waitingPacks).toBe(0)
    expect(deletedPacks).toBeGreaterThan(0)
    writer.goOn()
    await expect(report).rejects.toMatchObject({ code: 'repository.lockLost', retryable: true })
    expect(await session.versions()).toEqual([])
    const again = await writer.call('backup', source, { name: 'disk' })
    // What the stalled run had stored itself is found again.
    expect(again.newBytes).toBeLessThan(image.length - 8 * 1024 * 1024)
    await expectRestores(session, again.version, originalOf(image), folder.path)
    await expectAllIntact(new Map([[again.version as string, originalOf(image)]]), 'never seen')
  })
})

test('a lock that is garbage, or from a process that is gone, needs no hand', async () => {
  const session = await openOn('here')
  const source = join(folder.path, 'source')
  await writeImage(source, mixedImage(500_000, 'locks'))
  const { version } = await session.backup(source, { name: 'disk' })
  const doomed = await startOn('there')
  await doomed.begin('scrub', [], {})
  while ((await objectsUnder('locks')).length === 0) await delay(1)
  await doomed.kill()
  await session.remove([version], {})
  const { waitingPacks, deletedPacks } = await session.prune({})
  expect(waitingPacks).toBe(0)
  expect(deletedPacks).toBeGreaterThan(0)
  expect(await objectsUnder('locks')).toEqual([])
  await writeFile(join(url, 'locks', 'ab'.repeat(16)), 'garbage')
  const { status } = await session.backup(source, { name: 'disk' })
  expect(status).toBe('complete')
  await session.prune({})
})
