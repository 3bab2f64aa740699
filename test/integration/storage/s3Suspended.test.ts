import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { holdfast, placeIn, startHoldfast } from '../../support/holdfast.ts'
import { randomImage, writeImage } from '../../support/mixedImage.ts'
import { ownerKey, S3Server } from '../../support/s3Server.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'

const folder = useTemporaryFolder()
const mib = 1024 * 1024
let server: S3Server
afterEach(() => server.close())

const stateOf = async (pid: number) => /\) (\S)/.exec(await readFile(`/proc/${pid}/stat`, 'utf8'))![1]

// As Ctrl-Z and `fg` do it; SIGSTOP differs only in that nothing could catch it.
test('a backup to a bucket that is stopped until the server has hung up goes on when it is continued', async () => {
  server = await S3Server.start({ idleMs: 2000 })
  const env = {
    ...placeIn(folder.path),
    HOLDFAST_REPO: server.url('stopped'),
    HOLDFAST_S3_KEY_ID: ownerKey.id,
    HOLDFAST_S3_SECRET_KEY: ownerKey.secret,
  }
  const image = randomImage(128 * mib, 'stopped')
  const path = join(folder.path, 'disk.img')
  await writeImage(path, image)
  expect(await holdfast(['init'], { env })).toMatchObject({ code: 0 })
  const { process: child, result } = startHoldfast(['backup', path, '--name', 'disk', '--json'], { env })
  const packs = () => [...server.objects.keys()].filter(key => key.includes('/packs/')).length
  await expect.poll(packs, { interval: 2, timeout: 60_000 }).toBeGreaterThanOrEqual(1)
  child.kill('SIGSTOP')
  await expect.poll(() => stateOf(child.pid!), { timeout: 60_000 }).toBe('T')
  expect(packs()).toBeLessThan(8)
  await expect.poll(() => server.connections(), { timeout: 60_000 }).toBe(0)
  child.kill('SIGCONT')
  const { code, stdout, stderr } = await result
  expect({ code, stderr }).toMatchObject({ code: 0 })
  expect(JSON.parse(stdout)).toMatchObject({ status: 'complete' })
  // What was broken off is sent again, and nothing else.
  expect(server.bytesPut).toBeLessThan(image.length * 1.3)

  const target = join(folder.path, 'restored.img')
  expect(await holdfast(['restore', 'disk:latest', target], { env })).toMatchObject({ code: 0 })
  expect((await readFile(target)).equals(image)).toBe(true)
})
