import { access as probe } from 'node:fs/promises'
import { type SystemAccess, systemAccess } from '../base/linux/system.ts'
import { type LinuxCalls, linux } from '../base/linux.ts'
import { HoldfastError } from '../contract/errors.ts'
import { DeviceSource } from './device.ts'
import { FileSource } from './file.ts'
import type { Source } from './source.ts'

export interface SourceEnvironment {
  calls?: LinuxCalls
  access?: SystemAccess
}

/**
 * Opens a regular file or a block device for reading. Symbolic links are followed. Fails with `source.notFound`,
 * `source.unsupported` (a folder, a pipe, a character device) or `source.readFailed` (not permitted, no medium).
 */
export async function openSource(path: string, environment: SourceEnvironment = {}): Promise<Source> {
  const { calls = linux, access = systemAccess } = environment
  const identity = await access.identify(path)
  if (identity === undefined) throw await missing(path)
  try {
    if (identity.kind === 'file') return await FileSource.open(path, identity, calls, access)
    if (identity.kind === 'device') return await DeviceSource.open(path, identity, calls, access)
  } catch (error) {
    throw translated(error, path)
  }
  const folder = identity.kind === 'folder'
  throw new HoldfastError(
    'source.unsupported',
    `${path} is ${folder ? 'a folder' : 'neither a file nor a block device'}; it cannot be backed up.`,
    {
      advice: folder
        ? 'Name the disk, partition or volume that holds the folder, or a disk image file.'
        : 'Name a disk, a partition, a volume or a disk image file.',
      details: { path },
    },
  )
}

/** The same for a source that was chosen as one or the other: source.unsupported when it is not that any more. */
export async function openSourceOf(path: string, kind: Source['kind'] | undefined): Promise<Source> {
  const source = await openSource(path)
  if (kind === undefined || source.kind === kind) return source
  await source.close()
  const is = source.kind === 'device' ? 'a device' : 'a file'
  throw new HoldfastError('source.unsupported', `${path} is ${is} now, which is not what was chosen.`, {
    advice: 'Choose the source anew.',
    details: { path, expected: kind, found: source.kind },
  })
}

/** identify() does not tell why it found nothing, so opening it says: it is rarely anything but ENOENT. */
async function missing(path: string): Promise<HoldfastError> {
  const cause = await probe(path).then(
    () => undefined,
    error => error,
  )
  return translated(cause ?? Object.assign(new Error('ENOENT'), { code: 'ENOENT' }), path)
}

function translated(error: unknown, path: string): HoldfastError {
  if (error instanceof HoldfastError) return error
  const code = (error as NodeJS.ErrnoException).code
  const options = { details: { path, errno: code }, cause: error }
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return new HoldfastError('source.notFound', `${path} does not exist.`, {
        advice: 'Check the path, and that the disk is connected.',
        ...options,
      })
    case 'EACCES':
    case 'EPERM':
      return new HoldfastError('source.readFailed', `${path} may not be read by this user.`, {
        advice: 'Run it as root, or give this user the right to read it.',
        ...options,
      })
    case 'ENXIO':
    case 'ENOMEDIUM':
      return new HoldfastError('source.readFailed', `${path} has no device or medium behind it.`, {
        advice: 'Connect the disk or insert the medium.',
        ...options,
      })
    default:
      return new HoldfastError('source.readFailed', `${path} cannot be opened: ${code ?? String(error)}.`, {
        advice: 'Check the disk and the kernel log.',
        ...options,
      })
  }
}
