import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { constants, existsSync } from 'node:fs'
import { chmod, mkdir, open, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { systemClock } from '../../../engine/base/clock.ts'
import { randomBytes } from '../../../engine/base/random.ts'
import type { Run } from '../../../engine/contract/jobs.ts'
import { restoreTestedFact } from '../../../engine/helper/restores/work.ts'
import { DaemonProcess, type HelperClient } from '../../support/daemon.ts'
import { DriveWorld, deviceOf, makeVersion, unmounted } from '../../support/driveWorld.ts'
import { openJobStores } from '../../support/jobStores.ts'
import { type LoopDevice, mountAt, noLoopDevices } from '../../support/loopDevice.ts'
import { missingProgram } from '../../support/programs.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'

const MiB = 1024 * 1024
const folder = useTemporaryFolder()
const content = Buffer.from(randomBytes(4 * MiB))
/** One Linux partition in the second MiB, as the old table of DOS has it; half of it is not stored. */
content.fill(0, MiB, 1.5 * MiB)
content.fill(0, 446, 512)
content.set([0, 0, 0, 0, 0x83], 446)
content.writeUInt32LE(MiB / 512, 454)
content.writeUInt32LE(MiB / 512, 458)
content.writeUInt16LE(0xaa55, 510)
let daemon: DaemonProcess
let client: HelperClient

beforeEach(async () => {
  daemon = new DaemonProcess(folder.path, { HOLDFAST_HOOKS_DIR: join(folder.path, 'hooks') })
  await daemon.start()
  client = await daemon.connect()
})
afterEach(async () => {
  client.close()
  await daemon.kill()
})

const stored = (settings: Record<string, unknown> = {}) => makeVersion(client, folder.path, content, settings)

async function ended(id: string): Promise<Run> {
  for (;;) {
    const { run } = await client.call('runs.get', { run: id })
    if (run.state !== 'running') return run
    await systemClock.sleep(20)
  }
}

/** The first bytes of a device, from the medium. */
async function bytesOf({ path }: Pick<LoopDevice, 'path'>, length: number): Promise<Buffer> {
  execFileSync('blockdev', ['--flushbufs', path])
  const device = await open(path, 'r')
  try {
    return (await device.read(Buffer.alloc(length), 0, length, 0)).buffer
  } finally {
    await device.close()
  }
}

const erases = async () =>
  (await readFile(join(folder.path, 'state/erases.log'), 'utf8').catch(() => ''))
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line) as { action: string; result: string; reason?: string; version: string })

