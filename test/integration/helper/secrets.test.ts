import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { systemClock } from '../../../engine/base/clock.ts'
import { createLogger } from '../../../engine/base/logger.ts'
import { randomBytes } from '../../../engine/base/random.ts'
import { helperContract } from '../../../engine/contract/helperContract.ts'
import { createEngine } from '../../../engine/engine.ts'
import { runDaemon } from '../../../engine/helper/daemon.ts'
import { connectUnix } from '../../../engine/rpc/unixClient.ts'
import { MemorySecrets } from '../../../engine/secrets/memorySecrets.ts'
import { SecretFiles } from '../../../engine/secrets/secretFiles.ts'
import type { SecretStore } from '../../../engine/secrets/secretStore.ts'
import '../../support/cheapPassphrases.ts'
import { endedRun, type HelperClient } from '../../support/daemon.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'

const folder = useTemporaryFolder()
const passphrase = 'open sesame'
let stop: AbortController
let ended: Promise<void> | undefined
let client: HelperClient | undefined

beforeEach(() => {
  stop = new AbortController()
})
afterEach(async () => {
  client?.close()
  stop.abort()
  await ended
  client = ended = undefined
})

/** A helper in this process that keeps secrets there, and a job of it. */
async function startWith(secrets: SecretStore): Promise<{ client: HelperClient; job: string }> {
  const repository = join(folder.path, 'repository')
  const image = join(folder.path, 'disk.img')
  const stateDir = join(folder.path, 'state')
  await createEngine({ stateDir }).init(repository, { kind: 'passphrase', passphrase })
  await writeFile(image, randomBytes(1_000_000))
  const logger = createLogger({ format: 'text', level: 'error', write: () => undefined })
  const path = await new Promise<string>((ready, reject) => {
    const runDir = join(folder.path, 'run')
    ended = runDaemon({ program: '0.0.0', stateDir, runDir, logger, secrets, signal: stop.signal, ready })
    ended.catch(reject)
  })
  const trustedUids = [process.getuid!()]
  const opened = await connectUnix(helperContract, { path, program: '0.0.0', clock: systemClock, trustedUids })
  client = opened
  const { destination } = await opened.call('destinations.add', { name: 'drive', url: repository, passphrase })
  const { source } = await opened.call('sources.offerFile', { path: image })
  const { job } = await opened.call('jobs.create', {
    settings: { name: 'Disk', sources: [{ source, name: 'disk' }], destinations: [destination.id], schedule: null },
  })
  return { client: opened, job: job.id }
}

test('while secrets are locked a run fails and says what to do, and once they are unlocked it works', async () => {
  const { client, job } = await startWith(new SecretFiles(join(folder.path, 'secrets'), { sealer: null }))
  expect(await client.call('status.get', {})).toMatchObject({ secretsLocked: false })
  await client.call('secrets.lock', {})
  await client.call('secrets.lock', {})
  expect(await client.call('status.get', {})).toMatchObject({ secretsLocked: true })
  await client.call('jobs.run', { job })
  const failed = await endedRun(client, job)
  expect(failed).toMatchObject({ state: 'failed', error: { code: 'secrets.unavailable' } })
  expect(failed.error!.advice).toMatch(/^Unlock/)
  const late = client.call('destinations.unlock', { destination: 'drive', passphrase })
  await expect(late).rejects.toMatchObject({ code: 'secrets.unavailable' })

  await client.call('secrets.unlock', {})
  expect(await client.call('status.get', {})).toMatchObject({ secretsLocked: false })
  await client.call('jobs.run', { job })
  expect(await endedRun(client, job, failed.id)).toMatchObject({ state: 'complete' })
})

test('a helper with secrets in memory alone has forgotten them after a lock, and takes them again', async () => {
  const { client, job } = await startWith(new MemorySecrets())
  await client.call('secrets.lock', {})
  await client.call('secrets.unlock', {})
  expect((await client.call('destinations.list', {})).destinations).toMatchObject([{ protection: null }])
  await client.call('jobs.run', { job })
  const failed = await endedRun(client, job)
  expect(failed).toMatchObject({ state: 'failed', error: { code: 'secrets.unavailable' } })
  expect(failed.error!.advice).toMatch(/^Enter the passphrase/)

  await client.call('destinations.unlock', { destination: 'drive', passphrase })
  await client.call('jobs.run', { job })
  expect(await endedRun(client, job, failed.id)).toMatchObject({ state: 'complete' })
})
