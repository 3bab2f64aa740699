import { HoldfastError } from '../../../engine/contract/errors.ts'
import type { Channel, ChannelEvents } from '../../../engine/rpc/channel.ts'

/** Opens a WebSocket of the browser as a channel. `helper.unreachable` when it does not open; browsers do not say why. */
export function openSocketChannel(url: string, protocols: string[], signal: AbortSignal): Promise<Channel> {
  const socket = new WebSocket(url, protocols)
  socket.binaryType = 'arraybuffer'
  return new Promise((resolve, reject) => {
    const fail = () => {
      socket.close()
      reject(
        new HoldfastError('helper.unreachable', 'The program that serves this page does not take a connection.', {
          advice: 'Run "holdfast ui" again, and open the address that it prints.',
          retryable: true,
        }),
      )
    }
    socket.addEventListener('close', fail)
    signal.addEventListener('abort', fail, { once: true })
    socket.addEventListener('open', () => {
      socket.removeEventListener('close', fail)
      signal.removeEventListener('abort', fail)
      // Made at once, or what comes together with the consent would be missed.
      resolve(socketChannel(socket))
    })
  })
}

function socketChannel(socket: WebSocket): Channel {
  let events: ChannelEvents | undefined
  let closed = false
  /** A browser cannot be told to read no further, so what comes meanwhile waits here; the other side sends in bounds. */
  const waiting: Uint8Array[] = []
  let isFlowing = false
  const close = () => {
    if (closed) return
    closed = true
    socket.close()
    events?.closed()
  }
  const deliver = () => {
    while (isFlowing && !closed && waiting.length > 0) events?.data(waiting.shift()!)
  }
  socket.addEventListener('close', close)
  socket.addEventListener('message', ({ data }) => {
    if (!(data instanceof ArrayBuffer)) return close()
    waiting.push(new Uint8Array(data))
    deliver()
  })

  return {
    start(listener) {
      events = listener
      isFlowing = true
      queueMicrotask(closed ? listener.closed : deliver)
    },
    send(bytes, sent) {
      if (closed) return
      socket.send(bytes as Uint8Array<ArrayBuffer>)
      if (sent) queueMicrotask(sent)
    },
    pause() {
      isFlowing = false
    },
    resume() {
      isFlowing = true
      queueMicrotask(deliver)
    },
    end: () => socket.close(),
    destroy: close,
  }
}
