import { access } from 'node:fs/promises'
import type { CommandOptions } from '../base/command.ts'
import { HoldfastError, isHoldfastError } from '../contract/errors.ts'
import type { ReadBytes } from '../versions/partition.ts'
import type { Attachment } from './attachment.ts'
import { startInBackground } from './background.ts'
import { makeOverlay } from './devices.ts'
import { readSuperblockFacts } from './fileSystemFacts.ts'
import { type MountAttempt, mountAttempts, notReplayed } from './mountAttempts.ts'
import { mountAt, needProgram } from './system.ts'
import { waitFor } from './waiting.ts'

export interface Mountable {
  /** For messages. */
  name: string
  kind: string
  device: string
  sizeBytes: number
  read: ReadBytes
}

const mountMs = 120_000

/**
 * Mounts a file system read-only at a folder, with the kernel's drivers; answers with what people should know about it. Fails with
 * files.unsupported when the kernel cannot, with files.damaged when the file system is not sound enough, and config.invalid when
 * a program is missing. Nothing is left of a failed attempt.
 */
export async function mountVolume(
  attachment: Attachment,
  volume: Mountable,
  mountPoint: string,
  options: { canOverlay: boolean; signal?: AbortSignal | undefined },
): Promise<{ note: string | null }> {
  const { system } = attachment
  await needProgram(system, 'mount', 'open a volume')
  const { isDirty, btrfsId } = await readSuperblockFacts(volume.read, volume.kind)
  const isInUseHere = btrfsId !== null && (await isThere(`/sys/fs/btrfs/${btrfsId}`))
  const attempts = mountAttempts({ kind: volume.kind, isDirty, canOverlay: options.canOverlay, isInUseHere })
  const failures: string[] = []
  for (const attempt of attempts) {
    const height = attachment.height
    try {
      await tryMount(attachment, volume, mountPoint, attempt, options.signal)
      return { note: attempt.note }
    } catch (error) {
      await attachment.undo(height)
      if (!isHoldfastError(error, 'files.unsupported')) throw error
      failures.push(String(error.details.stderr ?? error.message))
    }
  }
  throw notMounted(volume, failures, isInUseHere)
}

const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  )

async function tryMount(
  attachment: Attachment,
  volume: Mountable,
  mountPoint: string,
  { type, options, onOverlay, newIdentity }: MountAttempt,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { system } = attachment
  const how: CommandOptions = { failureCode: 'files.unsupported', timeoutMs: mountMs, ...(signal && { signal }) }
  const source = onOverlay ? await makeOverlay(attachment, volume.device, volume.sizeBytes) : volume.device
  if (newIdentity) {
    for (const program of ['btrfs', 'btrfstune']) await needProgram(system, program, 'open a volume with btrfs')
    // What is in the log would stop the next one; the last writes before the backup that are in it alone are lost.
    await system.run('btrfs', ['rescue', 'zero-log', source], how)
    await system.run('btrfstune', ['-f', '-m', source], how)
  }
  await attachment.step({ kind: 'mount', mountPoint, source }, () =>
    system.run('mount', ['-t', type, '-o', options.join(','), source, mountPoint], how),
  )
}

function notMounted(
  { name, kind }: Pick<Mountable, 'name' | 'kind'>,
  failures: readonly string[],
  isInUseHere: boolean,
): HoldfastError {
  const details = { volume: name, kind, said: failures }
  const said = failures.join('\n')
  if (isInUseHere && failures.length === 0) {
    return new HoldfastError('files.unsupported', `The file system that ${name} is a copy of is mounted here.`, {
      advice:
        'Two of one btrfs need device-mapper (dm-snapshot); unmount the original, or open it on another computer.',
      details,
    })
  }
  const isUnknown = failures.every(text => /unknown filesystem type|No such device|not installed/i.test(text))
  if (isUnknown) {
    return new HoldfastError('files.unsupported', `The kernel of this computer cannot open ${kind} (${name}).`, {
      advice:
        kind === 'ntfs' ? 'Install the package ntfs-3g: apt install ntfs-3g' : 'Open it on a computer that uses it.',
      details,
    })
  }
  return new HoldfastError('files.damaged', `The file system on ${name} (${kind}) is too damaged to be opened.`, {
    advice:
      'Make a writable copy (holdfast nbd VERSION --read-write), repair that with fsck, and keep it as a new version.',
    details: { ...details, said: said.slice(0, 2000) },
  })
}

/**
 * Without root: mounts ext2, ext3 and ext4 with fuse2fs of e2fsprogs, which checks what it reads like fsck does and shows hard links, times
 * (in whole seconds) and extended attributes; its files are for this user alone. It is preferred to debugfs, which keeps neither of them and follows
 * whatever names it finds.
 */
export async function mountInUserSpace(
  attachment: Attachment,
  volume: { name: string; kind: string; file: string; offset: number; isDirty: boolean | null },
  mountPoint: string,
  signal?: AbortSignal,
): Promise<{ note: string | null }> {
  const { name, kind, file, offset } = volume
  if (!/^ext[234]$/.test(kind)) {
    throw new HoldfastError('files.unsupported', `${kind} (${name}) can only be opened by the administrator.`, {
      advice: 'Run the same command with sudo, or open the version in the app.',
      details: { volume: name, kind },
    })
  }
  const program = await needProgram(attachment.system, 'fuse2fs', 'open ext4 without being root')
  await attachment.step({ kind: 'fuse', mountPoint }, async () => {
    // fakeroot: everything may be read, as the whole version may be.
    const args = ['-f', '-o', `ro,norecovery,fakeroot,offset=${offset}`, file, mountPoint]
    const server = startInBackground(program, args)
    const ready = async () => (server.ended() ? false : (await mountAt(mountPoint)) && true)
    if (await waitFor(ready, { timeoutMs: mountMs, signal })) return
    throw notMounted(volume, [server.ended()?.said ?? 'no answer'], false)
  })
  return { note: volume.isDirty === true ? notReplayed : null }
}
