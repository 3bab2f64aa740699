import type { Command } from 'commander'
import { formatBytes } from '../../base/bytes.ts'
import { HoldfastError } from '../../contract/errors.ts'
import type { Overlay } from '../../contract/models.ts'
import type { Cli } from '../cli.ts'
import { helpNotes } from '../help.ts'
import { table } from '../textLayout.ts'
import { counted, localMinute } from '../words.ts'

interface CommitOptions {
  name?: string
}

const notes = `
What is written to a version with "holdfast nbd --read-write" goes to an overlay
on this computer, in the state folder, and never changes the version. An overlay
needs its version, which is not removed from this computer meanwhile.`

export function define(command: Command, cli: Cli): void {
  command.description('List, keep and discard what was written to versions.').addHelpText(
    'after',
    helpNotes(
      [
        ['overlays list', 'What was written and neither kept nor discarded.'],
        ['overlays commit 4f2a', 'Keep it as a new version.'],
        ['overlays discard 4f2a', 'Remove it.'],
      ],
      notes,
    ),
  )
  command
    .command('list')
    .description('List the overlays on this computer, of all repositories.')
    .addHelpText(
      'after',
      helpNotes([['overlays list', 'What was written, to which version, and whether it is in use.']]),
    )
    .action(() => list(cli))
  command
    .command('commit')
    .description(
      'Keep an overlay as a new version, protected until you say otherwise. Only what was written is stored.',
    )
    .argument('<overlay>', 'its id, or the beginning of it')
    .option('-n, --name <name>', 'name of the new version; that of the old one unless given')
    .addHelpText('after', helpNotes([['overlays commit 4f2a', 'Keep what was written, and remove the overlay.']]))
    .action((id: string, options: CommitOptions) => commit(cli, id, options))
  command
    .command('discard')
    .description('Remove an overlay with all that was written to it.')
    .argument('<overlay>', 'its id, or the beginning of it')
    .addHelpText('after', helpNotes([['overlays discard 4f2a', 'Remove it.']]))
    .action((id: string) => discard(cli, id))
}

async function list(cli: Cli): Promise<void> {
  const overlays = await (await cli.engine()).overlays()
  cli.output.result({ overlays }, () => {
    if (overlays.length === 0) return 'There are no overlays.\n'
    const rows = overlays.map(overlay => [
      overlay.id,
      overlay.version,
      overlay.name,
      localMinute(overlay.changedAt),
      overlay.isDamaged ? '?' : formatBytes(overlay.changedBytes),
      overlay.isDamaged ? 'damaged' : overlay.inUse ? 'in use' : '',
      overlay.url,
    ])
    const columns = [
      { title: 'OVERLAY' },
      { title: 'VERSION' },
      { title: 'NAME', shrink: 'cut' as const },
      { title: 'WRITTEN' },
      { title: 'CHANGED', align: 'right' as const },
      { title: 'NOTES' },
      { title: 'REPOSITORY', shrink: 'cut' as const },
    ]
    return `${table(columns, rows, cli.output.width)}${counted(overlays.length, 'overlay')}\n`
  })
}

async function commit(cli: Cli, spec: string, options: CommitOptions): Promise<void> {
  const { id } = find(await (await cli.engine()).overlays(), spec)
  const result = await cli.withSession(session => session.commitOverlay(id, { ...cli.callOptions(), ...options }))
  for (const warning of result.warnings) cli.output.warn(warning)
  cli.output.done(
    result,
    () =>
      `Version ${result.version} of ${result.name} holds what was written (${formatBytes(result.storedBytes)} stored). It is protected.\n`,
  )
}

async function discard(cli: Cli, spec: string): Promise<void> {
  const engine = await cli.engine()
  const { id, version, name } = find(await engine.overlays(), spec)
  await engine.discardOverlay(id)
  cli.output.done({ discarded: id }, () => `Discarded what was written to version ${version} of ${name}.\n`)
}

/** Also for `nbd --read-write`. config.notFound when no overlay, or more than one, has an id that begins so. */
export function find(overlays: readonly Overlay[], spec: string): Overlay {
  const found = overlays.filter(({ id }) => id.startsWith(spec))
  if (found.length === 1 && spec !== '') return found[0]!
  const many = found.length > 1
  throw new HoldfastError(
    many ? 'usage.invalid' : 'config.notFound',
    many ? `Several overlays have an id that begins with “${spec}”.` : `There is no overlay “${spec}”.`,
    { advice: 'List the overlays that are there with: holdfast overlays list', details: { overlay: spec } },
  )
}
