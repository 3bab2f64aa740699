import type { Command } from 'commander'
import type { Cli } from '../cli.ts'
import { helpNotes, versionNote } from '../help.ts'
import { parseCount } from '../values.ts'
import { counted } from '../words.ts'

interface Options {
  minAge?: string
  dryRun?: boolean
}

export function define(command: Command, cli: Cli): void {
  command
    .description('Remove versions. Nothing is removed when one of them is protected or too young.')
    .argument('<version...>', 'the versions')
    .option('--min-age <days>', 'refuse when one of them is younger')
    .option('--dry-run', 'say what would be removed, and remove nothing')
    .addHelpText(
      'after',
      helpNotes(
        [
          ['rm 4f2a 9c01', 'Remove two versions.'],
          ['rm root:latest --dry-run', 'See whether the newest version named root may be removed.'],
        ],
        `${versionNote.trim()}\nTheir space is freed by the next "holdfast prune".`,
      ),
    )
    .action((versions: string[], options: Options) => run(cli, versions, options))
}

async function run(cli: Cli, specs: string[], options: Options): Promise<void> {
  const minimum = options.minAge === undefined ? {} : { minimumAgeDays: parseCount(options.minAge, '--min-age') }
  const result = await cli.withSession(session =>
    session.remove(specs, { ...minimum, dryRun: options.dryRun ?? false }),
  )
  const text = () => {
    const list = result.removed.map(id => `  ${id}\n`).join('')
    const count = counted(result.removed.length, 'version')
    return result.dryRun
      ? `Would remove ${count}:\n${list}`
      : `Removed ${count}:\n${list}Free their space with: holdfast prune\n`
  }
  // A dry run is a question, and its answer is no confirmation.
  if (result.dryRun) cli.output.result(result, text)
  else cli.output.done(result, text)
}
