import { readFile, writeFile } from 'node:fs/promises'
import { formatBytes, formatDuration, parseDuration } from '../../../base/bytes.ts'
import { systemClock } from '../../../base/clock.ts'
import { HoldfastError } from '../../../contract/errors.ts'
import type { HelperContract, JobView } from '../../../contract/helperContract.ts'
import type { Run } from '../../../contract/jobs.ts'
import type { CallInput, RpcClient } from '../../../contract/rpcContract.ts'
import { formatQuietHours, formatSchedule } from '../../../contract/scheduleText.ts'
import { folderOf } from '../../../storage/locations.ts'
import type { Cli } from '../../cli.ts'
import { exitCodes } from '../../exitCodes.ts'
import { withHelper } from '../../helperClient.ts'
import { printable, table } from '../../textLayout.ts'
import { localMinute } from '../../words.ts'
import { type SettingsOptions, settingsFrom } from './settings.ts'

type Client = RpcClient<HelperContract>

export async function add(cli: Cli, options: SettingsOptions): Promise<void> {
  if (!options.source || !options.to) {
    throw new HoldfastError('usage.invalid', 'A job needs at least one --source and one --to.', {
      advice: 'For example: holdfast job add --name Home --source /dev/vg0/home --to drive --schedule "daily at 20:00"',
    })
  }
  await withHelper(cli, async client => {
    const settings = { schedule: null, ...(await settingsFrom(client, options)) }
    const input = settings as CallInput<HelperContract, 'jobs.create'>['settings']
    const { job } = await client.call('jobs.create', { settings: input })
    cli.output.done({ job }, () => `Made the job ${printable(job.name)} (${job.id}).\n`)
  })
}

export async function edit(cli: Cli, name: string, options: SettingsOptions): Promise<void> {
  await withHelper(cli, async client => {
    const changes = await settingsFrom(client, options)
    if (changes.conditions) {
      const { job } = await viewOf(client, name)
      changes.conditions = { ...job.conditions, ...changes.conditions }
    }
    const { job } = await client.call('jobs.edit', { job: name, changes })
    cli.output.done({ job }, () => `Changed the job ${printable(job.name)}.\n`)
  })
}

export async function list(cli: Cli): Promise<void> {
  const { jobs } = await withHelper(cli, client => client.call('jobs.list', {}))
  cli.output.result({ jobs }, () => {
    if (jobs.length === 0) return 'There are no jobs. Make one with "holdfast job add".\n'
    const rows = jobs.flatMap(({ job, standings }) =>
      standings.map(one => [
        printable(job.name),
        printable(one.destinationName),
        one.lastSuccessAt === null ? 'never' : localMinute(one.lastSuccessAt),
        one.overdueSince === null ? one.text : `OVERDUE. ${one.text}`,
      ]),
    )
    const columns = [
      { title: 'JOB' },
      { title: 'TO' },
      { title: 'LAST GOOD' },
      { title: 'NOW', shrink: 'cut' },
    ] as const
    return table(columns, rows, cli.output.width)
  })
}

export async function show(cli: Cli, name: string): Promise<void> {
  await withHelper(cli, async client => {
    const view = await viewOf(client, name)
    const { runs } = await client.call('runs.list', { job: view.job.id, limit: 10 })
    cli.output.result({ ...view, runs }, () => describe(view, runs))
  })
}

export async function remove(cli: Cli, name: string): Promise<void> {
  await withHelper(cli, client => client.call('jobs.remove', { job: name }))
  cli.output.done({ removed: name }, () => `Removed the job ${printable(name)}. What it has stored stays.\n`)
}

export async function pause(cli: Cli, name: string, duration: string | undefined): Promise<void> {
  const until = duration === undefined ? 'forever' : new Date(systemClock.now() + parseDuration(duration)).toISOString()
  const { job } = await withHelper(cli, client => client.call('jobs.pause', { job: name, until }))
  const when = until === 'forever' ? 'until it is resumed' : `until ${localMinute(until)}`
  cli.output.done({ job }, () => `${printable(job.name)} rests ${when}.\n`)
}

