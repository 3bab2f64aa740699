import type { Command } from 'commander'
import { formatBytes } from '../../base/bytes.ts'
import type { FileEntry, Volume } from '../../contract/files.ts'
import type { Cli } from '../cli.ts'
import { exitCodes } from '../exitCodes.ts'
import { type FilesOptions, luksOption } from '../filesOptions.ts'
import { helpNotes, versionNote } from '../help.ts'
import { table } from '../textLayout.ts'
import { counted, localMinute } from '../words.ts'

const notes = `
${versionNote.trim()}

A path begins with the name of the volume that it is on (p1, vg/root), which may
be left out when only one can be opened. Links on the way are followed inside of
the volume. As root, everything that the kernel knows can be looked at; without,
ext2, ext3 and ext4 can, with the programs nbdfuse and fuse2fs.`

export function define(command: Command, cli: Cli): void {
  command
    .description('List the volumes of a version, or what is in a folder of it.')
    .argument('<version>', 'the version')
    .argument('[path]', 'a volume, folder or file')
    .option(...luksOption)
    .addHelpText(
      'after',
      helpNotes(
        [
          ['files laptop:latest', 'Its volumes, or the files of the only one.'],
          ['files laptop:latest p2/home/anna', 'What was in a folder of the second partition.'],
          ['files laptop:latest vg/root/etc --json', 'What was in a folder of a logical volume, for programs.'],
        ],
        notes,
      ),
    )
    .action((version: string, path: string | undefined, options: FilesOptions) =>
      run(cli, version, path ?? '', options),
    )
}

async function run(cli: Cli, spec: string, path: string, options: FilesOptions): Promise<void> {
  // Only now: help and completion must not wait for them.
  const [{ withFiles }, { plainVolume }, { listFolder }] = await Promise.all([
    import('../versionFiles.ts'),
    import('../../files/layout.ts'),
    import('../../files/listing.ts'),
  ])
  const { signal } = cli.callOptions()
  await withFiles(cli, spec, { ...options, signal }, async ({ id, tree, attachment }) => {
    const found = await tree.locate(path, { followLast: true })
    if (found.kind === 'volumes') {
      const volumes = found.volumes.map(plainVolume)
      return cli.output.result({ version: id, volumes }, () => volumeTable(volumes, cli.output.width))
    }
    const { entries, problems } = await listFolder(attachment.system, found.place, signal)
    if (found.note !== null) cli.output.warn(found.note)
    for (const problem of problems) cli.output.warn(problem)
    if (problems.length > 0) cli.exitCode = exitCodes.damagedData
    const answer = {
      version: id,
      volume: found.volume.name,
      path: `/${found.path}`,
      note: found.note,
      entries,
      problems,
    }
    cli.output.result(answer, () => entryTable(entries, cli.output.width))
  })
}

export function volumeTable(volumes: readonly Volume[], width: number | undefined): string {
  if (volumes.length === 0) return 'No volumes were found in this version.\n'
  const stateWords = { ready: '', locked: 'encrypted', closed: 'cannot be opened' }
  const rows = volumes.map(({ name, kind, label, sizeBytes, purpose, state, why }) => [
    name,
    kind ?? '',
    label ?? '',
    formatBytes(sizeBytes),
    [state === 'closed' ? (why ?? stateWords.closed) : stateWords[state], purpose ?? ''].filter(Boolean).join(' · '),
  ])
  return table(
    [
      { title: 'VOLUME' },
      { title: 'KIND' },
      { title: 'LABEL', shrink: 'cut' },
      { title: 'SIZE', align: 'right' },
      { title: 'NOTES', shrink: 'wrap' },
    ],
    rows,
    width,
  )
}

const kindLetters = {
  file: '-',
  folder: 'd',
  link: 'l',
  block: 'b',
  character: 'c',
  pipe: 'p',
  socket: 's',
  unknown: '?',
}

function entryTable(entries: readonly FileEntry[], width: number | undefined): string {
  if (entries.length === 0) return 'The folder is empty.\n'
  const rows = entries.map(({ name, kind, sizeBytes, modified, mode, uid, gid, linkTarget }) => [
    kindLetters[kind] + mode,
    `${uid}:${gid}`,
    kind === 'file' ? formatBytes(sizeBytes) : '',
    localMinute(modified),
    linkTarget === null ? name + (kind === 'folder' ? '/' : '') : `${name} → ${linkTarget}`,
  ])
  const list = table(
    [{ title: 'MODE' }, { title: 'OWNER' }, { title: 'SIZE', align: 'right' }, { title: 'CHANGED' }, { title: 'NAME' }],
    rows,
    width,
  )
  return `${list}${counted(entries.length, 'entry', 'entries')}\n`
}
