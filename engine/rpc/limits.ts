/** What one server lets its clients take. Bytes and milliseconds. */
export interface RpcLimits {
  /** Of one user, or of one transport that knows no users. */
  connectionsPerPeer: number
  connections: number
  /** Calls of one connection whose answers have not gone out. */
  callsPerConnection: number
  /** Handlers at work for one user, with those whose connection is gone. */
  callsPerPeer: number
  subscriptionsPerConnection: number
  /** A connection with more waiting for it is not read from, so that it cannot ask for more. */
  pauseBytes: number
  /** Changes of one subscription; when more wait, the whole state is sent in their place. */
  pendingChangeBytes: number
  /** A connection with more waiting for it is ended. */
  queueBytes: number
  /** When more waits for all connections together, the one with the most is ended. */
  totalQueueBytes: number
  /** From the connection to the first message. */
  helloMs: number
  /** A silent client is asked for a sign of life after this time, and dropped when three such times pass without one. */
  pingMs: number
  progressMs: number
  /** For the last message before a connection is cut. */
  closeGraceMs: number
}

const MiB = 1024 * 1024

export const defaultLimits: RpcLimits = {
  connectionsPerPeer: 16,
  connections: 128,
  callsPerConnection: 16,
  callsPerPeer: 64,
  subscriptionsPerConnection: 32,
  pauseBytes: MiB / 4,
  pendingChangeBytes: MiB / 4,
  // All calls of a connection may have an answer of the greatest length at the same time.
  queueBytes: 24 * MiB,
  totalQueueBytes: 64 * MiB,
  helloMs: 5000,
  pingMs: 30_000,
  progressMs: 250,
  closeGraceMs: 1000,
}
