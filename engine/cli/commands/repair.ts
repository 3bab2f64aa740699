import type { Command } from 'commander'
import { formatDuration } from '../../base/bytes.ts'
import type { RepairResult } from '../../contract/models.ts'
import type { Cli } from '../cli.ts'
import { exitCodes } from '../exitCodes.ts'
import { helpNotes } from '../help.ts'
import { printable } from '../textLayout.ts'
import { counted } from '../words.ts'

const notes = `
Repair never removes anything that a version needs. It makes a lost or damaged
index again from what is stored, and restores small objects from their copies.
Exit code 65 when something remains lost.`

export function define(command: Command, cli: Cli): void {
  command
    .description('Make a damaged repository usable again, and list what is lost.')
    .option('--dry-run', 'say what would be done, and change nothing')
    .addHelpText(
      'after',
      helpNotes(
        [
          ['repair --dry-run', 'See what is wrong.'],
          ['repair', 'Put it right, as far as that is possible.'],
        ],
        notes,
      ),
    )
    .action((options: { dryRun?: boolean }) => run(cli, options.dryRun ?? false))
}

async function run(cli: Cli, dryRun: boolean): Promise<void> {
  const result = await cli.withSession(session => session.repair({ ...cli.callOptions(), dryRun }))
  // Losses are shown even with --quiet.
  if (dryRun || result.lost.length > 0) cli.output.result(result, () => text(result))
  else cli.output.done(result, () => text(result))
  if (result.lost.length > 0) cli.exitCode = exitCodes.damagedData
}

function text({ dryRun, healedObjects, reindexedPacks, replacedSegments, lost, durationMs }: RepairResult): string {
  const lines: string[] = []
  if (replacedSegments > 0) {
    const count = counted(replacedSegments, 'unreadable part')
    lines.push(`${dryRun ? 'Would replace' : 'Replaced'} ${count} of the index.`)
  }
  if (reindexedPacks > 0) {
    lines.push(`${dryRun ? 'Would index' : 'Indexed'} ${counted(reindexedPacks, 'pack')} again.`)
  }
  if (healedObjects.length > 0) {
    const count = counted(healedObjects.length, 'object')
    lines.push(`${dryRun ? 'Would restore' : 'Restored'} ${count} from their copies:`)
    lines.push(...healedObjects.map(name => `  ${printable(name)}`))
  }
  if (lost.length > 0) {
    lines.push('What remains lost:', ...lost.map(words => `  ${printable(words)}`))
    lines.push('Back up the sources again: what they still have is stored anew.')
  }
  return lines.length > 0 ? `${lines.join('\n')}\n` : `Nothing needs repair (${formatDuration(durationMs)}).\n`
}
