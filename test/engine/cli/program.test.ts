import { describe, expect, test } from 'vitest'
import { Interruption } from '../../../engine/cli/interruption.ts'
import { verbs } from '../../../engine/cli/verbs.ts'
import { HoldfastError } from '../../../engine/contract/errors.ts'
import type { BackupResult, ScrubResult } from '../../../engine/contract/models.ts'
import type { Engine, Session } from '../../../engine/engineApi.ts'
import { defaultBlockSizeBytes } from '../../../engine/repository/format.ts'
import { fieldNames } from '../../../engine/versions/filterFields.ts'
import { keyboard, runInProcess } from '../../support/cliWorld.ts'
import { idOf, makeVersion } from '../../support/versions.ts'

const backedUp: BackupResult = {
  version: idOf(7),
  name: 'root',
  sizeBytes: 1024 ** 3,
  readBytes: 1024 ** 2,
  newBytes: 65_536,
  storedBytes: 30_000,
  holeBytes: 0,
  durationMs: 1000,
  method: 'hints',
  consistency: 'consistent',
  status: 'complete',
  unreadable: [],
  hintsRejected: false,
  warnings: [],
}

const checked: ScrubResult = {
  checkedBlocks: 10,
  checkedBytes: 655_360,
  damaged: [],
  versions: [],
  notes: [],
  durationMs: 5,
}

/** A session whose one method takes down what it is called with. */
function recording<Name extends keyof Session>(name: Name, result: unknown) {
  const calls: unknown[][] = []
  const method = async (...args: unknown[]) => {
    calls.push(args)
    return result
  }
  return { session: { [name]: method } as Partial<Session>, calls }
}

const noEngine: Partial<Engine> = {}

describe('help', () => {
  test('lists every verb, on standard output', async () => {
    const { code, stdout, stderr } = await runInProcess(['--help'])
    expect([code, stderr]).toEqual([0, ''])
    for (const { name, summary } of verbs) expect(stdout).toMatch(new RegExp(`^  ${name} +${summary}$`, 'm'))
  })

  test.each(verbs.map(({ name }) => name))('of %s shows examples, global options and how to name it', async verb => {
    const { code, stdout } = await runInProcess([verb, '--help'], { engine: noEngine })
    expect(code).toBe(0)
    expect(stdout).toContain(`Usage: holdfast ${verb}`)
    expect(stdout).toContain(`\nExamples:\n  $ holdfast ${verb}`)
    expect(stdout).toContain('--passphrase-file <file>')
    for (const line of stdout.split('\n')) if (!line.includes('$ holdfast')) expect(line.length).toBeLessThanOrEqual(80)
  })

  test.each([
    [['help', 'backup'], 'Usage: holdfast backup'],
    [['help'], 'Usage: holdfast <command>'],
    [['key', 'add', '--help'], 'Usage: holdfast key add'],
    [['help', 'key', 'remove'], 'Usage: holdfast key remove'],
  ])('%j is understood', async (argv, expected) => {
    const { code, stdout } = await runInProcess(argv)
    expect([code, stdout.startsWith(expected)]).toEqual([0, true])
  })

  test('names all fields of the filter language', async () => {
    const { stdout } = await runInProcess(['versions', '--help'])
    const words = stdout.split(/\s+/)
    expect(fieldNames.filter(name => !words.includes(name))).toEqual([])
  })

  test('names the block size that repositories really get', async () => {
    const { stdout } = await runInProcess(['init', '--help'])
    expect(stdout).toContain(`(${defaultBlockSizeBytes / 1024}k)`)
  })

  test('shows the version of Holdfast', async () => {
    expect((await runInProcess(['--version'])).stdout).toMatch(/^holdfast \d+\.\d+\.\d+\n$/)
  })
})

