import { HoldfastError, isHoldfastError } from '../contract/errors.ts'
import type { Destination } from '../contract/jobs.ts'
import type { Engine, Secret, Session } from '../engineApi.ts'
import type { Connection, Connector } from './connection.ts'
import { lowerRate } from './transferRates.ts'

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
    const session = await openConnection(engine, connection, destination, secret ? { secret } : {})
    try {
      return await work(session, connection.secret)
    } finally {
      await session.close()
    }
  } catch (error) {
    if (isSilenceOf(connection, error)) connection.tried?.(error)
    throw error
  } finally {
    await connection.release()
  }
}

/** Whether it is this place that did not answer: where versions go from one to another, the error may be of either. */
export function isSilenceOf({ url }: Pick<Connection, 'url'>, error: unknown): boolean {
  return isHoldfastError(error, 'storage.unreachable') && (error.details.url ?? url) === url
}

/**
 * Opens the repository of a destination that was made reachable, with all that it is opened by, and tells the connection how that went.
 * Fails as Engine.open does, and with repository.notFound when another repository is there.
 */
export async function openConnection(
  engine: Engine,
  connection: Connection,
  destination: Destination,
  { secret = connection.secret, writeLimit }: { secret?: Secret; writeLimit?: number } = {},
): Promise<Session> {
  const { url, credentials, limits, gate } = connection
  const write = lowerRate(writeLimit, limits?.writeLimit)
  try {
    const session = await engine.open(url, secret, {
      ...limits,
      ...(credentials && { credentials }),
      ...(write !== undefined && { writeLimit: write }),
      ...(gate && { gate }),
    })
    try {
      requireRepository(session, destination)
    } catch (error) {
      await session.close()
      throw error
    }
    connection.tried?.()
    return session
  } catch (error) {
    connection.tried?.(error)
    throw error
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
