import type { Readable, Writable } from 'node:stream'
import type { Channel, ChannelEvents } from './channel.ts'

/** A channel over Node streams: a socket (given twice), or the standard input and output of a process. */
export function streamChannel(input: Readable, output: Writable): Channel {
  let events: ChannelEvents | undefined
  let closed = false
  const close = () => {
    if (closed) return
    closed = true
    input.destroy()
    output.destroy()
    events?.closed()
  }
  // Errors always come together with the end, which is all that counts; unheard they would end the process.
  input.on('error', close)
  output.on('error', close)
  input.on('end', close)
  input.on('close', close)
  output.on('close', close)

  return {
    start(listener) {
      events = listener
      if (closed) queueMicrotask(() => listener.closed())
      else input.on('data', (bytes: Uint8Array) => listener.data(bytes))
    },
    send(bytes, sent) {
      if (!closed) output.write(bytes, error => (error ? close() : sent?.()))
    },
    pause: () => void input.pause(),
    resume: () => void (closed || input.resume()),
    end() {
      if (!closed) output.end()
    },
    destroy: close,
  }
}
