import type { StorageCredentials } from '../contract/credentials.ts'
import type { Destination } from '../contract/jobs.ts'
import type { Secret } from '../engineApi.ts'

/** A destination that can be reached now. Release it: it may hold a drive mounted. */
export interface Connection {
  url: string
  secret: Secret
  /** What its storage lets us in by, where it asks. */
  credentials?: StorageCredentials
  /** Unmounts or ejects what was mounted for it, unless somebody else still uses that. Does not throw; returns what people should know. */
  release(): Promise<string[]>
}

export interface ConnectOptions {
  /** The drive is not ejected afterwards, even if it is after a backup: somebody only looks, and it may be needed next. */
  stays?: boolean
}

/**
 * Makes destinations reachable. Fails with storage.driveNotConnected when a drive is missing, and with
 * secrets.unavailable when its key cannot be had.
 */
export interface Connector {
  connect(destination: Destination, signal: AbortSignal, options?: ConnectOptions): Promise<Connection>
}
