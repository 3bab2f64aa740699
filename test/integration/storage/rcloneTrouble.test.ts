import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readdir, readFile, readlink, rename, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { seededRandom } from '../../../engine/demo/seededRandom.ts'
import { RcloneStorage } from '../../../engine/storage/rclone.ts'
import { holdfast, placeIn } from '../../support/holdfast.ts'
import { rcloneConfig } from '../../support/rcloneConfig.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'

const temporary = useTemporaryFolder()
const opened: RcloneStorage[] = []
afterEach(async () => {
  for (const storage of opened.splice(0)) await storage.close()
})

async function open(remote = 'plain'): Promise<RcloneStorage> {
  const credentials = { kind: 'rclone' as const, config: rcloneConfig(temporary.path) }
  const storage = await RcloneStorage.open(
    { scheme: 'rclone', remote, path: 'repository' },
    { credentials, expect: 'nothing' },
  )
  opened.push(storage)
  return storage
}
async function place(): Promise<RcloneStorage> {
  const storage = await open()
  await storage.prepare(['packs'])
  return storage
}
/** Processes of rclone that another process started. */
async function rclonesOf(parent: number): Promise<number[]> {
  const children = await readFile(`/proc/${parent}/task/${parent}/children`, 'utf8')
  const pids = children.trim().split(/\s+/).filter(Boolean).map(Number)
  const names = await Promise.all(pids.map(pid => readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '')))
  return pids.filter((_, index) => names[index]!.trim() === 'rclone')
}
const isAlive = async (pid: number) =>
  /^State:\s+[^Z]/m.test(await readFile(`/proc/${pid}/status`, 'utf8').catch(() => ''))

describe('rclone', () => {
  it('is said to be missing, with its package, where it is not installed', async () => {
    const programs = join(temporary.path, 'programs')
    await mkdir(programs)
    await writeFile(join(programs, 'setpriv'), '#!/bin/sh\nexec /usr/bin/setpriv "$@"\n', { mode: 0o755 })
    const path = process.env.PATH
    process.env.PATH = programs
    try {
      await expect(open()).rejects.toMatchObject({
        code: 'storage.failed',
        message: expect.stringContaining('rclone is not installed'),
        advice: expect.stringContaining('package rclone'),
      })
    } finally {
      process.env.PATH = path
    }
  })

  it('has no such remote', async () => {
    await expect(open('nowhere')).rejects.toMatchObject({ code: 'config.notFound', retryable: false })
  })

  it('is started again when it was killed', async () => {
    const storage = await place()
    await storage.put('packs/a', [Buffer.from('abc')])
    const [pid] = await rclonesOf(process.pid)
    process.kill(pid!, 'SIGKILL')
    await expect.poll(() => isAlive(pid!)).toBe(false)
    // Whether this process has noticed by now is a matter of luck.
    await storage
      .get('packs/a')
      .catch(error => expect(error).toMatchObject({ code: 'storage.unreachable', retryable: true }))
    expect(Buffer.from(await storage.get('packs/a')).toString()).toBe('abc')
  })

  it('ends with the process that started it, even when that is killed', async () => {
    const program = `
      import { startRclone } from '${join(import.meta.dirname, '../../../engine/storage/rclone/process.ts')}'
      await startRclone({ url: 'rclone:a:b', config: '[a]\\ntype = local\\n' })
      console.log('started')
      setInterval(() => undefined, 1000)`
    const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', program])
    await once(child.stdout, 'data')
    const [pid] = await rclonesOf(child.pid!)
    expect(await isAlive(pid!)).toBe(true)
    child.kill('SIGKILL')
    await expect.poll(() => isAlive(pid!)).toBe(false)
  })

  it('has its configuration where nobody else can read it, and so its password', async () => {
    await place()
    const [pid] = await rclonesOf(process.pid)
    const argv = await readFile(`/proc/${pid}/cmdline`, 'utf8')
    const environment = await readFile(`/proc/${pid}/environ`, 'utf8')
    const password = /RCLONE_RC_PASS=([0-9a-f]+)/.exec(environment)![1]!
    expect(argv).not.toContain(password)
    expect(argv).not.toContain('alias')
    expect(environment).not.toContain('alias')
    expect(await readlink(`/proc/${pid}/fd/3`)).toMatch(/\(deleted\)$/)
    const port = Number(/127\.0\.0\.1:(\d+)/.exec(argv)?.[1])
    expect(port).toBe(0)
  })
})

