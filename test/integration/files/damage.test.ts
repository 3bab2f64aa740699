import { execFileSync } from 'node:child_process'
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { randomBytes } from '../../../engine/base/random.ts'
import { holdfast, placeIn } from '../../support/holdfast.ts'
import { attachLoop, makeFileSystem, mountAt, noLoopDevices } from '../../support/loopDevice.ts'
import { flipAt, objectsIn } from '../../support/objectDamage.ts'
import { missingProgram } from '../../support/programs.ts'

const why =
  noLoopDevices ?? missingProgram('nbdfuse') ?? (existsSync('/dev/fuse') ? undefined : 'there is no /dev/fuse')
const mib = 1024 * 1024

describe.skipIf(why !== undefined)('a version', () => {
  let folder = ''
  let env: Record<string, string> = {}
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'holdfast-'))
    env = placeIn(folder)
  })
  afterAll(() => rmSync(folder, { recursive: true }))
  const run = (...args: string[]) => holdfast(args, { env })
  const nothingIsLeft = () => {
    expect(readdirSync(join(folder, 'state/attachments'))).toEqual([])
    expect(readFileSync('/proc/mounts', 'utf8')).not.toContain(folder)
  }

  test('with a part that cannot be read gives the files beside it', async () => {
    const image = join(folder, 'image')
    execFileSync('truncate', ['-s', '64M', image])
    makeFileSystem(image)
    const loop = attachLoop(image)
    const mnt = join(folder, 'mnt')
    mkdirSync(mnt)
    const unmount = mountAt(loop.path, mnt)
    mkdirSync(join(mnt, 'd'))
    writeFileSync(join(mnt, 'd/large'), randomBytes(16 * mib))
    writeFileSync(join(mnt, 'd/small'), 'small')
    unmount()
    loop.detach()
    await run('init')
    expect((await run('backup', image, '--name', 'image')).code).toBe(0)
    // Next to all that is stored is that file, so it is in the middle.
    const repository = join(folder, 'repository')
    const sizes = (await objectsIn(repository)).map(object => ({
      object,
      size: statSync(join(repository, object)).size,
    }))
    const { object } = sizes.sort((a, b) => b.size - a.size)[0]!
    expect(await flipAt(0.5).apply(repository, object)).toBe(true)

    const out = join(folder, 'out')
    const { code, stdout } = await run('extract', 'image:latest', 'd', out, '--json')
    expect(code).toBe(65)
    expect(JSON.parse(stdout).problems).toEqual([expect.stringMatching(/d\/large.*Input\/output error/)])
    expect(readFileSync(join(out, 'd/small'), 'utf8')).toBe('small')
    nothingIsLeft()
  })

  test('of a file system that is beyond mounting says so, and what helps', async () => {
    const image = join(folder, 'broken')
    execFileSync('truncate', ['-s', '64M', image])
    makeFileSystem(image)
    // The sizes in the superblock, which begins at 1024, are nonsense; what it is, still shows.
    const file = openSync(image, 'r+')
    writeSync(file, Buffer.alloc(40, 0xff), 0, 40, 1024)
    closeSync(file)
    expect((await run('backup', image, '--name', 'broken')).code).toBe(0)
    const { code, stdout } = await run('files', 'broken:latest', '--json')
    expect(code).toBe(65)
    expect(JSON.parse(stdout).error).toMatchObject({ code: 'files.damaged', advice: expect.stringContaining('fsck') })
    nothingIsLeft()
  })
})
