import { mkdir, readdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { holdfast, placeIn, startHoldfast } from '../../support/holdfast.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'

const folder = useTemporaryFolder()

interface Checks {
  ok: boolean
  checks: { check: string; status: 'ok' | 'warning' | 'problem'; message: string; advice?: string }[]
}

describe('doctor', () => {
  let env: Record<string, string>
  beforeEach(() => {
    const { HOLDFAST_REPO: _, ...rest } = placeIn(folder.path)
    env = rest
  })

  async function examine(...args: string[]): Promise<Checks & { code: number | null }> {
    const { code, stdout } = await holdfast(['doctor', '--json', ...args], { env })
    return { code, ...(JSON.parse(stdout) as Checks) }
  }

  test('finds this computer ready, and leaves nothing behind but the catalogue', async () => {
    const { code, ok, checks } = await examine()
    expect([code, ok]).toEqual([0, true])
    for (const name of ['runtime', 'compression', 'keyDerivation', 'systemCalls', 'stateFolder', 'catalogue']) {
      expect(checks.find(({ check }) => check === name)).toMatchObject({ status: 'ok' })
    }
    expect(checks.some(({ check }) => check === 'repository')).toBe(false)
    expect((await readdir(env.HOLDFAST_STATE_DIR!)).every(name => name.startsWith('state.sqlite'))).toBe(true)
  })

  test('prints one line for each check, and says at the end how it stands', async () => {
    const { stdout } = await holdfast(['doctor'], { env })
    expect(stdout).toMatch(/^ok {7}Node 2\d\./)
    expect(stdout).toMatch(/Holdfast is ready\.\n$/)
  })

  test('opens the repository that is named', async () => {
    const repository = join(folder.path, 'repository')
    expect((await holdfast(['init', '--repo', repository], { env })).code).toBe(0)
    const { code, checks } = await examine('--repo', repository)
    expect([code, checks.at(-1)]).toEqual([0, { check: 'repository', status: 'ok', message: expect.any(String) }])
    expect(checks.at(-1)!.message).toContain('no version yet')

    env.HOLDFAST_PASSPHRASE = 'wrong'
    expect((await examine('--repo', repository)).checks.at(-1)).toMatchObject({
      check: 'repository',
      status: 'problem',
    })
    env.HOLDFAST_PASSPHRASE = ''
    expect((await examine('--repo', repository)).checks.at(-1)).toMatchObject({
      check: 'repository',
      status: 'warning',
    })
    expect((await examine('--repo', folder.path)).checks.at(-1)).toMatchObject({ status: 'problem' })
  })

  test('is 78 with a problem, says what to do, and goes on with the other checks', async () => {
    await writeFile(join(folder.path, 'file'), '')
    env.HOLDFAST_STATE_DIR = join(folder.path, 'file', 'state')
    const { code, ok, checks } = await examine()
    expect([code, ok]).toEqual([78, false])
    const problem = checks.find(({ check }) => check === 'stateFolder')!
    expect(problem).toMatchObject({ status: 'problem', advice: expect.stringContaining('HOLDFAST_STATE_DIR') })
    expect(checks.at(-1)!.check).toBe('e2fsprogs')
  })
})

describe('demo', () => {
  let temporary: string
  beforeEach(async () => {
    temporary = join(folder.path, 'tmp')
    await mkdir(temporary)
  })

  test('does the main job on a real file system, tells it in plain words, and cleans up', async () => {
    const { code, stdout, stderr } = await holdfast(['demo', '--size', '40M'], { env: { TMPDIR: temporary } })
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout.match(/^\d+\. /gm)).toHaveLength(9)
    expect(stdout.match(/identical, byte for byte/g)).toHaveLength(2)
    expect(stdout).toContain('Both versions came back byte for byte identical.')
    expect(await readdir(temporary)).toEqual([])
  })

  test('with --keep leaves a repository and the disks, and says where', async () => {
    const { code, stdout } = await holdfast(['demo', '--size', '32M', '--keep', '--json'], {
      env: { TMPDIR: temporary },
    })
    expect(code).toBe(0)
    const { identical, folder: kept, steps } = JSON.parse(stdout)
    expect(identical).toBe(true)
    expect(steps.map(({ kind }: { kind: string }) => kind)).toEqual([
      'disk',
      'repository',
      'firstBackup',
      'day',
      'secondBackup',
      'versions',
      'restore',
      'restore',
      'scrub',
    ])
    expect((await readdir(kept)).sort()).toContain('repository')
  })

  test('names the package that is missing, with 78', async () => {
    // A PATH with everything but e2fsprogs does not hide it, as administrators' folders are searched too; so programs of
    // the same names that do not work take its place.
    const broken = join(folder.path, 'bin')
    await mkdir(broken)
    await symlink('/bin/false', join(broken, 'mke2fs'))
    const env = { TMPDIR: temporary, PATH: `${broken}:${process.env.PATH}` }
    const { code, stderr } = await holdfast(['demo'], { env })
    expect(code).toBe(78)
    expect(stderr).toContain('mke2fs')
    expect(stderr).toContain('Install the package e2fsprogs')
    expect(await readdir(temporary)).toEqual([])
  })

  test('is stopped by SIGINT with 130, and cleans up', async () => {
    const running = startHoldfast(['demo', '--size', '64M', '--json'], { env: { TMPDIR: temporary } })
    await running.said(/"phase":"reading"/)
    running.process.kill('SIGINT')
    const { code, stdout } = await running.result
    expect([code, JSON.parse(stdout).error.code]).toEqual([130, 'run.cancelled'])
    expect(await readdir(temporary)).toEqual([])
  })

  test('says when there is no temporary folder: 78', async () => {
    const { code, stderr } = await holdfast(['demo'], { env: { TMPDIR: join(temporary, 'none') } })
    expect([code, stderr.includes('TMPDIR')]).toEqual([78, true])
  })

  test('refuses a disk that is too small, and cleans up', async () => {
    const { code } = await holdfast(['demo', '--size', '1M'], { env: { TMPDIR: temporary } })
    expect(code).toBe(64)
    expect(await readdir(temporary)).toEqual([])
  })
})
