import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { verbs } from '../../../engine/cli/verbs.ts'
import { runInProcess } from '../../support/cliWorld.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'

const run = promisify(execFile)
const folder = useTemporaryFolder()

const has = async (program: string): Promise<boolean> =>
  run(program, ['--version']).then(
    () => true,
    () => false,
  )

const shells = { bash: await has('bash'), zsh: await has('zsh'), fish: await has('fish') }

async function scriptFor(shell: string): Promise<string> {
  const { code, stdout } = await runInProcess(['completion', shell])
  expect(code).toBe(0)
  const path = join(folder.path, `holdfast.${shell}`)
  await writeFile(path, stdout)
  return path
}

describe.skipIf(!shells.bash)('in bash', () => {
  /** What bash offers for the last of these words. */
  async function offers(...words: string[]): Promise<string[]> {
    const script = await scriptFor('bash')
    const quoted = ['holdfast', ...words].map(word => `'${word}'`).join(' ')
    const ask = `source '${script}'; COMP_WORDS=(${quoted}); COMP_CWORD=${words.length}; _holdfast; printf '%s\\n' "\${COMPREPLY[@]}"`
    const { stdout } = await run('bash', ['--norc', '-uc', ask])
    return stdout.split('\n').filter(line => line !== '')
  }

  test('offers all verbs at first', async () => {
    expect(await offers('')).toEqual(verbs.map(({ name }) => name))
    expect(await offers('ver')).toEqual(['versions'])
  })

  test('offers the options of the verb, wherever it stands', async () => {
    expect(await offers('backup', '--hi')).toEqual(['--hints'])
    expect(await offers('--repo', 'backup', '-q', 'scrub', '--l')).toEqual(['--light', '--limit-download'])
    expect(await offers('backup', 'disk', '--repo', 'x', '--na')).toEqual(['--name'])
  })

  test('offers the verbs below key, and their options', async () => {
    expect(await offers('key', '')).toEqual(['add', 'list', 'remove', 'recovery', 'sheet'])
    expect(await offers('key', 'add', '--new')).toEqual(['--new-passphrase-file', '--new-key-file'])
  })

  test('offers global options everywhere', async () => {
    expect(await offers('--pass')).toEqual(['--passphrase-file'])
    expect(await offers('stats', '--pass')).toEqual(['--passphrase-file'])
  })

  test('leaves values of options and files to the shell', async () => {
    expect(await offers('--repo', '')).toEqual([])
    expect(await offers('backup', '')).toEqual([])
  })

  test('offers the shells that there are scripts for', async () => {
    expect(await offers('completion', '')).toEqual(['bash', 'zsh', 'fish'])
  })
})

test.skipIf(!shells.zsh)('the script for zsh is accepted by zsh', async () => {
  await run('zsh', ['-n', await scriptFor('zsh')])
})

test.skipIf(!shells.fish)('the script for fish is accepted by fish', async () => {
  await run('fish', ['--no-execute', await scriptFor('fish')])
})

describe.each(['zsh', 'fish'])('for %s', shell => {
  test('names every verb with its summary, and options with their texts', async () => {
    const { stdout } = await runInProcess(['completion', shell])
    for (const { name, summary } of verbs) {
      expect(stdout).toContain(name)
      expect(stdout).toContain(summary)
    }
    expect(stdout).toContain('what the key is called in the list')
    expect(stdout).toMatch(shell === 'zsh' ? /'--dry-run\[/ : /-l dry-run -d /)
  })
})

test('as JSON the script comes as text', async () => {
  const { stdout } = await runInProcess(['completion', 'fish', '--json'])
  expect(JSON.parse(stdout)).toEqual({ shell: 'fish', script: expect.stringContaining('complete -c holdfast') })
})
