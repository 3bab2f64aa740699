import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect } from 'vitest'
import type { ByteRange, ScrubResult } from '../../engine/contract/models.ts'
import type { SeededRandom } from '../../engine/demo/seededRandom.ts'
import { createEngine } from '../../engine/engine.ts'
import type { Session } from '../../engine/engineApi.ts'
import { changedImage, mixedImage, writeImage } from './mixedImage.ts'
import { cutBy, cutTo, type Damage, deleted, flipAnywhere, flipAt, kindOf, objectsIn } from './objectDamage.ts'
import { attackSecret } from './repositoryAttack.ts'

/**
 * One master repository; every case damages a fresh copy of it. Versions: two states of a disk, one of a smaller source;
 * marks: a protection and a label; three key slots. Every backup makes one pack of data and one of map nodes.
 */
const blockSizeBytes = 16 * 1024
const seed = 'damage'

let folder = ''
let cases = 0
/** What each version of the master repository holds, and the name that it was backed up under. */
const versions = new Map<string, { name: string; image: Buffer }>()
let objects: string[] = []

/** Objects of the master repository, of these kinds. Makes and removes it for the tests of a file. */
export function useMaster(): { objects(...kinds: string[]): string[]; pathOf(object: string): string } {
  beforeAll(makeMaster)
  afterAll(() => rm(folder, { recursive: true, force: true }))
  return {
    objects: (...kinds) => objects.filter(object => kinds.includes(kindOf(object))),
    pathOf: object => join(folder, 'master', object),
  }
}

async function makeMaster(): Promise<void> {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-damage-'))
  const engine = createEngine({ stateDir: join(folder, 'master-state') })
  await engine.init(join(folder, 'master'), attackSecret, { blockSizeBytes })
  const session = await engine.open(join(folder, 'master'), attackSecret)
  const disk = mixedImage(1_300_000, seed)
  for (const [name, image] of [
    ['disk', disk],
    ['disk', changedImage(disk, 'next day', 30)],
    ['data', mixedImage(700_001, `${seed} data`)],
  ] as const) {
    await writeImage(join(folder, 'source'), image)
    const { version } = await session.backup(join(folder, 'source'), { name })
    versions.set(version, { name, image })
  }
  const [first, second] = [...versions.keys()]
  await session.protect([first!], true)
  await session.label(second!, ['kind=test'])
  await session.addKey({ kind: 'keyfile', content: Buffer.alloc(64, 9) }, 'second')
  await session.close()
  objects = await objectsIn(join(folder, 'master'))
}

interface Place {
  root: string
  stateDir: string
  /** Opens the repository; with `fresh` on a computer that never saw it. */
  open(fresh?: boolean): Promise<Session>
}

/** A copy of the master repository; every other one with the catalogue of the computer that made it. */
async function copyOfMaster(): Promise<Place> {
  const home = join(folder, `case-${cases++}`)
  const root = join(home, 'repository')
  const stateDir = join(home, 'state')
  await mkdir(home)
  await copyFolder(join(folder, 'master'), root)
  if (cases % 2 === 0) await copyFolder(join(folder, 'master-state'), stateDir)
  let opened = 0
  return {
    root,
    stateDir,
    open: (fresh = false) =>
      createEngine({ stateDir: fresh ? join(home, `state-${opened++}`) : stateDir }).open(root, attackSecret),
  }
}

/** Much cheaper than node's own for hundreds of folders. */
const copyFolder = (from: string, to: string) => promisify(execFile)('cp', ['-r', from, to])

async function withSession<T>(session: Promise<Session>, use: (session: Session) => Promise<T>): Promise<T> {
  const opened = await session
  try {
    return await use(opened)
  } finally {
    await opened.close()
  }
}

const covers = (ranges: readonly ByteRange[], offset: number): boolean =>
  ranges.some(range => range.offset <= offset && offset < range.offset + range.length)

/**
 * Restores a version and holds it against what it should be: what is not listed as damaged is right, what is listed was left
 * as zeros. Returns what is listed.
 */
async function restoreAndJudge(session: Session, version: string, target: string): Promise<ByteRange[]> {
  const { image } = versions.get(version)!
  const result = await session.restore(version, target, { verify: true })
  const got = await readFile(target)
  await rm(target)
  expect(got.length).toBe(image.length)
  for (let offset = 0; offset < image.length; offset += blockSizeBytes) {
    const end = Math.min(offset + blockSizeBytes, image.length)
    const isListed = covers(result.damaged, offset)
    expect(covers(result.damaged, end - 1), 'ranges are made of whole blocks').toBe(isListed)
    const right = got.subarray(offset, end).equals(image.subarray(offset, end))
    if (!isListed) expect(right, `block at ${offset} of version ${version}`).toBe(true)
    else expect(got.subarray(offset, end).equals(Buffer.alloc(end - offset)), `lost block at ${offset}`).toBe(true)
  }
  expect(result.verified).toBe(result.damaged.length === 0)
  return result.damaged
}

