import type { Channel } from './channel.ts'

/** A frame, or a way to make it when its turn has come; nothing is sent when it makes none. */
export type OutboxItem = Uint8Array | (() => Uint8Array | undefined)

export interface OutboxEntry {
  readonly item: OutboxItem
  readonly sent: (() => void) | undefined
}

/** Told by how many bytes an outbox grew or shrank; it may close the outbox. */
export type OutboxWatcher = (difference: number) => void

/** Handed to the channel at the same time; what is beyond can still be taken back or made later. */
const windowBytes = 64 * 1024

/**
 * What waits to be sent over one connection, in order. Items that are made when their turn comes weigh nothing while they
 * wait, which is how a slow reader gets the newest state instead of everything in between.
 */
export class Outbox {
  readonly #channel: Channel
  readonly #watcher: OutboxWatcher
  readonly #entries = new Set<OutboxEntry>()
  #waitingBytes = 0
  #sendingBytes = 0
  #pumping = false
  #closed = false

  constructor(channel: Channel, watcher: OutboxWatcher) {
    this.#channel = channel
    this.#watcher = watcher
  }

  /** Bytes that are not known to have gone out. */
  get bytes(): number {
    return this.#waitingBytes + this.#sendingBytes
  }

  /** Appends an item, which must not throw. `sent` is called when it has gone out or was taken back. */
  push(item: OutboxItem, sent?: () => void): OutboxEntry {
    const entry = { item, sent }
    if (this.#closed) return entry
    this.#entries.add(entry)
    if (typeof item !== 'function') this.#weigh(item.length, 0)
    this.#pump()
    return entry
  }

  /** Takes an item back; false when it is gone already. */
  remove(entry: OutboxEntry): boolean {
    if (!this.#entries.delete(entry)) return false
    if (typeof entry.item !== 'function') this.#weigh(-entry.item.length, 0)
    entry.sent?.()
    return true
  }

  /** Forgets everything; nothing is sent and nobody is called any more. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#entries.clear()
    this.#weigh(-this.#waitingBytes, -this.#sendingBytes)
  }

  #weigh(waiting: number, sending: number): void {
    this.#waitingBytes += waiting
    this.#sendingBytes += sending
    if (waiting + sending !== 0) this.#watcher(waiting + sending)
  }

  #pump(): void {
    // Making an item may push others, which then go in order.
    if (this.#pumping) return
    this.#pumping = true
    while (!this.#closed && this.#sendingBytes < windowBytes) {
      const entry = this.#entries.values().next().value
      if (entry === undefined) break
      this.#entries.delete(entry)
      this.#sendOne(entry)
    }
    this.#pumping = false
  }

  #sendOne(entry: OutboxEntry): void {
    const ready = typeof entry.item !== 'function'
    const frame = ready ? (entry.item as Uint8Array) : (entry.item as () => Uint8Array | undefined)()
    if (frame === undefined || this.#closed) {
      entry.sent?.()
      return
    }
    this.#weigh(ready ? -frame.length : 0, frame.length)
    let confirmed = false
    this.#channel.send(frame, () => {
      if (confirmed || this.#closed) return
      confirmed = true
      this.#weigh(0, -frame.length)
      entry.sent?.()
      this.#pump()
    })
  }
}
