import type { Command } from 'commander'
import { formatBytes, formatDuration } from '../../base/bytes.ts'
import type { VersionDetails } from '../../contract/models.ts'
import type { Cli } from '../cli.ts'
import { helpNotes, versionNote } from '../help.ts'
import { facts } from '../textLayout.ts'
import { bytesInTime, consistencyWords, counted, labelWords, localMinute, methodWords, rangeList } from '../words.ts'

export function define(command: Command, cli: Cli): void {
  command
    .description('Show all that is known of a version.')
    .argument('<version>', 'the version')
    .addHelpText(
      'after',
      helpNotes(
        [
          ['show latest', 'The newest version of all.'],
          ['show root:latest~1', 'The last but one named root.'],
          ['show 4f2a --json', 'The version whose id begins with 4f2a, for a program.'],
        ],
        versionNote,
      ),
    )
    .action((version: string) => run(cli, version))
}

async function run(cli: Cli, spec: string): Promise<void> {
  const details = await cli.withSession(session => session.show(spec))
  cli.output.result(details, () => text(details))
}

const statusWords: Record<VersionDetails['status'], string> = {
  complete: 'complete',
  incomplete: 'incomplete: parts of the source could not be read',
  damaged: 'damaged: parts of it are lost in the repository',
}

const setWords = ({ id, gapMs }: NonNullable<VersionDetails['set']>) =>
  `${id}; its snapshots were taken within ${formatDuration(gapMs)}`

function text(version: VersionDetails): string {
  const unreadable = rangeList(version.unreadable)
  return facts(
    [
      ['Version', version.id],
      ['Name', version.name],
      ['Date', localMinute(version.date)],
      ['Source', `${version.source} (${version.sourceKind}) on ${version.host}`],
      ['Status', statusWords[version.status]],
      ['Damaged', version.damagedBlocks > 0 ? counted(version.damagedBlocks, 'block') : undefined],
      ['Unreadable', unreadable[0]],
      ...unreadable.slice(1).map(words => ['', words] as const),
      ['Protected', version.protected ? 'yes' : 'no'],
      ['Labels', Object.keys(version.labels).length > 0 ? labelWords(version.labels) : undefined],
      ['Size', `${formatBytes(version.sizeBytes)} (${version.sizeBytes.toLocaleString('en-US')} bytes)`],
      ['Empty', formatBytes(version.holeBytes)],
      ['Block size', formatBytes(version.blockSizeBytes)],
      ['Read', `${bytesInTime(version.readBytes, version.durationMs)}; ${methodWords[version.method]}`],
      ['New', `${formatBytes(version.newBytes)}, stored in ${formatBytes(version.storedBytes)}`],
      ['Based on', version.base ?? undefined],
      ['Set', version.set === null ? undefined : setWords(version.set)],
      ['State', consistencyWords[version.consistency]],
      ['Last checked', version.scrubbedAt === null ? 'not yet in full' : localMinute(version.scrubbedAt)],
    ],
    '',
  )
}
