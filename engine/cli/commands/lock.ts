import type { Command } from 'commander'
import type { ExtendedLocks } from '../../contract/models.ts'
import type { Cli } from '../cli.ts'
import { helpNotes } from '../help.ts'
import { counted, localMinute } from '../words.ts'

const notes = `
Every backup does this, too; it is for computers that have not backed up for a
while. "holdfast stats" shows until when each version is locked.`

export function define(command: Command, cli: Cli): void {
  const help = helpNotes([['lock extend', 'Extend the locks of what versions need.']], notes)
  command
    .description('Locks against removal, in a bucket with object lock (lock=DAYS in its URL).')
    .addHelpText('after', help)
  command
    .command('extend')
    .description('Extend the locks of all that versions need, where less than two thirds of their days are left.')
    .addHelpText('after', help)
    .action(async () => {
      const result = await cli.withSession(session => session.extendLocks(cli.callOptions()))
      cli.output.done(result, () => text(result))
    })
}

const text = ({ objects, extended, days, mode, lockedUntil }: ExtendedLocks): string =>
  `Extended ${extended} of ${counted(objects, 'lock')} to ${counted(days, 'day')} from now (${mode}).
Everything that versions need is locked until ${localMinute(lockedUntil)}.\n`