describe('a wrong command line', () => {
  test.each([
    [['bakup'], 'Unknown command “bakup”.', 'Did you mean backup? See: holdfast --help'],
    [['backup', '--nam', 'x', 'y'], 'Unknown option “--nam”.', 'Did you mean --name? See: holdfast backup --help'],
    [['backup'], 'Missing required argument “source”.', 'See: holdfast backup --help'],
    [['rm'], 'Missing required argument “version”.', 'See: holdfast rm --help'],
    [['backup', 'disk', '--name'], 'Option “-n, --name <name>” argument missing.', 'See: holdfast backup --help'],
    [['show', 'a', 'b'], 'Too many arguments for “show”. Expected 1 argument but got 2.', 'See: holdfast show --help'],
    [['restore', 'a', 'b', '--range', '5'], '“5” is no value for --range.', ''],
    [['scrub', '--percent', 'many'], '“many” is no value for --percent.', ''],
    [['rm', 'a', '--min-age', 'old'], '“old” is no value for --min-age.', ''],
    [['init', '--block-size', 'big'], '“big” is not a size.', ''],
    [['scrub', 'a', '--source', 'b', '--light'], '--source compares everything', ''],
    [['backup', 'disk', '--label', '=x'], '“” cannot be the key of a label.', ''],
    [['completion', 'csh'], 'There is no completion for “csh”.', ''],
    [['demo', '--size', '0'], '“0” is no value for --size.', ''],
  ])('%j is 64, says what is wrong and where help is', async (argv, message, advice) => {
    const { code, stdout, stderr } = await runInProcess(argv, { engine: noEngine })
    expect([code, stdout]).toEqual([64, ''])
    expect(stderr).toContain(`holdfast: ${message}`)
    expect(stderr).toContain(advice)
  })

  test('is reported as one JSON document, even when it cannot be parsed', async () => {
    for (const argv of [['bakup', '--json'], ['--json'], ['backup', '--json', '--nam', 'x']]) {
      const { code, stdout, stderr } = await runInProcess(argv)
      expect([code, stderr]).toEqual([64, ''])
      expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'usage.invalid', retryable: false } })
    }
  })

  test('without a command shows the overview', async () => {
    const { code, stdout, stderr } = await runInProcess([])
    expect([code, stdout]).toEqual([64, ''])
    expect(stderr).toContain('Usage: holdfast')
    expect(stderr).toContain('No command was given.')
  })

  test('without a repository says how to name one', async () => {
    const { code, stderr } = await runInProcess(['versions'], { env: { HOLDFAST_REPO: '' } })
    expect(code).toBe(64)
    expect(stderr).toContain('--repo PLACE')
  })
})

describe('global options', () => {
  test.each([
    [['--repo', '/x', 'versions']],
    [['versions', '--repo', '/x']],
    [['versions', '-r', '/x']],
    [['versions', '--repo=/x', 'name == "root"']],
  ])('count before and after the verb, and before the environment: %j', async argv => {
    const { code, opened } = await runInProcess(argv, { session: recording('versions', []).session })
    expect([code, opened[0]?.url]).toEqual([0, '/x'])
  })

  test('the environment names the repository and its passphrase otherwise', async () => {
    const { opened, closed } = await runInProcess(['versions'], { session: recording('versions', []).session })
    expect(opened).toEqual([{ url: '/repository', secret: { kind: 'passphrase', passphrase: 'open sesame' } }])
    expect(closed).toBe(1)
  })

  test('the repository is closed after a failure, which is then reported', async () => {
    const fail = async () => {
      throw new HoldfastError('repository.versionProtected', 'Version 1 is protected.')
    }
    const { code, closed, stderr } = await runInProcess(['rm', 'latest'], { session: { remove: fail } })
    expect([code, closed, stderr]).toEqual([77, 1, 'holdfast: Version 1 is protected.\n'])
  })

  test('an exception that nobody expected is 70, with a stack trace for --debug only', async () => {
    const session: Partial<Session> = { stats: () => Promise.reject(new TypeError('nonsense')) }
    const plain = await runInProcess(['stats'], { session })
    expect(plain.code).toBe(70)
    expect(plain.stderr).not.toContain('    at ')
    expect((await runInProcess(['stats', '--debug'], { session })).stderr).toMatch(/TypeError: nonsense\n\s+at /)
  })
})

