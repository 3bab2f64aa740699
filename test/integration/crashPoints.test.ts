import { mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { seededRandom } from '../../engine/demo/seededRandom.ts'
import { createEngine } from '../../engine/engine.ts'
import type { Session } from '../../engine/engineApi.ts'
import { OverlayStore } from '../../engine/nbd/overlayStore.ts'
import { Repository } from '../../engine/repository/repository.ts'
import { RepositorySession } from '../../engine/session.ts'
import { storageDrivers } from '../../engine/storage/drivers.ts'
import { MemoryStorage } from '../../engine/storage/memory.ts'
import { openStorage } from '../../engine/storage/registry.ts'
import type { Storage } from '../../engine/storage/storage.ts'
import { DyingStorage } from '../support/dyingStorage.ts'
import { GatedStorage } from '../support/gatedStorage.ts'
import { drawSeed } from '../support/killing.ts'
import { changedImage, mixedImage, writeImage } from '../support/mixedImage.ts'
import {
  attackSecret,
  copyObjects,
  expectNothingLost,
  expectRestores,
  type Original,
  originalOf,
} from '../support/repositoryAttack.ts'
import { isEveryCaseAsked, someCases } from '../support/someCases.ts'
import { useTemporaryFolder } from '../support/temporaryFolder.ts'

/**
 * Kills between changes of the storage, where kills.test.ts draws lots in time: what a killed process leaves depends only on
 * which changes were made. Changes of one kind that follow each other leave much the same, so one moment between each two
 * kinds stands for all, and half of these for each run; with HOLDFAST_TEST_FULL=1 a process is killed after every single change. Half of the repositories are
 * then opened with the catalogue of the dead process, half on a computer that never saw them.
 */
const folder = useTemporaryFolder()
const seed = drawSeed('crash points')
const blockSizeBytes = 16 * 1024

interface World {
  storage: Storage
  stateDir: string
  /** Versions that were reported and what their source was. */
  originals: Map<string, Original>
  /** Versions in the order of their making. */
  ids: string[]
  /** A source that is not backed up yet. */
  nextPath: string
  next: Original
  /** The sources of the versions, in the same order. */
  images: Buffer[]
}

async function open(storage: Storage, stateDir: string): Promise<Session> {
  const repository = await Repository.open(storage, { secret: attackSecret, stateDir })
  return new RepositorySession(repository, storage.url, {
    folder: join(folder.path, 'nowhere'),
    overlays: new OverlayStore(folder.path),
  })
}

async function closing<T>(opening: Session | Promise<Session>, use: (session: Session) => Promise<T>): Promise<T> {
  const session = await opening
  try {
    return await use(session)
  } finally {
    await session.close()
  }
}

const newState = () => mkdtemp(join(folder.path, 'state-'))

/** A repository with four versions of a source that changes much, two of them with marks. */
async function makeWorld(): Promise<World> {
  const storage = new MemoryStorage()
  const stateDir = await newState()
  const { repository } = await Repository.create(storage, { secret: attackSecret, stateDir, blockSizeBytes })
  const session = new RepositorySession(repository, storage.url, {
    folder: join(folder.path, 'nowhere'),
    overlays: new OverlayStore(folder.path),
  })
  const originals = new Map<string, Original>()
  const ids: string[] = []
  const images: Buffer[] = []
  const path = join(folder.path, 'disk.img')
  let image = mixedImage(1_500_000, 'crash points')
  for (let i = 0; i < 4; i++) {
    await writeImage(path, image)
    const { version } = await session.backup(path, { name: 'disk' })
    originals.set(version, originalOf(image))
    ids.push(version)
    images.push(image)
    image = changedImage(image, `crash points ${i}`, 60)
  }
  await session.protect([ids[1]!], true)
  await session.label(ids[2]!, ['kind=test'])
  await session.close()
  const nextPath = join(folder.path, 'next.img')
  await writeImage(nextPath, image)
  return { storage, stateDir, originals, ids, nextPath, next: originalOf(image), images }
}

/** Changes that are made on the way to the call that is killed. */
type Step = (session: Session, world: World) => Promise<unknown>

interface Scenario {
  prepare?: Step
  attack: Step
  /** Versions (by their place) that are removed before the attack, or by it if it gets there. */
  removed?: number[]
  /** What a scrub may still say of damage that `prepare` did. */
  damageBefore?: RegExp
}

/** Whole packs become dead, others partly. */
const removeTwo: Step = (session, { ids }) => session.remove([ids[0]!, ids[2]!], {})
const prune: Step = session => session.prune({})

const scenarios: Record<string, Scenario> = {
  backup: { attack: (session, { nextPath }) => session.backup(nextPath, { name: 'disk' }) },
  remove: { attack: removeTwo, removed: [0, 2] },
  'enforce of a policy': {
    attack: session => session.enforce('latest1', {}),
    removed: [0, 2],
  },
  prune: { prepare: removeTwo, attack: prune, removed: [0, 2] },
  'change of keys': {
    attack: async session => {
      const { key } = await session.addKey({ kind: 'keyfile', content: Buffer.alloc(64, 1) }, 'second')
      await session.removeKey(key.id)
    },
  },
  'repair of copies and of a lost index': {
    prepare: async (_, { storage, ids }) => {
      for await (const { name } of storage.list('index')) {
        await storage.delete(name)
        break
      }
      await storage.delete(`versions/${ids[3]}`)
    },
    attack: session => session.repair({}),
    damageBefore: / is in no index segment: one was lost/,
  },
  scrub: { attack: session => session.scrub([], {}) },
  'protect and label': {
    attack: async (session, { ids }) => {
      await session.protect([ids[0]!], true)
      await session.label(ids[3]!, ['kind=other'])
    },
  },
}

async function copied(world: World): Promise<World> {
  const storage = new MemoryStorage()
  await copyObjects(world.storage, storage)
  return { ...world, storage, stateDir: await newState() }
}

/** Runs the attack until it dies after its nth change, or through when it makes fewer; says which changes it made. */
async function attackAndDie(world: World, attack: Step, diesAt: number): Promise<string[]> {
  const dying = new DyingStorage(world.storage, diesAt)
  const session = await open(dying, world.stateDir)
  let failure: unknown
  await attack(session, world).catch(error => {
    failure = error
  })
  await session.close()
  if (failure && !dying.isDead) throw failure
  return dying.changes
}

const never = Number.POSITIVE_INFINITY

/** 'put packs' of 'put packs/ab/ab12…'. */
const kindOfChange = (change = 'nothing') => change.replace(/(\/\w\w)?\/[^/]*$/, '')

/** After how many changes to kill a process that would make these. */
function momentsToDie(changes: readonly string[], scenario: string): number[] {
  const between = (n: number) => `${kindOfChange(changes[n - 1])}, ${kindOfChange(changes[n])}`
  const moments = changes.map((_, i) => i + 1)
  const random = seededRandom(`${seed} ${scenario}`)
  const kinds = someCases(moments, between, 1, random)
  // Each run has half of them, another half each time.
  return someCases(kinds, () => 'any', Math.ceil(kinds.length / 2), random)
}

async function inContext(context: string, check: () => Promise<void>): Promise<void> {
  await check().catch(error => {
    throw new Error(context, { cause: error })
  })
}

/** Everything that must hold after a kill, without anybody doing anything about it. */
async function expectWhole(
  world: World,
  removed: readonly number[],
  stateDir: string,
  damageBefore?: RegExp,
): Promise<void> {
  let made = ''
  await closing(await open(world.storage, stateDir), async session => {
    const listed = new Set<string>((await session.versions()).map(version => version.id))
    for (const [place, id] of world.ids.entries()) {
      if (!removed.includes(place)) expect(listed.has(id), `version ${id} is listed`).toBe(true)
    }
    expect((await session.versions('protected')).map(version => version.id)).toContain(world.ids[1])
    await expectRestores(session, world.ids[1]!, world.originals.get(world.ids[1]!)!, folder.path)
    await expectNothingLost(session, damageBefore)
    const result = await session.backup(world.nextPath, { name: 'disk' })
    expect(result.warnings).toEqual([])
    made = result.version
    expect((await session.prune({})).waitingPacks).toBe(0)
  })
  // Nor does anything depend on what this computer remembers.
  await closing(await open(world.storage, await newState()), async session => {
    await expectRestores(session, made, world.next, folder.path)
    await expectRestores(session, world.ids[3]!, world.originals.get(world.ids[3]!)!, folder.path)
    await expectNothingLost(session)
    expect((await session.keys()).length).toBeGreaterThanOrEqual(2)
  })
}

describe('a process that dies at any single change of the storage', () => {
  for (const [name, { prepare, attack, removed = [], damageBefore }] of Object.entries(scenarios)) {
    test(`loses nothing: ${name}`, async () => {
      const master = await makeWorld()
      if (prepare) await closing(await open(master.storage, master.stateDir), session => prepare(session, master))
      const moments = momentsToDie(await attackAndDie(await copied(master), attack, never), name)
      expect(moments.length).toBeGreaterThan(1)
      for (const [i, n] of [...moments, never].entries()) {
        const world = await copied(master)
        await attackAndDie(world, attack, n)
        const stateDir = i % 2 === 0 ? world.stateDir : await newState()
        await inContext(`killed after change ${n}`, () => expectWhole(world, removed, stateDir, damageBefore))
      }
    })
  }

  test('needs no hand: init', async () => {
    const engine = createEngine({ stateDir: await newState() })
    for (let n = 1, died = true; died; n++) {
      const url = join(folder.path, `new-${n}`)
      const inner = await openStorage(url, storageDrivers, { expect: 'nothing' })
      const dying = new DyingStorage(inner, n)
      const secret = attackSecret
      const made = Repository.create(dying, { secret, stateDir: await newState() }).then(({ repository }) =>
        repository.close(),
      )
      await made.catch(() => undefined)
      await inner.close()
      died = dying.isDead
      // Either it is there, or it can be made as if nothing had been.
      await engine.open(url, secret).then(
        session => session.close(),
        async error => {
          expect(error).toMatchObject({ code: 'repository.notFound' })
          await engine.init(url, secret)
        },
      )
      await closing(engine.open(url, secret), async session => {
        expect(await session.keys()).toHaveLength(2)
        expect(
          (await session.scrub([], {})).damaged.filter(({ reason }) => !/is missing; the other/.test(reason)),
        ).toEqual([])
      })
      await expect(engine.init(url, secret)).rejects.toMatchObject({ code: 'repository.alreadyExists' })
    }
  })

  test('loses nothing: prune that is killed again and again', async () => {
    const master = await makeWorld()
    await closing(await open(master.storage, master.stateDir), session => removeTwo(session, master))
    const random = seededRandom(`${seed} again and again`)
    // These once left an index that named packs which were gone, or one that did not name what versions need.
    const once = [
      [3, 9, 6, 14],
      [4, 17, 16, 7],
    ]
    for (let round = 0; round < (isEveryCaseAsked ? 8 : 2); round++) {
      const world = await copied(master)
      const kills = once[round] ?? Array.from({ length: 4 }, () => random.between(2, 20))
      for (const n of kills) await attackAndDie(world, prune, n)
      await inContext(`killed after changes ${kills}`, () => expectWhole(world, [0, 2], world.stateDir))
    }
  })

  test('a backup that finds the remains of a killed prune refers to nothing that the next prune deletes', async () => {
    const master = await makeWorld()
    // What the new backup needs is what the prune is about to delete.
    await writeImage(master.nextPath, master.images[0]!)
    await closing(await open(master.storage, master.stateDir), session => removeTwo(session, master))
    const moments = momentsToDie(await attackAndDie(await copied(master), prune, never), 'remains')
    for (const n of [...moments, never]) {
      const world = await copied(master)
      await attackAndDie(world, prune, n)
      const gated = new GatedStorage(world.storage, 'copies/versions/')
      await inContext(`killed after change ${n}`, async () => {
        const writer = await open(gated, await newState())
        const running = writer.backup(world.nextPath, { name: 'disk' })
        await Promise.race([gated.reached, running])
        await closing(await open(world.storage, world.stateDir), async session => {
          await session.prune({})
          await session.prune({})
        })
        gated.open()
        const { version } = await running
        await writer.close()
        await closing(await open(world.storage, await newState()), async session => {
          await expectRestores(session, version, world.originals.get(world.ids[0]!)!, folder.path)
          await session.prune({})
          await expectNothingLost(session)
        })
      })
    }
  })
})
