import type { Command } from 'commander'
import type { Cli } from '../cli.ts'
import { helpNotes } from '../help.ts'
import { collect } from '../values.ts'
import type { NoticeOptions } from './notices/settings.ts'

const notes = `
The helper tells once of each failure, of backups that are overdue, of damage,
and when all is well again: on the screen, and here by e-mail and webhook.

What is not given stays as it is. Passwords are read from a file, from standard
input ("-"), or asked for; they are kept by the helper and never shown.`

export function define(command: Command, cli: Cli): void {
  command.description('Say where messages about failures go, and see whether they arrive.').addHelpText(
    'after',
    helpNotes(
      [
        [
          'notices set --host mail.example.org --user me --from me@example.org --to me@example.org',
          'Send e-mail; the password is asked for.',
        ],
        ['notices set --webhook https://chat.example.org/hook', 'Also post each message as JSON.'],
        ['notices test', 'Send a message and wait until it has arrived.'],
        ['notices set --no-email', 'Send no more e-mail.'],
      ],
      notes,
    ),
  )
  command
    .command('show')
    .description('Show where messages go, and whether they arrive.')
    .action(async () => (await verbs()).show(cli))
  command
    .command('set')
    .description('Change where messages go; what is not given stays.')
    .option('--host <name>', 'the computer that takes e-mail')
    .option('--port <number>', 'its port; 587, or 465 with tls, unless given')
    .option('--tls <how>', '"starttls", "tls" from the start, or "none"')
    .option('--user <name>', 'who logs in there; "" for nobody')
    .option('--password-file <file>', 'a file with the password, or "-"')
    .option('--from <address>', 'the sender')
    .option('--to <address>', 'a recipient; may be given several times', collect)
    .option('--certificates <file>', 'certificates (PEM) to trust instead of those of the system')
    .option('--no-email', 'send no e-mail')
    .option('--webhook <url>', 'where messages are posted as JSON')
    .option('--webhook-secret-file <file>', 'a file with the secret that signs them, or "-"')
    .option('--no-webhook', 'post nothing')
    .action(async (options: NoticeOptions) => (await verbs()).set(cli, options))
  command
    .command('test')
    .description('Send a message by each way, and wait until it has arrived.')
    .action(async () => (await verbs()).test(cli))
}

const verbs = () => import('./notices/verbs.ts')
