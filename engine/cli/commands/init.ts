import type { Command } from 'commander'
import type { Cli } from '../cli.ts'
import { helpNotes } from '../help.ts'
import { phraseText } from '../phraseText.ts'
import { parseSize } from '../values.ts'

export function define(command: Command, cli: Cli): void {
  command
    .description(
      'Make a new, encrypted repository in an empty place, and show its recovery phrase, which can replace the passphrase.',
    )
    .option('--block-size <size>', 'power of two from 16k to 4M; smaller ones store less of small changes (32k)')
    .option('--force', 'begin anew where another repository was seen before and is gone; never overwrites one')
    .addHelpText(
      'after',
      helpNotes([
        ['init --repo /media/drive/backup', 'Make a repository on an external drive; asks for a passphrase twice.'],
        ['init --repo /srv/backup --passphrase-file /root/holdfast.pass', 'The same without questions.'],
        ['init --repo b2:my-bucket/laptop --credentials-file b2.keys', 'In a bucket of Backblaze B2.'],
        ['init --repo /srv/backup --key-file /root/holdfast.key', 'With a file of at least 32 random bytes as key.'],
        ['init --repo sftp://anna@nas.local/srv/backups/laptop', 'On a server; asks whether its key is the right one.'],
        ['init --repo rclone:drive:backups/laptop', 'On a remote of rclone.'],
      ]),
    )
    .action((options: Options) => run(cli, options))
}

interface Options {
  blockSize?: string
  force?: boolean
}

async function run(cli: Cli, options: Options): Promise<void> {
  const url = cli.repository
  const blockSize =
    options.blockSize === undefined ? {} : { blockSizeBytes: parseSize(options.blockSize, '--block-size') }
  const credentials = await cli.credentials()
  const secret = await cli.secretForNewRepository()
  const engine = await cli.engine()
  const how = { ...blockSize, ...credentials, forgetOld: options.force ?? false }
  const result = await cli.withHostKey(access => engine.init(url, secret, { ...how, ...access }))
  // Even with --quiet: the phrase is shown this once only.
  cli.output.result(
    result,
    () => `Made the repository ${result.repositoryId} at ${url}.\n\n${phraseText(result.recoveryPhrase)}`,
  )
}
