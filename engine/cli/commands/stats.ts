import type { Command } from 'commander'
import { formatBytes } from '../../base/bytes.ts'
import type { StatsResult } from '../../contract/models.ts'
import type { Cli } from '../cli.ts'
import { helpNotes } from '../help.ts'
import { facts, printable } from '../textLayout.ts'
import { counted, localMinute } from '../words.ts'

export function define(command: Command, cli: Cli): void {
  command
    .description('Show what the repository holds, and what it saves.')
    .addHelpText('after', helpNotes([['stats', 'Numbers of the repository in HOLDFAST_REPO.']]))
    .action(() => run(cli))
}

async function run(cli: Cli): Promise<void> {
  const stats = await cli.withSession(session => session.stats())
  cli.output.result(stats, () => text(stats))
}

function text(stats: StatsResult): string {
  const { virtualBytes, uniqueBytes, storedBytes, freeBytes } = stats
  const saved =
    storedBytes > 0 && virtualBytes > storedBytes
      ? `, ${ratio(virtualBytes / storedBytes)} times less than the size of all`
      : ''
  return facts(
    [
      ['Repository', stats.repositoryId],
      ['Place', stats.url],
      ['Made', localMinute(stats.createdAt)],
      ['Block size', formatBytes(stats.blockSizeBytes)],
      ['Versions', stats.versions.toLocaleString('en-US')],
      ['Size of all', formatBytes(virtualBytes)],
      ['Different data', `${formatBytes(uniqueBytes)} in ${stats.blocks.toLocaleString('en-US')} blocks`],
      ['Stored', `${formatBytes(storedBytes)} in ${stats.packs.toLocaleString('en-US')} packs${saved}`],
      ['Free', freeBytes === null ? undefined : formatBytes(freeBytes)],
      ...lockFacts(stats.lock),
    ],
    '',
  )
}

/** The promise first, then each version: the server was asked, so that it is no promise of ours. */
function lockFacts(lock: StatsResult['lock']): (readonly [string, string])[] {
  if (lock === undefined) return []
  const { mode, days, lockedUntil, versions } = lock
  const all =
    lockedUntil === null ? 'not everything is locked' : `everything is locked until ${localMinute(lockedUntil)}`
  const each = versions.map(
    ({ name, date, lockedUntil: until }) =>
      `${printable(name)} of ${localMinute(date)}: ${until === null ? 'not locked' : `until ${localMinute(until)}`}`,
  )
  const lines = [`${all} (${mode}, ${counted(days, 'day')})`, ...each]
  return lines.map((line, n) => [n === 0 ? 'Locked' : '', line] as const)
}

const ratio = (value: number): string => (value < 10 ? value.toFixed(1) : Math.round(value).toLocaleString('en-US'))
