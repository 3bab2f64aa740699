import type { Command } from 'commander'
import { formatBytes } from '../../base/bytes.ts'
import { HoldfastError } from '../../contract/errors.ts'
import type { BackupResult } from '../../contract/models.ts'
import { parseNewLabels } from '../../versions/labels.ts'
import type { Cli } from '../cli.ts'
import { exitCodes } from '../exitCodes.ts'
import { helpNotes } from '../help.ts'
import { facts, printable } from '../textLayout.ts'
import { collect, parseRate, parseSize } from '../values.ts'
import { bytesInTime, consistencyWords, counted, localMinute, rangeList, readWords } from '../words.ts'

interface Options {
  name?: string
  label?: string[]
  hints?: string
  base?: string
  allBlocks?: true
  usedBlocks?: true
  limitRead?: string
  limitUpload?: string
  recipe: boolean
  /** False with --no-snapshot, and true otherwise. */
  snapshot: boolean
  snapshotSize?: string
  tracking: boolean
  whileInUse?: true
}

const notes = `
A logical volume (LVM) is read from a snapshot, so that it may be in use. The
snapshot is kept until the next run, which then reads only what changed; writes
to the volume cost a little more meanwhile ("holdfast tracking" shows it). What
has no snapshot and is mounted for writing is refused with exit code 77.

Every version is complete in itself: only what the repository does not hold yet
is stored. A run that was cut short goes on from what it has stored already.
Of a snapshot, and of a device that nobody uses, what the file system has free
is left out when that can be told for certain; it reads as zeros in the version.
When parts of the source cannot be read, the version is kept as incomplete, the
parts are listed, and the exit code is 74.`

export function define(command: Command, cli: Cli): void {
  command
    .description('Back up a disk, partition, volume or disk image file as a new version.')
    .argument('<source>', 'device or file to read')
    .option('-n, --name <name>', 'name of the version; the last part of the path unless given')
    .option('-l, --label <key=value>', 'label for the version; may be given several times', collect)
    .option('--hints <file>', 'what changed since the base, as JSON of "rbd diff"; a sample of the rest is checked')
    .option('--base <version>', 'the version that the hints count from; without one, they name all that is not empty')
    .option('--no-snapshot', 'read a volume itself, even if a snapshot of it could be taken')
    .option(
      '--snapshot-size <size>',
      'room for what is written while the snapshot lives; judged by the volume unless given',
    )
    .option('--no-tracking', 'keep no snapshot after the run; the next one reads everything')
    .option('--while-in-use', 'read a device without a snapshot although it is written to: parts may not fit together')
    .option('--all-blocks', 'read what the file system of a device has free, too: for a forensic copy')
    .option('--used-blocks', 'leave out what the file system has free in an image file, too, as is done for devices')
    .option('--limit-read <size>', 'read at most so much of the source a second, such as 50M')
    .option(
      '--limit-upload <size>',
      'write at most so much to the repository a second, such as 10M or 10M,08:00-18:00=1M',
    )
    .option('--no-recipe', 'without what rebuilds the machine around a device: partition tables, LUKS headers …')
    .addHelpText(
      'after',
      helpNotes(
        [
          ['backup /dev/vg0/root --name root', 'Back up a volume as the next version named root.'],
          ['backup /dev/sda1 --while-in-use', 'Back up a partition that is mounted.'],
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
  const { name, hints, base, limitRead, limitUpload, snapshotSize, recipe } = options
  if (options.allBlocks && options.usedBlocks) {
    throw new HoldfastError('usage.invalid', '--all-blocks and --used-blocks contradict each other.', {
      advice: 'Give one of them, or none: then free blocks of devices are left out, and those of files are not.',
    })
  }
  const labels = parseNewLabels(options.label ?? [])
  const sourceLimit = limitRead === undefined ? {} : { sourceLimit: parseSize(limitRead, '--limit-read') }
  const repositoryOptions = limitUpload === undefined ? {} : { writeLimit: parseRate(limitUpload, '--limit-upload') }
  const result = await cli.withSession(
    session =>
      session.backup(source, {
        ...cli.callOptions(),
        ...sourceLimit,
        labels,
        recipe,
        ...(options.snapshot ? {} : { noSnapshot: true }),
        ...(options.tracking ? {} : { noTracking: true }),
        ...(options.whileInUse ? { whileInUse: true } : {}),
        ...(snapshotSize === undefined ? {} : { snapshotBytes: parseSize(snapshotSize, '--snapshot-size') }),
        ...(name === undefined ? {} : { name }),
        ...(hints === undefined ? {} : { hintsPath: hints }),
        ...(base === undefined ? {} : { base }),
        ...(options.allBlocks ? { usedBlocksOnly: false } : {}),
        ...(options.usedBlocks ? { usedBlocksOnly: true } : {}),
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
  // Else only the zeros among what was read are counted.
  const isAllKnown = result.method === 'full' || result.method === 'allocation'
  const pairs = facts([
    [
      'Size',
      `${formatBytes(sizeBytes)}${isAllKnown && holeBytes > 0 ? `, of which ${formatBytes(holeBytes)} are empty` : ''}`,
    ],
    ['Read', `${bytesInTime(readBytes, durationMs)}; ${readWords(result)}`],
    ['New', newBytes === 0 ? 'nothing' : `${formatBytes(newBytes)}, stored in ${formatBytes(storedBytes)}`],
    ['State', consistencyWords[result.consistency]],
    ['Locked', result.lockedUntil === undefined ? undefined : `until ${localMinute(result.lockedUntil)}`],
  ])
  return `Backed up ${printable(source)} as version ${result.version} of ${result.name}.\n${pairs}`
}

function unreadableText(source: string, { unreadable, version }: BackupResult): string {
  const parts = rangeList(unreadable).map(words => `    ${words}\n`)
  return `holdfast: ${counted(unreadable.length, 'part')} of ${printable(source)} could not be read; version ${version} is incomplete.
${parts.join('')}  Check the disk, its cables and the kernel log; then back it up again.\n`
}
