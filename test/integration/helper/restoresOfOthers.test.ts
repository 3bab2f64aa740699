import { chown, mkdir, readFile, rename, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Clock, systemClock } from '../../../engine/base/clock.ts'
import { createLogger } from '../../../engine/base/logger.ts'
import { randomBytes } from '../../../engine/base/random.ts'
import type { Run } from '../../../engine/contract/jobs.ts'
import { createEngine } from '../../../engine/engine.ts'
import { AuditTrail } from '../../../engine/helper/access/audit.ts'
import { Erasing } from '../../../engine/helper/access/erasing.ts'
import { RotatingFile } from '../../../engine/helper/access/rotatingFile.ts'
import { destinationHandlers } from '../../../engine/helper/handlers/destinations.ts'
import { restoreHandlers } from '../../../engine/helper/handlers/restores.ts'
import { Helper } from '../../../engine/helper/helper.ts'
import { NewDestinations } from '../../../engine/helper/newDestinations.ts'
import type { CallContext } from '../../../engine/rpc/serverTypes.ts'
import { MemorySecrets } from '../../../engine/secrets/memorySecrets.ts'
import { DriveWorld, deviceOf } from '../../support/driveWorld.ts'
import { noLoopDevices } from '../../support/loopDevice.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'

/** The service of a computer with several users, in this process, without its door: whoever asks is who the test says. */

const folder = useTemporaryFolder()
const passphrase = 'open sesame'
const content = Buffer.from(randomBytes(3 * 1024 * 1024))
const alice = 1000
const logger = createLogger({ write: () => undefined })
let helper: Helper
let shiftMs = 0
let asked: string[]

const clock: Clock = {
  now: () => systemClock.now() + shiftMs,
  monotonic: () => systemClock.monotonic() + shiftMs,
  sleep: (ms, signal) => systemClock.sleep(ms, signal),
}

const contextOf = (uid: number): CallContext => ({
  peer: { transport: 'unix', process: { pid: process.pid, uid, gid: uid, startTicks: '1' } },
  signal: new AbortController().signal,
  authorise: async () => undefined,
  log: logger,
})

beforeEach(async () => {
  shiftMs = 0
  asked = []
  const file = (name: string) => new RotatingFile({ path: join(folder.path, name), maxBytes: 100_000, keep: 1 })
  const trail = new AuditTrail({ erases: file('erases'), denials: file('denials'), clock, logger })
  const authoriser = { authorise: async (_peer: unknown, action: string) => void asked.push(action) }
  helper = await Helper.open({
    stateDir: join(folder.path, 'state'),
    runDir: join(folder.path, 'run'),
    mode: 'system',
    secrets: new MemorySecrets(),
    erasing: new Erasing({ authoriser, trail }),
    clock,
    logger,
  })
})
afterEach(() => helper.stop())

/** A destination with one version of the content, made by another computer. */
async function stored(): Promise<string> {
  const engine = createEngine({ stateDir: join(folder.path, 'other') })
  const path = join(folder.path, 'backups')
  await engine.init(path, { kind: 'passphrase', passphrase })
  const image = join(folder.path, 'source.img')
  await writeFile(image, content)
  const session = await engine.open(path, { kind: 'passphrase', passphrase })
  const { version } = await session.backup(image, { name: 'disk' })
  await session.close()
  const opened = await destinationHandlers(helper)['destinations.open'](
    {
      name: 'backups',
      place: { kind: 'folder', path },
      secret: { kind: 'passphrase', text: passphrase },
      mayMount: true,
      ejectAfterBackup: false,
    },
    contextOf(0),
  )
  expect(opened.destination.name).toBe('backups')
  return version
}

async function ended(id: string): Promise<Run> {
  for (;;) {
    const run = helper.runs.find(id)!
    if (run.state !== 'running') return run
    await systemClock.sleep(20)
  }
}

const planOf = (calls: ReturnType<typeof restoreHandlers>, version: string, path: string, uid: number) =>
  calls['restores.plan'](
    { destination: 'backups', version, target: { kind: 'newFile', path }, delta: false, verify: true, grow: false },
    contextOf(uid),
  )

