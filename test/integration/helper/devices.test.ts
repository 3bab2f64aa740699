import { symlink, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { randomBytes } from '../../../engine/base/random.ts'
import { DaemonProcess, endedRun, type HelperClient } from '../../support/daemon.ts'
import { makeVersion } from '../../support/driveWorld.ts'
import { attachLoop, noLoopDevices } from '../../support/loopDevice.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'

const folder = useTemporaryFolder()
let daemon: DaemonProcess
let client: HelperClient

beforeEach(async () => {
  daemon = new DaemonProcess(folder.path)
  await daemon.start()
  client = await daemon.connect()
})
afterEach(async () => {
  client.close()
  await daemon.kill()
})

test('the helper takes no device by its path out of a file of jobs', async () => {
  await makeVersion(client, folder.path, randomBytes(1_000_000))
  const { text } = await client.call('jobs.export', {})
  const file = JSON.parse(text)
  file.jobs[0].sources[0].path = '/dev/null'
  const imported = client.call('jobs.import', { text: JSON.stringify(file), replace: true })
  await expect(imported).rejects.toMatchObject({ code: 'source.unsupported' })
})

test('the helper takes no device that has taken the place of a file', async () => {
  const { job, image, run } = await makeVersion(client, folder.path, randomBytes(1_000_000))
  const runWith = async (device: string, after: string) => {
    await unlink(image)
    await symlink(device, image)
    await client.call('jobs.run', { job: job.id })
    return await endedRun(client, job.id, after)
  }
  const first = await runWith('/dev/null', run.id)
  expect(first).toMatchObject({ state: 'failed', error: { code: 'source.unsupported' } })
  if (noLoopDevices) return
  const backing = join(folder.path, 'backing.img')
  await writeFile(backing, randomBytes(1_048_576))
  const loop = attachLoop(backing)
  try {
    const { state, error } = await runWith(loop.path, first.id)
    expect([state, error?.code]).toEqual(['failed', 'source.unsupported'])
    expect(error?.message).toContain('is a device now')
  } finally {
    loop.detach()
  }
})
