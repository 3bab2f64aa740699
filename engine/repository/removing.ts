import { HoldfastError, isHoldfastError } from '../contract/errors.ts'
import type { Storage } from '../storage/storage.ts'
import { names } from './format.ts'

/**
 * What becomes of removing where the key in use may only add (an append-only key): housekeeping on the way is left to whoever may
 * (ifAllowed), a lock is released by what is written over it (Locks), and what is asked for by name, or to make room, is refused before
 * anything has changed (requireRemoving).
 */

/** No lock has this id, since ids are random; it is there for a moment, to be removed. */
const probeName = names.lock('0'.repeat(32))

/**
 * Throws storage.deleteRefused unless this key may remove at this place; nothing has changed then. Asked before anything
 * that would otherwise stop half-way. `sample` is a name like those that are going to be removed and that nothing has: rights may
 * differ between folders.
 */
export async function requireRemoving(storage: Storage, sample: string, signal?: AbortSignal): Promise<void> {
  try {
    const options = { overwrite: true, transient: true, ...(signal ? { signal } : {}) }
    await storage.put(probeName, [Buffer.from('released')], options)
    await storage.delete(probeName, signal)
    await storage.delete(sample, signal)
  } catch (error) {
    if (!isHoldfastError(error, 'storage.deleteRefused')) throw error
    throw new HoldfastError(
      'storage.deleteRefused',
      `The key in use may add to ${storage.url} and remove nothing. Nothing was changed.`,
      {
        advice: 'Run this with the key of the owner, which may remove: --credentials-file FILE.',
        details: { ...error.details, url: storage.url },
        cause: error,
      },
    )
  }
}

/** Removes what would be nice to be rid of; false when this key may not, and whoever may does it some day. */
export async function ifAllowed(remove: () => Promise<unknown>): Promise<boolean> {
  try {
    await remove()
    return true
  } catch (error) {
    if (!isHoldfastError(error, 'storage.deleteRefused')) throw error
    return false
  }
}
