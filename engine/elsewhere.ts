import { randomHex } from './base/random.ts'
import { HoldfastError, isHoldfastError } from './contract/errors.ts'
import { parseConfig } from './repository/config.ts'
import { names } from './repository/format.ts'
import { trialFolder } from './storage/names.ts'
import type { Storage } from './storage/storage.ts'

/** What a place that is no folder of this computer holds, and what we may do there. */
export interface ElsewhereFacts {
  /** The same place has the same text. */
  url: string
  /** Null when there is no repository. */
  repositoryId: string | null
  /** Whether objects can be deleted with these credentials; null when it was not tried. */
  canDelete: boolean | null
}

/** What a key must be allowed to do. */
export type Right = 'list' | 'read' | 'write'

/** A real config has a few hundred bytes. */
const largestConfigBytes = 64 * 1024

/**
 * Looks whether a repository is at a storage. Where there is none and `mayTry`, it also puts a tiny object (trial/…), reads it and
 * deletes it, to learn what the credentials allow; one that may not be deleted stays there. `repository.alreadyExists` for the remains
 * of a repository. storage.authFailed says in `details.lacks` what was not allowed.
 */
export async function lookElsewhere(
  storage: Storage,
  { mayTry, signal }: { mayTry: boolean; signal?: AbortSignal | undefined },
): Promise<Omit<ElsewhereFacts, 'url'>> {
  const repositoryId = await lacking('read', () => repositoryAt(storage, signal))
  if (repositoryId !== null) return { repositoryId, canDelete: null }
  await lacking('list', () => refuseRemains(storage, signal))
  return { repositoryId, canDelete: mayTry ? await tryRights(storage, signal) : null }
}

async function repositoryAt(storage: Storage, signal: AbortSignal | undefined): Promise<string | null> {
  for (const name of [names.config, names.copy(names.config)]) {
    const info = await storage.stat(name, signal)
    if (info === undefined || info.sizeBytes > largestConfigBytes) continue
    const config = parseConfig(await storage.get(name, undefined, signal), storage.url)
    if (config) return config.repositoryId
  }
  return null
}

/** Keys alone are left by an `init` that died, and are no obstacle (repository/unfinished.ts). */
async function refuseRemains(storage: Storage, signal: AbortSignal | undefined): Promise<void> {
  for (const folder of ['versions', 'index', 'packs']) {
    for await (const { name } of storage.list(folder, signal)) {
      throw new HoldfastError(
        'repository.alreadyExists',
        `At ${storage.url} are the remains of a repository: ${name} is there, and its config is not.`,
        { advice: 'Choose another place, or another prefix in this bucket.', details: { url: storage.url, name } },
      )
    }
  }
}

async function tryRights(storage: Storage, signal: AbortSignal | undefined): Promise<boolean> {
  const name = `${trialFolder}/${randomHex(8)}`
  const content = Buffer.from('Holdfast tries what it may do here.\n')
  await lacking('write', () => storage.put(name, [content], signal ? { signal } : {}))
  const read = await lacking('read', () => storage.get(name, undefined, signal))
  if (!content.equals(read)) {
    throw new HoldfastError('storage.failed', `${storage.url} gives back something else than what was put there.`, {
      advice: 'Do not use this storage for backups.',
      details: { url: storage.url, name },
    })
  }
  await lacking('list', async () => {
    for await (const _ of storage.list(trialFolder, signal)) return
  })
  try {
    await storage.delete(name, signal)
    return true
  } catch (error) {
    if (isHoldfastError(error, 'storage.deleteRefused', 'storage.authFailed')) return false
    throw error
  }
}

/** Says which right it was that was missing. */
async function lacking<T>(right: Right, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!isHoldfastError(error, 'storage.authFailed') || error.details.lacks !== undefined) throw error
    const { message, advice, details, retryable } = error
    throw new HoldfastError('storage.authFailed', message, {
      ...(advice !== undefined && { advice }),
      details: { ...details, lacks: right },
      retryable,
      cause: error,
    })
  }
}
