import type { RawData, WebSocket } from 'ws'
import type { Channel, ChannelEvents } from './channel.ts'

/**
 * A channel over a WebSocket of the ws package. Binary messages carry the same frames as a socket does, in pieces of any
 * size; a text message is none of them and ends the connection.
 */
export function webSocketChannel(socket: WebSocket): Channel {
  let events: ChannelEvents | undefined
  let closed = false
  const close = () => {
    if (closed) return
    closed = true
    socket.terminate()
    events?.closed()
  }
  socket.binaryType = 'nodebuffer'
  // Errors always come together with the end, which is all that counts; unheard they would end the process.
  socket.on('error', close)
  socket.on('close', close)
  // Until somebody listens, nothing may get lost.
  socket.pause()

  return {
    start(listener) {
      events = listener
      if (closed) {
        queueMicrotask(() => listener.closed())
        return
      }
      socket.on('message', (data: RawData, isBinary: boolean) => {
        if (closed) return
        if (isBinary) listener.data(data as Buffer)
        else close()
      })
      socket.resume()
    },
    send(bytes, sent) {
      if (!closed) socket.send(bytes, { binary: true }, error => (error ? close() : sent?.()))
    },
    pause: () => socket.pause(),
    resume: () => socket.resume(),
    end() {
      if (!closed) socket.close()
    },
    destroy: close,
  }
}
