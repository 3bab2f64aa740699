import { randomBytes } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { systemClock } from '../../../engine/base/clock.ts'
import type { StorageCredentials } from '../../../engine/contract/credentials.ts'
import type { Run } from '../../../engine/contract/jobs.ts'
import { DaemonProcess, endedRun, type HelperClient } from '../../support/daemon.ts'
import { holdfast } from '../../support/holdfast.ts'
import { SshServer } from '../../support/sshServer.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'

const folder = useTemporaryFolder()
const passphrase = 'correct horse battery staple'
const limits = { timeout: 120_000 }

let server: SshServer
let login: StorageCredentials
let url: string
let daemon: DaemonProcess
let client: HelperClient

beforeEach(async () => {
  server = await SshServer.start()
  login = { kind: 'ssh', privateKey: await readFile(server.identity, 'utf8') }
  url = `sftp://${server.user}@127.0.0.1:${server.port}${server.seen}/mine`
  daemon = new DaemonProcess(folder.path)
  await daemon.start()
  client = await daemon.connect()
})
afterEach(async () => {
  client.close()
  await daemon.stop()
  await server.stop()
})

async function makeJob(destination: string): Promise<{ job: string; image: string }> {
  const image = join(folder.path, 'disk.img')
  await writeFile(image, randomBytes(300_000))
  const { source } = await client.call('sources.offerFile', { path: image })
  const settings = { name: 'Job', sources: [{ source, name: 'disk' }], destinations: [destination], schedule: null }
  const { job } = await client.call('jobs.create', { settings })
  return { job: job.id, image }
}

async function runOf(job: string, after?: Run): Promise<Run> {
  await client.call('jobs.run', { job })
  return await endedRun(client, job, after?.id)
}

async function restored(destination: string, version: string): Promise<Buffer> {
  const target = { kind: 'newFile' as const, path: join(folder.path, 'restored.img') }
  const { planId } = await client.call('restores.plan', { destination, version, target })
  const { run } = await client.call('restores.start', { planId, confirmation: '' })
  for (;;) {
    const { run: record } = await client.call('runs.get', { run })
    if (record.state === 'running') {
      await systemClock.sleep(20)
      continue
    }
    expect(record).toMatchObject({ state: 'complete' })
    return await readFile(target.path)
  }
}

describe('a folder on an SSH server as a destination of a real helper', () => {
  test('asks about the key of the server once, is backed up to, waited for, and restored from', limits, async () => {
    const unknown = await client.call('places.test', { url, credentials: login })
    const { fingerprint } = server
    expect(unknown).toMatchObject({
      state: 'refused',
      problem: { code: 'storage.hostKeyUnknown', hostKey: { fingerprint, expected: [] } },
    })
    const place = { kind: 'elsewhere' as const, url, credentials: login }
    await expect(client.call('destinations.create', { name: 'Server', place, passphrase })).rejects.toMatchObject({
      code: 'storage.hostKeyUnknown',
    })
    const accepted = await client.call('places.test', { url, credentials: login, acceptHostKey: fingerprint })
    expect(accepted).toMatchObject({ state: 'free', problem: null })
    // From here on the key is known.
    const { destination } = await client.call('destinations.create', { name: 'Server', place, passphrase })
    expect(await client.call('places.test', { url, credentials: login })).toMatchObject({
      state: 'repository',
      destination: destination.id,
    })

    const { job, image } = await makeJob(destination.id)
    const first = await runOf(job)
    expect(first).toMatchObject({ state: 'complete', error: null })
    await server.halt()
    await writeFile(image, randomBytes(300_000))
    const second = await runOf(job, first)
    expect(second).toMatchObject({ state: 'failed', error: { code: 'storage.unreachable' } })
    const { jobs } = await client.call('jobs.list', {})
    expect(jobs[0]!.standings[0]).toMatchObject({ state: 'waiting', reason: 'offline' })
    await server.run()
    const third = await runOf(job, second)
    expect(third).toMatchObject({ state: 'complete', error: null })
    const content = await restored(destination.id, third.parts[0]!.version!)
    expect(content.equals(await readFile(image))).toBe(true)
  })

  test('stops when the server has another key, with both fingerprints', limits, async () => {
    const { fingerprint } = server
    const place = { kind: 'elsewhere' as const, url, credentials: login, acceptHostKey: fingerprint }
    const { destination } = await client.call('destinations.create', { name: 'Server', place, passphrase })
    const { job } = await makeJob(destination.id)
    const first = await runOf(job)
    expect(first).toMatchObject({ state: 'complete' })
    await server.halt()
    await server.newHostKey()
    await server.run()
    const second = await runOf(job, first)
    expect(second).toMatchObject({ state: 'failed', error: { code: 'storage.hostKeyChanged' } })
    expect(second.error!.message).toContain(fingerprint)
    expect(second.error!.message).toContain(server.fingerprint)
    // Not even whoever agrees to the new one gets past that.
    const tested = await client.call('places.test', { url, credentials: login, acceptHostKey: server.fingerprint })
    expect(tested).toMatchObject({
      state: 'refused',
      problem: {
        code: 'storage.hostKeyChanged',
        hostKey: { fingerprint: server.fingerprint, expected: [fingerprint] },
      },
    })
  })

  test('is taken at the command line, with a file of credentials and the fingerprint', limits, async () => {
    const credentials = join(folder.path, 'server.keys')
    await writeFile(credentials, JSON.stringify(login), { mode: 0o600 })
    const access = ['--repo', url, '--credentials-file', credentials]
    // Whoever makes the repository keeps what is known in a folder of its own, so that the helper has to be told.
    const own = { HOLDFAST_STATE_DIR: join(folder.path, 'own'), HOLDFAST_PASSPHRASE: passphrase }
    const key = ['--accept-host-key', server.fingerprint]
    expect(await holdfast(['init', ...access, ...key], { env: own })).toMatchObject({ code: 0 })

    const env = { ...daemon.env, HOLDFAST_PASSPHRASE: passphrase }
    const taken = (...args: string[]) => holdfast(['job', 'destination', '--name', 'Server', ...args], { env })
    const without = await taken('--repo', url, ...key)
    expect(without.code).not.toBe(0)
    const unknown = await taken(...access)
    expect(unknown.code).not.toBe(0)
    expect(unknown.stderr).toContain(`--accept-host-key ${server.fingerprint}`)
    expect((await client.call('destinations.list', {})).destinations).toEqual([])
    expect(await taken(...access, ...key)).toMatchObject({ code: 0, stderr: '' })

    const { destinations } = await client.call('destinations.list', {})
    expect(destinations).toMatchObject([{ destination: { name: 'Server', url }, credentials: 'kept' }])
    const { job } = await makeJob(destinations[0]!.destination.id)
    expect(await runOf(job)).toMatchObject({ state: 'complete', error: null })
  })
})
