// Runs every lane of checks and tests, says which it skipped and why, and ends with one line of totals.
//   npm test                 all lanes
//   npm test -- types unit   only these
// With CI=true a missing tool is a failure, and on Debian as root what is missing gets installed first.
import { spawn, spawnSync } from 'node:child_process'
import { accessSync, constants, globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { summaryOf } from './testReport.mjs'

const root = join(import.meta.dirname, '..')
const isCi = process.env.CI === 'true' || process.env.CI === '1'
// Debian keeps file system tools in folders that are not on an ordinary person's PATH.
const path = [join(root, 'node_modules', '.bin'), process.env.PATH ?? '', '/usr/sbin', '/sbin'].join(delimiter)
const say = line => process.stdout.write(`${line}\n`)

/** @returns {Promise<number>} its exit code; 1 when a signal ended it or it could not be started */
function run(program, args) {
  return new Promise(resolve => {
    const child = spawn(program, args, { cwd: root, env: { ...process.env, PATH: path }, stdio: 'inherit' })
    child.on('error', error => {
      say(`${program} could not be started: ${error.message}`)
      resolve(1)
    })
    child.on('close', code => resolve(code ?? 1))
  })
}

/** A lane that passes or fails as a whole. Its commands run beside each other. */
const commands =
  (...list) =>
  async () => {
    const codes = await Promise.all(list.map(([program, ...args]) => run(program, args)))
    const failed = codes.every(code => code === 0) ? 0 : 1
    return { passed: 1 - failed, failed, skipped: 0 }
  }
const command = (...words) => commands(words)

/** A lane of tests, each of which counts. */
const vitest =
  (...projects) =>
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'holdfast-test-'))
    try {
      const reportPath = join(folder, 'report.json')
      const reporters = ['default', 'json', './scripts/skippedReporter.mjs'].map(name => `--reporter=${name}`)
      const asked = projects.flatMap(project => ['--project', project])
      const args = ['run', ...asked, '--passWithNoTests', ...reporters, `--outputFile.json=${reportPath}`]
      const exitCode = await run('vitest', args)
      return summaryOf(readReport(reportPath), exitCode, root)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  }

function readReport(reportPath) {
  try {
    return JSON.parse(readFileSync(reportPath, 'utf8'))
  } catch {
    return undefined
  }
}

const lanes = [
  { name: 'lint', title: 'lint and format', run: command('biome', 'check', '--error-on-warnings') },
  { name: 'types', title: 'types', run: commands(['tsc', '-p', '.'], ['tsc', '-p', 'renderer']) },
  { name: 'layers', title: 'layers', run: command('depcruise', '--config', '.dependency-cruiser.cjs', '.') },
  { name: 'unit', title: 'unit and property tests, conformance suites', run: vitest('unit') },
  {
    name: 'integration',
    title: 'integration: whole programs, real devices, old repositories',
    run: vitest('integration', 'integration-alone'),
  },
  {
    name: 'privileges',
    title: 'privileges: the packaged service with systemd, D-Bus and polkit',
    run: vitest('privileges'),
  },
  { name: 'vm', title: "vm: what needs a kernel's own device-mapper, LVM and NBD", run: vitest('vm') },
  { name: 'desktop', title: 'desktop: the app around the screens, with a browser in it', run: vitest('desktop') },
  { name: 'e2e', title: 'end to end: screens in a browser, a real helper, real disks', run: vitest('e2e') },
  { name: 'packaging', title: 'packaging: packages are made, installed and tried', run: vitest('packaging') },
]

function isThere(program) {
  if (program.startsWith('/')) return globSync(program).length > 0
  return path.split(delimiter).some(folder => {
    try {
      accessSync(join(folder, program), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

/** Tools of tools.txt that are not there. */
function missingTools() {
  return readFileSync(join(root, 'scripts', 'tools.txt'), 'utf8')
    .split('\n')
    .filter(line => line.trim() !== '' && !line.startsWith('#'))
    .map(line => line.trim().split(/\s+/))
    .map(([program, debian, lane, ...purpose]) => ({ program, debian, lane, purpose: purpose.join(' ') }))
    .filter(tool => !isThere(tool.program))
}

const nameOf = tool => `${tool.program} is missing (Debian: ${tool.debian})`

/** Why a lane is not run, or undefined. */
function whySkipped(lane, asked, missing) {
  if (asked.length > 0 && !asked.includes(lane.name)) return 'not asked for'
  const tools = missing.filter(tool => tool.lane === lane.name)
  return tools.length > 0 ? tools.map(nameOf).join(', ') : undefined
}

async function runLane(lane, reason) {
  if (reason !== undefined) {
    say(`\n── ${lane.title}: skipped, ${reason}`)
    return { passed: 0, failed: 0, skipped: 1, line: `skipped: ${reason}` }
  }
  say(`\n── ${lane.title}`)
  const start = performance.now()
  const counts = await lane.run()
  const seconds = ((performance.now() - start) / 1000).toFixed(1)
  const { passed, failed, skipped } = counts
  if (passed + failed + skipped === 0) return { passed, failed, skipped: 1, line: 'skipped: it has no tests' }
  const line = `${failed > 0 ? 'FAILED' : 'passed'} in ${seconds} s (${passed} passed, ${failed} failed, ${skipped} skipped)`
  return { ...counts, line }
}

/** Once more at the end, where the tail of a log shows them. */
function sayFailures(results) {
  const failed = results.filter(({ failures = [] }) => failures.length > 0)
  if (failed.length > 0) say('\nFailed tests:')
  for (const { name: lane, failures } of failed) {
    for (const { name, error } of failures)
      for (const line of [`  ${lane}: ${name}`, ...error.map(line => `      ${line}`)]) say(line)
  }
}

async function main() {
  const asked = process.argv.slice(2)
  const unknown = asked.filter(name => !lanes.some(lane => lane.name === name))
  if (unknown.length > 0) {
    say(`There is no lane ${unknown.join(', ')}; there are ${lanes.map(lane => lane.name).join(', ')}.`)
    return 64
  }
  if (isCi && missingTools().length > 0) spawnSync(join(root, 'scripts', 'install-tools.sh'), { stdio: 'inherit' })
  const missing = missingTools()

  const results = []
  for (const lane of lanes)
    results.push({ name: lane.name, ...(await runLane(lane, whySkipped(lane, asked, missing))) })

  say('')
  for (const { name, line } of results) say(`${name.padEnd(12)} ${line}`)
  sayFailures(results)
  for (const tool of missing) say(`${isCi ? 'FAILED' : 'note'}: ${nameOf(tool)}; it is for ${tool.purpose}`)
  const sum = key => results.reduce((total, result) => total + result[key], 0)
  const failed = sum('failed') + (isCi ? missing.length : 0)
  say(`\n${sum('passed')} passed, ${failed} failed, ${sum('skipped')} skipped`)
  return failed > 0 ? 1 : 0
}

process.exitCode = await main()
