import type { Command } from 'commander'
import { formatBytes } from '../../base/bytes.ts'
import type { RestoreResult } from '../../contract/models.ts'
import type { Cli } from '../cli.ts'
import { exitCodes } from '../exitCodes.ts'
import { helpNotes, versionNote } from '../help.ts'
import { printable } from '../textLayout.ts'
import { parseRange, parseSize } from '../values.ts'
import { bytesInTime, counted, rangeList } from '../words.ts'

interface Options {
  force?: boolean
  sparse?: boolean
  delta?: boolean
  range?: string
  verify?: boolean
  limitDownload?: string
}

const notes = `
${versionNote.trim()}

What is mounted, in use, part of the running system or too small is never
written, with no option. In a terminal, restoring to a disk shows what is on it
and asks for its name; --force stands for the answer. Parts that are damaged in
the repository are listed, everything else is restored, and the exit code is 65.`

export function define(command: Command, cli: Cli): void {
  command
    .description('Write a version to a new or existing file, or to a disk, partition or volume.')
    .argument('<version>', 'the version')
    .argument('<target>', 'file or device to write')
    .option('-f, --force', 'write over what exists')
    .option('--sparse', 'leave empty parts as they are in the target instead of writing zeros')
    .option('--delta', 'read the target and write only what differs')
    .option('--range <offset:length[@position]>', 'only these bytes of the version, to this place in the target')
    .option('--verify', 'read everything back from the disk in the end and compare')
    .option('--limit-download <size>', 'read at most so much of the repository a second, such as 10M')
    .addHelpText(
      'after',
      helpNotes(
        [
          ['restore root:latest root.img', 'Restore to a new image file.'],
          ['restore root:latest /dev/sdb --force', 'Restore to a disk, without a question.'],
          [
            'restore root:latest /dev/sdb --delta --force',
            'Go back to a version quickly, on the disk that it came from.',
          ],
          ['restore root:latest mbr.bin --range 0:1M', 'Restore the first megabyte only.'],
        ],
        notes,
      ),
    )
    .action((version: string, target: string, options: Options) => run(cli, version, target, options))
}

async function run(cli: Cli, spec: string, target: string, options: Options): Promise<void> {
  const part = options.range === undefined ? {} : parseRange(options.range)
  const limit =
    options.limitDownload === undefined ? {} : { readLimit: parseSize(options.limitDownload, '--limit-download') }
  const result = await cli.withSession(
    async session => {
      const asks = !options.force && cli.canAsk
      const force = options.force || (asks && (await confirmed(cli, target, (await session.show(spec)).sizeBytes)))
      return await session.restore(spec, target, {
        ...cli.callOptions(),
        ...part,
        force: force ?? false,
        sparse: options.sparse ?? false,
        // Reading first makes no sense in a new file, and what exists is written over with --force only.
        delta: (force && options.delta) ?? false,
        verify: options.verify ?? false,
      })
    },
    limit,
    true,
  )
  if (result.damaged.length === 0) return cli.output.done(result, () => text(spec, result))
  cli.exitCode = exitCodes.damagedData
  cli.output.result(result, () => text(spec, result) + damageText(result))
}

/** True when the person has agreed to lose what is on a disk; false when there is nothing to agree to. */
async function confirmed(cli: Cli, target: string, sizeBytes: number): Promise<boolean> {
  const { confirmErasing } = await import('../confirmErasing.ts')
  return await confirmErasing(cli, target, sizeBytes)
}

function text(
  spec: string,
  { version, target, writtenBytes, skippedBytes, verified, durationMs }: RestoreResult,
): string {
  const skipped = skippedBytes > 0 ? ` ${formatBytes(skippedBytes)} needed no writing.` : ''
  const checked = verified ? ' Everything written was read back and is right.' : ''
  const name = spec === version ? version : `${printable(spec)} (${version})`
  return `Restored ${name} to ${printable(target)}: wrote ${bytesInTime(writtenBytes, durationMs)}.${skipped}${checked}\n`
}

function damageText({ damaged, target }: RestoreResult): string {
  const parts = rangeList(damaged).map(words => `  ${words}\n`)
  return `${counted(damaged.length, 'part')} could not be restored, because the repository is damaged there:\n${parts.join('')}In these places ${printable(target)} does not hold what was backed up.\n`
}
