import type { Command } from 'commander'
import { HoldfastError } from '../../contract/errors.ts'
import type { ScrubResult, Version } from '../../contract/models.ts'
import type { Cli } from '../cli.ts'
import { exitCodes } from '../exitCodes.ts'
import { helpNotes, versionNote } from '../help.ts'
import { printable } from '../textLayout.ts'
import { parsePercent, parseRate } from '../values.ts'
import { bytesInTime, counted, localMinute, rangeWords } from '../words.ts'

interface Options {
  light?: boolean
  percent?: string
  source?: string
  limitDownload?: string
}

const notes = `
${versionNote.trim()}

Without versions the whole repository is checked. Damage is marked, so that the
next backup stores again what its source still has. Exit code 65 when damage was
found. "--percent 16" every day checks everything once a week: each run goes on
where the last one stopped.`

export function define(command: Command, cli: Cli): void {
  command
    .description('Read what is stored, decrypt it and check every block.')
    .argument('[version...]', 'check only what these versions need')
    .option('--light', 'only check that everything is there and has the right size; reads no data')
    .option('--percent <number>', 'check this share, going on where the last such run stopped')
    .option('--source <path>', 'also compare one version with its source, which must not have changed')
    .option(
      '--limit-download <size>',
      'read at most so much of the repository a second, such as 10M or 10M,08:00-18:00=1M',
    )
    .addHelpText(
      'after',
      helpNotes(
        [
          ['scrub', 'Check everything.'],
          ['scrub --percent 16', 'Check a sixth, and the next sixth tomorrow.'],
          ['scrub root:latest', 'Check all that one version needs.'],
          ['scrub root:latest --source /dev/vg0/root', 'Compare it with the volume, block by block.'],
        ],
        notes,
      ),
    )
    .action((versions: string[], options: Options) => run(cli, versions, options))
}

async function run(cli: Cli, specs: string[], options: Options): Promise<void> {
  const { light, percent, source, limitDownload } = options
  if (source !== undefined && (light || percent !== undefined)) {
    throw new HoldfastError('usage.invalid', '--source compares everything, so --light and --percent do not fit.', {
      advice: 'Leave them out, or leave --source out.',
    })
  }
  const share = percent === undefined ? {} : { percent: parsePercent(percent, '--percent') }
  const limit = limitDownload === undefined ? {} : { readLimit: parseRate(limitDownload, '--limit-download') }
  const { result, affected } = await cli.withSession(
    async session => {
      const result = await session.scrub(specs, {
        ...cli.callOptions(),
        ...share,
        light: light ?? false,
        ...(source === undefined ? {} : { sourcePath: source }),
      })
      const isDamaged = result.damaged.length > 0
      return { result, affected: isDamaged && !cli.output.json ? await session.versions() : [] }
    },
    limit,
    !light,
  )
  for (const note of result.notes) cli.output.warn(note)
  if (result.damaged.length === 0) return cli.output.done(result, () => checkedText(result, 'no damage was found'))
  cli.exitCode = exitCodes.damagedData
  cli.output.result(result, () => damageText(result, affected))
}

const checkedText = ({ checkedBlocks, checkedBytes, durationMs }: ScrubResult, outcome: string): string =>
  `Checked ${counted(checkedBlocks, 'block')}, ${bytesInTime(checkedBytes, durationMs)}: ${outcome}.\n`

/** Findings that are shown one by one; a broken drive may have millions. */
const mostShown = 50

function damageText(result: ScrubResult, versions: readonly Version[]): string {
  const { damaged } = result
  const nameOf = (id: string): string => {
    const version = versions.find(version => version.id === id)
    return version ? `${version.name} of ${localMinute(version.date)} (${id})` : id
  }
  const lines: string[] = []
  for (const { reason, ranges } of damaged.slice(0, mostShown)) {
    lines.push(`  ${printable(reason)}`)
    for (const range of (ranges ?? []).slice(0, 5)) {
      lines.push(`    ${rangeWords(range)} of ${printable(nameOf(range.version))}`)
    }
    if ((ranges?.length ?? 0) > 5) lines.push(`    and ${counted(ranges!.length - 5, 'more place')}`)
  }
  if (damaged.length > mostShown) lines.push(`  and ${counted(damaged.length - mostShown, 'more finding')}`)
  if (result.versions.length === 0) lines.push('No version needs what is damaged.')
  else {
    lines.push('Damaged versions:')
    lines.push(...result.versions.map(id => `  ${printable(nameOf(id))}`))
    lines.push('Everything else in them can be restored. Back their sources up again: what these')
    lines.push('still have is stored anew, which also heals the versions that need it.')
  }
  return `${checkedText(result, `found ${counted(damaged.length, 'damage')}`)}${lines.join('\n')}\n`
}
