import { formatBytes } from '../../../base/bytes.ts'
import type { JobPreview, PreviewedDestination, PreviewedSource, StoredSource } from '../../../contract/jobPreview.ts'
import type { Cli } from '../../cli.ts'
import { exitCodes } from '../../exitCodes.ts'
import { withHelper } from '../../helperClient.ts'
import { printable } from '../../textLayout.ts'
import { counted, localMinute } from '../../words.ts'

/** Says what a run would do now. The exit code says whether something is in its way. */
export async function preview(cli: Cli, name: string): Promise<void> {
  const { signal } = cli.callOptions()
  const found = await withHelper(cli, client => client.call('jobs.preview', { job: name }, { signal }))
  if (hasTrouble(found)) cli.exitCode = exitCodes.inputOutput
  cli.output.result(found, () => previewText(found))
}

/** Whether a part of the run would fail or wait. Pure. */
export const hasTrouble = ({ sources, hooks, destinations }: JobPreview): boolean =>
  sources.some(({ error }) => error !== null) ||
  hooks.some(({ problem }) => problem !== null) ||
  destinations.some(one => one.error !== null || one.sources.some(({ error }) => error !== null))

/** A preview in plain words. Pure, except that dates are in local time. */
export function previewText({ jobName, sources, hooks, destinations }: JobPreview): string {
  const lines = [
    `A run of ${printable(jobName)} would do this now; nothing was changed.`,
    ...sources.map(sourceLine),
    ...hooks.map(({ moment, hook, problem }) => {
      const what = `  Hook    ${hook} (${moment})`
      return problem === null ? what : `${what} cannot be run: ${printable(problem)}.`
    }),
    ...destinations.flatMap(destinationLines),
  ]
  return `${lines.join('\n')}\n`
}

const methods: Record<NonNullable<PreviewedSource['method']>, string> = {
  full: 'all of it would be read',
  allocation: 'what may hold data would be read',
  hints: 'what changed would be read',
  'lvm-thin': 'what changed would be read',
  'lvm-classic': 'what changed would be read',
}

function sourceLine({ source, path, sizeBytes, method, error }: PreviewedSource): string {
  const what = `  Source  ${printable(path)} as ${source}`
  if (error !== null || sizeBytes === null || method === null) return `${what} cannot be read: ${errorText(error)}`
  return `${what}: ${formatBytes(sizeBytes)}, ${methods[method]}.`
}

function destinationLines(destination: PreviewedDestination): string[] {
  const { destinationName, text, wouldMount, error, sources, prune, scrubPercent } = destination
  const head = `  To      ${printable(destinationName)}`
  if (error !== null) return [`${head} nothing could be stored: ${errorText(error)}`]
  if (wouldMount) return [`${head}: ${printable(text)} It would be mounted; what is on it shows only then.`]
  const due = [
    ...(prune ? ['space would be made'] : []),
    ...(scrubPercent === null ? [] : [`${shareText(scrubPercent)} of what is stored would be checked`]),
  ]
  return [
    `${head}: ${printable(text)}`,
    ...sources.flatMap(storedLines),
    ...(due.length === 0 ? [] : [`    Afterwards ${due.join(', and ')}.`]),
  ]
}

function storedLines({ source, newest, removes, error }: StoredSource): string[] {
  const last = newest === null ? 'no version yet' : `newest version ${newest.id} of ${localMinute(newest.date)}`
  const state = newest === null || newest.status === 'complete' ? '' : ` (${newest.status})`
  if (error !== null) return [`    ${source}: ${errorText(error)}`]
  const old = removes.length === 0 ? '' : `; ${counted(removes.length, 'old version')} would be removed`
  return [
    `    ${source}: ${last}${state}${old}.`,
    ...removes.map(({ version, date, reason }) => `      ${version} of ${localMinute(date)}, ${reason.text}`),
  ]
}

const shareText = (percent: number): string => `${percent < 10 ? percent.toFixed(1) : Math.round(percent)} %`

const errorText = (error: PreviewedSource['error']): string =>
  error === null
    ? 'it is not known why.'
    : printable([error.message, ...(error.advice ? [error.advice] : [])].join(' '))