describe('verbs', () => {
  test('backup hands everything on', async () => {
    const { session, calls } = recording('backup', backedUp)
    const argv = ['backup', '/dev/sda', '-n', 'root', '-l', 'a=b', '--label', 'c', '--hints', 'h', '--base', 'latest']
    const { code } = await runInProcess([...argv, '--limit-read', '50M'], { session })
    expect(code).toBe(0)
    expect(calls).toEqual([
      [
        '/dev/sda',
        {
          signal: expect.any(AbortSignal),
          onProgress: expect.any(Function),
          name: 'root',
          labels: { a: 'b', c: '' },
          hintsPath: 'h',
          base: 'latest',
          sourceLimit: 50 * 1024 ** 2,
        },
      ],
    ])
  })

  test('backup says how a volume is read', async () => {
    const { session, calls } = recording('backup', backedUp)
    await runInProcess(['backup', '/dev/vg0/root', '--no-snapshot', '--while-in-use'], { session })
    await runInProcess(['backup', '/dev/vg0/root', '--snapshot-size', '2G', '--no-tracking'], { session })
    expect(calls.map(([, options]) => options)).toMatchObject([
      { noSnapshot: true, whileInUse: true },
      { snapshotBytes: 2 * 1024 ** 3, noTracking: true },
    ])
  })

  test('backup hands on what is wanted of free blocks, and not both', async () => {
    const { session, calls } = recording('backup', backedUp)
    await runInProcess(['backup', '/dev/sda', '--all-blocks'], { session })
    await runInProcess(['backup', 'disk.img', '--used-blocks'], { session })
    expect(calls).toMatchObject([
      ['/dev/sda', { usedBlocksOnly: false }],
      ['disk.img', { usedBlocksOnly: true }],
    ])
    const both = await runInProcess(['backup', '/dev/sda', '--used-blocks', '--all-blocks'], { session })
    expect([both.code, calls.length]).toEqual([64, 2])
  })

  test('backup of a source with unreadable parts prints its result, lists the parts and is 74', async () => {
    const unreadable = [{ offset: 1_048_576, length: 4096 }]
    const result = { ...backedUp, status: 'incomplete' as const, unreadable, warnings: ['Parts are zeros.'] }
    const { session } = recording('backup', result)
    const people = await runInProcess(['backup', '/dev/sda', '--quiet'], { session })
    expect([people.code, people.stdout]).toEqual([74, ''])
    expect(people.stderr).toContain('1 part of /dev/sda could not be read')
    expect(people.stderr).toContain('4 KiB at byte 1,048,576')
    const programs = await runInProcess(['backup', '/dev/sda', '--json'], { session })
    expect([programs.code, JSON.parse(programs.stdout)]).toEqual([74, result])
  })

  test('restore hands everything on, and verifies when asked to', async () => {
    const restored = { version: idOf(1), target: 't', writtenBytes: 1, skippedBytes: 0, verified: true, damaged: [] }
    const { session, calls } = recording('restore', { ...restored, durationMs: 1 })
    await runInProcess(['restore', 'latest', 't', '--force', '--sparse', '--range', '1k:2k@0'], { session })
    await runInProcess(['restore', 'latest', 't', '--delta', '-f', '--verify'], { session })
    expect(calls).toMatchObject([
      [
        'latest',
        't',
        { force: true, sparse: true, range: { offset: 1024, length: 2048 }, targetOffset: 0, verify: false },
      ],
      ['latest', 't', { force: true, sparse: false, delta: true, verify: true }],
    ])
    expect((calls[1] as object[])[2]).not.toHaveProperty('range')
  })

  test('restore with lost parts prints its result, lists them and is 65', async () => {
    const damaged = [{ offset: 0, length: 65_536 }]
    const result = { version: idOf(1), target: 't', writtenBytes: 1, skippedBytes: 0, verified: false, damaged }
    const { session } = recording('restore', { ...result, durationMs: 1 })
    const { code, stdout } = await runInProcess(['restore', 'latest', 't', '--quiet'], { session })
    expect(code).toBe(65)
    expect(stdout).toContain('64 KiB at byte 0')
  })

  test('scrub names the versions that damage affects, also with --quiet, and is 65', async () => {
    const reason = 'Pack 00ff is cut short.'
    const found = { block: null, pack: '00ff', reason, versions: [idOf(1)] }
    const { session } = recording('scrub', { ...checked, damaged: [found], versions: [idOf(1)] })
    session.versions = async () => [makeVersion()]
    const { code, stdout } = await runInProcess(['scrub', '--quiet'], { session })
    expect(code).toBe(65)
    expect(stdout).toContain(reason)
    expect(stdout).toMatch(/^ {2}web01 of 2026-01-31 .* \(0{15}1\)$/m)
  })

  test('scrub without damage is silent with --quiet', async () => {
    const { session } = recording('scrub', checked)
    expect(await runInProcess(['scrub', '-q'], { session })).toMatchObject({ code: 0, stdout: '', stderr: '' })
    expect((await runInProcess(['scrub'], { session })).stdout).toContain('no damage was found')
  })

  test('repair is 65 when something remains lost', async () => {
    const nothing = { dryRun: false, healedObjects: [], reindexedPacks: 0, replacedSegments: 0, durationMs: 1 }
    const whole = recording('repair', { ...nothing, lost: [] })
    expect((await runInProcess(['repair'], { session: whole.session })).code).toBe(0)
    const lossy = recording('repair', { ...nothing, lost: ['Version 1 cannot be read.'] })
    const { code, stdout } = await runInProcess(['repair', '--quiet'], { session: lossy.session })
    expect(code).toBe(65)
    expect(stdout).toContain('Version 1 cannot be read.')
  })

  test('versions fit 80 columns on a terminal and keep full names in a pipe', async () => {
    const name = 'a-name-that-is-much-longer-than-there-is-room-for-on-a-line'
    const versions = [
      makeVersion({ id: '4f2a9c01aaaaaaaa', name, protected: true, labels: { owner: 'somebody-with-a-long-name' } }),
      makeVersion({ id: '9c014f2aaaaaaaaa', status: 'incomplete' }),
    ]
    const { session } = recording('versions', versions)
    const pipe = await runInProcess(['versions'], { session })
    expect(pipe.stdout).toContain(name)
    const terminal = await runInProcess(['versions'], { session, terminal: { columns: 80 } })
    for (const line of terminal.stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80)
    expect(terminal.stdout).toContain('protected')
    const json = await runInProcess(['versions', '--json'], { session })
    expect(JSON.parse(json.stdout)).toEqual({ versions })
  })

  test('enforce shows the whole reason for each version within 80 columns', async () => {
    const text = 'removed: day 5 back is represented by version 000000000000abcd of 2026-01-31 10:00'
    const reason = { kind: 'represented', period: 'days', back: 5, by: idOf(1), notes: [], text }
    const decision = { version: idOf(2), name: 'web01', date: '2026-01-31T12:00:00.000Z', keep: false, reason }
    const result = { policy: 'days5', dryRun: true, decisions: [decision], removed: [idOf(2)] }
    const { session, calls } = recording('enforce', result)
    const argv = ['enforce', 'days5', 'web01', '--dry-run']
    const { stdout } = await runInProcess(argv, { session, terminal: { columns: 80 } })
    expect(calls).toEqual([['days5', { filter: 'web01', dryRun: true }]])
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80)
    const words = stdout.split(/\s+/)
    expect(text.split(' ').every(word => words.includes(word))).toBe(true)
    expect(stdout).toContain('Would remove 1 version and keep 0 versions.')
  })

  test('rm --dry-run answers even with --quiet, rm itself does not', async () => {
    const dry = recording('remove', { dryRun: true, removed: [idOf(1)] })
    const asked = await runInProcess(['rm', 'latest', '--dry-run', '-q'], { session: dry.session })
    expect(asked.stdout).toContain(idOf(1))
    const real = recording('remove', { dryRun: false, removed: [idOf(1)] })
    const argv = ['rm', 'latest', 'web01:latest', '-q', '--min-age', '6']
    expect((await runInProcess(argv, { session: real.session })).stdout).toBe('')
    expect(real.calls).toEqual([[['latest', 'web01:latest'], { minimumAgeDays: 6, dryRun: false }]])
  })

  test('label takes what looks like an option as little as it must', async () => {
    const { session, calls } = recording('label', makeVersion({ labels: { a: 'b' } }))
    const { stdout } = await runInProcess(['label', 'latest', 'a=b', 'c-'], { session })
    expect(calls).toEqual([['latest', ['a=b', 'c-']]])
    expect(stdout).toContain('a=b')
  })

  test('init shows the phrase as 24 numbered words, even with --quiet', async () => {
    const words = Array.from({ length: 24 }, (_, i) => `word${i + 1}`)
    const made = { repositoryId: 'ab'.repeat(16), recoveryPhrase: words.join(' ') }
    const asked: unknown[][] = []
    const engine: Partial<Engine> = {
      async init(...args) {
        asked.push(args)
        return made
      },
    }
    const { stdout } = await runInProcess(['init', '--quiet', '--block-size', '128k'], { engine })
    for (const [index, word] of words.entries()) expect(stdout).toContain(` ${index + 1}. ${word}`)
    expect(asked).toEqual([
      ['/repository', { kind: 'passphrase', passphrase: 'open sesame' }, { blockSizeBytes: 131_072, forgetOld: false }],
    ])
    expect(JSON.parse((await runInProcess(['init', '--json'], { engine })).stdout)).toEqual(made)
  })
})

