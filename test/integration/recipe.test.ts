import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { versionWithRecipeSchema } from '../../engine/contract/recipe.ts'
import { DaemonProcess } from '../support/daemon.ts'
import { holdfast, placeIn } from '../support/holdfast.ts'
import { attachLoop, type LoopDevice, makeFileSystem, noLoopDevices } from '../support/loopDevice.ts'
import { objectsIn } from '../support/objectDamage.ts'
import { missingProgram } from '../support/programs.ts'
import { runReader } from '../support/reader.ts'

const why = noLoopDevices ?? missingProgram('cryptsetup') ?? missingProgram('sfdisk')
const mib = 1024 * 1024
const table = `label: gpt
size=8M,type=uefi,name=ESP
size=40M,type=linux,name="all the rest"
`

describe.skipIf(why !== undefined)('a disk with an encrypted volume', () => {
  let folder = ''
  let env: Record<string, string> = {}
  let loop: LoopDevice
  let encrypted = ''
  const tool = (program: string, args: string[], input = '') =>
    execFileSync(program, args, { input, encoding: 'utf8', stdio: ['pipe', 'pipe', 'pipe'] })
  const run = (...args: string[]) => holdfast(args, { env })
  const shown = async (spec: string) => {
    const { code, stdout, stderr } = await run('show', spec, '--json')
    expect(code, stderr).toBe(0)
    return versionWithRecipeSchema.parse(JSON.parse(stdout))
  }
  const headerOf = (device: string, file: string) => {
    tool('cryptsetup', ['luksHeaderBackup', device, '--header-backup-file', file])
    return readFileSync(file)
  }

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'holdfast-'))
    env = placeIn(folder)
    const image = join(folder, 'image')
    execFileSync('truncate', ['-s', '64M', image])
    tool('sfdisk', ['--quiet', image], table)
    loop = attachLoop(image)
    makeFileSystem(loop.addPartition(mib, 8 * mib))
    encrypted = loop.addPartition(9 * mib, 40 * mib)
    const cheap = ['--pbkdf', 'pbkdf2', '--pbkdf-force-iterations', '1000']
    tool('cryptsetup', ['luksFormat', '--batch-mode', '--type', 'luks2', ...cheap, encrypted, '-'], 'right one')
    expect((await run('init')).code).toBe(0)
    const backup = await run('backup', loop.path, '--name', 'disk', '--json')
    expect(JSON.parse(backup.stdout), backup.stderr).toMatchObject({ status: 'complete', warnings: [] })
  })
  afterAll(() => {
    loop.detach()
    rmSync(folder, { recursive: true })
  })

  test('is shown with its table, its volumes and its file systems, and without the header', async () => {
    const { code, stdout } = await run('show', 'disk:latest')
    expect(code).toBe(0)
    expect(stdout).toContain(`Disk ${loop.path} (64 MiB)`)
    expect(stdout).toMatch(new RegExp(`^  ${loop.path}p1 +1,048,576 +8 MiB +EFI System +[0-9a-f-]{36} +ESP$`, 'm'))
    expect(stdout).toMatch(
      new RegExp(`^  ${loop.path}p2 +9,437,184 +40 MiB +Linux filesystem +[0-9a-f-]{36} +all the rest$`, 'm'),
    )
    expect(stdout).toMatch(new RegExp(`^  ${encrypted} +LUKS2 +[0-9a-f-]{36} +kept, 16 MiB$`, 'm'))
    expect(stdout).toMatch(new RegExp(`^  ${loop.path}p1 +ext4 +8 MiB +[0-9a-f-]{36}`, 'm'))
    const { recipe } = await shown('disk:latest')
    expect(recipe).toMatchObject({
      problem: null,
      content: { disks: [{ path: loop.path, table: 'gpt' }], encrypted: [{ path: encrypted, headerBytes: 16 * mib }] },
    })
    expect(JSON.stringify(recipe).length).toBeLessThan(20_000)
  })

  test('gives its recipe as private files: the table, and the header that opens the volume again', async () => {
    const to = join(folder, 'recipe')
    const { code, stdout, stderr } = await run('show', 'disk:latest', '--recipe-to', to)
    expect(code, stderr).toBe(0)
    expect(stdout).toMatch(/luks\/[0-9a-f-]{36}\.header +16 MiB/)
    const files = readdirSync(to, { recursive: true, withFileTypes: true }).filter(entry => entry.isFile())
    for (const { parentPath, name } of files) expect(statSync(join(parentPath, name)).mode & 0o777).toBe(0o600)
    expect(readFileSync(join(to, `disks/${loop.name}.sfdisk`), 'utf8')).toBe(tool('sfdisk', ['--dump', loop.path]))
    const [header] = readdirSync(join(to, 'luks'))
    const kept = join(to, 'luks', header!)
    expect(readFileSync(kept).equals(headerOf(encrypted, join(folder, 'header')))).toBe(true)
    tool('cryptsetup', ['open', '--test-passphrase', '--header', kept, encrypted, '--key-file', '-'], 'right one')

    const again = await run('show', 'disk:latest', '--recipe-to', to)
    expect(again.code).not.toBe(0)
    expect(again.stderr).toContain('is not empty')
  })

  test('gives it to the stand-alone reader, as an archive for tar', async () => {
    const passphrase = join(folder, 'passphrase')
    writeFileSync(passphrase, env.HOLDFAST_PASSPHRASE!)
    const { id } = await shown('disk:latest')
    const [place, to, archive] = [env.HOLDFAST_REPO!, join(folder, 'unpacked'), join(folder, 'recipe.tar')]
    const secret = ['--passphrase-file', passphrase]
    const read = await runReader([place, 'restore', id, archive, '--recipe', ...secret])
    expect(read, read.stderr).toMatchObject({ code: 0, stdout: `${id}, machine recipe: everything was read\n` })
    expect(statSync(archive).mode & 0o777).toBe(0o600)
    mkdirSync(to)
    tool('tar', ['-xf', archive, '-C', to])
    expect(readFileSync(join(to, `disks/${loop.name}.sfdisk`), 'utf8')).toBe(tool('sfdisk', ['--dump', loop.path]))
    expect(await runReader([place, 'verify', id, ...secret])).toMatchObject({
      code: 0,
      stdout: `${id}: everything was read\n${id}, machine recipe: everything was read\n`,
    })
  })

  test('shares its recipe with other versions of the machine, which may also have none', async () => {
    const { storedBytes } = JSON.parse((await run('backup', encrypted, '--name', 'volume', '--json')).stdout)
    expect(storedBytes).toBeLessThan(mib)
    const { recipe } = await shown('volume:latest')
    expect(recipe?.content?.disks).toMatchObject([{ path: loop.path, partitions: [{ name: 'ESP' }, {}] }])

    expect((await run('backup', encrypted, '--name', 'volume', '--no-recipe')).code).toBe(0)
    const image = join(folder, 'some.img')
    writeFileSync(image, Buffer.alloc(100_000, 1))
    expect((await run('backup', image, '--name', 'file')).code).toBe(0)
    for (const spec of ['volume:latest', 'file:latest']) {
      expect((await shown(spec)).recipe).toBeNull()
      expect((await run('show', spec)).stdout).not.toContain('recipe')
      const { code, stderr } = await run('show', spec, '--recipe-to', join(folder, 'nothing'))
      expect(code).not.toBe(0)
      expect(stderr).toContain('has no machine recipe')
    }
  })

  test('is told to screens by the helper, also that there is none', async () => {
    const daemon = new DaemonProcess(join(folder, 'helper'))
    await daemon.start()
    const client = await daemon.connect()
    try {
      const [url, passphrase] = [env.HOLDFAST_REPO!, env.HOLDFAST_PASSPHRASE!]
      const { destination } = await client.call('destinations.add', { name: 'drive', url, passphrase })
      const told = async (version: string) =>
        (await client.call('versions.recipe', { destination: destination.id, version })).recipe
      const { id, recipe } = await shown('disk:latest')
      expect(await told(id)).toEqual(recipe)
      expect(await told((await shown('file:latest')).id)).toBeNull()
    } finally {
      client.close()
      await daemon.kill()
    }
  })

  test('is shown without a recipe that is damaged, and says so', async () => {
    const passphrase = join(folder, 'passphrase')
    const { id } = await shown('disk:latest')
    const repository = env.HOLDFAST_REPO!
    // The one pack that the second version with a changed table has stored of its own.
    const before = new Set(await objectsIn(repository))
    tool('sfdisk', ['--quiet', '--no-reread', '--no-tell-kernel', '--part-label', loop.path, '1', 'changed'])
    const changed = JSON.parse((await run('backup', loop.path, '--name', 'disk', '--json')).stdout)
    const packs = (await objectsIn(repository)).filter(name => name.startsWith('packs/') && !before.has(name))
    for (const name of packs) {
      const bytes = readFileSync(join(repository, name))
      // All of its frames, as far as each of them is longer than its pack's own index.
      writeFileSync(join(repository, name), bytes.fill(0, 84, bytes.length - 150))
    }
    const { recipe } = await shown(changed.version)
    expect(recipe).toMatchObject({ content: null, problem: expect.stringMatching(/damaged/) })
    const text = await run('show', changed.version)
    expect(text.code).toBe(0)
    expect(text.stdout).toMatch(/^Machine recipe .*\n {2}It is damaged: /m)
    const secret = ['--passphrase-file', passphrase]
    const read = await runReader([
      repository,
      'restore',
      changed.version,
      join(folder, 'damaged.tar'),
      '--recipe',
      ...secret,
    ])
    expect(read.code).toBe(1)
    expect(read.stdout).toContain('damaged: offset')
    expect((await shown(id)).recipe?.problem).toBeNull()
  })
})
