import { mkdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { writeMeasured } from './document.ts'
import { type ExtraResult, runExtra } from './extra.ts'
import { farReport, measureFar } from './far.ts'
import { busyDay, dayReport, measureDay } from './helperMemory.ts'
import { prepareImages } from './images.ts'
import { describeMachine, freeBytes } from './machine.ts'
import { figuresOf } from './medians.ts'
import { measureNbd, nbdReport } from './nbd.ts'
import { type BenchOptions, parseOptions, usage } from './options.ts'
import { changesText, costTable, figuresTable, table, targetsTable } from './report.ts'
import { runRounds } from './rounds.ts'
import { measureS3, s3Report } from './s3.ts'
import { judge } from './targets.ts'
import type { Tool } from './tool.ts'
import { borg, borgFixed } from './tools/borg.ts'
import { holdfast } from './tools/holdfast.ts'
import { restic } from './tools/restic.ts'

const allTools: Tool[] = [holdfast, restic, borg, borgFixed]
const documentPath = join(import.meta.dirname, '..', 'docs', 'benchmarks.md')

const say = (line: string): void => void process.stderr.write(`${line}\n`)

/** Tools that were asked for and are installed, with their versions. An unknown name is an error, a missing tool is not. */
async function findTools(names: string[]): Promise<{ tool: Tool; version: string }[]> {
  const found: { tool: Tool; version: string }[] = []
  for (const name of names) {
    const tool = allTools.find(candidate => candidate.name === name)
    if (!tool) throw new Error(`There is no tool ${name}; there are ${allTools.map(t => t.name).join(', ')}.`)
    const version = await tool.version()
    if (version === undefined) say(`${name} is not installed: left out`)
    else found.push({ tool, version })
  }
  if (found.length === 0) throw new Error('None of the tools is installed.')
  return found
}

function extraTable(results: readonly ExtraResult[]): string {
  const rows = results.map(result => [
    result.name,
    result.seconds.toFixed(2),
    (result.peakBytes / 1e6).toFixed(0),
    (result.growthBytes / 1024).toFixed(1),
  ])
  return table(['Holdfast alone', 'seconds', 'peak MB', 'stored KiB'], rows)
}

/** Runs the benchmark; returns the exit code: 0, or 1 when a tool failed. A missed target is a result, not a failure. */
async function bench(options: BenchOptions, signal: AbortSignal): Promise<number> {
  const workDir = join(resolve(options.work), 'holdfast-bench')
  const found = await findTools(options.tools)
  await mkdir(workDir, { recursive: true })
  const needed = options.sizeBytes * 6
  const free = await freeBytes(workDir)
  if (free < needed) {
    const gib = (bytes: number): string => (bytes / 2 ** 30).toFixed(1)
    throw new Error(`${workDir} has ${gib(free)} GiB free and ${gib(needed)} GiB are needed; choose another --work.`)
  }
  try {
    say(`making the images in ${workDir}`)
    const images = await prepareImages(join(workDir, 'images'), options.sizeBytes, signal)
    const results = await runRounds({
      workDir: join(workDir, 'run'),
      tools: found.map(({ tool }) => tool),
      images,
      profiles: options.profiles,
      rounds: options.rounds,
      signal,
      say,
    })
    const figures = figuresOf(results.samples)
    const targets = judge(figures, images.changes, options.profiles)
    const withExtra = options.extra && found.some(({ tool }) => tool === holdfast)
    const extra = withExtra ? await runExtra(join(workDir, 'extra'), signal) : []

    const machine = await describeMachine(workDir)
    const versions = found.map(({ tool, version }) => `- ${tool.name}: ${version}; ${tool.settings}`)
    const report = [
      `Measured on ${new Date().toISOString().slice(0, 10)}, ${options.rounds} round(s), image of ` +
        `${options.sizeBytes / 2 ** 20} MiB. ${machine}.`,
      versions.join('\n'),
      changesText(images.changes, options.profiles),
      figuresTable(figures, options.sizeBytes, options.profiles),
      costTable(figures),
      ...(targets.length > 0 ? [targetsTable(targets)] : []),
      ...(extra.length > 0 ? [extraTable(extra)] : []),
      ...results.failures.map(({ tool, message }) => `${tool} failed: ${message}`),
    ].join('\n\n')
    process.stdout.write(`${report}\n`)
    if (options.json) {
      const all = { machine, options, tools: versions, changes: images.changes, ...results, figures, targets, extra }
      await writeFile(options.json, `${JSON.stringify(all, null, 2)}\n`)
    }
    if (options.write && results.failures.length === 0) await writeMeasured(documentPath, report)
    return results.failures.length === 0 ? 0 : 1
  } finally {
    await rm(options.keep ? join(workDir, 'run') : workDir, { recursive: true, force: true })
  }
}

/** Whether a helper that runs for long keeps its memory; returns the exit code. */
async function benchHelperMemory(signal: AbortSignal): Promise<number> {
  say('living a day with 20 jobs and 3 repositories; this takes some minutes')
  const day = await measureDay({ schedules: busyDay, signal }, ({ hour, heapUsed, rss, runs }) =>
    say(`hour ${hour}: ${(heapUsed / 1e6).toFixed(1)} MB of heap, ${(rss / 1e6).toFixed(0)} MB resident, ${runs} runs`),
  )
  process.stdout.write(`${await describeMachine(tmpdir())}.\n\n${dayReport(day)}\n`)
  return 0
}

/** How long the app takes to open when there is much to show; returns the exit code. */
async function benchScreens(): Promise<number> {
  // Only this needs a browser and what builds the screens.
  const { measureScreens, screensReport } = await import('./screens.ts')
  const figures = await measureScreens(3, say)
  process.stdout.write(`${await describeMachine(tmpdir())}.\n\n${screensReport(figures)}\n`)
  return 0
}

/** How quickly versions are read over NBD; returns the exit code. */
async function benchNbd(signal: AbortSignal): Promise<number> {
  const result = await measureNbd(join(tmpdir(), 'holdfast-bench'), 3, signal, say)
  process.stdout.write(`${await describeMachine(tmpdir())}.\n\n${nbdReport(result)}\n`)
  return 0
}

/** How quickly a backup gets to an S3 server; returns the exit code. */
async function benchS3(signal: AbortSignal): Promise<number> {
  const figures = await measureS3(join(tmpdir(), 'holdfast-bench'), 3, signal, say)
  process.stdout.write(`${await describeMachine(tmpdir())}.\n\n${s3Report(figures)}\n`)
  return 0
}

/** How quickly a place that is far away answers; returns the exit code. */
async function benchFar(signal: AbortSignal): Promise<number> {
  const figures = await measureFar(join(tmpdir(), 'holdfast-bench'), 3, signal, say)
  process.stdout.write(`${await describeMachine(tmpdir())}.\n\n${farReport(figures)}\n`)
  return 0
}

const abort = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => abort.abort())

try {
  const options = parseOptions(process.argv.slice(2))
  if (options === 'help') process.stdout.write(`${usage}\n`)
  else if (options === 'helper-memory') process.exitCode = await benchHelperMemory(abort.signal)
  else if (options === 'nbd') process.exitCode = await benchNbd(abort.signal)
  else if (options === 's3') process.exitCode = await benchS3(abort.signal)
  else if (options === 'far') process.exitCode = await benchFar(abort.signal)
  else if (options === 'screens') process.exitCode = await benchScreens()
  else process.exitCode = await bench(options, abort.signal)
} catch (error) {
  say(abort.signal.aborted ? 'The benchmark was stopped.' : error instanceof Error ? error.message : String(error))
  process.exitCode = abort.signal.aborted ? 130 : 1
}
