import { HoldfastError } from '../contract/errors.ts'
import type { Destination } from '../contract/jobs.ts'
import type { Engine, Secret, Session } from '../engineApi.ts'
import type { Connector } from './connection.ts'

/**
 * Opens the repository of a destination for some work, and lets go of its drive afterwards without ejecting it: with the
 * passphrase that is kept, which `work` is told, or with `secret`. Fails as Connector.connect and Engine.open do, and with
 * repository.notFound when another repository is there.
 */
export async function withDestination<T>(
  { connector, engine }: { connector: Connector; engine: Engine },
  destination: Destination,
  signal: AbortSignal,
  work: (session: Session, kept: Secret) => Promise<T>,
  secret?: Secret,
): Promise<T> {
  const connection = await connector.connect(destination, signal, { stays: true })
  try {
    const session = await engine.open(connection.url, secret ?? connection.secret)
    try {
      requireRepository(session, destination)
      return await work(session, connection.secret)
    } finally {
      await session.close()
    }
  } finally {
    await connection.release()
  }
}

/** Somebody may have put another repository, which the same passphrase opens, in its place: repository.notFound. */
export function requireRepository({ repositoryId, url }: Session, destination: Destination): void {
  if (repositoryId === destination.repositoryId) return
  throw new HoldfastError(
    'repository.notFound',
    `Another repository than that of “${destination.name}” is at ${url}.`,
    {
      advice: 'Bring the right one back, or add this one as a destination of its own.',
      details: { url, found: repositoryId, expected: destination.repositoryId },
    },
  )
}
