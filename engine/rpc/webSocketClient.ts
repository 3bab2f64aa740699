import { WebSocket } from 'ws'
import { HoldfastError } from '../contract/errors.ts'
import type { Contract, RpcClient } from '../contract/rpcContract.ts'
import type { Channel } from './channel.ts'
import { connectClient, type RpcClientOptions } from './client.ts'
import { maxFrameBytes } from './frames.ts'
import { webSocketChannel } from './webSocketChannel.ts'

export interface WebSocketConnectOptions extends RpcClientOptions {
  /** As listenWebSocket gives it. */
  url: string
  token: string
  /** One of those that the server knows. */
  origin: string
}

/** Connects from Node to a server on this computer. `helper.unreachable`, and as connectClient says. */
export async function connectWebSocket<C extends Contract>(
  contract: C,
  options: WebSocketConnectOptions,
): Promise<RpcClient<C>> {
  const socket = new WebSocket(options.url, {
    origin: options.origin,
    perMessageDeflate: false,
    maxPayload: maxFrameBytes + 4,
    handshakeTimeout: options.helloMs ?? 10_000,
  })
  const channel = await new Promise<Channel>((resolve, reject) => {
    socket.once('error', error => reject(unreachable(options.url, error)))
    // Made at once, or what the server sends together with its consent would be missed.
    socket.once('open', () => resolve(webSocketChannel(socket)))
  })
  return connectClient(contract, channel, options)
}

function unreachable(url: string, error: Error): HoldfastError {
  return new HoldfastError(
    'helper.unreachable',
    `The background service cannot be reached at ${url}: ${error.message}.`,
    {
      advice: 'Look whether the program that serves the page is running.',
      retryable: true,
    },
  )
}
