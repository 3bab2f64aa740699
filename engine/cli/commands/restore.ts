import type { Command } from 'commander'
import { formatBytes } from '../../base/bytes.ts'
import type { RestoreResult } from '../../contract/models.ts'
import type { ExpectedDevice } from '../../targets/device.ts'
import type { Cli } from '../cli.ts'
import { exitCodes } from '../exitCodes.ts'
import { helpNotes, versionNote } from '../help.ts'
import { printable } from '../textLayout.ts'
import { parseRange, parseRate } from '../values.ts'
import { bytesInTime, counted, rangeList } from '../words.ts'

interface Options {
  force?: boolean
  sparse?: boolean
  delta?: boolean
  range?: string
  verify?: boolean
  grow?: boolean
  thinPool?: string
  limitDownload?: string
}

const notes = `
${versionNote.trim()}

What is mounted, in use, part of the running system or too small is never
written, with no option. In a terminal, restoring to a disk shows what is on it
and asks for its name; --force stands for the answer. On a disk that is larger
the copy of a GPT moves to its end. lvm:GROUP/NAME makes a new logical volume
of the right size, which is removed again when the restore fails. Parts that
are damaged in the repository are listed, everything else is restored, and the
exit code is 65.`

export function define(command: Command, cli: Cli): void {
  command
    .description('Write a version to a file, a disk, a partition or a volume, also to a new one.')
    .argument('<version>', 'the version')
    .argument('<target>', 'file or device to write, or lvm:GROUP/NAME for a new volume')
    .option('-f, --force', 'write over what exists')
    .option('--sparse', 'leave empty parts as they are in the target instead of writing zeros')
    .option('--delta', 'read the target and write only what differs')
    .option('--range <offset:length[@position]>', 'only these bytes of the version, to this place in the target')
    .option('--verify', 'read everything back from the disk in the end and compare')
    .option('--grow', 'on a larger disk with a GPT, let the last partition reach to its end')
    .option('--thin-pool <pool>', 'make the new volume in this thin pool of its group')
    .option(
      '--limit-download <size>',
      'read at most so much of the repository a second, such as 10M or 10M,08:00-18:00=1M',
    )
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
          ['restore disk:latest /dev/sdb --grow --verify', 'Move to a larger disk.'],
          ['restore root:latest lvm:vg0/root-of-may', 'Restore to a new logical volume.'],
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
    options.limitDownload === undefined ? {} : { readLimit: parseRate(options.limitDownload, '--limit-download') }
  const result = await cli.withSession(
    async session => {
      const asks = !options.force && cli.canAsk
      const expect = asks ? await confirmed(cli, target, (await session.show(spec)).sizeBytes) : undefined
      const force = options.force || expect !== undefined
      return await session.restore(spec, target, {
        ...cli.callOptions(),
        ...part,
        force,
        ...(expect && { expect }),
        grow: options.grow ?? false,
        ...(options.thinPool !== undefined && { thinPool: options.thinPool }),
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

/** What a person has agreed to lose with a disk, as it was then; undefined when there is nothing to agree to. */
async function confirmed(cli: Cli, target: string, sizeBytes: number): Promise<ExpectedDevice | undefined> {
  const { confirmErasing } = await import('../confirmErasing.ts')
  return await confirmErasing(cli, target, sizeBytes)
}

function text(
  spec: string,
  { version, target, writtenBytes, skippedBytes, verified, durationMs, table, warnings }: RestoreResult,
): string {
  const skipped = skippedBytes > 0 ? ` ${formatBytes(skippedBytes)} needed no writing.` : ''
  const checked = verified ? ' Everything written was read back and is right.' : ''
  const name = spec === version ? version : `${printable(spec)} (${version})`
  return `Restored ${name} to ${printable(target)}: wrote ${bytesInTime(writtenBytes, durationMs)}.${skipped}${checked}\n${tableText(table)}${warnings.map(warning => `${printable(warning)}\n`).join('')}`
}

function tableText(table: RestoreResult['table']): string {
  if (table === null) return ''
  const moved = 'The partition table was fitted to the larger disk.'
  if (table.grown === null) return `${moved}\n`
  const { partition, oldSizeBytes, sizeBytes, fileSystem, command } = table.grown
  const grown = `Partition ${partition} has grown from ${formatBytes(oldSizeBytes)} to ${formatBytes(sizeBytes)}.`
  const inside = fileSystem === null ? 'What is in it' : `The ${printable(fileSystem)} in it`
  const how = command === null ? '' : ` Make it as large with: ${printable(command)}`
  return `${moved} ${grown}\n${inside} has not grown yet.${how}\n`
}

function damageText({ damaged, target }: RestoreResult): string {
  const parts = rangeList(damaged).map(words => `  ${words}\n`)
  return `${counted(damaged.length, 'part')} could not be restored, because the repository is damaged there:\n${parts.join('')}In these places ${printable(target)} does not hold what was backed up.\n`
}