describe.skipIf(noLoopDevices !== undefined)('a restore onto a disk', () => {
  let world: DriveWorld
  beforeEach(() => {
    world = new DriveWorld(folder.path)
  })
  afterEach(async () => {
    await daemon.kill()
    world.clear()
  })

  const planFor = async (
    loop: LoopDevice,
    version: string,
    options: { verify?: boolean; delta?: boolean; grow?: boolean } = {},
  ) =>
    client.call('restores.plan', {
      destination: 'backups',
      version,
      target: { kind: 'device', device: (await deviceOf(loop)).id },
      ...options,
    })
  const targetOf = async (loop: LoopDevice, version: string) => {
    const { targets } = await client.call('restores.targets', { destination: 'backups', version })
    return targets.find(({ device }) => device.path === loop.path)!
  }

  test('says what is lost, wants to be confirmed, and gives every byte back', async () => {
    await mkdir(join(folder.path, 'hooks'), { mode: 0o755 })
    const hook = join(folder.path, 'hooks/note')
    await writeFile(hook, `#!/bin/sh\necho "$HOLDFAST_EVENT $HOLDFAST_VERSION $HOLDFAST_RESULT."\n`)
    await chmod(hook, 0o755)
    const { version, job } = await stored({ hooks: { 'before-restore': 'note', 'after-restore': 'note' } })
    const loop = await world.attach(16, 'ext4', '--partscan')
    // What the kernel believes is on it, and will not be.
    const partition = `/sys/class/block/${loop.name}p7`
    execFileSync('addpart', [loop.path, '7', String(8192), String(2048)])
    expect(existsSync(partition)).toBe(true)
    expect((await targetOf(loop, version)).refusal).toBeNull()
    const plan = await planFor(loop, version)
    const name = loop.name.slice(-4)
    expect(plan).toMatchObject({
      version: { id: version, destination: plan.version.destination, job: job.id, sizeBytes: content.length },
      target: {
        kind: 'device',
        device: { path: loop.path },
        confirmation: name,
        confirmationOf: 'name',
        lost: [{ label: null, type: 'ext4', sizeBytes: 16 * MiB, lastMounted: { path: null, date: null } }],
      },
      before: { sizeBytes: 16 * MiB, table: null, parts: [{ offset: 0, type: 'ext4' }] },
      after: {
        sizeBytes: 16 * MiB,
        table: 'dos',
        parts: [
          { kind: 'partition', offset: MiB, length: MiB },
          { kind: 'free', offset: 2 * MiB, length: 14 * MiB },
        ],
      },
      warnings: [expect.stringContaining('larger')],
    })
    const { planId } = plan
    const before = await bytesOf(loop, MiB)
    for (const confirmation of ['', 'nope']) {
      await expect(client.call('restores.start', { planId, confirmation })).rejects.toMatchObject({
        code: 'usage.invalid',
      })
    }
    expect((await bytesOf(loop, MiB)).equals(before)).toBe(true)
    expect(await erases()).toEqual([])

    const { run: id } = await client.call('restores.start', { planId, confirmation: name.toUpperCase() })
    const run = await ended(id)
    expect(run).toMatchObject({
      kind: 'restore',
      job: null,
      state: 'complete',
      error: null,
      destinationName: 'backups',
    })
    expect(run.outcome).toMatchObject({
      kind: 'restore',
      version,
      versionName: 'disk',
      target: loop.path,
      verified: true,
      damaged: [],
    })
    expect((await bytesOf(loop, content.length)).equals(content)).toBe(true)
    // The kernel has been told to look anew, and found no such partition.
    expect(existsSync(partition)).toBe(false)
    expect(await erases()).toMatchObject([
      { action: 'erase-internal', result: 'allowed', version: expect.stringContaining(version) },
      { action: 'erase-internal', result: 'done' },
    ])
    const { log } = await client.call('runs.get', { run: id })
    const texts = log.map(line => line.text).join('\n')
    expect(texts).toContain(`before-restore ${version} .`)
    expect(texts).toContain(`after-restore ${version} success.`)
    await expect(client.call('restores.start', { planId, confirmation: name })).rejects.toMatchObject({
      code: 'config.notFound',
    })

    // Nothing has changed since, so nothing is written.
    const again = await planFor(loop, version, { delta: true, verify: false })
    const second = await ended((await client.call('restores.start', { planId: again.planId, confirmation: name })).run)
    expect(second.outcome).toMatchObject({ writtenBytes: 0, skippedBytes: content.length, verified: false })

    await daemon.stop()
    const { facts, db } = openJobStores(join(folder.path, 'state'))
    expect(facts.get(restoreTestedFact, z.number())).toBeGreaterThan(Date.parse(run.startedAt))
    db.close()
  })

  test.skipIf(missingProgram('sfdisk'))('onto a larger one fits its table, and shows that before', async () => {
    const image = join(folder.path, 'gpt.img')
    await writeFile(image, Buffer.alloc(8 * MiB))
    execFileSync('sfdisk', ['--quiet', '--no-reread', image], { input: 'label: gpt\nstart=2048, size=4M' })
    const { version } = await makeVersion(client, folder.path, await readFile(image))
    const loop = await world.attach(16, 'nothing', '--partscan')
    const plain = await planFor(loop, version)
    expect(plain.after.parts.at(-1)).toMatchObject({ kind: 'free', length: 11 * MiB })
    const plan = await planFor(loop, version, { grow: true })
    const grown = { offset: MiB, length: 14 * MiB }
    expect(plan.after).toMatchObject({ sizeBytes: 16 * MiB, table: 'gpt' })
    expect(plan.after.parts.find(part => part.kind === 'partition')).toMatchObject(grown)
    const confirmation = loop.name.slice(-4)
    const run = await ended((await client.call('restores.start', { planId: plan.planId, confirmation })).run)
    expect(run).toMatchObject({
      state: 'complete',
      outcome: {
        verified: true,
        table: { moved: true, grown: { partition: 1, oldSizeBytes: 4 * MiB, sizeBytes: 14 * MiB, fileSystem: null } },
      },
    })
    expect(execFileSync('sfdisk', ['--verify', loop.path], { encoding: 'utf8' })).toContain('No errors detected')
  })

  test('cannot grow what has no such table, nor make a volume where there is no group', async () => {
    const { version } = await stored()
    const loop = await world.attach(16)
    await expect(planFor(loop, version, { grow: true })).rejects.toMatchObject({ code: 'usage.invalid' })
    const target = { kind: 'newVolume' as const, group: 'no-such-group', name: 'new' }
    const failure = await client
      .call('restores.plan', { destination: 'backups', version, target })
      .catch(error => error)
    // Where LVM is not installed, it is that which is said.
    expect(['target.notFound', 'config.invalid']).toContain(failure.code)
  })

  test('writes nothing to a disk that is not what it was when it was planned', async () => {
    const { version } = await stored()
    const loop = await world.attach(8)
    const start = async (meanwhile: () => void | Promise<void>) => {
      const { planId, target } = await planFor(loop, version)
      await meanwhile()
      const confirmation = target.kind === 'device' ? target.confirmation : ''
      return client.call('restores.start', { planId, confirmation }).catch(error => error)
    }
    const write = async (offset: number) => {
      const device = await open(loop.path, 'r+')
      await device.write(Buffer.from('somebody else'), 0, 13, offset)
      await device.sync()
      await device.close()
    }
    const changed = { code: 'target.identityChanged' }
    expect(await start(() => write(33 * 512))).toMatchObject(changed)
    expect(await start(() => write(8 * MiB - 512))).toMatchObject(changed)
    const before = createHash('sha256')
      .update(await bytesOf(loop, 8 * MiB))
      .digest('hex')
    // Another drive under the same name.
    expect(
      await start(async () => {
        const { path } = loop
        world.detach(loop)
        const other = await world.attach(8)
        expect(other.path).toBe(path)
      }),
    ).toMatchObject(changed)
    expect((await bytesOf(loop, 8 * MiB)).every(byte => byte === 0)).toBe(true)
    expect(before).not.toBe('')
    const results = (await erases()).map(({ result, reason }) => [result, reason])
    expect(results).toEqual(
      [1, 2, 3].flatMap(() => [
        ['allowed', undefined],
        ['failed', 'target.identityChanged'],
      ]),
    )
  })

  test('is refused where something is mounted, too small, in use, or a repository; nobody can insist', async () => {
    const { version } = await stored()
    const [mounted, small, held, drive, readOnly] = [
      await world.attach(16, 'ext4'),
      await world.attach(2),
      await world.attach(8),
      await world.attach(64, 'ext4'),
      await world.attach(8),
    ]
    const point = join(folder.path, 'point')
    await mkdir(point)
    const unmount = mountAt(mounted.path, point)
    execFileSync('blockdev', ['--setro', readOnly.path])
    const holder = await open(held.path, constants.O_RDONLY | constants.O_EXCL)
    const place = { kind: 'drive' as const, device: (await deviceOf(drive)).id }
    await client.call('destinations.create', { name: 'drive', place, passphrase: 'open sesame' })
    await unmounted(drive)

    const expected = [
      [mounted, 'target.mounted'],
      [small, 'target.tooSmall'],
      [held, 'target.inUse'],
      [drive, 'target.holdsRepository'],
      [readOnly, 'target.readOnly'],
    ] as const
    for (const [loop, code] of expected) {
      expect([loop.path, (await targetOf(loop, version)).refusal?.code]).toEqual([loop.path, code])
      await expect(planFor(loop, version)).rejects.toMatchObject({ code })
    }
    await holder.close()
    expect((await targetOf(held, version)).refusal).toBeNull()

    // What is mounted after it was planned stays as it is.
    const late = await world.attach(16, 'ext4')
    const latePoint = join(folder.path, 'late')
    await mkdir(latePoint)
    const { planId, target } = await planFor(late, version)
    const unmountLate = mountAt(late.path, latePoint)
    const confirmation = target.kind === 'device' ? target.confirmation : ''
    const outcome = await client.call('restores.start', { planId, confirmation }).then(
      async ({ run }) => (await ended(run)).error,
      error => error,
    )
    expect(['target.mounted', 'target.identityChanged']).toContain(outcome?.code)
    execFileSync('touch', [join(latePoint, 'still-there')])
    unmountLate()
    execFileSync('fsck.ext4', ['-fn', late.path])
    unmount()
  })
})

