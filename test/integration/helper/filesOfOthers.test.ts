import { existsSync, readdirSync } from 'node:fs'
import { chmod, chown, mkdir, readFile, rename, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { systemClock } from '../../../engine/base/clock.ts'
import { createLogger } from '../../../engine/base/logger.ts'
import type { Run } from '../../../engine/contract/jobs.ts'
import { createEngine } from '../../../engine/engine.ts'
import { AuditTrail } from '../../../engine/helper/access/audit.ts'
import { Erasing } from '../../../engine/helper/access/erasing.ts'
import { RotatingFile } from '../../../engine/helper/access/rotatingFile.ts'
import { destinationHandlers } from '../../../engine/helper/handlers/destinations.ts'
import { fileHandlers } from '../../../engine/helper/handlers/files.ts'
import { Helper } from '../../../engine/helper/helper.ts'
import type { ProgressContext } from '../../../engine/rpc/serverTypes.ts'
import { MemorySecrets } from '../../../engine/secrets/memorySecrets.ts'
import { manifestOf } from '../../support/diskImages.ts'
import { nothingLeft, useDiskWithFiles, whyNoFiles } from '../../support/diskWithFiles.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'

const folder = useTemporaryFolder()
const disk = useDiskWithFiles()
const passphrase = 'open sesame'
const alice = 1000

describe.skipIf(whyNoFiles !== undefined)('files for a person without rights', () => {
  let helper: Helper
  let audit: string
  const logger = createLogger({ write: () => undefined })
  const contextOf = (uid: number): ProgressContext => ({
    peer: { transport: 'unix', process: { pid: process.pid, uid, gid: uid, startTicks: '1' } },
    signal: new AbortController().signal,
    authorise: async () => undefined,
    log: logger,
    progress: () => undefined,
  })
  beforeEach(async () => {
    audit = join(folder.path, 'erases')
    const file = (path: string) => new RotatingFile({ path, maxBytes: 100_000, keep: 1 })
    const trail = new AuditTrail({ erases: file(audit), denials: file(`${audit}.not`), clock: systemClock, logger })
    helper = await Helper.open({
      stateDir: join(folder.path, 'state'),
      runDir: join(folder.path, 'run'),
      mode: 'system',
      secrets: new MemorySecrets(),
      erasing: new Erasing({ authoriser: { authorise: async () => undefined }, trail }),
      logger,
    })
  })
  afterEach(async () => {
    await helper.stop()
    await nothingLeft(folder.path)
  })

  async function opened(): Promise<string> {
    const engine = createEngine({ stateDir: join(folder.path, 'other') })
    const path = join(folder.path, 'backups')
    await engine.init(path, { kind: 'passphrase', passphrase })
    const image = join(folder.path, 'source.img')
    await writeFile(image, disk.content)
    const session = await engine.open(path, { kind: 'passphrase', passphrase })
    const { version } = await session.backup(image, { name: 'disk' })
    await session.close()
    await destinationHandlers(helper)['destinations.open'](
      {
        name: 'backups',
        place: { kind: 'folder', path },
        secret: { kind: 'passphrase', text: passphrase },
        mayMount: true,
        ejectAfterBackup: false,
      },
      contextOf(0),
    )
    const { attachment } = await fileHandlers(helper)['files.open']({ destination: 'backups', version }, contextOf(0))
    return attachment
  }

  async function ended(id: string): Promise<Run> {
    for (;;) {
      const run = helper.runs.find(id)!
      if (run.state !== 'running') return run
      await systemClock.sleep(20)
    }
  }

  const planned = (
    calls: ReturnType<typeof fileHandlers>,
    attachment: string,
    target: string,
    existing: 'refuse' | 'replace' | 'keep-both' = 'refuse',
  ) =>
    calls['files.planRestore'](
      { attachment, volume: 'p1', paths: ['home/anna'], folder: target, existing },
      contextOf(alice),
    )

  test('go into a folder of theirs alone, with owners, modes, times, attributes and links, but with no rights of others', async () => {
    const attachment = await opened()
    const calls = fileHandlers(helper)
    const [own, theirs] = [join(folder.path, 'alice'), join(folder.path, 'root')]
    for (const path of [own, theirs]) await mkdir(path)
    await chown(own, alice, alice)
    for (const path of [theirs, join(theirs, 'new')]) {
      await expect(planned(calls, attachment, path)).rejects.toMatchObject({ code: 'access.denied' })
    }
    await expect(planned(calls, attachment, join(folder.path, 'state'))).rejects.toMatchObject({
      code: 'usage.invalid',
    })
    await expect(planned(calls, attachment, join(folder.path, 'backups/x'))).rejects.toMatchObject({
      code: 'target.holdsRepository',
    })

    const target = join(own, 'back')
    const { planId, ...plan } = await planned(calls, attachment, target)
    expect(plan).toMatchObject({ names: ['anna'], folder: target, replacedCount: 0 })
    expect(plan.entries).toBeGreaterThan(5)
    expect(existsSync(target)).toBe(false)
    await expect(async () => calls['files.startRestore']({ planId }, contextOf(alice + 1))).rejects.toMatchObject({
      code: 'config.notFound',
    })
    const { run } = await calls['files.startRestore']({ planId }, contextOf(alice))
    const done = await ended(run)
    expect(done).toMatchObject({ kind: 'extract', state: 'incomplete', outcome: { target, problemCount: 1 } })
    expect(done.outcome).toMatchObject({ problems: ['anna/su runs with the rights of its caller only'] })
    expect(await stat(target)).toMatchObject({ uid: alice, gid: alice })
    expect((await stat(join(target, 'anna/su'))).mode & 0o7777).toBe(0o755)
    await chmod(join(target, 'anna/su'), 0o4755)
    expect(manifestOf(join(target, 'anna'))).toBe(disk.manifest)
    expect(readdirSync(target)).toEqual(['anna'])
    const lines = (await readFile(audit, 'utf8'))
      .trim()
      .split('\n')
      .map(line => JSON.parse(line))
    expect(lines).toMatchObject([
      { uid: alice, action: 'browse', result: 'allowed' },
      { uid: alice, action: 'browse', result: 'done' },
    ])

    // All of it is there already.
    const again = await planned(calls, attachment, target)
    expect(again.replaced).toContain('anna/letter')
    await expect(async () =>
      calls['files.startRestore']({ planId: again.planId }, contextOf(alice)),
    ).rejects.toMatchObject({
      code: 'target.exists',
    })
    const both = await planned(calls, attachment, target, 'keep-both')
    expect(both.names).toEqual(['anna (2)'])
  })

  test('are not led elsewhere by a folder that was exchanged for a link after the plan, and nothing new is replaced', async () => {
    const attachment = await opened()
    const calls = fileHandlers(helper)
    const [own, other] = [join(folder.path, 'alice'), join(folder.path, 'root')]
    for (const path of [own, other]) await mkdir(path)
    await chown(own, alice, alice)
    const { planId } = await planned(calls, attachment, own)
    await rename(own, `${own}.away`)
    await symlink(other, own)
    const { run } = await calls['files.startRestore']({ planId }, contextOf(alice))
    expect((await ended(run)).state).toBe('failed')
    expect(readdirSync(other)).toEqual([])

    const target = `${own}.away`
    await mkdir(join(target, 'anna'))
    await writeFile(join(target, 'anna/letter'), 'old')
    const plan = await planned(calls, attachment, target, 'replace')
    expect(plan.replaced).toEqual(['anna/letter'])
    await writeFile(join(target, 'anna/numbers'), 'mine, and new')
    const refused = await ended((await calls['files.startRestore']({ planId: plan.planId }, contextOf(alice))).run)
    expect(refused).toMatchObject({ state: 'failed', error: { code: 'target.exists' } })
    expect(await readFile(join(target, 'anna/numbers'), 'utf8')).toBe('mine, and new')
    expect(await readFile(join(target, 'anna/letter'), 'utf8')).toBe('old')
    const next = await planned(calls, attachment, target, 'replace')
    expect(next.replaced).toEqual(['anna/letter', 'anna/numbers'])
    const replaced = await ended((await calls['files.startRestore']({ planId: next.planId }, contextOf(alice))).run)
    expect(replaced.outcome).toMatchObject({ replacedCount: 2 })
    expect(await readFile(join(target, 'anna/letter'), 'utf8')).toBe('hello\n')
  })

  test('come with progress, can be stopped, and leave what was there as it was then', async () => {
    const attachment = await opened()
    const calls = fileHandlers(helper)
    const own = join(folder.path, 'alice')
    await mkdir(own)
    await chown(own, alice, alice)
    const { planId } = await planned(calls, attachment, join(own, 'new'))
    const { run } = await calls['files.startRestore']({ planId }, contextOf(alice))
    helper.tasks.cancel(run)
    expect((await ended(run)).state).toBe('cancelled')
    expect(readdirSync(own)).toEqual([])
    await calls['files.close']({ attachment }, contextOf(alice))
  })
})
