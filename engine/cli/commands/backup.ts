import type { Command } from 'commander'
import { formatBytes } from '../../base/bytes.ts'
import type { BackupResult } from '../../contract/models.ts'
import { parseNewLabels } from '../../versions/labels.ts'
import type { Cli } from '../cli.ts'
import { exitCodes } from '../exitCodes.ts'
import { helpNotes } from '../help.ts'
import { facts, printable } from '../textLayout.ts'
import { collect, parseSize } from '../values.ts'
import { bytesInTime, consistencyWords, counted, methodWords, rangeList } from '../words.ts'

interface Options {
  name?: string
  label?: string[]
  hints?: string
  base?: string
  limitRead?: string
  limitUpload?: string
}

const notes = `
Every version is complete in itself: only what the repository does not hold yet
is stored. A run that was cut short goes on from what it has stored already.
When parts of the source cannot be read, the version is kept as incomplete, the
parts are listed, and the exit code is 74.`

export function define(command: Command, cli: Cli): void {
  command
    .description('Back up a disk, partition, volume or disk image file as a new version.')
    .argument('<source>', 'device or file to read')
    .option('-n, --name <name>', 'name of the version; the last part of the path unless given')
    .option('-l, --label <key=value>', 'label for the version; may be given several times', collect)
    .option('--hints <file>', 'what changed since the base, as JSON of "rbd diff"; a sample of the rest is checked')
    .option('--base <version>', 'the version that the hints count from')
    .option('--limit-read <size>', 'read at most so much of the source a second, such as 50M')
    .option('--limit-upload <size>', 'write at most so much to the repository a second')
    .addHelpText(
      'after',
      helpNotes(
        [
          ['backup /dev/vg0/root --name root', 'Back up a volume as the next version named root.'],
          ['backup disk.img --label owner=anna', 'Back up a disk image file, with a label.'],
          [
            'backup /dev/rbd0 --name vm7 --hints diff.json --base vm7:latest',
            'Read only what changed since the last version.',
          ],
        ],
        notes,
      ),
    )
    .action((source: string, options: Options) => run(cli, source, options))
}

async function run(cli: Cli, source: string, options: Options): Promise<void> {
  const { name, hints, base, limitRead, limitUpload } = options
  const labels = parseNewLabels(options.label ?? [])
  const sourceLimit = limitRead === undefined ? {} : { sourceLimit: parseSize(limitRead, '--limit-read') }
  const repositoryOptions = limitUpload === undefined ? {} : { writeLimit: parseSize(limitUpload, '--limit-upload') }
  const result = await cli.withSession(
    session =>
      session.backup(source, {
        ...cli.callOptions(),
        ...sourceLimit,
        labels,
        ...(name === undefined ? {} : { name }),
        ...(hints === undefined ? {} : { hintsPath: hints }),
        ...(base === undefined ? {} : { base }),
      }),
    repositoryOptions,
    true,
  )
  cli.output.done(result, () => text(source, result))
  for (const warning of result.warnings) cli.output.warn(warning)
  if (result.status === 'incomplete') {
    cli.exitCode = exitCodes.inputOutput
    // Also with --quiet, which is about what went well.
    if (!cli.output.json) cli.output.tell(unreadableText(source, result))
  }
}

function text(source: string, result: BackupResult): string {
  const { sizeBytes, readBytes, newBytes, storedBytes, holeBytes, durationMs } = result
  const pairs = facts([
    ['Size', `${formatBytes(sizeBytes)}${holeBytes > 0 ? `, of which ${formatBytes(holeBytes)} are empty` : ''}`],
    ['Read', `${bytesInTime(readBytes, durationMs)}; ${methodWords[result.method]}`],
    ['New', newBytes === 0 ? 'nothing' : `${formatBytes(newBytes)}, stored in ${formatBytes(storedBytes)}`],
    ['State', consistencyWords[result.consistency]],
  ])
  return `Backed up ${printable(source)} as version ${result.version} of ${result.name}.\n${pairs}`
}

function unreadableText(source: string, { unreadable, version }: BackupResult): string {
  const parts = rangeList(unreadable).map(words => `    ${words}\n`)
  return `holdfast: ${counted(unreadable.length, 'part')} of ${printable(source)} could not be read; version ${version} is incomplete.
${parts.join('')}  Check the disk, its cables and the kernel log; then back it up again.\n`
}
