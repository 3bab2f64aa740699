import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { expect } from 'vitest'
import { type SeededRandom, seededRandom } from '../../engine/demo/seededRandom.ts'
import { createEngine } from '../../engine/engine.ts'
import type { Session } from '../../engine/engineApi.ts'
import { EngineProcess } from './engineProcess.ts'
import { changedImage, mixedImage, writeImage } from './mixedImage.ts'
import { attackSecret, expectAllRestore, expectNothingLost, type Original, originalOf } from './repositoryAttack.ts'
import { isEveryCaseAsked } from './someCases.ts'

/** A repository in a folder, states of a source, and what is known of the versions that were made of them. */
export interface KillWorld {
  folder: string
  url: string
  random: SeededRandom
  /** Files with states of one source, and what they hold. */
  sources: { path: string; original: Original }[]
  /** Versions that must be there. */
  originals: Map<string, Original>
  session: Session
}

/** Seed of a test that draws lots: a new one each time, or HOLDFAST_TEST_SEED to repeat a run. Logged. */
export function drawSeed(what: string): string {
  const seed = process.env.HOLDFAST_TEST_SEED ?? String(Date.now())
  console.log(`${what}: HOLDFAST_TEST_SEED=${seed}`)
  return seed
}

export async function makeKillWorld(seed: string, sizeBytes: number): Promise<KillWorld> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-kills-'))
  const url = join(folder, 'repository')
  const engine = createEngine({ stateDir: join(folder, 'state') })
  await engine.init(url, attackSecret)
  const sources: KillWorld['sources'] = []
  let image = mixedImage(sizeBytes, seed)
  for (let i = 0; i < 5; i++) {
    const path = join(folder, `source-${i}`)
    await writeImage(path, image)
    sources.push({ path, original: originalOf(image) })
    image = changedImage(image, `${seed} ${i}`, 150)
  }
  const session = await engine.open(url, attackSecret)
  return { folder, url, random: seededRandom(seed), sources, originals: new Map(), session }
}

export async function removeKillWorld(world: KillWorld): Promise<void> {
  await world.session.close()
  await rm(world.folder, { recursive: true, force: true })
}

/** Backs a state of the source up from this process. */
export async function makeVersion(world: KillWorld, source = world.random.pick(world.sources)): Promise<string> {
  const { version } = await world.session.backup(source.path, { name: 'disk' })
  world.originals.set(version, source.original)
  return version
}

/** How often each test kills; the moments differ from run to run. */
export const killsOfEach = isEveryCaseAsked ? 48 : 12

export interface KillRound {
  /** Before the process that will die is asked for anything. */
  prepare?: () => Promise<void>
  /** Asks it; `report` resolves when it is done or dead. */
  attack: (process: EngineProcess) => Promise<{ report: Promise<unknown> }>
  /** When it is dead; the world says what must be there. */
  after?: () => Promise<void>
}

/**
 * Has processes killed at random moments of what they do, `kills` times. After each kill, without any other step: every
 * version that must be there is listed as complete, and a prune goes ahead. Every eighth time and at the end a computer that
 * never saw the repository checks everything in it and restores every version.
 */
export async function killAgainAndAgain(world: KillWorld, kills: number, round: KillRound): Promise<void> {
  const start = () =>
    EngineProcess.start({ url: world.url, stateDir: join(world.folder, 'state'), secret: attackSecret })
  let process = start()
  let next = process
  let typicalMs = 0
  let killed = 0
  try {
    for (let n = 0; n < kills; n++) {
      await round.prepare?.()
      await process.ready()
      next = start()
      const began = performance.now()
      const { report } = await round.attack(process)
      let tookMs: number | undefined
      const done = report.then(() => {
        tookMs = performance.now() - began
      })
      // The first one shows how long it takes; the rest keeps up with that.
      if (n === 0) await done
      else await Promise.race([done, delay((world.random.below(1000) / 1000) * typicalMs)])
      if (tookMs === undefined) killed++
      typicalMs = tookMs === undefined ? typicalMs * 1.15 : typicalMs === 0 ? tookMs : (typicalMs + tookMs) / 2
      await process.kill()
      await done
      process = next
      await round.after?.()
      await expectAllThere(world)
      if (n % 8 === 7 || n === kills - 1) await expectAllIntact(world)
    }
  } finally {
    await process.kill()
    await next.kill()
  }
  console.log(`${killed} of ${kills} were killed at work, within about ${Math.round(typicalMs)} ms`)
  expect(killed).toBeGreaterThan(kills / 8)
}

async function expectAllThere(world: KillWorld): Promise<void> {
  const listed = new Map((await world.session.versions()).map(version => [version.id as string, version.status]))
  for (const id of world.originals.keys()) expect(listed.get(id), `version ${id}`).toBe('complete')
  const { waitingPacks, waitingFor } = await world.session.prune({})
  expect({ waitingPacks, waitingFor }).toEqual({ waitingPacks: 0, waitingFor: [] })
}

async function expectAllIntact(world: KillWorld): Promise<void> {
  const stateDir = await mkdtemp(join(world.folder, 'fresh-'))
  const session = await createEngine({ stateDir }).open(world.url, attackSecret)
  try {
    expect(await expectAllRestore(session, world.originals, world.folder)).toBe(world.originals.size)
    await expectNothingLost(session)
  } finally {
    await session.close()
    await rm(stateDir, { recursive: true, force: true })
  }
}
