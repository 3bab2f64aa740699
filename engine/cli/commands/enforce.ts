import type { Command } from 'commander'
import type { EnforceResult } from '../../contract/models.ts'
import type { Cli } from '../cli.ts'
import { helpNotes } from '../help.ts'
import { table } from '../textLayout.ts'
import { counted, idDigits, localMinute } from '../words.ts'
import { filterNotes } from './versions.ts'

const notes = `
A policy is a list of how much to keep: latest, hours, days, weeks, months and
years, each with a count. Of every name, as many of the newest versions are kept
as "latest" says, and for each of the past hours, days and so on one version.
Protected and incomplete versions are never removed.
${filterNotes.trimEnd()}`

export function define(command: Command, cli: Cli): void {
  command
    .description('Remove the versions that a retention policy does not keep, and show the reason for each.')
    .argument('<policy>', 'such as latest3,hours24,days30,weeks8,months12,years3')
    .argument('[filter]', 'only versions that it lets through; others are left alone')
    .option('--dry-run', 'show what would be removed, and remove nothing')
    .addHelpText(
      'after',
      helpNotes(
        [
          ['enforce latest3,days30,months12 --dry-run', 'See what would be kept, and why.'],
          [`enforce latest3,days30 'name == "root"'`, 'Remove old versions named root.'],
        ],
        notes,
      ),
    )
    .action((policy: string, filter: string | undefined, options: { dryRun?: boolean }) =>
      run(cli, policy, filter, options.dryRun ?? false),
    )
}

async function run(cli: Cli, policy: string, filter: string | undefined, dryRun: boolean): Promise<void> {
  const result = await cli.withSession(session =>
    session.enforce(policy, { dryRun, ...(filter === undefined ? {} : { filter }) }),
  )
  const text = () => decisionText(result, cli.output.width)
  if (dryRun) cli.output.result(result, text)
  else cli.output.done(result, text)
}

function decisionText({ decisions, removed, dryRun }: EnforceResult, width: number | undefined): string {
  if (decisions.length === 0) return 'There are no versions to decide about.\n'
  const digits = idDigits(decisions.map(({ version }) => version))
  const rows = decisions.map(({ version, name, date, reason }) => [
    version.slice(0, digits),
    name,
    localMinute(date),
    reason.text,
  ])
  const columns = [
    { title: 'VERSION' },
    { title: 'NAME', shrink: 'cut' },
    { title: 'DATE' },
    { title: 'DECISION', shrink: 'wrap' },
  ] as const
  const kept = counted(decisions.length - removed.length, 'version')
  const count = counted(removed.length, 'version')
  const summary = dryRun
    ? `Would remove ${count} and keep ${kept}.`
    : removed.length === 0
      ? `Removed nothing; kept ${kept}.`
      : `Removed ${count}; kept ${kept}. Free their space with: holdfast prune`
  return `${table(columns, rows, width)}${summary}\n`
}
