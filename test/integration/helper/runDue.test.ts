import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { randomBytes } from '../../../engine/base/random.ts'
import { createEngine } from '../../../engine/engine.ts'
import '../../support/cheapPassphrases.ts'
import { DaemonProcess } from '../../support/daemon.ts'
import { holdfast } from '../../support/holdfast.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'

const folder = useTemporaryFolder()
const passphrase = 'open sesame'

test('run-due runs what is due and ends, and leaves the rest and a running helper alone', async context => {
  if (process.getuid?.() !== 0) context.skip('without root the helper keeps passphrases in memory only')
  const repository = join(folder.path, 'repository')
  const image = join(folder.path, 'disk.img')
  await writeFile(image, randomBytes(500_000))
  await createEngine({ stateDir: join(folder.path, 'state') }).init(repository, { kind: 'passphrase', passphrase })
  const daemon = new DaemonProcess(folder.path)
  const runDue = async () => {
    const { code, stdout } = await holdfast(['run-due', '--json'], { env: daemon.env })
    return { code, runs: JSON.parse(stdout).runs }
  }
  expect(await runDue()).toEqual({ code: 0, runs: [] })
  await daemon.start()
  try {
    const client = await daemon.connect()
    const { destination } = await client.call('destinations.add', { name: 'drive', url: repository, passphrase })
    const { source } = await client.call('sources.offerFile', { path: image })
    await rename(repository, `${repository}.away`)
    await client.call('destinations.list', {})
    const settings = { sources: [{ source, name: 'disk' }], destinations: [destination.id] }
    const whenConnected = { rules: [{ kind: 'drive' as const, hours: 12 }] }
    await client.call('jobs.create', { settings: { ...settings, name: 'Disk', schedule: whenConnected } })
    await client.call('jobs.create', { settings: { ...settings, name: 'Never', schedule: null } })
    client.close()
    const beside = await holdfast(['run-due'], { env: daemon.env })
    expect(beside).toMatchObject({ code: 75 })
  } finally {
    await daemon.stop()
  }
  expect(await runDue()).toEqual({ code: 0, runs: [] })
  await rename(`${repository}.away`, repository)
  expect(await runDue()).toMatchObject({ code: 0, runs: [{ jobName: 'Disk', state: 'complete', trigger: 'drive' }] })
  expect(await runDue()).toEqual({ code: 0, runs: [] })
})
