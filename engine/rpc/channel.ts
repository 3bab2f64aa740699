/** A way for bytes in both directions, in order. What the three transports and the one in memory have in common. */
export interface Channel {
  /** Begins to deliver; once. Nothing is delivered before, and nothing inside this call. */
  start(events: ChannelEvents): void
  /** Hands bytes over, which must not change any more. `sent` is called, later, when the channel can take more. */
  send(bytes: Uint8Array, sent?: () => void): void
  /** Delivers nothing until `resume`, so that the other side is slowed down. */
  pause(): void
  resume(): void
  /** Ends it after everything sent has gone out. */
  end(): void
  /** Ends it at once. */
  destroy(): void
}

export interface ChannelEvents {
  data(bytes: Uint8Array): void
  /** Once, for whatever reason, also after `destroy`. */
  closed(): void
}
