import { execFileSync } from 'node:child_process'
import { mkdir, open, readFile, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { systemClock } from '../../../engine/base/clock.ts'
import { createLogger } from '../../../engine/base/logger.ts'
import { HoldfastError } from '../../../engine/contract/errors.ts'
import type { AttachmentView } from '../../../engine/contract/files.ts'
import { helperContract } from '../../../engine/contract/helperContract.ts'
import type { Run } from '../../../engine/contract/jobs.ts'
import { runDaemon } from '../../../engine/helper/daemon.ts'
import { connectUnix } from '../../../engine/rpc/unixClient.ts'
import { DaemonProcess, endedRun, type HelperClient } from '../../support/daemon.ts'
import { bash } from '../../support/diskImages.ts'
import { leftovers, MiB, nothingLeft, useDiskWithFiles, whyNoFiles } from '../../support/diskWithFiles.ts'
import { DriveWorld, deviceOf, makeVersion, unmounted } from '../../support/driveWorld.ts'
import { holdfast } from '../../support/holdfast.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'

const folder = useTemporaryFolder()
const disk = useDiskWithFiles()
const passphrase = 'open sesame'

describe.skipIf(whyNoFiles !== undefined)('a real helper', () => {
  let daemon: DaemonProcess
  let client: HelperClient
  beforeEach(async () => {
    daemon = new DaemonProcess(folder.path)
    await daemon.start()
    client = await daemon.connect()
  })
  afterEach(async () => {
    client.close()
    await daemon.stop()
    await nothingLeft(folder.path)
  })

  async function restart(): Promise<void> {
    client.close()
    await daemon.kill()
    await daemon.start()
    client = await daemon.connect()
  }

  async function attachments(): Promise<AttachmentView[]> {
    const first = Promise.withResolvers<AttachmentView[]>()
    const subscription = client.subscribe('attachments', {
      state: ({ attachments }) => first.resolve(attachments),
      change: () => undefined,
      ended: error => first.reject(error),
    })
    try {
      return await first.promise
    } finally {
      subscription.close()
    }
  }

  async function ended(id: string): Promise<Run> {
    for (;;) {
      const { run } = await client.call('runs.get', { run: id })
      if (run.state !== 'running') return run
      await systemClock.sleep(20)
    }
  }

  test('shows volumes, folders and files of a version, its history, and that it is attached; closing takes all away', async () => {
    const { version, destination, job, image } = await makeVersion(client, folder.path, disk.content)
    const { attachment, volumes } = await client.call('files.open', { destination: 'backups', version })
    expect(volumes).toMatchObject([{ name: 'p1', kind: 'ext4', state: 'ready' }])
    expect(await attachments()).toMatchObject([
      { id: attachment, kind: 'files', state: 'attached', version, versionName: 'disk', destination: destination.id },
    ])
    const at = { attachment, volume: 'p1' }
    const root = await client.call('files.list', { ...at, path: '' })
    expect(root.entries[0]).toMatchObject({ kind: 'folder' })
    const page = await client.call('files.list', { ...at, path: 'home/anna', limit: 2, offset: 1, search: 'E' })
    expect(page).toMatchObject({ entries: [{ name: 'absolute' }, { name: 'letter' }], total: 5 })
    expect(await client.call('files.preview', { ...at, path: 'home/anna/letter' })).toEqual({
      kind: 'text',
      text: 'hello\n',
      isWhole: true,
    })
    for (const path of ['pipe', 'null']) {
      expect(await client.call('files.preview', { ...at, path })).toEqual({ kind: 'none', reason: 'other' })
    }
    for (const path of ['home/anna/absolute', 'home/anna/outwards']) {
      await expect(client.call('files.list', { ...at, path })).rejects.toMatchObject({ code: 'files.notFound' })
    }
    await expect(client.call('files.list', { ...at, path: '../etc' })).rejects.toMatchObject({ code: 'usage.invalid' })

    // A second version, in which the letter differs.
    bash(
      `folder=$(mktemp -d); mount -o loop,offset=$2 "$1" $folder; trap 'umount $folder; rmdir $folder' EXIT
       echo 'hello again' >$folder/home/anna/letter`,
      ...[image, String(MiB)],
    )
    await client.call('jobs.run', { job: job.id })
    await expect
      .poll(async () => (await client.call('versions.list', { destination: 'backups' })).versions.length, {
        timeout: 60_000,
      })
      .toBe(2)
    await expect.poll(async () => (await client.call('runs.list', { job: job.id })).runs[0]?.state).toBe('complete')
    const letter = await client.call('files.history', { ...at, path: 'home/anna/letter' })
    expect(letter).toMatchObject({
      entries: [
        { state: 'present', sizeBytes: 12 },
        { version, state: 'present', sizeBytes: 6 },
      ],
      more: false,
    })
    const numbers = await client.call('files.history', { ...at, path: 'home/anna/numbers' })
    expect(numbers.entries.map(({ state }) => state)).toEqual(['present', 'same'])
    const none = await client.call('files.history', { ...at, path: 'home/bert' })
    expect(none.entries.map(({ state }) => state)).toEqual(['absent', 'absent'])
    expect(await attachments()).toHaveLength(1)

    const listed = await holdfast(['attachments', '--json'], { env: daemon.env })
    expect(JSON.parse(listed.stdout).attachments).toMatchObject([{ id: attachment }])
    expect(await holdfast(['attachments', '--detach', attachment], { env: daemon.env })).toMatchObject({ code: 0 })
    expect(await attachments()).toEqual([])
    await nothingLeft(folder.path)
  })

  test('detaches what comes from a drive before that is ejected, and what comes from a destination before that is forgotten', async () => {
    const world = new DriveWorld(folder.path)
    try {
      const loop = await world.attach(256, 'ext4')
      const device = (await deviceOf(loop)).id
      const { destination } = await client.call('destinations.create', {
        name: 'drive',
        place: { kind: 'drive', device },
        passphrase,
      })
      const image = join(folder.path, 'source.img')
      await writeFile(image, disk.content)
      const { source } = await client.call('sources.offerFile', { path: image })
      const sources = [{ source, name: 'disk' }]
      const settings = { name: 'Disk', sources, destinations: [destination.id], schedule: null }
      const { job } = await client.call('jobs.create', { settings })
      await client.call('jobs.run', { job: job.id })
      const version = (await endedRun(client, job.id)).parts[0]!.version!
      const files = await client.call('files.open', { destination: 'drive', version })
      await client.call('files.list', { attachment: files.attachment, volume: 'p1', path: '' })
      const { copy } = await client.call('copies.create', { destination: 'drive', version })
      await client.call('copies.attach', { copy })
      expect(await attachments()).toHaveLength(2)
      // The helper may be looking at the drive at that very moment.
      await expect
        .poll(
          async () => client.call('drives.eject', { drive: device }).then(({ note }) => note !== undefined, String),
          {
            timeout: 60_000,
          },
        )
        .toBe(true)
      await unmounted(loop)
      expect(await attachments()).toMatchObject([{ id: copy, state: 'idle' }])
      await client.call('jobs.remove', { job: job.id })
      await client.call('destinations.remove', { destination: destination.id })
      expect(await attachments()).toMatchObject([{ id: copy, state: 'idle', destination: '' }])
    } finally {
      await daemon.stop()
      world.clear()
    }
  })

  test('that is killed while a version is attached leaves nothing once it runs again; so does one that is told to end', async () => {
    const { version } = await makeVersion(client, folder.path, disk.content)
    const { attachment } = await client.call('files.open', { destination: 'backups', version })
    await client.call('files.list', { attachment, volume: 'p1', path: '' })
    expect(leftovers(folder.path).mounts).not.toEqual([])
    await restart()
    await nothingLeft(folder.path)
    expect(await attachments()).toEqual([])
    const again = await client.call('files.open', { destination: 'backups', version })
    await client.call('files.list', { attachment: again.attachment, volume: 'p1', path: '' })
    client.close()
    await daemon.stop()
    await nothingLeft(folder.path)
    await daemon.start()
    client = await daemon.connect()
  })

  test('offers a writable copy as a device, keeps what was flushed through a crash, and makes a version of it', async () => {
    const { version } = await makeVersion(client, folder.path, disk.content)
    const { copy } = await client.call('copies.create', { destination: 'backups', version })
    expect(await attachments()).toMatchObject([{ id: copy, kind: 'copy', state: 'idle', changedBytes: 0 }])
    const expected = Buffer.from(disk.content)

    const first = await client.call('copies.attach', { copy })
    expect(first.device).toMatch(/^\/dev\/(loop|nbd)\d+$/)
    const written = Buffer.alloc(8192, 'by the device ')
    const device = await open(first.device!, 'r+')
    await device.write(written, 0, written.length, 5 * MiB)
    await device.sync()
    await device.close()
    written.copy(expected, 5 * MiB)
    await restart()
    await expect.poll(attachments).toMatchObject([{ id: copy, state: 'idle', device: null, uri: null }])
    expect((await attachments())[0]!.changedBytes).toBeGreaterThanOrEqual(written.length)
    await nothingLeft(folder.path)

    const second = await client.call('copies.attach', { copy })
    execFileSync('qemu-io', ['-f', 'raw', '-c', 'write -P 0x5a 7M 64k', '-c', 'flush', second.uri])
    expected.fill(0x5a, 7 * MiB, 7 * MiB + 65_536)
    expect(await attachments()).toMatchObject([{ state: 'attached', ...second }])
    for (const call of ['copies.keep', 'copies.discard'] as const) {
      await expect(client.call(call, { copy })).rejects.toMatchObject({ code: 'files.busy' })
    }
    // Somebody has it open.
    const socket = connect(decodeURIComponent(new URL(second.uri).searchParams.get('socket')!))
    await new Promise(resolve => socket.once('data', resolve))
    await expect(client.call('copies.detach', { copy })).rejects.toMatchObject({ code: 'files.busy' })
    socket.destroy()
    const point = join(folder.path, 'used')
    await mkdir(point)
    execFileSync('mount', ['-o', `ro,noload,offset=${MiB}`, '-t', 'ext4', second.device!, point])
    await expect(client.call('copies.detach', { copy })).rejects.toMatchObject({ code: 'files.busy' })
    execFileSync('umount', [point])
    const reader = await open(second.device!, 'r')
    await expect(client.call('copies.detach', { copy })).rejects.toMatchObject({ code: 'files.busy' })
    await reader.close()
    await expect
      .poll(
        async () =>
          client.call('copies.detach', { copy }).then(
            () => 'detached',
            error => error.code,
          ),
        { timeout: 60_000 },
      )
      .toBe('detached')
    await nothingLeft(folder.path)

    const { run } = await client.call('copies.keep', { copy, note: 'repaired' })
    const kept = await ended(run)
    expect(kept, JSON.stringify(kept.error)).toMatchObject({
      kind: 'keep',
      state: 'complete',
      outcome: { of: version },
    })
    expect(await attachments()).toEqual([])
    const id = kept.outcome?.kind === 'keep' ? kept.outcome.version! : ''
    const { versions } = await client.call('versions.list', { destination: 'backups' })
    expect(versions.find(one => one.id === id)).toMatchObject({ protected: true, labels: { note: 'repaired' } })
    const env = {
      HOLDFAST_REPO: join(folder.path, 'backups'),
      HOLDFAST_STATE_DIR: join(folder.path, 'cli'),
      HOLDFAST_PASSPHRASE: passphrase,
    }
    for (const [spec, image] of [
      [id, expected],
      [version, disk.content],
    ] as const) {
      const target = join(folder.path, `${spec}.img`)
      expect(await holdfast(['restore', spec, target], { env })).toMatchObject({ code: 0 })
      expect((await readFile(target)).equals(image)).toBe(true)
    }

    const other = await client.call('copies.create', { destination: 'backups', version })
    await client.call('copies.discard', other)
    expect(await attachments()).toEqual([])
  })
})

test('whoever looks into a version is asked for that, by the name of the version; what is not attached is no question', async () => {
  const stop = new AbortController()
  const asked: string[] = []
  const paths = { stateDir: join(folder.path, 'state'), runDir: join(folder.path, 'run') }
  const ended = Promise.withResolvers<void>()
  const socket = await new Promise<string>((ready, reject) => {
    const logger = createLogger({ write: () => undefined })
    const authorise = async (_peer: unknown, action: string, { version }: Readonly<Record<string, string>>) => {
      if (action !== 'browse') return
      asked.push(version!)
      throw new HoldfastError('access.denied', 'No.')
    }
    runDaemon({ ...paths, program: '0.0.0', logger, authoriser: { authorise }, signal: stop.signal, ready }).then(
      ended.resolve,
      ended.reject,
    )
    ended.promise.catch(reject)
  })
  const client = await connectUnix(helperContract, {
    ...{ path: socket, program: '0.0.0', clock: systemClock, trustedUids: [process.getuid!()] },
  })
  try {
    const { version } = await makeVersion(client, folder.path, Buffer.alloc(MiB, 'x'))
    const denied = { code: 'access.denied' }
    for (const call of ['files.open', 'copies.create'] as const) {
      await expect(client.call(call, { destination: 'backups', version })).rejects.toMatchObject(denied)
    }
    expect(asked).toHaveLength(2)
    for (const text of asked) expect(text).toMatch(new RegExp(`^disk of 20.* UTC \\(${version}\\)$`))
    const unknown = '0123456789abcdef'
    await expect(client.call('files.close', { attachment: unknown })).rejects.toMatchObject({ code: 'config.notFound' })
    await expect(client.call('copies.discard', { copy: unknown })).rejects.toMatchObject({ code: 'config.notFound' })
    await expect(client.call('files.startRestore', { planId: unknown.repeat(2) })).rejects.toMatchObject({
      code: 'config.notFound',
    })
    expect(asked).toHaveLength(2)
  } finally {
    client.close()
    stop.abort()
    await ended.promise
  }
})