describe('a place on a remote', () => {
  it('is not found where nothing is, and refused when it holds something else', async () => {
    const credentials = { kind: 'rclone' as const, config: rcloneConfig(temporary.path) }
    const location = { scheme: 'rclone' as const, remote: 'plain', path: 'photos' }
    for (const expect_ of ['repository', 'folder'] as const) {
      await expect(RcloneStorage.open(location, { credentials, expect: expect_ })).rejects.toMatchObject({
        code: 'repository.notFound',
      })
    }
    await mkdir(join(temporary.path, 'photos'))
    await writeFile(join(temporary.path, 'photos/Beach.jpg'), 'x')
    const storage = await RcloneStorage.open(location, { credentials, expect: 'nothing' })
    opened.push(storage)
    await expect(storage.prepare(['packs'])).rejects.toMatchObject({ code: 'storage.objectExists' })
  })

  it('has gone with its disk: nothing is written, nothing concluded', async () => {
    const storage = await place()
    await rename(join(temporary.path, 'repository'), join(temporary.path, 'away'))
    await expect(storage.put('packs/a', [Buffer.from('a')])).rejects.toMatchObject({
      code: 'storage.driveNotConnected',
    })
    await expect(storage.stat('packs/a')).rejects.toMatchObject({ code: 'storage.driveNotConnected' })
    expect(await readdir(temporary.path)).toEqual(['away'])
  })

  it('replaces an object by another of the same size in the same moment', async () => {
    const storage = await place()
    for (const value of ['one', 'two', 'six']) {
      await storage.put('packs/a', [Buffer.from(value)], { overwrite: true })
      expect(Buffer.from(await storage.get('packs/a')).toString()).toBe(value)
    }
  })

  it('is swept of what was left a day ago, and nothing is left on this computer', async () => {
    const storage = await place()
    const left = join(temporary.path, 'repository/packs/.tmp~left')
    await writeFile(left, 'x')
    await writeFile(join(temporary.path, 'repository/packs/.tmp~fresh'), 'x')
    const longAgo = Date.now() / 1000 - 25 * 3600
    await utimes(left, longAgo, longAgo)
    expect(await storage.sweepTemporary()).toBe(1)
    await storage.put('packs/a', [Buffer.from('abc')])
    await storage.close()
    expect(await readdir(join(temporary.path, 'repository/packs'))).toEqual(['.tmp~fresh', 'a'])
    expect((await readdir(tmpdir())).filter(name => name.startsWith(`holdfast-rclone-${process.pid}-`))).toEqual([])
  })
})

it('a repository on a remote does what one in a folder does', async () => {
  const config = join(temporary.path, 'rclone.conf')
  await writeFile(config, rcloneConfig(temporary.path), { mode: 0o600 })
  const env = { ...placeIn(temporary.path), HOLDFAST_REPO: 'rclone:crypt:backups', RCLONE_CONFIG: config }
  const run = async (...args: string[]) => {
    const result = await holdfast([...args, '--json', '--quiet'], { env })
    expect([args, result.code, result.stderr]).toEqual([args, 0, ''])
    return JSON.parse(result.stdout)
  }
  await run('init')
  const disk = join(temporary.path, 'disk.img')
  const image = seededRandom('disk').bytes(20 * 1024 * 1024)
  await writeFile(disk, image)
  await run('backup', disk, '--name', 'disk')
  await run('scrub')
  await run('restore', 'disk:latest', join(temporary.path, 'restored.img'))
  expect((await readFile(join(temporary.path, 'restored.img'))).equals(image)).toBe(true)
  await run('rm', 'disk:latest')
  await run('prune')
  expect((await run('versions')).versions).toEqual([])
})
