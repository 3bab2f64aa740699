import { HoldfastError } from '../contract/errors.ts'

/** Translates an error of the system on opening a target. */
export function openFailed(error: unknown, path: string): HoldfastError {
  if (error instanceof HoldfastError) return error
  const code = (error as NodeJS.ErrnoException).code
  const options = { details: { path, errno: code }, cause: error }
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return new HoldfastError('target.notFound', `${path} does not exist, or its folder does not.`, {
        advice: 'Check the path, and that the disk is connected.',
        ...options,
      })
    case 'EEXIST':
      return targetExists(path)
    case 'EISDIR':
      return targetUnsupported(path)
    case 'EBUSY':
    case 'ETXTBSY':
      return new HoldfastError('target.inUse', `${path} is in use: another program holds it.`, {
        advice: 'Unmount its file systems, deactivate volumes and swap on it, and close programs that use it.',
        ...options,
      })
    case 'EROFS':
    case 'EACCES':
    case 'EPERM':
      return new HoldfastError('target.readOnly', `${path} may not be written.`, {
        advice:
          code === 'EROFS'
            ? 'Remove the write protection, or choose another target.'
            : 'Run it as root, give this user the right to write there, or choose another target.',
        ...options,
      })
    case 'ENOSPC':
    case 'EDQUOT':
    case 'EFBIG':
      return targetFull(error, path)
    case 'ENXIO':
    case 'ENOMEDIUM':
      return new HoldfastError('target.notFound', `${path} has no device or medium behind it.`, {
        advice: 'Connect the disk or insert the medium.',
        ...options,
      })
    default:
      return new HoldfastError(
        'target.writeFailed',
        `${path} cannot be opened for writing: ${code ?? String(error)}.`,
        {
          advice: 'Check the disk and the kernel log.',
          ...options,
        },
      )
  }
}

export function targetExists(path: string): HoldfastError {
  return new HoldfastError('target.exists', `${path} exists already.`, {
    advice: 'Choose a path that does not exist, or force the overwriting of everything in it.',
    details: { path },
  })
}

export function targetUnsupported(path: string): HoldfastError {
  return new HoldfastError('target.unsupported', `${path} is neither a regular file nor a block device.`, {
    advice: 'Choose a file, a disk, a partition or a volume.',
    details: { path },
  })
}

export function deviceGone(path: string): HoldfastError {
  return new HoldfastError('target.identityChanged', `${path} is no device any more. Nothing was written.`, {
    advice: 'Check which disks are connected, and choose the target again.',
    details: { path },
  })
}

/** What became of a device that was unplugged while it was open. */
export function deviceLeft(path: string, cause: unknown): HoldfastError {
  return new HoldfastError('target.writeFailed', `${path} was disconnected while it was being written.`, {
    advice:
      'What is on it is incomplete. Connect it again, and restore once more; --delta keeps what is right already.',
    details: { path },
    cause,
  })
}

function targetFull(error: unknown, path: string, place: Record<string, unknown> = {}): HoldfastError {
  const code = (error as NodeJS.ErrnoException).code
  const what =
    code === 'EFBIG' ? `${path} would be larger than its file system allows` : `There is no space left for ${path}`
  return new HoldfastError('target.full', `${what}.`, {
    advice: 'Make space, or choose another target.',
    details: { path, ...place, errno: code },
    cause: error,
  })
}

/** Translates an error of the system on reading, writing or zeroing [offset, offset + length) of an open target. */
export function accessFailed(
  error: unknown,
  path: string,
  verb: 'written' | 'zeroed' | 'read back' | 'flushed',
  place: { offset: number; length: number } | undefined,
): HoldfastError {
  if (error instanceof HoldfastError) return error
  const code = (error as NodeJS.ErrnoException).code
  if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG') return targetFull(error, path, place)
  const where = place === undefined ? '' : ` at byte ${place.offset} (${place.length} bytes)`
  return new HoldfastError('target.writeFailed', `${path} cannot be ${verb}${where}: ${code ?? String(error)}.`, {
    advice: 'Check the disk and its cables; look at its SMART values and at the kernel log.',
    details: { path, ...place, errno: code },
    cause: error,
  })
}

/** The caller's mistake: a range that is not inside the target. */
export function checkInside(path: string, sizeBytes: number, offset: number, length: number): void {
  if (Number.isSafeInteger(offset) && offset >= 0 && length >= 0 && offset + length <= sizeBytes) return
  throw new HoldfastError('internal.bug', `${length} bytes at ${offset} lie beyond ${path} (${sizeBytes} bytes).`, {
    details: { path, sizeBytes, offset, length },
  })
}
