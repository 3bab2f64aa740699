import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { createEngine } from '../../../engine/engine.ts'
import { EngineProcess } from '../../support/engineProcess.ts'
import { holdfast, placeIn, startHoldfast } from '../../support/holdfast.ts'
import { randomImage, writeImage } from '../../support/mixedImage.ts'
import { attackSecret, expectNothingLost, expectRestores, originalOf } from '../../support/repositoryAttack.ts'
import { ownerKey, S3Server } from '../../support/s3Server.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'

const folder = useTemporaryFolder()
const mib = 1024 * 1024

let server: S3Server
beforeAll(async () => {
  server = await S3Server.start()
  vi.stubEnv('HOLDFAST_S3_KEY_ID', ownerKey.id)
  vi.stubEnv('HOLDFAST_S3_SECRET_KEY', ownerKey.secret)
})
afterAll(async () => {
  vi.unstubAllEnvs()
  await server.close()
})

const packsIn = (place: string) => [...server.objects.keys()].filter(key => key.startsWith(`${place}/packs/`)).length

test('a backup to a bucket that is killed leaves only the rest to the next one', async () => {
  const url = server.url('killed')
  const stateDir = join(folder.path, 'state')
  const engine = createEngine({ stateDir })
  await engine.init(url, attackSecret)
  const image = randomImage(128 * mib, 'killed')
  const path = join(folder.path, 'disk.img')
  await writeImage(path, image)
  const doomed = EngineProcess.start({ url, stateDir, secret: attackSecret })
  await doomed.ready()
  const { report } = await doomed.begin('backup', path, { name: 'disk' })
  // Packs of 16 MiB: five of eight are stored.
  await expect.poll(() => packsIn('killed'), { interval: 2 }).toBeGreaterThanOrEqual(5)
  await doomed.kill()
  expect((await report).result).toBeUndefined()

  const stored = server.bytesPut
  const session = await engine.open(url, attackSecret)
  try {
    const { version, status } = await session.backup(path, { name: 'disk' })
    expect(status).toBe('complete')
    // What was under way in the moment of the kill counts twice at most; all of it again would be 128 MiB.
    expect(server.bytesPut - stored).toBeLessThan(image.length / 2)
    await expectRestores(session, version, originalOf(image), folder.path)
    await expectNothingLost(session)
    const before = server.bytesPut
    await session.backup(path, { name: 'disk' })
    expect(server.bytesPut - before).toBeLessThan(mib)
  } finally {
    await session.close()
  }
})

test('a copy to a bucket that is killed sends only the rest when it is asked for again', async () => {
  const engine = createEngine({ stateDir: join(folder.path, 'state') })
  const [from, to] = [join(folder.path, 'from'), server.url('copy')]
  const secret = { kind: 'passphrase', passphrase: 'open sesame' } as const
  for (const url of [from, to]) await engine.init(url, secret)
  const image = randomImage(96 * mib, 'killed copy')
  const path = join(folder.path, 'disk.img')
  await writeImage(path, image)
  const origin = await engine.open(from, secret)
  await origin.backup(path, { name: 'disk' })
  await origin.close()

  const env = { ...placeIn(folder.path), HOLDFAST_S3_KEY_ID: ownerKey.id, HOLDFAST_S3_SECRET_KEY: ownerKey.secret }
  const doomed = startHoldfast(['copy', from, to], { env })
  // Four packs of six.
  await expect.poll(() => packsIn('copy'), { interval: 2 }).toBeGreaterThanOrEqual(4)
  doomed.process.kill('SIGKILL')
  expect((await doomed.result).endedBy).toBe('SIGKILL')

  const sent = server.bytesPut
  expect(sent).toBeLessThan(image.length)
  expect(await holdfast(['copy', from, to, '--json'], { env })).toMatchObject({ code: 0 })
  // What was under way in the moment of the kill counts twice at most.
  expect(server.bytesPut - sent).toBeLessThan(image.length / 2)
  const session = await engine.open(to, secret)
  try {
    const [version] = await session.versions()
    await expectRestores(session, version!.id, originalOf(image), folder.path)
    await expectNothingLost(session)
  } finally {
    await session.close()
  }
  const before = server.bytesPut
  expect(await holdfast(['copy', from, to], { env })).toMatchObject({ code: 0, stdout: 'Copied nothing.\n' })
  expect(server.bytesPut - before).toBeLessThan(mib)
})
