import type { Channel } from '../rpc/channel.ts'

/** Bytes that may wait for one side before the other one is slowed down. */
const mostWaiting = 1024 * 1024

/** Hands everything from each channel to the other, as it is. When one ends, so does the other. Resolves when both have. */
export function joinChannels(one: Channel, other: Channel): Promise<void> {
  const over = Promise.withResolvers<void>()
  let open = 2
  const closed = (rest: Channel) => () => {
    open--
    if (open === 0) over.resolve()
    // What was on its way is still delivered; a channel that stands still would not notice its end.
    rest.resume()
    rest.end()
  }
  const forward = (from: Channel, to: Channel) => {
    let waiting = 0
    let isPaused = false
    return (bytes: Uint8Array) => {
      if (open < 2) return
      waiting += bytes.length
      if (waiting > mostWaiting && !isPaused) {
        isPaused = true
        from.pause()
      }
      to.send(bytes, () => {
        waiting -= bytes.length
        if (!isPaused || waiting > mostWaiting / 2) return
        isPaused = false
        from.resume()
      })
    }
  }
  one.start({ data: forward(one, other), closed: closed(other) })
  other.start({ data: forward(other, one), closed: closed(one) })
  return over.promise
}
