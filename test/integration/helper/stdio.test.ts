import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { systemClock } from '../../../engine/base/clock.ts'
import { randomBytes } from '../../../engine/base/random.ts'
import { helperContract } from '../../../engine/contract/helperContract.ts'
import { createEngine } from '../../../engine/engine.ts'
import { connectStdio } from '../../../engine/rpc/stdio.ts'
import '../../support/cheapPassphrases.ts'
import { DaemonProcess, endedRun } from '../../support/daemon.ts'
import { holdfast, holdfastProgram } from '../../support/holdfast.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'

const folder = useTemporaryFolder()
const passphrase = 'open sesame'
const started: ChildProcessWithoutNullStreams[] = []
/** With a socket, in the same folders. */
let daemon: DaemonProcess

beforeEach(() => {
  daemon = new DaemonProcess(folder.path)
})
afterEach(async () => {
  for (const child of started.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue
    child.kill('SIGKILL')
    await once(child, 'close')
  }
  await daemon.kill()
})

/** A helper that serves its standard streams, once it takes calls. */
async function startStdio() {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('HOLDFAST_'))
  const env = { ...Object.fromEntries(inherited), ...daemon.env }
  const child = spawn(holdfastProgram, ['daemon', '--stdio'], { env, stdio: 'pipe' })
  started.push(child)
  const ended = once(child, 'close').then(([code]) => code as number | null)
  let log = ''
  child.stderr.setEncoding('utf8')
  await new Promise<void>((resolve, reject) => {
    child.stderr.on('data', text => {
      log += text
      if (log.includes('Ready at')) resolve()
    })
    void ended.then(() => reject(new Error(`It ended at once: ${log}`)))
  })
  const client = await connectStdio(helperContract, child, { program: '0.0.0', clock: systemClock })
  return { client, child, ended, log: () => log }
}

test('a helper on standard streams does all that one client asks, and ends when that goes', async () => {
  const repository = join(folder.path, 'repository')
  const image = join(folder.path, 'disk.img')
  await createEngine({ stateDir: join(folder.path, 'state') }).init(repository, { kind: 'passphrase', passphrase })
  await writeFile(image, randomBytes(1_000_000))
  const { client, ended, log } = await startStdio()
  const { destination } = await client.call('destinations.add', { name: 'drive', url: repository, passphrase })
  const { source } = await client.call('sources.offerFile', { path: image })
  const { job } = await client.call('jobs.create', {
    settings: { name: 'Disk', sources: [{ source, name: 'disk' }], destinations: [destination.id], schedule: null },
  })
  await client.call('jobs.run', { job: job.id })
  expect(await endedRun(client, job.id)).toMatchObject({ state: 'complete' })
  expect(existsSync(daemon.socket)).toBe(false)
  expect(log()).toContain('the helper is ready')
  client.close()
  expect(await ended).toBe(0)

  await daemon.start()
  const next = await daemon.connect()
  expect((await next.call('runs.list', { job: job.id })).runs).toMatchObject([{ state: 'complete' }])
  next.close()
})

test('it ends in order when it is told to, while its client is there', async () => {
  const { client, child, ended } = await startStdio()
  child.kill('SIGTERM')
  expect(await ended).toBe(0)
  expect(await client.closed).toMatchObject({ code: 'helper.unreachable' })
})

test('there is one helper for each state folder and each run folder, with streams or with a socket', async () => {
  const { client, ended } = await startStdio()
  const other = { HOLDFAST_RUN_DIR: join(folder.path, 'other'), HOLDFAST_STATE_DIR: join(folder.path, 'other') }
  for (const env of [
    daemon.env,
    { ...daemon.env, HOLDFAST_RUN_DIR: other.HOLDFAST_RUN_DIR },
    { ...daemon.env, HOLDFAST_STATE_DIR: other.HOLDFAST_STATE_DIR },
  ]) {
    for (const args of [['daemon'], ['daemon', '--stdio']]) {
      const second = await holdfast(args, { env })
      expect(second).toMatchObject({ code: 75, stdout: '' })
      expect(second.stderr).toContain('already running')
    }
  }
  client.close()
  expect(await ended).toBe(0)
  await daemon.start()
  const refused = await holdfast(['daemon', '--stdio'], { env: daemon.env })
  expect(refused).toMatchObject({ code: 75, stdout: '' })
})

test('it refuses --json, because standard output belongs to the client', async () => {
  expect((await holdfast(['daemon', '--stdio', '--json'], { env: daemon.env })).code).toBe(64)
})
