import { resolve } from 'node:path'
import type { Command } from 'commander'
import { formatBytes } from '../../base/bytes.ts'
import { HoldfastError } from '../../contract/errors.ts'
import type { ExtractResult } from '../../contract/files.ts'
import type { ExtractItem } from '../../files/extract.ts'
import type { Cli } from '../cli.ts'
import { exitCodes } from '../exitCodes.ts'
import { type FilesOptions, luksOption } from '../filesOptions.ts'
import { helpNotes, versionNote } from '../help.ts'
import { printable } from '../textLayout.ts'
import { counted } from '../words.ts'

interface Options extends FilesOptions {
  force?: boolean
  keepBoth?: boolean
  dryRun?: boolean
}

const notes = `
${versionNote.trim()}

Owners, modes, times, extended attributes, access lists, hard links, links and
holes are kept as far as the user and the file system of the destination allow.
Nothing is written through links, and nothing outside of the destination. What
cannot be read is listed, the rest is copied, and the exit code is 65 (damage)
or 74 (something that cannot be made here, such as devices without root).`

export function define(command: Command, cli: Cli): void {
  command
    .description('Copy files and folders out of a version into a folder.')
    .argument('<version>', 'the version')
    .argument('<path...>', 'files and folders as "holdfast files" names them, and at last the folder they go to')
    .option('-f, --force', 'replace what is there already; folders are merged')
    .option('--keep-both', 'give other names to what is there already')
    .option('-n, --dry-run', 'only say what would be replaced')
    .option(...luksOption)
    .addHelpText(
      'after',
      helpNotes(
        [
          ['extract laptop:latest p2/home/anna/letter.odt .', 'Get one file back, into this folder.'],
          ['extract laptop:latest~1 vg/root/etc vg/root/srv old', 'Get two folders of the day before.'],
          ['extract laptop:latest p2/home/anna /home --force --dry-run', 'What going back would replace.'],
        ],
        notes,
      ),
    )
    .action((version: string, paths: string[], options: Options) => run(cli, version, paths, options))
}

async function run(cli: Cli, spec: string, paths: readonly string[], options: Options): Promise<void> {
  const [destination, ...wanted] = [...paths].reverse()
  if (destination === undefined || wanted.length === 0) {
    throw new HoldfastError('usage.invalid', 'The folder that the files go to was not named.', {
      advice: 'Name it at last: holdfast extract VERSION PATH DESTINATION',
    })
  }
  if (options.force && options.keepBoth) {
    throw new HoldfastError('usage.invalid', 'Both --force and --keep-both are given.', {
      advice: 'Choose one: replace what is there, or give the new ones other names.',
    })
  }
  // Only now: help and completion must not wait for them.
  const [{ withFiles }, { extract, isDamage, nameFor }] = await Promise.all([
    import('../versionFiles.ts'),
    import('../../files/extract.ts'),
  ])
  const { signal, onProgress } = cli.callOptions()
  await withFiles(cli, spec, { ...options, signal }, async ({ id, tree, attachment }) => {
    const items: ExtractItem[] = []
    for (const path of wanted.reverse()) {
      // A link itself is copied, not what it points to.
      const found = await tree.locate(path, { followLast: false })
      if (found.kind === 'volumes')
        throw severalVolumes(
          path,
          found.volumes.map(({ name }) => name),
        )
      if (found.note !== null) cli.output.warn(found.note)
      items.push({ source: found.place, name: nameFor(found.place.slice(found.root.length), found.volume.name) })
    }
    const result = await extract(attachment, items, {
      version: id,
      destination: resolve(destination),
      existing: options.force ? 'replace' : options.keepBoth ? 'keep-both' : 'refuse',
      dryRun: options.dryRun ?? false,
      signal,
      onProgress,
    })
    if (result.problems.length > 0) {
      cli.exitCode = result.problems.some(isDamage) ? exitCodes.damagedData : exitCodes.inputOutput
    }
    if (result.dryRun) cli.output.result(result, () => dryText(result))
    else if (result.problems.length > 0) cli.output.result(result, () => text(result))
    else cli.output.done(result, () => text(result))
  })
}

function severalVolumes(path: string, volumes: readonly string[]): HoldfastError {
  return new HoldfastError('usage.invalid', `${path === '' ? '/' : path} are several volumes.`, {
    advice: `Begin the path with one of: ${volumes.join(', ')}`,
    details: { path, volumes: [...volumes] },
  })
}

function text({ extracted, destination, entries, bytes, replaced, problems }: ExtractResult): string {
  const names = extracted.map(printable).join(', ')
  const lines = [
    `Copied ${names} to ${printable(destination)}: ${counted(entries, 'entry', 'entries')}, ${formatBytes(bytes)}.`,
  ]
  if (replaced.length > 0)
    lines.push(
      `${counted(replaced.length, 'entry', 'entries')} that had been there ${replaced.length === 1 ? 'was' : 'were'} replaced.`,
    )
  if (problems.length > 0)
    lines.push('Not everything could be copied in full:', ...problems.map(line => `  ${printable(line)}`))
  return `${lines.join('\n')}\n`
}

function dryText({ extracted, destination, entries, bytes, replaced }: ExtractResult): string {
  const names = extracted.map(printable).join(', ')
  const lines = [
    `Would copy ${names} to ${printable(destination)}: ${counted(entries, 'entry', 'entries')}, ${formatBytes(bytes)}.`,
  ]
  if (replaced.length === 0) lines.push('Nothing that is there would be replaced.')
  else lines.push('It would replace:', ...replaced.map(name => `  ${printable(name)}`))
  return `${lines.join('\n')}\n`
}
