import { mkdir, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { linux } from '../base/linux.ts'
import { HoldfastError } from '../contract/errors.ts'
import { waitFor } from './waiting.ts'

/** Where all processes of root on this computer meet, whatever their state folder. */
const lockPath = '/run/lock/holdfast-nbd.lock'
const turnMs = 60_000

/**
 * Lets one process of this computer at a time choose and connect an NBD device. nbd-client takes the socket of a device away
 * (NBD_CLEAR_SOCK) before the kernel tells it that the device is somebody else's: the second of two that choose the same one would
 * break the first one's. files.busy when the turn does not come within a minute. May be cancelled.
 */
export async function inNbdTurn<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  await mkdir(dirname(lockPath), { recursive: true })
  const lock = await open(lockPath, 'a', 0o600)
  try {
    if (
      await waitFor(async () => (linux.lockFile(lock.fd) === 'taken' ? undefined : true), { timeoutMs: turnMs, signal })
    )
      return await work()
    throw busy()
  } finally {
    // That gives up the lock. The file stays: removing it would part those who hold it from those who come.
    await lock.close()
  }
}

const busy = () =>
  new HoldfastError('files.busy', 'Another process of Holdfast takes long to connect an NBD device.', {
    advice: 'Try again; "holdfast attachments" lists what is attached.',
    details: { lock: lockPath },
    retryable: true,
  })