/** Each damaged object is named with a reason in words, and its own id stands in it. */
function expectNamed(result: ScrubResult, objects: readonly string[]): void {
  for (const object of objects) {
    const finding = result.damaged.find(damage => damage.object === object)
    expect(finding, `${object} is named among ${JSON.stringify(result.damaged.map(d => d.reason))}`).toBeDefined()
    const id = object.split('/').at(-1)!
    expect(finding!.reason).toContain(id)
    expect(finding!.reason).toMatch(/^[A-Z].*\.$/)
  }
}

/** An index segment that is gone has no name any more; that one is gone shows in the packs. */
function expectMissed(result: ScrubResult, deletedObjects: readonly string[]): void {
  const isSegment = (object: string) => kindOf(object) === 'index'
  expectNamed(
    result,
    deletedObjects.filter(object => !isSegment(object)),
  )
  if (!deletedObjects.some(isSegment)) return
  expect(result.damaged.map(({ reason }) => reason).join()).toMatch(/in no index segment: one was lost/)
}

/** All versions restore, and what is not listed is right; those that scrub does not name restore wholly. */
async function expectRestoresAsScrubbed(
  session: Session,
  result: ScrubResult,
  place: Place,
  mostLost = Number.POSITIVE_INFINITY,
): Promise<void> {
  for (const version of versions.keys()) {
    const lost = await restoreAndJudge(session, version, join(place.root, '..', 'target'))
    const named = result.damaged.flatMap(damage => damage.ranges ?? []).filter(range => range.version === version)
    expect(lost.reduce((sum, range) => sum + range.length, 0)).toBeLessThanOrEqual(mostLost)
    if (!result.versions.includes(version as never)) expect(lost).toEqual([])
    for (const range of lost) {
      for (let at = range.offset; at < range.offset + range.length; at += blockSizeBytes) {
        expect(covers(named, at), `scrub told of the loss at ${at} of ${version}`).toBe(true)
      }
    }
  }
}

/** Backs up every source as it was; then everything is as good as new. */
async function expectHeals(place: Place): Promise<void> {
  await withSession(place.open(), async session => {
    for (const { name, image } of versions.values()) {
      await writeImage(join(place.root, '..', 'source'), image)
      const { status } = await session.backup(join(place.root, '..', 'source'), { name })
      expect(status).toBe('complete')
    }
    await session.repair({})
    expect((await session.scrub([], {})).damaged).toEqual([])
  })
  await withSession(place.open(true), async session => {
    const result = await session.scrub([], {})
    expect(result.damaged).toEqual([])
    const listed = await session.versions()
    expect(listed.map(version => version.status)).toEqual(listed.map(() => 'complete'))
    const [first, second] = [...versions.keys()]
    expect(listed.find(version => version.id === first)?.protected).toBe(true)
    expect(listed.find(version => version.id === second)?.labels).toEqual({ kind: 'test' })
    for (const version of versions.keys()) {
      expect(await restoreAndJudge(session, version, join(place.root, '..', 'target'))).toEqual([])
    }
  })
}

/**
 * One case: damages all the objects in a copy of the master repository, and holds scrub and restores against what happened.
 * With `heal`, another computer is asked too, and then everything is backed up again. `mostLost` is how many bytes of a
 * version the damage may cost. False when nothing could be damaged.
 */
export async function expectSurvives(
  damage: Damage,
  damaged: readonly string[],
  options: { heal: boolean; mostLost?: number | undefined },
): Promise<boolean> {
  const place = await copyOfMaster()
  try {
    const hit: string[] = []
    for (const object of damaged) if (await damage.apply(place.root, object)) hit.push(object)
    if (hit.length === 0) return false
    // What a restore gives does not depend on a scrub having been there before.
    if (options.heal) {
      await withSession(place.open(true), async session => {
        for (const version of versions.keys()) await restoreAndJudge(session, version, join(place.root, '..', 'target'))
      })
    }
    const named = (result: ScrubResult) => (damage === deleted ? expectMissed(result, hit) : expectNamed(result, hit))
    await withSession(place.open(), async session => {
      const result = await session.scrub([], {})
      named(result)
      await expectRestoresAsScrubbed(session, result, place, options.mostLost)
      if (!options.heal) return
      const again = await withSession(place.open(true), other => other.scrub([], {}))
      named(again)
      expect([...again.versions].sort()).toEqual([...result.versions].sort())
    })
    if (options.heal) await expectHeals(place)
    return true
  } finally {
    await rm(join(place.root, '..'), { recursive: true, force: true })
  }
}

export const inContext = async (context: string, check: () => Promise<unknown>): Promise<void> => {
  await check().catch(error => {
    throw new Error(context, { cause: error })
  })
}

/** Damage at the ends, in the middle and anywhere, cuts and loss. */
export const everywhere = (random: SeededRandom): Damage[] => [
  flipAt(0),
  flipAt(0.5, 0x01),
  flipAt(1, 0x10),
  flipAnywhere(random),
  flipAnywhere(random),
  cutBy(1),
  cutTo(0.5),
  cutTo(0),
  deleted,
]