describe('asking for a passphrase', () => {
  const terminal = { columns: 80 }
  const env = { HOLDFAST_PASSPHRASE: '' }

  test('does not happen without a terminal', async () => {
    const { code, stderr } = await runInProcess(['versions'], { env })
    expect(code).toBe(64)
    expect(stderr).toContain('No passphrase was given.')
    expect((await runInProcess(['init'], { env })).code).toBe(64)
  })

  test('gives three tries', async () => {
    const tried: string[] = []
    const stdin = keyboard()
    const engine: Partial<Engine> = {
      async open(url, secret) {
        tried.push(secret.kind === 'passphrase' ? secret.passphrase : secret.kind)
        setImmediate(() => stdin.type(`try ${tried.length + 1}\r`))
        throw new HoldfastError('repository.wrongKey', `This key does not open ${url}.`)
      },
    }
    stdin.type('try 1\r')
    const { code, stderr } = await runInProcess(['versions'], { env, terminal, stdin, engine })
    expect(tried).toEqual(['try 1', 'try 2', 'try 3'])
    expect(code).toBe(77)
    expect(stderr).not.toContain('try 1')
  })

  test('for a new repository happens twice, until both are the same', async () => {
    const stdin = keyboard()
    const secrets: unknown[] = []
    const engine: Partial<Engine> = {
      async init(_url, secret) {
        secrets.push(secret)
        return { repositoryId: 'ab'.repeat(16), recoveryPhrase: 'a b' }
      },
    }
    for (const line of ['one', 'two', 'three', 'three']) stdin.type(`${line}\r`)
    const { code, stderr } = await runInProcess(['init'], { env, terminal, stdin, engine })
    expect(code).toBe(0)
    expect(secrets).toEqual([{ kind: 'passphrase', passphrase: 'three' }])
    expect(stderr).toContain('not the same')
  })

  test('ends with 130 at Ctrl-C', async () => {
    const stdin = keyboard()
    stdin.type('\x03')
    expect((await runInProcess(['versions'], { env, terminal, stdin })).code).toBe(130)
  })
})

describe('an interruption', () => {
  test('aborts a long call through its signal and is 130', async () => {
    const interruption = new Interruption()
    const session: Partial<Session> = {
      async backup(_source, { signal }) {
        interruption.interrupt()
        expect(signal?.aborted).toBe(true)
        throw new HoldfastError('run.cancelled', 'The backup was cancelled.')
      },
    }
    const { code, closed, stderr } = await runInProcess(['backup', '/dev/sda'], { session, interruption })
    expect([code, closed, stderr]).toEqual([130, 1, 'holdfast: The backup was cancelled.\n'])
  })

  test('abandons a call that cannot be told to stop, and is 130', async () => {
    const interruption = new Interruption()
    const session: Partial<Session> = {
      versions() {
        interruption.interrupt()
        return new Promise(() => undefined)
      },
    }
    const { code, stdout } = await runInProcess(['versions', '--json'], { session, interruption })
    expect(code).toBe(130)
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'run.cancelled' } })
  })
})