export async function resume(cli: Cli, name: string): Promise<void> {
  const { job } = await withHelper(cli, client => client.call('jobs.resume', { job: name }))
  cli.output.done({ job }, () => `${printable(job.name)} goes on.\n`)
}

/** Runs a job and waits: the exit code says how it went. Ctrl-C cancels the run. */
export async function run(cli: Cli, name: string): Promise<void> {
  const { signal, onProgress } = cli.callOptions()
  await withHelper(cli, async client => {
    const { job } = await viewOf(client, name)
    const before = new Set((await client.call('runs.list', { job: job.id })).runs.map(one => one.id))
    const progress = client.subscribe('progress', {
      state: () => undefined,
      change: ({ run: _, source: __, ...rest }) => onProgress(rest as Parameters<typeof onProgress>[0]),
      ended: () => undefined,
    })
    await client.call('jobs.run', { job: job.id })
    const ended = await untilEnded(cli, client, job.destinations.length, job.id, before, signal)
    progress.close()
    const bad = ended.filter(one => one.state !== 'complete')
    if (bad.length > 0) cli.exitCode = exitCodes.inputOutput
    cli.output.result({ runs: ended }, () => ended.map(runText).join(''))
  })
}

async function untilEnded(
  cli: Cli,
  client: Client,
  count: number,
  job: string,
  before: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<Run[]> {
  let hasTold = false
  let hasCancelled = false
  for (;;) {
    const runs = (await client.call('runs.list', { job })).runs.filter(one => !before.has(one.id))
    const ended = runs.filter(one => one.state !== 'running')
    if (ended.length >= count) return ended
    if (signal.aborted && !hasCancelled) {
      hasCancelled = true
      for (const one of runs.filter(one => one.state === 'running')) await client.call('runs.cancel', { run: one.id })
      if (runs.length === 0) throw new HoldfastError('run.cancelled', 'The run had not begun; it stays asked for.')
    }
    if (!hasTold && runs.length === 0) {
      const { standings } = await viewOf(client, job)
      const waiting = standings.find(one => one.state !== 'running' && one.state !== 'due')
      if (waiting) cli.output.tell(`${waiting.text}\n`)
      hasTold = waiting !== undefined
    }
    await systemClock.sleep(300)
  }
}

export async function lock(cli: Cli): Promise<void> {
  await withHelper(cli, client => client.call('secrets.lock', {}))
  cli.output.done({ locked: true }, () => 'No job can store anything until "holdfast job unlock".\n')
}

export async function unlock(cli: Cli): Promise<void> {
  await withHelper(cli, client => client.call('secrets.unlock', {}))
  cli.output.done({ locked: false }, () => 'Jobs can use their passphrases again.\n')
}

export async function exportJobs(cli: Cli, jobs: readonly string[], file: string | undefined): Promise<void> {
  const chosen = jobs.length === 0 ? {} : { jobs: [...jobs] }
  const { text } = await withHelper(cli, client => client.call('jobs.export', chosen))
  if (file === undefined) return cli.output.result(JSON.parse(text), () => text)
  await writeFile(file, text, { flag: 'wx', mode: 0o600 }).catch(error => {
    throw new HoldfastError('target.exists', `${file} cannot be written: ${error.code ?? error.message}.`, {
      advice: 'Choose a file that is not there yet.',
      details: { path: file },
      cause: error,
    })
  })
  cli.output.done({ file }, () => `Wrote ${printable(file)}.\n`)
}

export async function importJobs(
  cli: Cli,
  file: string,
  options: { replace?: boolean; dryRun?: boolean },
): Promise<void> {
  const text = await readFile(file, 'utf8').catch(error => {
    throw new HoldfastError('config.notFound', `${file} cannot be read: ${error.code ?? error.message}.`, {
      advice: 'Choose a file that "holdfast job export" wrote.',
      details: { path: file },
      cause: error,
    })
  })
  const result = await withHelper(cli, client => client.call('jobs.import', { text, ...options }))
  cli.output.done(result, () => {
    const line = (names: readonly string[], what: string) =>
      names.length === 0 ? '' : `${what}: ${names.map(printable).join(', ')}.\n`
    return (
      line(result.added, options.dryRun ? 'Would add' : 'Added') +
      line(result.replaced, options.dryRun ? 'Would replace' : 'Replaced') +
      line(result.kept, 'Left as they are') +
      line(result.destinationsAdded, 'Destinations whose passphrase is to be given')
    )
  })
}

export async function destinations(cli: Cli): Promise<void> {
  const result = await withHelper(cli, client => client.call('destinations.list', {}))
  cli.output.result(result, () => {
    if (result.destinations.length === 0) return 'There are no destinations. Add one with "holdfast job destination".\n'
    const rows = result.destinations.map(({ destination, state, protection }) => [
      printable(destination.name),
      state.state,
      protection === null ? 'missing' : 'kept',
      printable(destination.url),
    ])
    const columns = [
      { title: 'DESTINATION' },
      { title: 'STATE' },
      { title: 'PASSPHRASE' },
      { title: 'PLACE', shrink: 'cut' },
    ] as const
    return table(columns, rows, cli.output.width)
  })
}

export async function addDestination(
  cli: Cli,
  options: { name: string; mount?: boolean; eject?: boolean },
): Promise<void> {
  const passphrase = await cli.passphraseText()
  const url = cli.absoluteRepository
  const wishes = { name: options.name, mayMount: options.mount ?? false, ejectAfterBackup: options.eject ?? false }
  const { destination } = await withHelper(cli, async client => {
    if (folderOf(url) !== undefined) return await client.call('destinations.add', { ...wishes, url, passphrase })
    const credentials = await cli.credentials()
    const secret = { kind: 'passphrase' as const, text: passphrase }
    return await cli.withHostKey(access => {
      const place = { kind: 'elsewhere' as const, url, ...credentials, ...access }
      return client.call('destinations.open', { ...wishes, place, secret })
    })
  })
  cli.output.done({ destination }, () => `Jobs can store to ${printable(destination.name)} now.\n`)
}

async function viewOf(client: Client, name: string): Promise<JobView> {
  const { jobs } = await client.call('jobs.list', {})
  const found = jobs.filter(({ job }) => job.name === name || job.id === name)
  const near = found.length > 0 ? found : jobs.filter(({ job }) => name.length >= 4 && job.id.startsWith(name))
  if (near.length === 1) return near[0]!
  throw new HoldfastError('config.notFound', `There is no job “${name}”.`, {
    advice:
      jobs.length === 0
        ? 'There are no jobs yet.'
        : `Choose one of ${jobs.map(one => `“${one.job.name}”`).join(', ')}.`,
    details: { name },
  })
}

function describe({ job, standings }: JobView, runs: readonly Run[]): string {
  const lines = [
    `${printable(job.name)} (${job.id})`,
    ...job.sources.map(source => `  Source    ${printable(source.path)} as ${source.name}`),
    ...standings.map(one => `  To        ${printable(one.destinationName)}: ${one.text}`),
    `  Schedule  ${job.schedule === null ? 'only when it is told to' : formatSchedule(job.schedule)}`,
    `  Keeps     ${job.retention ?? 'all versions'}`,
    ...(job.conditions.quietHours.length === 0
      ? []
      : [`  Quiet     ${job.conditions.quietHours.map(formatQuietHours).join(', ')}`]),
    ...(job.priority === 'normal' ? [] : [`  Priority  ${job.priority}`]),
  ]
  return `${lines.join('\n')}\n${runs.length === 0 ? '' : `\n${runs.map(runText).join('')}`}`
}

function runText(run: Run): string {
  const stored = run.parts.reduce((sum, part) => sum + part.storedBytes, 0)
  const ms = run.finishedAt === null ? undefined : Date.parse(run.finishedAt) - Date.parse(run.startedAt)
  const took = ms === undefined ? '' : ` in ${formatDuration(ms)}`
  const head = `${localMinute(run.startedAt)}  ${run.state} to ${printable(run.destinationName)}${took}, stored ${formatBytes(stored)}\n`
  const why = run.error === null ? '' : `    ${run.error.message}${run.error.advice ? ` ${run.error.advice}` : ''}\n`
  return head + why + run.warnings.map(text => `    ${printable(text)}\n`).join('')
}
