/** Phases of long work, in the words that screens and the command line show. */
export const phases = [
  'opening',
  'preparing',
  'reading',
  'finishing',
  'planning',
  'restoring',
  'verifying',
  'scrubbing',
  'searching',
  'pruning',
  'repairing',
] as const
export type Phase = (typeof phases)[number]

/** A statement about work under way. Bytes are of the source, target or repository, whichever the phase goes through. */
export interface Progress {
  phase: Phase
  doneBytes: number
  /** Undefined while it is not known yet. */
  totalBytes?: number
  /** Mean over the last seconds, bytes per second. */
  bytesPerSecond?: number
  /** Estimated from the mean speed; undefined while it cannot be told. */
  secondsLeft?: number
  /** Of a backup or copy: bytes that it has stored at the destination so far, over all its phases. They grow by whole packs. */
  storedBytes?: number
  /**
   * Of a backup to a place elsewhere, or a copy: what goes out to the destination, bytes per second, mean over the last seconds or the last few
   * packs, sent again or not. `bytesPerSecond` is that of reading.
   */
  sentBytesPerSecond?: number
}

/** Called at most four times a second, and once at the end of each phase. Must not throw. */
export type OnProgress = (progress: Progress) => void