describe.skipIf(process.getuid!() !== 0)('a person without rights', () => {
  test('gets a version into a folder of theirs alone, and the file is theirs', async () => {
    const version = await stored()
    const calls = restoreHandlers(helper)
    const [own, theirs] = [join(folder.path, 'alice'), join(folder.path, 'root')]
    for (const path of [own, theirs]) await mkdir(path)
    await chown(own, alice, alice)
    await expect(planOf(calls, version, join(theirs, 'x.img'), alice)).rejects.toMatchObject({ code: 'access.denied' })

    const path = join(own, 'x.img')
    const { planId } = await planOf(calls, version, path, alice)
    await expect(async () =>
      calls['restores.start']({ planId, confirmation: '' }, contextOf(alice + 1)),
    ).rejects.toMatchObject({ code: 'config.notFound' })
    const { run } = await calls['restores.start']({ planId, confirmation: '' }, contextOf(alice))
    expect(asked).toEqual(['browse'])
    expect(await ended(run)).toMatchObject({ state: 'complete', outcome: { verified: true, target: path } })
    expect(await stat(path)).toMatchObject({ uid: alice, gid: alice, mode: 0o100600 })
    expect((await readFile(path)).equals(content)).toBe(true)
  })

  test('cannot lead the file elsewhere by exchanging the folder for a link after the plan', async () => {
    const version = await stored()
    const calls = restoreHandlers(helper)
    const [own, other] = [join(folder.path, 'alice'), join(folder.path, 'root')]
    for (const path of [own, other]) await mkdir(path)
    await chown(own, alice, alice)
    const { planId } = await planOf(calls, version, join(own, 'x.img'), alice)
    await rename(own, `${own}.away`)
    await symlink(other, own)
    const { run } = await calls['restores.start']({ planId, confirmation: '' }, contextOf(alice))
    expect((await ended(run)).state).toBe('failed')
    expect(await stat(join(other, 'x.img')).catch(error => error.code)).toBe('ENOENT')
  })
})

test('a plan is not good for longer than ten minutes', async () => {
  const version = await stored()
  const calls = restoreHandlers(helper)
  const path = join(folder.path, 'x.img')
  const { planId } = await planOf(calls, version, path, 0)
  shiftMs = 10 * 60_000
  await expect(async () => calls['restores.start']({ planId, confirmation: '' }, contextOf(0))).rejects.toMatchObject({
    code: 'config.notFound',
  })
  expect(asked).toEqual([])
})

test('a restore that is broken off says how far it came, and leaves no half of a file', async () => {
  const version = await stored()
  const calls = restoreHandlers(helper)
  const path = join(folder.path, 'x.img')
  const { planId } = await planOf(calls, version, path, 0)
  const { close } = helper.progressFeed.source(
    ({ run, phase }) => void (phase === 'restoring' && helper.tasks.cancel(run)),
    { transport: 'memory' },
  )
  const { run } = await calls['restores.start']({ planId, confirmation: '' }, contextOf(0))
  const { state, outcome } = await ended(run)
  close()
  expect(state).toBe('cancelled')
  expect(outcome).toMatchObject({ kind: 'restore', verified: false })
  expect(outcome!.kind === 'restore' && outcome!.writtenBytes).toBeLessThanOrEqual(content.length)
  expect(await stat(path).catch(error => error.code)).toBe('ENOENT')
})

describe.skipIf(noLoopDevices !== undefined)('a drive that is unplugged while a repository is made on it', () => {
  test('leaves nothing registered, and the error tells of what was made', async () => {
    const world = new DriveWorld(folder.path)
    try {
      const loop = await world.attach(64, 'ext4')
      const { id } = await deviceOf(loop)
      const engine = {
        ...helper.engine,
        init: async (...args: Parameters<typeof helper.engine.init>) => {
          const made = await helper.engine.init(...args)
          world.clear()
          return made
        },
      }
      const { service, secrets, places } = helper
      const made = new NewDestinations({ engine: engine as never, service, secrets, places, clock, host: 'here' })
      const place = { kind: 'drive' as const, device: id }
      const wishes = { name: 'drive', place, passphrase, mayMount: true, ejectAfterBackup: false }
      await expect(made.create(wishes)).rejects.toMatchObject({
        code: 'storage.driveNotConnected',
        message: expect.stringContaining('stays there'),
        details: { repository: expect.stringMatching(/\/Holdfast$/) },
      })
      expect(helper.destinations.list()).toEqual([])
      expect(await secrets.list()).toEqual([])
    } finally {
      world.clear()
    }
  })
})
