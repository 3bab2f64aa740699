import type { Readable, Writable } from 'node:stream'
import type { Contract, RpcClient } from '../contract/rpcContract.ts'
import { connectClient, type RpcClientOptions } from './client.ts'
import type { PeerProcess } from './peer.ts'
import type { RpcServer } from './server.ts'
import { streamChannel } from './streamChannel.ts'

/** The streams of a process that serves as a child: nothing else may write to its standard output. */
export interface StdioStreams {
  input: Readable
  output: Writable
  /** Who started this process, if that is known for sure. */
  process?: PeerProcess
}

/** Serves the parent process; resolves when it has gone. Without it the child has no reason to live on. */
export function serveStdio(server: RpcServer, streams: StdioStreams): Promise<void> {
  const { input, output, process } = streams
  return new Promise(resolve => {
    const peer = process === undefined ? { transport: 'stdio' as const } : { transport: 'stdio' as const, process }
    server.accept(streamChannel(input, output), { peer }, resolve)
  })
}

/** Connects to a child process that serves on its standard streams. Errors as for connectClient. */
export function connectStdio<C extends Contract>(
  contract: C,
  child: { stdin: Writable; stdout: Readable },
  options: RpcClientOptions,
): Promise<RpcClient<C>> {
  return connectClient(contract, streamChannel(child.stdout, child.stdin), options)
}
