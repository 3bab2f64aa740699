import type { Command } from 'commander'
import { formatBytes } from '../../base/bytes.ts'
import { HoldfastError } from '../../contract/errors.ts'
import type { CopyResult } from '../../contract/models.ts'
import type { Cli } from '../cli.ts'
import { exitCodes } from '../exitCodes.ts'
import { helpNotes } from '../help.ts'
import { printable, table } from '../textLayout.ts'
import { parseRate } from '../values.ts'
import { bytesInTime, counted, idDigits, localMinute } from '../words.ts'
import { filterNotes } from './versions.ts'

interface Options {
  versions?: string[]
  dryRun?: boolean
  toPassphraseFile?: string
  toKeyFile?: string
  toCredentialsFile?: string
  limitDownload?: string
  limitUpload?: string
}

const notes = `
A copy is the same version in another place: it keeps its id, name, date, labels
and protection, and everything that is known of it. It is encrypted anew under
the keys of the other repository, whose block size may differ. The oldest goes
first; what is there already is left alone, and only what differs from a version
that both have is read. A copy that was cut short goes on when it is run again.

FROM is opened with --passphrase-file or --key-file as always. TO is opened with
the same key unless --to-passphrase-file, --to-key-file, HOLDFAST_TO_PASSPHRASE,
HOLDFAST_TO_PASSPHRASE_FILE or HOLDFAST_TO_KEY_FILE names another.

A version that is damaged in FROM is not copied; the others are, and the exit
code is 65.
${filterNotes.trimEnd()}`

export function define(command: Command, cli: Cli): void {
  command
    .description('Copy versions from one repository to another, which may have other keys.')
    .argument('<from>', 'repository to copy from')
    .argument('<to>', 'repository to copy to')
    .argument('[filter]', 'only versions that it lets through')
    .option('--versions <version...>', 'only these versions, instead of a filter')
    .option('--dry-run', 'show what would be copied, and copy nothing')
    .option('--to-passphrase-file <file>', 'passphrase or recovery phrase of TO, if it has another')
    .option('--to-key-file <file>', 'key file of TO, if it has another')
    .option('--to-credentials-file <file>', 'what the storage of TO lets you in by, if that is other')
    .option('--limit-download <size>', 'read at most so much of FROM a second, such as 10M or 10M,08:00-18:00=1M')
    .option('--limit-upload <size>', 'write at most so much to TO a second')
    .addHelpText(
      'after',
      helpNotes(
        [
          ['copy /media/drive/backup /mnt/nas/backup', 'Copy all versions that are missing there.'],
          [`copy /media/drive/backup /mnt/nas/backup 'name == "root"'`, 'Only those named root.'],
          ['copy /media/drive/backup /mnt/nas/backup --versions root:latest', 'Only one of them.'],
        ],
        notes,
      ),
    )
    .action((from: string, to: string, filter: string | undefined, options: Options) =>
      run(cli, { from, to, filter }, options),
    )
}

async function run(
  cli: Cli,
  { from, to, filter }: { from: string; to: string; filter: string | undefined },
  options: Options,
): Promise<void> {
  const { versions, dryRun, limitDownload, limitUpload } = options
  if (filter !== undefined && versions !== undefined) {
    throw new HoldfastError('usage.invalid', 'Both a filter and --versions are given.', {
      advice: 'Leave one of them out.',
    })
  }
  const download = limitDownload === undefined ? {} : { readLimit: parseRate(limitDownload, '--limit-download') }
  const upload = limitUpload === undefined ? {} : { writeLimit: parseRate(limitUpload, '--limit-upload') }
  const secret = { passphraseFile: options.toPassphraseFile, keyFile: options.toKeyFile }
  const result = await cli.withTwoSessions(
    { url: from, options: download },
    { url: to, secret, credentialsFile: options.toCredentialsFile, options: upload },
    (source, target) =>
      source.copyTo(target, {
        ...cli.callOptions(),
        ...(dryRun && { dryRun }),
        ...(versions && { versions }),
        ...(filter !== undefined && { filter }),
      }),
  )
  for (const warning of result.warnings) cli.output.warn(warning)
  const text = () => copyText(result, cli.output.width)
  if (result.failed.length > 0) {
    cli.exitCode = exitCodes.damagedData
    cli.output.result(result, text)
  } else if (dryRun) cli.output.result(result, text)
  else cli.output.done(result, text)
}

const bytesOf = (
  list: readonly { [Name in 'readBytes' | 'storedBytes']: number }[],
  name: 'readBytes' | 'storedBytes',
) => list.reduce((sum, one) => sum + one[name], 0)

function copyText({ copied, skipped, failed, dryRun }: CopyResult, width: number | undefined): string {
  const digits = idDigits([...copied, ...failed].map(({ version }) => version))
  const rows = copied.map(({ version, name, date, sizeBytes, storedBytes }) => {
    return [version.slice(0, digits), name, localMinute(date), formatBytes(dryRun ? sizeBytes : storedBytes)]
  })
  const columns = [
    { title: 'VERSION' },
    { title: 'NAME', shrink: 'cut' },
    { title: 'DATE' },
    { title: dryRun ? 'SIZE' : 'STORED', align: 'right' },
  ] as const
  const there = skipped.length === 0 ? '' : ` ${counted(skipped.length, 'version')} had been there already.`
  const count = counted(copied.length, 'version')
  const duration = copied.reduce((sum, { durationMs }) => sum + durationMs, 0)
  const summary = dryRun
    ? `Would copy ${count}.${there}`
    : copied.length === 0
      ? `Copied nothing.${there}`
      : `Copied ${count}: read ${bytesInTime(bytesOf(copied, 'readBytes'), duration)}, stored ${formatBytes(bytesOf(copied, 'storedBytes'))}.${there}`
  const failures = failed.map(({ version, name, date, error }) => {
    return `${printable(name)} of ${localMinute(date)} (${version}) was not copied: ${printable(error.message)}\n`
  })
  return `${rows.length === 0 ? '' : table(columns, rows, width)}${summary}\n${failures.join('')}`
}
