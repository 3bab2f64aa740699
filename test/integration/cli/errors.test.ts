import { copyFile, mkdir, readFile, rename, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { type HoldfastResult, holdfast, placeIn } from '../../support/holdfast.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'

const folder = useTemporaryFolder()

let env: Record<string, string>
let disk: string
const run = (...args: string[]): Promise<HoldfastResult> => holdfast(args, { env })

/** What every failure looks like: nothing on standard output, and on standard error what happened and what to do now. */
function expectFailure(result: HoldfastResult, code: number, words: string): void {
  expect({ code: result.code, stdout: result.stdout }).toEqual({ code, stdout: '' })
  expect(result.stderr).toMatch(/^holdfast: .*\.\n( {4}.*\n)*( {2}\S.*\n)?$/)
  expect(result.stderr).toContain(words)
}

beforeEach(async () => {
  env = placeIn(folder.path)
  disk = join(folder.path, 'disk.img')
  await writeFile(disk, 'what is on the disk')
  await truncate(disk, 1024 ** 2)
})

describe('without a repository', () => {
  test('opening a place where none is, is 66', async () => {
    await mkdir(env.HOLDFAST_REPO!)
    expectFailure(await run('versions'), 66, 'no Holdfast repository')
    expectFailure(await run('backup', disk), 66, 'no Holdfast repository')
  })

  test('a block size that is no power of two is 64, and nothing is made', async () => {
    expectFailure(await run('init', '--block-size', '48k'), 64, 'not a power of two')
    expectFailure(await run('versions'), 66, '')
  })

  test('a kind of storage that is not known is 64', async () => {
    env.HOLDFAST_REPO = 'gopher://hole/backup'
    expectFailure(await run('init'), 64, 'gopher:')
  })

  test('a passphrase file that is not there is 78', async () => {
    expectFailure(await run('init', '--passphrase-file', join(folder.path, 'none')), 78, 'does not exist')
  })
})

describe('with a repository', () => {
  beforeEach(async () => {
    expect((await run('init')).code).toBe(0)
  })

  test('a second one in the same place is 73', async () => {
    expectFailure(await run('init'), 73, '')
  })

  test('a wrong passphrase is 77, in one clear line', async () => {
    env.HOLDFAST_PASSPHRASE = 'wrong'
    expectFailure(await run('versions'), 77, 'This key does not open the repository')
  })

  test('a mistyped recovery phrase is 77 and names the word', async () => {
    env.HOLDFAST_PASSPHRASE = `${'abandon '.repeat(22)}abandom art`
    expectFailure(await run('versions'), 77, 'Word 23 of the recovery phrase')
  })

  test('a newer format is 78', async () => {
    for (const name of ['config', 'copies/config']) {
      const path = join(env.HOLDFAST_REPO!, name)
      await writeFile(path, (await readFile(path, 'utf8')).replace('"version":1', '"version":999'))
    }
    expectFailure(await run('versions'), 78, 'format 999')
  })

  test('a drive that is not connected is 74, and no new repository is made in its place', async () => {
    await rename(env.HOLDFAST_REPO!, join(folder.path, 'unplugged'))
    expectFailure(await run('versions'), 74, 'not connected')
    expectFailure(await run('init'), 74, 'not connected')
  })

  test('sources that cannot be backed up say why: 66 when missing, 64 when a folder', async () => {
    expectFailure(await run('backup', join(folder.path, 'none.img')), 66, 'does not exist')
    expectFailure(await run('backup', folder.path), 64, 'is a folder')
  })

  test('hints beyond the end of the source, or no hints at all, are 65', async () => {
    const hints = join(folder.path, 'hints.json')
    await writeFile(hints, '[{"offset":0,"length":99999999,"exists":"true"}]')
    expectFailure(await run('backup', disk, '--hints', hints), 65, 'Entry 1')
    await writeFile(hints, 'nonsense')
    expectFailure(await run('backup', disk, '--hints', hints), 65, 'not JSON')
  })

  test('policies and filters that do not parse are 64, with a caret under the place', async () => {
    expectFailure(await run('enforce', 'latest3,dayz30'), 64, '    latest3,dayz30\n            ^\n')
    expectFailure(await run('versions', 'name == "a" or size > big'), 64, `\n${' '.repeat(4 + 22)}^\n`)
  })

  test('as JSON the same errors come as one document with code, message and advice', async () => {
    const { code, stdout, stderr } = await run('enforce', 'latest3,dayz30', '--json')
    expect([code, stderr]).toEqual([64, ''])
    const { error } = JSON.parse(stdout)
    expect(error).toMatchObject({ code: 'usage.policyInvalid', details: { column: 9 }, retryable: false })
    expect(error.advice).toContain('for example')
  })

  describe('with versions', () => {
    beforeEach(async () => {
      expect((await run('backup', disk)).code).toBe(0)
      expect((await run('backup', disk)).code).toBe(0)
    })

    test('a version that is not there is 66', async () => {
      expectFailure(await run('show', 'zz'), 66, 'There is no version “zz”')
      expectFailure(await run('rm', 'disk.img:latest~2'), 66, 'only 2 complete versions')
      expectFailure(await run('restore', 'other:latest', join(folder.path, 'x')), 66, 'other')
    })

    test('a target that exists is 73 without --force, and stays as it is', async () => {
      const target = join(folder.path, 'precious.txt')
      await writeFile(target, 'precious')
      expectFailure(await run('restore', 'latest', target), 73, '--force')
      expectFailure(await run('restore', 'latest', target, '--delta'), 73, '--force')
      expect(await readFile(target, 'utf8')).toBe('precious')
      expect((await run('restore', 'latest', target, '--force')).code).toBe(0)
      expect((await readFile(target)).equals(await readFile(disk))).toBe(true)
    })

    test('a target inside the repository is 77, with --force too', async () => {
      const config = join(env.HOLDFAST_REPO!, 'config')
      await copyFile(config, join(folder.path, 'config-before'))
      expectFailure(await run('restore', 'latest', config, '--force'), 77, 'repository')
      expect((await readFile(config)).equals(await readFile(join(folder.path, 'config-before')))).toBe(true)
    })

    test('a folder of a target that does not exist is 66', async () => {
      expectFailure(await run('restore', 'latest', join(folder.path, 'none', 'x.img')), 66, 'does not exist')
    })

    test('a range beyond the end is 64', async () => {
      expectFailure(await run('restore', 'latest', join(folder.path, 'x'), '--range', '1M:1'), 64, 'beyond')
    })

    test('removing the last keys stops at the last one: 77', async () => {
      const { stdout } = await run('key', 'list', '--json')
      const { keys } = JSON.parse(stdout) as { keys: { id: string; kind: string }[] }
      const recovery = keys.find(({ kind }) => kind === 'recovery')!
      const passphrase = keys.find(({ kind }) => kind === 'passphrase')!
      expect((await run('key', 'remove', recovery.id)).code).toBe(0)
      expectFailure(await run('key', 'remove', passphrase.id), 77, 'last')
      expect((await run('versions')).code).toBe(0)
    })
  })
})
