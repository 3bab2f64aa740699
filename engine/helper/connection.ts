import type { StorageCredentials } from '../contract/credentials.ts'
import type { Destination } from '../contract/jobs.ts'
import type { PauseGate, Rate, Secret } from '../engineApi.ts'

/** A destination that can be reached now. Release it: it may hold a drive mounted. */
export interface Connection {
  url: string
  secret: Secret
  /** What its storage lets us in by, where it asks. */
  credentials?: StorageCredentials
  /** How much of the network may be used, as the destination says; ask `ratesOf` where a job has a limit, too. */
  limits?: { writeLimit?: Rate; readLimit?: Rate }
  /** Holds what is done with it while the run that it is for is paused. */
  gate?: PauseGate
  /** Told how it went, once it was tried: without an error, or with what it ended with. What does not answer is waited for then. */
  tried?(error?: unknown): void
  /** Unmounts or ejects what was mounted for it, unless somebody else still uses that. Does not throw; returns what people should know. */
  release(): Promise<string[]>
}

export interface ConnectOptions {
  /** The drive is not ejected afterwards, even if it is after a backup: somebody only looks, and it may be needed next. */
  stays?: boolean
}

/**
 * Makes destinations reachable; those in the network are not asked yet. Fails with storage.driveNotConnected when a drive is missing, and
 * with secrets.unavailable when its key or the credentials of its storage cannot be had.
 */
export interface Connector {
  connect(destination: Destination, signal: AbortSignal, options?: ConnectOptions): Promise<Connection>
}
