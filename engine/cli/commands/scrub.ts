import type { Command } from 'commander'
import { HoldfastError } from '../../contract/errors.ts'
import type { ScrubResult, Version } from '../../contract/models.ts'
import type { Session } from '../../engineApi.ts'
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
  repairFrom?: string
  fromPassphraseFile?: string
  fromKeyFile?: string
  fromCredentialsFile?: string
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
    .option('--repair-from <place>', 'heal what is damaged from the same versions in another repository')
    .option('--from-passphrase-file <file>', 'passphrase or recovery phrase of that one, if it has another')
    .option('--from-key-file <file>', 'key file of that one, if it has another')
    .option('--from-credentials-file <file>', 'what the storage of that one lets you in by, if that is other')
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
          ['scrub --repair-from /mnt/nas/backup', 'Check everything, and heal it from copies.'],
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
  if (source !== undefined && options.repairFrom !== undefined) {
    throw new HoldfastError('usage.invalid', '--source and --repair-from do not fit together.', {
      advice: 'Leave one of them out.',
    })
  }
  const check = async (session: Session, other?: Session) => {
    const result = await session.scrub(specs, {
      ...cli.callOptions(),
      ...share,
      light: light ?? false,
      ...(source === undefined ? {} : { sourcePath: source }),
      ...(other && { repairFrom: other }),
    })
    const isDamaged = result.damaged.length > 0
    return { result, affected: isDamaged && !cli.output.json ? await session.versions() : [] }
  }
  const { repairFrom, fromPassphraseFile: passphraseFile, fromKeyFile: keyFile } = options
  const { result, affected } =
    repairFrom === undefined
      ? await cli.withSession(session => check(session), limit, !light)
      : await cli.withTwoSessions(
          { url: cli.repository, options: limit },
          {
            url: repairFrom,
            secret: { passphraseFile, keyFile },
            credentialsFile: options.fromCredentialsFile,
            of: 'from',
          },
          check,
        )
  for (const warning of result.repair?.warnings ?? []) cli.output.warn(warning)
  for (const note of result.notes) cli.output.warn(note)
  if (result.damaged.length === 0) return cli.output.done(result, () => checkedText(result, 'no damage was found'))
  const isHealed = result.repair !== undefined && result.repair.stillDamaged.length === 0
  if (!isHealed) cli.exitCode = exitCodes.damagedData
  cli.output.result(result, () => damageText(result, affected) + repairText(result))
}

const checkedText = ({ checkedBlocks, checkedBytes, durationMs }: ScrubResult, outcome: string): string =>
  `Checked ${counted(checkedBlocks, 'block')}, ${bytesInTime(checkedBytes, durationMs)}: ${outcome}.\n`

function repairText({ repair }: ScrubResult): string {
  if (!repair) return ''
  const { repaired, versions, stillDamaged } = repair
  const left = stillDamaged.length === 0 ? '' : `; ${counted(stillDamaged.length, 'version')} could not be healed`
  return `Repaired ${counted(repaired, 'block')} from the other repository: ${counted(versions.length, 'version')} healed${left}.\n`
}

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
