import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/logger.ts'
import type { OnProgress } from '../contract/progress.ts'
import type {
  AccessLevel,
  CallName,
  Contract,
  HandlerInput,
  HandlerOutput,
  TopicChangeSent,
  TopicName,
  TopicStateSent,
} from '../contract/rpcContract.ts'
import type { RpcLimits } from './limits.ts'
import type { Peer } from './peer.ts'

/** What a handler knows about the call that it serves. */
export interface CallContext {
  readonly peer: Peer
  /** Fires when the client cancels, and when it goes away unless the call survives that. Its reason is run.cancelled. */
  readonly signal: AbortSignal
  /** Asks for more than the access level of the call, in the course of it. Fails with `access.denied`. */
  authorise(level: AccessLevel): Promise<void>
  /** Adds the call and its peer to every line. */
  readonly log: Logger
}

export interface ProgressContext extends CallContext {
  /** May be called any number of times; the client gets four a second and the last one. Never throws. */
  readonly progress: OnProgress
}

export type Handler<C extends Contract, Name extends CallName<C>> = (
  input: HandlerInput<C, Name>,
  context: C['calls'][Name] extends { progress: true } ? ProgressContext : CallContext,
) => Promise<HandlerOutput<C, Name>> | HandlerOutput<C, Name>

export type Handlers<C extends Contract> = { readonly [Name in CallName<C>]: Handler<C, Name> }

/**
 * Begins to tell of changes, and gives the state that they start from. Both happen in one synchronous step, so that no
 * change is missing between them and none is in both; `change` is not called before this returns. A TopicFeed does so.
 * It is called again whenever a client has fallen behind.
 */
export type TopicSource<State, Change> = (change: (change: Change) => void, peer: Peer) => OpenTopic<State>

export interface OpenTopic<State> {
  /** Read at once; it may change later. */
  state: State
  /** Ends the telling. */
  close(): void
}

export type TopicSources<C extends Contract> = {
  readonly [Name in TopicName<C>]: TopicSource<TopicStateSent<C, Name>, TopicChangeSent<C, Name>>
}

/**
 * Lets the call or subscription called `name` pass, or fails, as a rule with `access.denied`; any failure keeps the
 * handler from running. `input` fits the contract (undefined for subscriptions). It may take as long as a person needs to
 * answer; `signal` fires when the answer is of no use any more.
 */
export type Authorise = (
  peer: Peer,
  level: AccessLevel,
  name: string,
  input: unknown,
  signal: AbortSignal,
) => Promise<void>

export interface RpcServerOptions {
  /** Version of this program, for people. */
  program: string
  clock: Clock
  log: Logger
  authorise: Authorise
  /** Lets clients see the texts and stacks of unexpected errors. */
  debug?: boolean
  limits?: Partial<RpcLimits>
}
