import type { Command } from 'commander'
import { HoldfastError } from '../../contract/errors.ts'
import type { AttachedVersion, AttachedVolume } from '../../files/attachedVersion.ts'
import type { Attachment } from '../../files/attachment.ts'
import type { VersionTree } from '../../files/locate.ts'
import type { Cli } from '../cli.ts'
import { type FilesOptions, luksOption } from '../filesOptions.ts'
import { helpNotes, versionNote } from '../help.ts'
import { printable } from '../textLayout.ts'

const notes = `
${versionNote.trim()}

Only root can mount. The folder must be empty. A version with one volume is
shown in it; with several, each in a folder of its name. Everything is
read-only, and programs and devices on it do not work. The command stays until
it is interrupted, or "holdfast unmount" is told the same folder.`

interface Shown {
  name: string
  path: string
  note: string | null
}

export function define(command: Command, cli: Cli): void {
  command
    .description('Show the files of a version at a folder, until it is unmounted.')
    .argument('<version>', 'the version')
    .argument('<folder>', 'an empty folder')
    .option(...luksOption)
    .addHelpText(
      'after',
      helpNotes(
        [
          ['mount laptop:latest /mnt', 'Look at a version with any program.'],
          ['unmount /mnt', 'End that, in another terminal.'],
        ],
        notes,
      ),
    )
    .action((version: string, folder: string, options: FilesOptions) => run(cli, version, folder, options))
}

async function run(cli: Cli, spec: string, folder: string, options: FilesOptions): Promise<void> {
  if (process.getuid?.() !== 0) {
    throw new HoldfastError('access.denied', 'Only the administrator can mount a version.', {
      advice: 'Run it with sudo; "holdfast files" and "holdfast extract" can do without.',
    })
  }
  // Only now: help and completion must not wait for them.
  const [{ withFiles }, { requireMountPoint, untilUnmounted }] = await Promise.all([
    import('../versionFiles.ts'),
    import('../../files/mountPoint.ts'),
  ])
  const mountPoint = await requireMountPoint(folder)
  const { signal } = cli.callOptions()
  await withFiles(cli, spec, { ...options, signal, mountPoint }, async ({ id, version, tree, attachment }) => {
    const volumes = await readyVolumes(version, tree, cli)
    const shown = await showAll(volumes, { version, attachment, mountPoint, signal, cli })
    cli.output.result({ version: id, mountPoint, volumes: shown }, () => text(mountPoint, shown))
    await untilUnmounted(
      shown.map(({ path }) => path),
      signal,
    )
  })
}

/** Those that can be opened, also inside of encrypted ones whose passphrase is given. */
async function readyVolumes(version: AttachedVersion, tree: VersionTree, cli: Cli): Promise<AttachedVolume[]> {
  const ready: AttachedVolume[] = []
  const rest = [...version.volumes]
  for (let volume = rest.shift(); volume; volume = rest.shift()) {
    if (volume.state === 'ready') ready.push(volume)
    else if (volume.state === 'locked') rest.unshift(...(await tree.inside(volume)))
    else cli.output.warn(`${volume.name} is not shown. ${volume.why ?? ''}`.trim())
  }
  return ready
}

async function showAll(
  volumes: readonly AttachedVolume[],
  options: { version: AttachedVersion; attachment: Attachment; mountPoint: string; signal: AbortSignal; cli: Cli },
): Promise<Shown[]> {
  const { version, attachment, mountPoint, signal, cli } = options
  const { makeVolumeFolder } = await import('../../files/mountPoint.ts')
  const shown: Shown[] = []
  let last: unknown
  for (const volume of volumes) {
    try {
      const path = volumes.length === 1 ? mountPoint : await makeVolumeFolder(attachment, mountPoint, volume.name)
      const { note } = await version.open(volume, path, signal)
      if (note !== null) cli.output.warn(`${volume.name}: ${note}`)
      shown.push({ name: volume.name, path, note })
    } catch (error) {
      // One that is damaged does not keep the others from being seen.
      if (!(error instanceof HoldfastError) || error.code === 'run.cancelled') throw error
      cli.output.warn(`${volume.name} is not shown. ${error.message}`)
      last = error
    }
  }
  if (shown.length > 0) return shown
  throw (
    last ??
    new HoldfastError('files.volumeNotFound', 'This version has no volume that can be opened.', {
      advice: '"holdfast files VERSION" says why.',
    })
  )
}

function text(mountPoint: string, shown: readonly Shown[]): string {
  const lines = shown.map(({ name, path }) => `  ${printable(name)} at ${printable(path)}\n`)
  return `Mounted:\n${lines.join('')}It stays until you press Ctrl-C, or run: holdfast unmount ${printable(mountPoint)}\n`
}
