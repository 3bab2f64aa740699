import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type SeededRandom, seededRandom } from '../../../engine/demo/seededRandom.ts'
import { createEngine } from '../../../engine/engine.ts'
import { EngineProcess } from '../../support/engineProcess.ts'
import { drawSeed } from '../../support/killing.ts'
import { changedImage, mixedImage, writeImage } from '../../support/mixedImage.ts'
import {
  attackSecret,
  expectAllRestore,
  expectNothingLost,
  type Original,
  originalOf,
} from '../../support/repositoryAttack.ts'
import { ownerKey, S3Server } from '../../support/s3Server.ts'
import { isEveryCaseAsked } from '../../support/someCases.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'

const rounds = isEveryCaseAsked ? 100 : 6
const roundsBetweenChecks = isEveryCaseAsked ? 10 : 3
/** More would make checking take longer than killing. */
const keptVersions = 6

const folder = useTemporaryFolder()
let server: S3Server
let url = ''
const processes: EngineProcess[] = []

beforeEach(async () => {
  server = await S3Server.start()
  url = server.url('shared')
  process.env.HOLDFAST_S3_KEY_ID = ownerKey.id
  process.env.HOLDFAST_S3_SECRET_KEY = ownerKey.secret
  await createEngine({ stateDir: join(folder.path, 'state-of-init') }).init(url, attackSecret)
})

afterEach(async () => {
  for (const process of processes.splice(0)) await process.kill()
  await server.close()
  delete process.env.HOLDFAST_S3_KEY_ID
  delete process.env.HOLDFAST_S3_SECRET_KEY
})

/** A computer with a state of its own. When its process is killed another one takes its place. */
class Computer {
  readonly name: string
  #process: EngineProcess
  killed = 0

  constructor(name: string) {
    this.name = name
    this.#process = this.#start()
  }

  get process(): EngineProcess {
    return this.#process
  }

  ready(): Promise<void> {
    return this.#process.ready()
  }

  async kill(): Promise<void> {
    await this.#process.kill()
    this.killed++
    this.#process = this.#start()
  }

  #start(): EngineProcess {
    const started = EngineProcess.start({
      url,
      stateDir: join(folder.path, `state-${this.name}`),
      secret: attackSecret,
    })
    processes.push(started)
    return started
  }
}

/** A computer that never saw the repository finds nothing wrong and restores everything that was reported. */
async function expectAllIntact(originals: ReadonlyMap<string, Original>, computer: string): Promise<void> {
  const session = await createEngine({ stateDir: join(folder.path, computer) }).open(url, attackSecret)
  try {
    expect(await expectAllRestore(session, originals, folder.path)).toBe(originals.size)
    await expectNothingLost(session)
  } finally {
    await session.close()
  }
}

async function round(
  random: SeededRandom,
  writers: readonly { computer: Computer; image: Buffer }[],
  pruner: Computer,
  originals: Map<string, Original>,
): Promise<void> {
  const all = [...writers.map(({ computer }) => computer), pruner]
  const victims = all.filter(() => random.below(3) === 0)
  const working = new Map<Computer, Promise<unknown>>()
  for (const { computer, image } of writers) {
    const path = join(folder.path, `source-${computer.name}`)
    await writeImage(path, image)
    const { report } = await computer.process.begin('backup', path, { name: computer.name })
    const noted = report.then(({ result }) => {
      if (result) originals.set(result.version, originalOf(image))
    })
    working.set(computer, noted)
  }
  // Whether it is gone when the process dies nobody knows; it need not be there any more.
  const old = [...originals.keys()].slice(0, Math.max(0, originals.size - keptVersions))
  for (const id of old) originals.delete(id)
  const { process } = pruner
  const makeSpace = async () => {
    if (old.length > 0 && !(await (await process.begin('remove', old, {})).report).result) return
    await (await process.begin('prune', {})).report
  }
  working.set(pruner, makeSpace())
  const deaths = victims.map(async victim => {
    await Promise.race([working.get(victim), delay(random.below(2500))])
    await victim.kill()
  })
  // Whoever was not killed has no reason to fail.
  await Promise.all([...working.values(), ...deaths])
  await Promise.all(victims.map(victim => victim.ready()))
}

describe('three computers that write to one bucket, and one that makes space', () => {
  test(`lose nothing that was reported, whoever is killed whenever (${rounds} rounds)`, async () => {
    const seed = drawSeed('shared bucket')
    const random = seededRandom(seed)
    const originals = new Map<string, Original>()
    const common = mixedImage(4_000_000, seed)
    const writers = ['anna', 'ben', 'carl'].map(name => ({ computer: new Computer(name), image: common }))
    const pruner = new Computer('owner')
    await Promise.all([...writers.map(({ computer }) => computer), pruner].map(one => one.ready()))
    for (let n = 1; n <= rounds; n++) {
      for (const writer of writers) {
        writer.image = changedImage(writer.image, `${seed} ${writer.computer.name} ${n}`, 60)
      }
      await round(random, writers, pruner, originals)
      if (n % roundsBetweenChecks === 0) await expectAllIntact(originals, `state-fresh-${n}`)
    }
    const killed = [...writers.map(({ computer }) => computer), pruner].reduce((sum, one) => sum + one.killed, 0)
    console.log(`${killed} processes were killed in ${rounds} rounds`)
    expect(killed).toBeGreaterThan(rounds / 3)
  })
})
