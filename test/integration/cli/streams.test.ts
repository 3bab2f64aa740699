import { execFile } from 'node:child_process'
import { appendFile, readFile, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { beforeEach, describe, expect, test } from 'vitest'
import { seededRandom } from '../../../engine/demo/seededRandom.ts'
import { holdfast, holdfastProgram, placeIn, startHoldfast } from '../../support/holdfast.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'

const folder = useTemporaryFolder()
const mib = 1024 ** 2

let env: Record<string, string>
let disk: string
beforeEach(async () => {
  env = placeIn(folder.path)
  disk = join(folder.path, 'disk.img')
})

async function makeRepository(diskBytes: number): Promise<void> {
  await writeFile(disk, seededRandom('disk').bytes(diskBytes))
  expect((await holdfast(['init'], { env })).code).toBe(0)
}

describe('output', () => {
  test('is silent with --quiet, and without progress in a pipe', async () => {
    await makeRepository(mib)
    expect(await holdfast(['backup', disk, '--quiet'], { env })).toMatchObject({ code: 0, stdout: '', stderr: '' })
    const plain = await holdfast(['backup', disk], { env })
    expect(plain.stderr).toBe('')
    expect(plain.stdout).toMatch(/^Backed up .*\n/)
    expect(plain.stdout).not.toContain('\x1b')
    const json = await holdfast(['backup', disk, '--json', '--quiet'], { env })
    expect([json.stderr, JSON.parse(json.stdout).newBytes]).toEqual(['', 0])
  })

  test('with --json is one document, and progress is JSON lines', async () => {
    await makeRepository(4 * mib)
    const { code, stdout, stderr } = await holdfast(['backup', disk, '--json', '--limit-read', '8M'], { env })
    expect(code).toBe(0)
    expect(stdout.trimEnd().split('\n')).toHaveLength(1)
    expect(JSON.parse(stdout)).toMatchObject({ sizeBytes: 4 * mib, status: 'complete' })
    const lines = stderr.trimEnd().split('\n')
    const reports = lines.map(line => JSON.parse(line) as { phase: string; doneBytes: number })
    expect(reports.map(({ phase }) => phase)).toContain('reading')
    for (const report of reports) expect(report.doneBytes).toBeLessThanOrEqual(4 * mib)
  })

  test('does not mind a reader that goes away', async () => {
    await makeRepository(mib)
    await holdfast(['backup', disk], { env })
    const pipe = `set -o pipefail; '${holdfastProgram}' versions | true; echo "$?"`
    const { stdout, stderr } = await promisify(execFile)('bash', ['-c', pipe], { env: { ...process.env, ...env } })
    expect([stdout, stderr]).toEqual(['0\n', ''])
  })

  test('reads a passphrase from standard input where it is told so', async () => {
    await makeRepository(mib)
    const { HOLDFAST_PASSPHRASE: _, ...rest } = env
    const options = { env: rest, input: 'open sesame\n' }
    expect((await holdfast(['stats', '--passphrase-file', '-'], options)).code).toBe(0)
    expect((await holdfast(['stats'], { env: rest })).code).toBe(64)
  })
})

describe('start-up', () => {
  /** URLs of all modules that a command loads. */
  async function loadedBy(...args: string[]): Promise<string[]> {
    const list = join(folder.path, 'loaded.txt')
    const spy = join(folder.path, 'spy.mjs')
    const hook = `(url, context, next) => { appendFileSync(${JSON.stringify(list)}, url + '\\n'); return next(url, context) }`
    await writeFile(
      spy,
      `import { appendFileSync } from 'node:fs'\nimport { registerHooks } from 'node:module'\nregisterHooks({ load: ${hook} })\n`,
    )
    await appendFile(list, '')
    expect((await holdfast(args, { env: { ...env, NODE_OPTIONS: `--import=${spy}` } })).code).toBe(0)
    return (await readFile(list, 'utf8')).split('\n')
  }

  test.each([[['--help']], [['--version']], [['backup', '--help']], [['completion', 'bash']]])(
    'of %j loads neither the engine nor zod',
    async args => {
      const loaded = await loadedBy(...args)
      expect(loaded.some(url => url.endsWith('engine/cli/program.ts'))).toBe(true)
      const heavy = /\/engine\/(engine|session)\.ts$|\/engine\/(repository|pipeline|storage|catalogue)\/|\/zod\//
      expect(loaded.filter(url => heavy.test(url))).toEqual([])
    },
  )

  test('of a verb loads the file of no other verb', async () => {
    const loaded = await loadedBy('scrub', '--help')
    expect(loaded.filter(url => url.includes('/cli/commands/')).map(url => url.split('/').at(-1))).toEqual(['scrub.ts'])
  })
})

describe('signals', () => {
  test.each(['SIGINT', 'SIGTERM'] as const)(
    '%s stops a backup in order with 130, and the next one goes on',
    async signal => {
      await makeRepository(8 * mib)
      const running = startHoldfast(['backup', disk, '--json', '--limit-read', '1M'], { env })
      await running.said(/"phase":"reading","doneBytes":[1-9]/)
      running.process.kill(signal)
      const { code, endedBy, stdout } = await running.result
      expect([code, endedBy]).toEqual([130, null])
      expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'run.cancelled' } })

      const listed = await holdfast(['versions', '--json'], { env })
      expect(JSON.parse(listed.stdout)).toEqual({ versions: [] })
      expect((await holdfast(['backup', disk], { env })).code).toBe(0)
      expect((await holdfast(['scrub'], { env })).code).toBe(0)
    },
  )

  test('SIGHUP does not touch a backup that uses no terminal, as nohup expects', async () => {
    await makeRepository(8 * mib)
    const running = startHoldfast(['backup', disk, '--json', '--limit-read', '4M'], { env })
    await running.said(/"phase":"reading"/)
    running.process.kill('SIGHUP')
    expect((await running.result).code).toBe(0)
  })

  test('a second SIGINT ends it at once, and nothing needs a hand afterwards', async () => {
    // So slow that stopping in order takes until the limiter lets the last piece through.
    await makeRepository(8 * mib)
    const running = startHoldfast(['backup', disk, '--json', '--limit-upload', '1k'], { env })
    await running.said(/"phase":"(reading|finishing)"/)
    running.process.kill('SIGINT')
    running.process.kill('SIGTERM')
    expect(await running.result).toMatchObject({ code: 130, endedBy: null })
    expect((await holdfast(['backup', disk, '--quiet'], { env })).code).toBe(0)
  })

  test('a command that has not begun to work is given up at once', async () => {
    await makeRepository(mib)
    await truncate(disk, 0)
    const running = startHoldfast(['versions', '--passphrase-file', '-'], { env, input: 'open sesame' })
    running.process.on('spawn', () => running.process.kill('SIGINT'))
    const { code, endedBy } = await running.result
    // Before Node has set up its handlers the signal itself ends it, which is just as well.
    expect(code === 130 || endedBy === 'SIGINT').toBe(true)
  })
})
