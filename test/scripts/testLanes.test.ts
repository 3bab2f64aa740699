import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { type FakeCheckout, fakeCheckout } from '../support/fakeCheckout.ts'
import { useTemporaryFolder } from '../support/temporaryFolder.ts'

const folder = useTemporaryFolder()
let checkout: FakeCheckout

const report = (passed: number, failed: number, skipped: number, files: object[] = []) =>
  JSON.stringify({ numPassedTests: passed, numFailedTests: failed, numPendingTests: skipped, testResults: files })

/** A vitest that writes a report for the project that it is asked for, and ends with an exit code. */
const vitest = (reports: Record<string, string>, exitCode = 0) => `
for argument; do case $argument in --outputFile.json=*) file=\${argument#*=};; esac; done
case $3 in ${Object.entries(reports)
  .map(([project, json]) => `${project}) printf '%s' '${json}' > "$file";;`)
  .join(' ')} esac
exit ${exitCode}`

beforeEach(async () => {
  checkout = fakeCheckout(join(folder.path, 'checkout'))
  for (const script of ['test', 'testReport']) await checkout.take(`scripts/${script}.mjs`)
  await checkout.write('scripts/tools.txt', '# none\n\nsh dash integration running scripts\n')
  await checkout.writeProgram('scripts/install-tools.sh', 'echo asked >> installs')
  for (const program of ['biome', 'tsc', 'depcruise']) await checkout.writeProgram(`node_modules/.bin/${program}`, '')
  await checkout.writeProgram(
    'node_modules/.bin/vitest',
    vitest({
      unit: report(5, 0, 2),
      integration: report(4, 0, 1),
      privileges: report(3, 0, 0),
      vm: report(1, 0, 0),
      desktop: report(2, 0, 0),
      e2e: report(6, 0, 0),
    }),
  )
})

const runTests = async (args: string[] = [], ci = '') => {
  const ended = await checkout.run(process.execPath, [checkout.path('scripts/test.mjs'), ...args], { env: { CI: ci } })
  const lines = ended.stdout.trimEnd().split('\n')
  return { ...ended, lines, last: lines.at(-1) }
}

