import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/logger.ts'
import { HoldfastError } from '../contract/errors.ts'
import type { Contract, RpcClient } from '../contract/rpcContract.ts'
import { connectClient } from './client.ts'
import { memoryChannelPair } from './memoryChannel.ts'
import type { Peer } from './peer.ts'
import { createRpcServer } from './server.ts'
import type { AnyHandler, AnySource } from './serverCore.ts'
import type { Authorise, Handlers, TopicSources } from './serverTypes.ts'

export interface MemoryClientOptions {
  clock: Clock
  /** Everything is allowed unless given. */
  authorise?: Authorise
  /** Nothing is logged unless given. */
  log?: Logger
  peer?: Peer
}

const silent: Logger = { debug() {}, info() {}, warn() {}, error() {}, with: () => silent }

/**
 * A client whose server lives in the same process, for tests and previews of screens. Every message takes the same way as
 * over a socket, through both codecs and all checks. Calls and topics that are not given fail with `internal.bug`.
 */
export function connectMemory<C extends Contract>(
  contract: C,
  serves: { calls?: Partial<Handlers<C>>; topics?: Partial<TopicSources<C>> },
  options: MemoryClientOptions,
): Promise<RpcClient<C>> {
  const missing = (name: string) => () => {
    throw new HoldfastError('internal.bug', `Nothing serves ${name} here.`)
  }
  const calls: Record<string, AnyHandler> = {}
  for (const name of Object.keys(contract.calls)) calls[name] = missing(name)
  const topics: Record<string, AnySource> = {}
  for (const name of Object.keys(contract.topics)) topics[name] = missing(name)
  const everything = {
    calls: { ...calls, ...serves.calls } as unknown as Handlers<C>,
    topics: { ...topics, ...serves.topics } as unknown as TopicSources<C>,
  }
  const { clock, authorise = async () => {}, log = silent, peer = { transport: 'memory' } } = options
  const server = createRpcServer(contract, everything, { program: 'here', clock, log, authorise, debug: true })
  const [near, far] = memoryChannelPair()
  server.accept(far, { peer })
  return connectClient(contract, near, { program: 'here', clock })
}