describe('a restore to a new file', () => {
  const planFor = (version: string, path: string) =>
    client.call('restores.plan', { destination: 'backups', version, target: { kind: 'newFile', path } })

  test('makes the file, and nothing where something is in the way', async () => {
    const { version, image } = await stored()
    const path = join(folder.path, 'restored.img')
    const plan = await planFor(version, path)
    expect(plan).toMatchObject({ target: { kind: 'newFile', path }, before: { sizeBytes: 0, parts: [] }, warnings: [] })
    expect(plan.target.kind === 'newFile' && plan.target.freeBytes).toBeGreaterThan(content.length)
    await expect(client.call('restores.start', { planId: plan.planId, confirmation: 'x' })).rejects.toMatchObject({
      code: 'usage.invalid',
    })
    const run = await ended((await client.call('restores.start', { planId: plan.planId, confirmation: '' })).run)
    expect(run).toMatchObject({ state: 'complete', outcome: { target: path, verified: true } })
    expect((await readFile(path)).equals(content)).toBe(true)

    await symlink(join(folder.path, 'nowhere'), join(folder.path, 'link'))
    const refused = {
      [path]: 'target.exists',
      [image]: 'target.exists',
      [join(folder.path, 'link')]: 'target.exists',
      [join(folder.path, 'no/such.img')]: 'target.notFound',
      'relative.img': 'usage.invalid',
      '/proc/self/x.img': 'usage.invalid',
      [join(folder.path, 'state/x.img')]: 'usage.invalid',
      [join(folder.path, 'backups/x.img')]: 'target.holdsRepository',
    }
    for (const [wrong, code] of Object.entries(refused)) {
      const error = await planFor(version, wrong).catch(caught => caught)
      expect([wrong, error.code]).toEqual([wrong, code])
    }
    const late = join(folder.path, 'late.img')
    const { planId } = await planFor(version, late)
    await writeFile(late, 'mine')
    const failed = await ended((await client.call('restores.start', { planId, confirmation: '' })).run)
    expect(failed).toMatchObject({ state: 'failed', error: { code: 'target.exists' } })
    expect(await readFile(late, 'utf8')).toBe('mine')
  })
})
