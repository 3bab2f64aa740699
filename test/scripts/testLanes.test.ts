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
  await checkout.take('scripts/test.mjs')
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
        'printf "#!/bin/sh\\n" > fake-bin/no-such-tool; chmod +x fake-bin/no-such-tool',
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
