import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import { EngineProcess } from '../support/engineProcess.ts'
import {
  drawSeed,
  type KillWorld,
  killAgainAndAgain,
  killsOfEach,
  makeKillWorld,
  makeVersion,
  removeKillWorld,
} from '../support/killing.ts'
import { randomImage, writeImage } from '../support/mixedImage.ts'
import { attackSecret, expectRestores, originalOf } from '../support/repositoryAttack.ts'

let world: KillWorld
afterEach(() => removeKillWorld(world))

describe('a backup that is killed', () => {
  test('at any moment costs no version, needs no hand, and the next one goes on', async () => {
    world = await makeKillWorld(drawSeed('kills of backups'), 24_000_000)
    let source = world.sources[0]!
    const before = new Set<string>()
    await killAgainAndAgain(world, killsOfEach, {
      prepare: async () => {
        source = world.random.pick(world.sources)
        before.clear()
        for (const { id } of await world.session.versions()) before.add(id)
        // Few versions, or checking them would take longer than killing.
        const [oldest] = world.originals.keys()
        if (oldest === undefined || world.originals.size < 4) return
        world.originals.delete(oldest)
        await world.session.remove([oldest], {})
      },
      attack: async process => {
        const { report } = await process.begin('backup', source.path, { name: 'disk' })
        return {
          report: report.then(({ result }) => {
            if (result) world.originals.set(result.version, source.original)
          }),
        }
      },
      after: async () => {
        // One that was stored and not reported any more counts as well.
        for (const { id } of await world.session.versions()) {
          if (!before.has(id)) world.originals.set(id, source.original)
        }
      },
    })
    for (const last of world.sources) {
      const { version, status } = await world.session.backup(last.path, { name: 'disk' })
      expect(status).toBe('complete')
      await expectRestores(world.session, version, last.original, world.folder)
    }
  })

  test('late in its run leaves most of its work to the next one', async () => {
    world = await makeKillWorld('resume', 100_000)
    const image = randomImage(128 * 1024 * 1024, 'resume')
    const path = join(world.folder, 'large')
    await writeImage(path, image)
    const doomed = EngineProcess.start({ url: world.url, stateDir: join(world.folder, 'state'), secret: attackSecret })
    await doomed.ready()
    const { report } = await doomed.begin('backup', path, { name: 'large' })
    // Packs of 16 MiB: six of eight are stored.
    while ((await packsIn(world.url)) < 6) await delay(2)
    await doomed.kill()
    expect((await report).result).toBeUndefined()
    const { version, newBytes, storedBytes } = await world.session.backup(path, { name: 'large' })
    expect(newBytes).toBeLessThan(image.length / 2)
    expect(storedBytes).toBeLessThan(image.length / 2)
    await expectRestores(world.session, version, originalOf(image), world.folder)
  })
})

describe('a prune that is killed', () => {
  test('at any moment costs no version, needs no hand, and the next one goes on', async () => {
    world = await makeKillWorld(drawSeed('kills of prunes'), 2_000_000)
    await killAgainAndAgain(world, killsOfEach, {
      prepare: async () => {
        while (world.originals.size < 4) await makeVersion(world)
        const [first, , third] = world.originals.keys()
        for (const id of [first!, third!]) world.originals.delete(id)
        await world.session.remove([first!, third!], {})
      },
      attack: process => process.begin('prune', {}),
    })
  })
})

async function packsIn(url: string): Promise<number> {
  const entries = await readdir(join(url, 'packs'), { recursive: true, withFileTypes: true })
  return entries.filter(entry => entry.isFile() && !entry.name.startsWith('.')).length
}
