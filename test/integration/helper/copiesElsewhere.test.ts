import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { systemClock } from '../../../engine/base/clock.ts'
import { createLogger } from '../../../engine/base/logger.ts'
import type { Run } from '../../../engine/contract/jobs.ts'
import { createEngine } from '../../../engine/engine.ts'
import { AuditTrail } from '../../../engine/helper/access/audit.ts'
import { Erasing } from '../../../engine/helper/access/erasing.ts'
import { RotatingFile } from '../../../engine/helper/access/rotatingFile.ts'
import { destinationHandlers } from '../../../engine/helper/handlers/destinations.ts'
import { Helper } from '../../../engine/helper/helper.ts'
import type { Standing } from '../../../engine/helper/standings.ts'
import { MemorySecrets } from '../../../engine/secrets/memorySecrets.ts'
import { randomImage } from '../../support/mixedImage.ts'
import { expectRestores, originalOf } from '../../support/repositoryAttack.ts'
import { ownerKey, S3Server } from '../../support/s3Server.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'

const folder = useTemporaryFolder()
const passphrase = 'correct horse battery staple'
const credentials = { kind: 's3' as const, keyId: ownerKey.id, secretKey: ownerKey.secret }
const logger = createLogger({ write: () => undefined })
const at = (name: string) => join(folder.path, name)

let server: S3Server
let helper: Helper
/** The ways out of this computer: when they change, what did not answer is tried at once. */
let routes: string

beforeEach(async () => {
  server = await S3Server.start()
  routes = 'cable'
  const file = (name: string) => new RotatingFile({ path: at(name), maxBytes: 100_000, keep: 1 })
  const trail = new AuditTrail({ erases: file('erases'), denials: file('denials'), clock: systemClock, logger })
  helper = await Helper.open({
    stateDir: at('state'),
    runDir: at('run'),
    mode: 'system',
    secrets: new MemorySecrets(),
    erasing: new Erasing({ authoriser: { authorise: async () => undefined }, trail }),
    conditions: { read: async () => ({ power: 'mains', metered: 'no', routes }) },
    logger,
  })
  await helper.start()
})
afterEach(async () => {
  await helper.stop()
  await server.close()
})

async function makeDestination(name: string, place: object): Promise<string> {
  const input = { name, place, passphrase, mayMount: true, ejectAfterBackup: false }
  const peer = { transport: 'unix' as const, process: { pid: process.pid, uid: 0, gid: 0, startTicks: '1' } }
  const context = { peer, signal: new AbortController().signal, authorise: async () => undefined, log: logger }
  const create = destinationHandlers(helper)['destinations.create']
  const { destination } = await create(input as never, { ...context, progress: () => undefined } as never)
  return destination.id
}

async function endedRuns(count: number): Promise<Run[]> {
  await expect
    .poll(() => helper.runs.list({ limit: 100 }).filter(run => run.state !== 'running').length, { interval: 20 })
    .toBeGreaterThanOrEqual(count)
  return helper.runs.list({ limit: 100 }).toReversed()
}

async function standing(destination: string, decision: Partial<Standing['decision']>): Promise<Standing> {
  const find = async () => (await helper.supervisor.standings()).find(one => one.destination.id === destination)!
  await expect.poll(async () => (await find()).decision, { interval: 20 }).toMatchObject(decision)
  return await find()
}

test('a copy waits for the network, whichever end of it does not answer, and goes on when it is back', async () => {
  const image = randomImage(2_000_000, 'elsewhere')
  await writeFile(at('image'), image)
  const cloud = await makeDestination('Cloud', { kind: 'elsewhere', url: server.url('mine'), credentials })
  const drive = await makeDestination('Drive', { kind: 'folder', path: at('drive') })
  const job = helper.service.create({
    name: 'Disk',
    sources: [{ path: at('image'), device: null, name: 'disk' }],
    destinations: [cloud, drive],
    schedule: null,
  })
  const { port } = server
  const networkIsBack = async (name: string) => {
    await server.listen(port)
    routes = name
    helper.supervisor.wake()
  }
  const waitsForCloud = {
    state: 'waiting' as const,
    why: 'offline' as const,
    text: expect.stringContaining('Cloud does not answer'),
  }

  // It is in the cloud alone, which is gone when the drive comes.
  await rename(at('drive'), at('drawer'))
  await helper.desk.refresh()
  helper.supervisor.request(job, [cloud])
  expect((await endedRuns(1))[0]).toMatchObject({ kind: 'backup', destination: cloud, state: 'complete' })
  await server.close()
  await rename(at('drawer'), at('drive'))
  await helper.desk.refresh()
  helper.supervisor.wake()
  expect((await endedRuns(2))[1]).toMatchObject({
    kind: 'copy',
    destination: drive,
    error: { code: 'storage.unreachable', retryable: true },
  })
  const waiting = await standing(drive, waitsForCloud)
  // No failure that anybody would be told of, and nothing is tried until then.
  expect(waiting.history.consecutiveFailures).toBe(0)
  expect(waiting.decision.at).toBeGreaterThan(systemClock.now())
  for (let n = 0; n < 3; n++) {
    helper.supervisor.wake()
    await helper.changed()
  }
  expect(await endedRuns(2)).toHaveLength(2)
  expect(helper.copies.lacking(job, helper.destinations.resolve(drive))).toMatchObject({ from: [] })
  await networkIsBack('radio')
  const [, , first] = await endedRuns(3)
  expect(first).toMatchObject({ kind: 'copy', destination: drive, state: 'complete', outcome: { copied: 1 } })

  // It is on the drive alone, and the cloud is gone.
  await server.close()
  randomImage(100_000, 'changed').copy(image)
  await writeFile(at('image'), image)
  helper.supervisor.request(job, [drive])
  const [, , , again, missed] = await endedRuns(5)
  expect(again).toMatchObject({ kind: 'backup', destination: drive, state: 'complete' })
  expect(missed).toMatchObject({ kind: 'copy', destination: cloud, error: { code: 'storage.unreachable' } })
  expect((await standing(cloud, waitsForCloud)).history.consecutiveFailures).toBe(0)
  await networkIsBack('cable')
  expect((await endedRuns(6))[5]).toMatchObject({ kind: 'copy', destination: cloud, outcome: { copied: 1 } })

  const engine = createEngine({ stateDir: at('another computer') })
  for (const [url, access] of [
    [server.url('mine'), { credentials }],
    [at('drive'), {}],
  ] as const) {
    const session = await engine.open(url, { kind: 'passphrase', passphrase }, access)
    try {
      const versions = await session.versions()
      expect(versions).toHaveLength(2)
      await expectRestores(session, versions.at(-1)!.id, originalOf(image), folder.path)
    } finally {
      await session.close()
    }
  }
})
