import type { Command } from 'commander'
import { formatBytes, formatDuration } from '../../base/bytes.ts'
import type { PruneResult } from '../../contract/models.ts'
import type { Cli } from '../cli.ts'
import { helpNotes } from '../help.ts'
import { printable } from '../textLayout.ts'
import { counted, listed, localMinute } from '../words.ts'

const notes = `
What a backup that is running may still need is only marked, and goes with the
next prune. Backups may run at the same time.`

export function define(command: Command, cli: Cli): void {
  command
    .description('Free the space of versions that were removed.')
    .option('--dry-run', 'say what could be freed, and change nothing')
    .addHelpText(
      'after',
      helpNotes(
        [
          ['prune', 'Free space.'],
          ['prune --dry-run', 'See how much.'],
        ],
        notes,
      ),
    )
    .action((options: { dryRun?: boolean }) => run(cli, options.dryRun ?? false))
}

async function run(cli: Cli, dryRun: boolean): Promise<void> {
  const result = await cli.withSession(session => session.prune({ ...cli.callOptions(), dryRun }))
  if (dryRun) cli.output.result(result, () => text(result))
  else cli.output.done(result, () => text(result))
}

function text(result: PruneResult): string {
  const packs = counted(result.deletedPacks, 'pack')
  const lines = [
    result.dryRun
      ? `${formatBytes(result.freedBytes)} in ${packs} could be freed.`
      : `Freed ${formatBytes(result.freedBytes)} in ${packs} (${formatDuration(result.durationMs)}).`,
  ]
  if (result.rewrittenPacks > 0) {
    const done = result.dryRun ? 'would be' : 'was'
    lines.push(`What is still needed of ${counted(result.rewrittenPacks, 'pack')} ${done} moved to new ones.`)
  }
  if (result.waitingPacks > 0) {
    const why = result.waitingFor.length === 0 ? '' : `, because of ${printable(listed(result.waitingFor))}`
    lines.push(`${counted(result.waitingPacks, 'more pack')} will go with the next prune${why}.`)
  }
  if (result.locked) {
    const { objects, sizeBytes, until } = result.locked
    lines.push(
      `${formatBytes(sizeBytes)} in ${counted(objects, 'object')} that were removed are still locked, the last until ${localMinute(until)}; a prune after that frees them.`,
    )
  }
  return `${lines.join('\n')}\n`
}
