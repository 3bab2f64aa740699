import type { Command } from 'commander'
import { formatBytes } from '../../base/bytes.ts'
import { HoldfastError } from '../../contract/errors.ts'
import type { TrackedSnapshot, TrackedVolumeState } from '../../contract/tracking.ts'
import type { Cli } from '../cli.ts'
import { helpNotes } from '../help.ts'
import { table } from '../textLayout.ts'
import { counted, localMinute } from '../words.ts'

interface ForgetOptions {
  all?: boolean
  yes?: boolean
}

const notes = `
Of a logical volume that is backed up, one snapshot is kept until the next run,
which then reads only what changed. While it is kept, each part of the volume
that is written for the first time is copied, which takes time and room.`

export function define(command: Command, cli: Cli): void {
  command
    .description('List the snapshots that are kept of volumes between runs, or remove them.')
    .addHelpText(
      'after',
      helpNotes(
        [
          ['tracking', 'What is kept, how much room it takes, and for which repositories.'],
          ['tracking forget /dev/vg0/root', 'See what would be removed of a volume.'],
          ['tracking forget --all --yes', 'Remove all of it; the next runs read everything.'],
        ],
        notes,
      ),
    )
    .action(() => list(cli))
  command
    .command('forget')
    .description('Remove the snapshots of Holdfast from volumes. Versions stay; the next runs read everything.')
    .argument('[path...]', 'volumes')
    .option('--all', 'all volumes of this computer')
    .option('--yes', 'remove them; without it, only what would be removed is said')
    .addHelpText('after', helpNotes([['tracking forget /dev/vg0/root --yes', 'Remove what is kept of a volume.']]))
    .action((paths: string[], options: ForgetOptions) => forget(cli, paths, options))
}

const stateWords: Record<TrackedSnapshot['state'], string> = {
  kept: 'kept',
  'in-use': 'a run is under way',
  'left-over': 'left over; the next run removes it',
  'of-another': 'of another state folder',
}

async function list(cli: Cli): Promise<void> {
  const volumes = await (await cli.engine()).tracking()
  cli.output.result({ volumes }, () => {
    if (volumes.length === 0) return 'Nothing is kept of any volume.\n'
    const rows = volumes.flatMap(volume =>
      volume.snapshots.length === 0
        ? [[volume.path, '', '', '', 'the volume has none any more', repositoriesOf(volume)]]
        : volume.snapshots.map(snapshot => [
            volume.path,
            snapshot.name,
            snapshot.takenAt === null ? '' : localMinute(snapshot.takenAt),
            sizeOf(snapshot),
            snapshot.isValid ? stateWords[snapshot.state] : 'full: the next run reads everything',
            snapshot.state === 'kept' ? repositoriesOf(volume) : '',
          ]),
    )
    const columns = [
      { title: 'VOLUME', shrink: 'cut' as const },
      { title: 'SNAPSHOT' },
      { title: 'TAKEN' },
      { title: 'TAKES', align: 'right' as const },
      { title: 'STATE', shrink: 'cut' as const },
      { title: 'REPOSITORIES', shrink: 'cut' as const },
    ]
    return table(columns, rows, cli.output.width)
  })
}

async function forget(cli: Cli, paths: readonly string[], options: ForgetOptions): Promise<void> {
  if ((paths.length === 0) === !options.all) {
    throw new HoldfastError('usage.invalid', 'Name either volumes or --all.', {
      advice: 'See what is kept with: holdfast tracking',
    })
  }
  const engine = await cli.engine()
  const volumes = await engine.tracking()
  const chosen = options.all ? volumes : paths.map(path => volumeAt(volumes, path))
  const dryRun = !options.yes
  const names = chosen.flatMap(({ snapshots }) => snapshots.map(({ name }) => name))
  const removed = dryRun ? names : await engine.forgetTracking({ volumes: chosen.map(({ volume }) => volume) })
  const text = () => {
    const lines = removed.map(name => `  ${name}\n`).join('')
    const count = counted(removed.length, 'snapshot')
    return dryRun ? `Would remove ${count}:\n${lines}Add --yes to do it.\n` : `Removed ${count}:\n${lines}`
  }
  // A dry run is a question, and its answer is no confirmation.
  if (dryRun) cli.output.result({ dryRun, removed }, text)
  else cli.output.done({ dryRun, removed }, text)
}

function volumeAt(volumes: readonly TrackedVolumeState[], path: string): TrackedVolumeState {
  const found = volumes.find(one => one.path === path || one.volume === path)
  if (found) return found
  throw new HoldfastError('config.notFound', `Nothing is kept of ${path}.`, {
    advice: 'Name a volume as "holdfast tracking" lists it.',
    details: { path, known: volumes.map(one => one.path) },
  })
}

/** What it takes, and of how much. */
function sizeOf({ usedBytes, roomBytes }: TrackedSnapshot): string {
  if (usedBytes === null) return '?'
  return roomBytes === null ? formatBytes(usedBytes) : `${formatBytes(usedBytes)} of ${formatBytes(roomBytes)}`
}

const repositoriesOf = ({ repositories }: TrackedVolumeState): string =>
  repositories.map(({ repositoryId }) => repositoryId.slice(0, 8)).join(', ')
