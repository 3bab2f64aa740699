import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { seededRandom } from '../../../engine/demo/seededRandom.ts'
import { holdfast, placeIn } from '../../support/holdfast.ts'
import { SshServer } from '../../support/sshServer.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'

const folder = useTemporaryFolder()
const mib = 1024 ** 2

let server: SshServer
beforeAll(async () => {
  server = await SshServer.start()
})
afterAll(() => server.stop())

test('a repository on an SFTP server does everything that one in a folder does', async () => {
  await mkdir(join(folder.path, 'home'))
  const env = { ...placeIn(folder.path), HOLDFAST_REPO: server.url(), HOME: join(folder.path, 'home') }
  const run = async (...args: string[]) => {
    const result = await holdfast([...args, '--json'], { env })
    expect([args, result.code, result.stderr.split('\n').filter(line => line.includes('"code"'))]).toEqual([
      args,
      0,
      [],
    ])
    return JSON.parse(result.stdout)
  }
  const refused = await holdfast(['init'], { env })
  expect(refused.code).not.toBe(0)
  expect(refused.stderr).toContain(`--accept-host-key ${server.fingerprint}`)
  await run('init', '--accept-host-key', server.fingerprint)

  const disk = join(folder.path, 'disk.img')
  const first = seededRandom('first').bytes(24 * mib)
  await writeFile(disk, first)
  await run('backup', disk, '--name', 'disk')
  const second = Buffer.concat([seededRandom('second').bytes(8 * mib), first.subarray(8 * mib)])
  await writeFile(disk, second)
  expect((await run('backup', disk, '--name', 'disk')).newBytes).toBe(8 * mib)

  const restored = join(folder.path, 'restored.img')
  await run('restore', 'disk:latest~1', restored)
  expect((await readFile(restored)).equals(first)).toBe(true)

  await run('scrub')
  await run('rm', 'disk:latest~1')
  await run('prune')
  await run('scrub')
  await run('restore', 'disk:latest', join(folder.path, 'again.img'))
  expect((await run('versions')).versions).toHaveLength(1)

  await server.halt()
  await server.newHostKey()
  await server.run()
  const changed = await holdfast(['versions', '--accept-host-key', server.fingerprint], { env })
  expect(changed.code).not.toBe(0)
  expect(changed.stderr).toContain('known-hosts:1')
})
