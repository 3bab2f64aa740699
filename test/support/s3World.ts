import { mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../../engine/base/clock.ts'
import type { Session } from '../../engine/engineApi.ts'
import { OverlayStore } from '../../engine/nbd/overlayStore.ts'
import { Repository } from '../../engine/repository/repository.ts'
import { RepositorySession } from '../../engine/session.ts'
import { parseRepositoryUrl } from '../../engine/storage/locations.ts'
import { attemptsAt, retrying } from '../../engine/storage/retrying.ts'
import { openS3 } from '../../engine/storage/s3/open.ts'
import type { Storage } from '../../engine/storage/storage.ts'
import { attackSecret } from './repositoryAttack.ts'
import { ownerKey } from './s3Server.ts'

export const ownerCredentials = { kind: 's3' as const, keyId: ownerKey.id, secretKey: ownerKey.secret }

/** The storage at a URL, repeated as the engine does it, but with waits on a clock of the test. */
export async function openBucket(
  url: string,
  retryClock: Clock,
  expect: 'folder' | 'nothing' = 'folder',
  idleMs = 60_000,
): Promise<Storage> {
  const location = parseRepositoryUrl(url)
  if (location.scheme !== 's3') throw new Error('not a bucket')
  const plain = await openS3(location, { expect, credentials: ownerCredentials, timeouts: { idleMs } })
  return retrying(plain, { clock: retryClock, attempts: attemptsAt(url) })
}

export async function createIn(storage: Storage, stateDir: string, blockSizeBytes: number): Promise<void> {
  const { repository } = await Repository.create(storage, { secret: attackSecret, stateDir, blockSizeBytes })
  await repository.close()
}

/** Opens the repository in a storage, which closes with it. */
export async function sessionOn(storage: Storage, stateDir: string): Promise<Session> {
  try {
    const repository = await Repository.open(storage, { secret: attackSecret, stateDir })
    return new RepositorySession(repository, storage.url, { folder: undefined, overlays: new OverlayStore(stateDir) })
  } catch (error) {
    await storage.close()
    throw error
  }
}

export const newStateDir = (folder: string): Promise<string> => mkdtemp(join(folder, 'state-'))
