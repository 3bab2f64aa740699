/** What a server takes on at most. Sizes in bytes. */
export interface ServerLimits {
  /** Open connections. More than these take the place of those that have negotiated longest, or are turned away. */
  connections: number
  /** Time for the TLS handshake, and for each option of a negotiation. */
  negotiationMs: number
  /** Options of one negotiation. */
  options: number
  /** Data of one option that is read; up to 16 times as many bytes are skipped, beyond that the connection is cut. */
  optionBytes: number
  /** Exports in an answer to NBD_OPT_LIST. All others can be opened all the same. */
  listedExports: number
  /** Requests of one connection that are worked on at once. */
  requests: number
  /** Memory for requests and replies that each connection has to itself, so that others cannot keep it waiting. */
  ownBytes: number
  /** Memory that all connections share for what needs more. At least one largest request. */
  sharedBytes: number
  /** Of the shared memory, what one connection may hold. At least one largest request. */
  sharedBytesOfOne: number
  /** Once others wait for shared memory, one that holds it for so long because its client is slow is cut. */
  stallMs: number
  /** When the server stops: how long requests may take to end, and replies to be taken. */
  stopMs: number
}

const mib = 1024 * 1024

/** With these, requests and replies take at most 64 × 2 + 128 MiB. */
export const defaultLimits: ServerLimits = {
  connections: 64,
  negotiationMs: 30_000,
  options: 4096,
  optionBytes: 64 * 1024,
  listedExports: 1000,
  requests: 128,
  ownBytes: 2 * mib,
  sharedBytes: 128 * mib,
  sharedBytesOfOne: 64 * mib,
  stallMs: 30_000,
  stopMs: 10_000,
}
