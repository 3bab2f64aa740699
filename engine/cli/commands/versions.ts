import type { Command } from 'commander'
import { formatBytes } from '../../base/bytes.ts'
import type { Version } from '../../contract/models.ts'
import type { Cli } from '../cli.ts'
import { helpNotes } from '../help.ts'
import { table } from '../textLayout.ts'
import { counted, idDigits, labelWords, localMinute } from '../words.ts'

/** The fields are those of versions/filterFields.ts, which a test holds this text against. */
export const filterNotes = `
A filter is a name, or conditions on the fields
  id name date size blockSize status protected read new stored holes duration
  method consistency source host base labels["key"]
with == != < <= > >= like, and, or, not and parentheses. Text and dates stand in
quotes ("2026-01-31", "2 days ago", "yesterday"); sizes and durations have units
(10GiB, 5min). "like" takes % for any text and _ for any one character.`

export function define(command: Command, cli: Cli): void {
  command
    .description('List the versions in a repository, by name and then by date.')
    .argument('[filter]', 'only those that it lets through')
    .addHelpText(
      'after',
      helpNotes(
        [
          ['versions', 'All versions.'],
          ['versions root', 'Those named root.'],
          [`versions 'name like "vm%" and date < "1 week ago"'`, 'Older ones of all names that begin with vm.'],
          [`versions 'status != "complete" or protected'`, 'Those with something to know about them.'],
        ],
        filterNotes,
      ),
    )
    .action((filter: string | undefined) => run(cli, filter))
}

async function run(cli: Cli, filter: string | undefined): Promise<void> {
  const versions = await cli.withSession(session => session.versions(filter))
  cli.output.result({ versions }, () => {
    if (versions.length > 0) return versionTable(versions, cli.output.width)
    return filter === undefined ? 'There are no versions yet.\n' : 'No version fits the filter.\n'
  })
}

/** Also for the other verbs that show versions. */
export function versionTable(versions: readonly Version[], width: number | undefined): string {
  const digits = idDigits(versions.map(({ id }) => id))
  const rows = versions.map(version => [
    version.id.slice(0, digits),
    version.name,
    localMinute(version.date),
    formatBytes(version.sizeBytes),
    formatBytes(version.storedBytes),
    version.status,
    [version.protected ? 'protected' : '', labelWords(version.labels)].filter(note => note !== '').join(', '),
  ])
  const list = table(
    [
      { title: 'VERSION' },
      { title: 'NAME', shrink: 'cut' },
      { title: 'DATE' },
      { title: 'SIZE', align: 'right' },
      { title: 'STORED', align: 'right' },
      { title: 'STATUS' },
      { title: 'NOTES', shrink: 'cut' },
    ],
    rows,
    width,
  )
  return `${list}${counted(versions.length, 'version')}\n`
}
