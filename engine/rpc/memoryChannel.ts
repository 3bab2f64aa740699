import type { Channel, ChannelEvents } from './channel.ts'

/** Two ends of a channel inside one process. Bytes arrive in a later microtask, as if they had travelled. */
export function memoryChannelPair(): [Channel, Channel] {
  const one = new MemoryChannel()
  const other = new MemoryChannel()
  one.other = other
  other.other = one
  return [one, other]
}

interface Parcel {
  bytes: Uint8Array
  sent: (() => void) | undefined
}

class MemoryChannel implements Channel {
  other!: MemoryChannel
  #events: ChannelEvents | undefined
  /** On the way to this end. */
  #arriving: Parcel[] = []
  #paused = false
  #closed = false
  #endAfterParcels = false
  #scheduled = false

  start(events: ChannelEvents): void {
    this.#events = events
    if (this.#closed) queueMicrotask(() => events.closed())
    this.#schedule()
  }

  send(bytes: Uint8Array, sent?: () => void): void {
    if (this.#closed || this.other.#closed) return
    this.other.#arriving.push({ bytes, sent })
    this.other.#schedule()
  }

  pause(): void {
    this.#paused = true
  }

  resume(): void {
    this.#paused = false
    this.#schedule()
  }

  end(): void {
    this.other.#endAfterParcels = true
    this.other.#schedule()
  }

  destroy(): void {
    this.#close()
    this.other.#endAfterParcels = true
    this.other.#schedule()
  }

  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    queueMicrotask(() => this.#deliver())
  }

  #deliver(): void {
    this.#scheduled = false
    if (this.#closed || this.#paused || !this.#events) return
    const parcel = this.#arriving.shift()
    if (parcel) {
      this.#events.data(parcel.bytes)
      parcel.sent?.()
      this.#schedule()
    } else if (this.#endAfterParcels) {
      this.#close()
      this.other.destroy()
    }
  }

  #close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#arriving = []
    const events = this.#events
    if (events) queueMicrotask(() => events.closed())
  }
}
