import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createEngine } from '../../engine/engine.ts'
import {
  drawSeed,
  type KillWorld,
  killAgainAndAgain,
  killsOfEach,
  makeKillWorld,
  makeVersion,
  removeKillWorld,
} from '../support/killing.ts'

let world: KillWorld
beforeEach(async () => {
  world = await makeKillWorld(drawSeed('kills of small changes'), 2_000_000)
})
afterEach(() => removeKillWorld(world))

const secretOf = (number: number) => ({ kind: 'keyfile', content: Buffer.alloc(64, number) }) as const

/** Keeps a handful of versions, none of which is removed by name or policy while it must be there. */
async function withVersions(count: number): Promise<string[]> {
  while (world.originals.size < count) await makeVersion(world)
  return [...world.originals.keys()]
}

describe('a process that is killed at any moment', () => {
  test('while it removes versions, costs no other', async () => {
    await killAgainAndAgain(world, killsOfEach, {
      prepare: async () => {
        await withVersions(4)
      },
      attack: async process => {
        const [first, second] = world.originals.keys()
        for (const id of [first!, second!]) world.originals.delete(id)
        return process.begin('remove', [first!, second!], {})
      },
    })
  })

  test('while it enforces a policy, costs nothing that the policy keeps', async () => {
    await killAgainAndAgain(world, killsOfEach, {
      prepare: async () => {
        await withVersions(4)
      },
      attack: async process => {
        const ids = [...world.originals.keys()]
        for (const id of ids.slice(0, -2)) world.originals.delete(id)
        return process.begin('enforce', 'latest2', {})
      },
    })
  })

  test('while it changes keys, leaves every key that was reported', async () => {
    await withVersions(2)
    const engine = createEngine({ stateDir: `${world.folder}/state` })
    let number = 1
    // There is a key to remove from the start, so that the first round, which nothing interrupts, does both.
    let reported = { number, key: (await world.session.addKey(secretOf(number), 'new')).key }
    let removed: number | undefined
    await killAgainAndAgain(world, killsOfEach, {
      attack: async process => {
        const adding = ++number
        const before = reported
        const { report } = await process.begin('addKey', secretOf(adding), 'new')
        const both = report.then(async ({ result }) => {
          if (!result) return
          reported = { number: adding, key: result.key }
          const { report: removal } = await process.begin('removeKey', before.key.id)
          if ((await removal).result === null) removed = before.number
        })
        return { report: both }
      },
      after: async () => {
        await (await engine.open(world.url, secretOf(reported.number))).close()
        if (removed === undefined) return
        await expect(engine.open(world.url, secretOf(removed))).rejects.toMatchObject({ code: 'repository.wrongKey' })
      },
    })
    expect(removed).toBeDefined()
  })
})
