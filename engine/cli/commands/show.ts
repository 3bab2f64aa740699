import type { Command } from 'commander'
import { formatBytes, formatDuration } from '../../base/bytes.ts'
import type { VersionDetails } from '../../contract/models.ts'
import type { ExtractedRecipe, VersionWithRecipe } from '../../contract/recipe.ts'
import type { Cli } from '../cli.ts'
import { helpNotes, versionNote } from '../help.ts'
import { recipeText } from '../recipeText.ts'
import { facts, printable } from '../textLayout.ts'
import { bytesInTime, consistencyWords, counted, labelWords, localMinute, methodWords, rangeList } from '../words.ts'

export function define(command: Command, cli: Cli): void {
  command
    .description('Show all that is known of a version, with what rebuilds the machine around it.')
    .argument('<version>', 'the version')
    .option('--recipe-to <folder>', 'write the files of the machine recipe there, LUKS headers included')
    .addHelpText(
      'after',
      helpNotes(
        [
          ['show latest', 'The newest version of all.'],
          ['show root:latest~1', 'The last but one named root.'],
          ['show 4f2a --json', 'The version whose id begins with 4f2a, for a program.'],
          ['show root:latest --recipe-to recipe', 'What rebuilds its machine, as files to be used by hand.'],
        ],
        `${versionNote}
With a disk or volume goes the recipe of its machine: partition tables, LUKS
headers, volume groups, file systems and what mounts them. docs/rebuild.md says
how a machine is rebuilt from it.`,
      ),
    )
    .action((version: string, { recipeTo }: { recipeTo?: string }) =>
      recipeTo === undefined ? show(cli, version) : extract(cli, version, recipeTo),
    )
}

async function show(cli: Cli, spec: string): Promise<void> {
  const shown: VersionWithRecipe = await cli.withSession(async session => {
    const details = await session.show(spec)
    return { ...details, recipe: await session.recipe(details.id, cli.callOptions()) }
  })
  const recipe = () => (shown.recipe === null ? '' : recipeText(shown.recipe, cli.output.width))
  cli.output.result(shown, () => text(shown) + recipe())
}

async function extract(cli: Cli, spec: string, folder: string): Promise<void> {
  const extracted = await cli.withSession(session => session.extractRecipe(spec, folder, cli.callOptions()))
  cli.output.done(extracted, () => extractedText(extracted))
}

function extractedText({ folder, files }: ExtractedRecipe): string {
  const list = files.map(({ name, sizeBytes }) => [name, formatBytes(sizeBytes)] as const)
  return `Wrote the machine recipe to ${printable(folder)}. Who has a LUKS header and the passphrase
of its time can open the volume: keep the folder to yourself and remove it in the end.\n${facts(list)}`
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
      // Where there is a base, only the zeros among what was read are counted.
      ['Empty', version.base === null ? formatBytes(version.holeBytes) : undefined],
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