describe('scripts/test.mjs', () => {
  it('adds up lanes and tests in one last line', async () => {
    const { exitCode, lines, last } = await runTests()
    expect(last).toBe('24 passed, 0 failed, 4 skipped')
    expect(lines.filter(line => /^\d+ passed, \d+ failed, \d+ skipped$/.test(line))).toHaveLength(1)
    expect(exitCode).toBe(0)
  })

  it('runs the other lanes when one fails, and fails', async () => {
    await checkout.writeProgram('node_modules/.bin/biome', 'exit 1')
    const { exitCode, stdout, last } = await runTests()
    expect(last).toBe('23 passed, 1 failed, 4 skipped')
    expect(stdout).toMatch(/^lint +FAILED/m)
    expect(exitCode).toBe(1)
  })

  it('counts failed tests', async () => {
    await checkout.writeProgram(
      'node_modules/.bin/vitest',
      vitest({ unit: report(5, 2, 0), integration: report(1, 0, 0) }, 1),
    )
    const { exitCode, stdout } = await runTests(['unit'])
    expect(stdout).toContain('(5 passed, 2 failed, 0 skipped)')
    expect(exitCode).toBe(1)
  })

  it('counts a test file that does not load', async () => {
    const broken = { status: 'failed', assertionResults: [] }
    await checkout.writeProgram('node_modules/.bin/vitest', vitest({ unit: report(5, 1, 0, [broken]) }, 1))
    const { last } = await runTests(['unit'])
    expect(last).toBe('5 passed, 2 failed, 9 skipped')
  })

  describe('at the end of a failed run', () => {
    /** What comes after the table of lanes. */
    const epilogue = ({ lines }: { lines: string[] }) =>
      lines.slice(lines.findIndex(line => /^packaging /.test(line)) + 1)
    const failing = (title: string, ...failureMessages: string[]) => ({
      ancestorTitles: ['a drive', 'that is full'],
      title,
      status: 'failed',
      failureMessages,
    })

    it('names each failed test with the first lines of its error, whatever else was said before', async () => {
      const file = {
        name: checkout.path('test/integration/drive.test.ts'),
        status: 'failed',
        assertionResults: [
          { ancestorTitles: [], title: 'passes', status: 'passed', failureMessages: [] },
          failing('says so', 'AssertionError: expected \u001b[31m1\u001b[39m to be 2\n    at drive.test.ts:1:2'),
          failing('waits', 'Timeout\n\nwaiting for a\nfor b\nfor c\n    at x.ts:1:2', 'Second'),
        ],
      }
      await checkout.writeProgram('node_modules/.bin/vitest', vitest({ integration: report(1, 2, 0, [file]) }, 1))
      expect(epilogue(await runTests(['integration']))).toEqual([
        '',
        'Failed tests:',
        '  integration: test/integration/drive.test.ts > a drive > that is full > says so',
        '      AssertionError: expected 1 to be 2',
        '  integration: test/integration/drive.test.ts > a drive > that is full > waits',
        '      Timeout',
        '      waiting for a',
        '      for b',
        '',
        '1 passed, 2 failed, 9 skipped',
      ])
    })

    it('names a file that does not load', async () => {
      const name = checkout.path('test/engine/broken.test.ts')
      const broken = { name, status: 'failed', message: 'Cannot find module x', assertionResults: [] }
      await checkout.writeProgram('node_modules/.bin/vitest', vitest({ unit: report(5, 0, 0, [broken]) }, 1))
      expect(epilogue(await runTests(['unit']))).toEqual([
        ...['', 'Failed tests:', '  unit: test/engine/broken.test.ts', '      Cannot find module x'],
        ...['', '5 passed, 1 failed, 9 skipped'],
      ])
    })

    it('says that the runner failed when no test did', async () => {
      await checkout.writeProgram('node_modules/.bin/vitest', 'exit 3')
      expect(epilogue(await runTests(['unit']))).toEqual([
        ...['', 'Failed tests:', '  unit: the test runner'],
        ...['      It ended with 3, but it left no report; see its output above.'],
        ...['', '0 passed, 1 failed, 9 skipped'],
      ])
    })

    it('says nothing more when nothing failed', async () => {
      expect(epilogue(await runTests())).toEqual(['', '24 passed, 0 failed, 4 skipped'])
    })
  })

  it.each([
    ['ends badly without a failed test', vitest({ unit: report(5, 0, 0) }, 1), '5 passed, 1 failed, 9 skipped'],
    ['ends badly without a report', 'exit 1', '0 passed, 1 failed, 9 skipped'],
    ['is killed', 'kill -9 $$', '0 passed, 1 failed, 9 skipped'],
  ])('fails when the test runner %s', async (_, script, totals) => {
    await checkout.writeProgram('node_modules/.bin/vitest', script)
    const { exitCode, last } = await runTests(['unit'])
    expect(last).toBe(totals)
    expect(exitCode).toBe(1)
  })

  it('names a lane without tests as skipped', async () => {
    await checkout.writeProgram('node_modules/.bin/vitest', vitest({ unit: report(5, 0, 0) }))
    const { stdout, last } = await runTests()
    expect(stdout).toMatch(/^integration +skipped: it has no tests$/m)
    expect(last).toBe('8 passed, 0 failed, 6 skipped')
  })

  describe('when a tool is missing', () => {
    beforeEach(() => checkout.write('scripts/tools.txt', 'no-such-tool  holdfast-tools  integration  great things\n'))

    it('skips the lane that needs it and says why', async () => {
      const { exitCode, stdout, last } = await runTests()
      expect(stdout).toMatch(/^integration +skipped: no-such-tool is missing \(Debian: holdfast-tools\)$/m)
      expect(last).toBe('20 passed, 0 failed, 4 skipped')
      expect(exitCode).toBe(0)
      expect(await checkout.lines('installs')).toEqual([])
    })

    it('tries to install it in CI, and fails when it is still missing', async () => {
      const { exitCode, stdout, last } = await runTests([], 'true')
      expect(await checkout.lines('installs')).toEqual(['asked'])
      expect(stdout).toContain('FAILED: no-such-tool is missing (Debian: holdfast-tools); it is for great things')
      expect(last).toBe('20 passed, 1 failed, 4 skipped')
      expect(exitCode).toBe(1)
    })

    it('goes on in CI once it is installed', async () => {
      await checkout.writeProgram(
        'scripts/install-tools.sh',
        'printf "#!/bin/sh\n" > fake-bin/no-such-tool; chmod +x fake-bin/no-such-tool',
      )
      await checkout.writeProgram('fake-bin/other', '')
      expect((await runTests([], 'true')).last).toBe('24 passed, 0 failed, 4 skipped')
    })
  })

  it('runs the lanes that are asked for and refuses those that do not exist', async () => {
    const { stdout, last } = await runTests(['types', 'layers'])
    expect(stdout).toMatch(/^unit +skipped: not asked for$/m)
    expect(last).toBe('2 passed, 0 failed, 8 skipped')
    const refused = await runTests(['typos'])
    expect(refused.exitCode).toBe(64)
    expect(refused.stdout).toContain(
      'There is no lane typos; there are lint, types, layers, unit, integration, privileges, vm, desktop, e2e, packaging.',
    )
  })
})
