import type { Destination } from '../contract/jobs.ts'
import type { Secret } from '../engineApi.ts'

/** A destination that can be reached now. Release it: it may hold a drive mounted. */
export interface Connection {
  url: string
  secret: Secret
  /** Unmounts or ejects what was mounted for it. Does not throw; returns what people should know. */
  release(): Promise<string[]>
}

/**
 * Makes destinations reachable. Fails with storage.driveNotConnected when a drive is missing, and with
 * secrets.unavailable when its key cannot be had.
 */
export interface Connector {
  connect(destination: Destination, signal: AbortSignal): Promise<Connection>
}
