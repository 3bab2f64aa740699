import { z } from 'zod'
import type { HoldfastError } from './errors.ts'
import type { OnProgress } from './progress.ts'

/**
 * The vocabulary of contracts between the helper and its clients: one object names every call and topic with its access
 * level and the shape of its data. Types, the server, the client and the reference page all follow from that object.
 */

/**
 * What a caller must be allowed to do. read: look at state. operate: run, pause and cancel what is set up. configure:
 * change what is set up. browse: see the contents of backups. erase: overwrite disks or remove versions.
 */
export const accessLevels = ['read', 'operate', 'configure', 'browse', 'erase'] as const
export type AccessLevel = (typeof accessLevels)[number]

export interface CallDefinition<Input extends z.ZodType = z.ZodType, Output extends z.ZodType = z.ZodType> {
  readonly access: AccessLevel
  /** A strict object in which every text, list and record has a greatest size. */
  readonly input: Input
  /** Plain JSON without transformations. What it does not name never leaves the server. */
  readonly output: Output
  /** For the reference page; Markdown. */
  readonly doc: string
  /** The call reports how far it is. */
  readonly progress?: true
  /** The call goes on when the client that made it has gone; without this it is cancelled then. */
  readonly survives?: true
}

/** Something that clients watch: they get the whole state first and then every change. */
export interface TopicDefinition<State extends z.ZodType = z.ZodType, Change extends z.ZodType = z.ZodType> {
  readonly access: AccessLevel
  readonly state: State
  readonly change: Change
  readonly doc: string
}

export interface Contract {
  /** Counted up with every change after which an older client or server could misunderstand the other. */
  readonly protocol: number
  readonly calls: Readonly<Record<string, CallDefinition>>
  readonly topics: Readonly<Record<string, TopicDefinition>>
}

/** Defines one call; see CallDefinition. */
export function call<const Definition extends CallDefinition>(definition: Definition): Definition {
  return definition
}

/** Defines one topic; see TopicDefinition. */
export function topic<const Definition extends TopicDefinition>(definition: Definition): Definition {
  return definition
}

/** Input of calls that need none. */
export const noInput = z.strictObject({})

/** Output of calls that only succeed or fail. */
export const noOutput = z.strictObject({})

/** A record that contractFaults accepts in an input, because it says how many entries it may have. */
export function boundedRecord<Key extends z.ZodString, Value extends z.ZodType>(key: Key, value: Value, most: number) {
  return z
    .record(key, value)
    .refine(record => Object.keys(record).length <= most, { error: `more than ${most} entries` })
    .meta({ maxProperties: most })
}

/** Gives a contract the types that follow from it. Tests hold every contract to `contractFaults`; doing so at each start is too slow. */
export function defineContract<const C extends Contract>(contract: C): C {
  return contract
}

export type CallName<C extends Contract> = keyof C['calls'] & string
export type TopicName<C extends Contract> = keyof C['topics'] & string

/** What a client hands in; defaults may be left out. */
export type CallInput<C extends Contract, Name extends CallName<C>> = z.input<C['calls'][Name]['input']>
/** What a client gets. */
export type CallOutput<C extends Contract, Name extends CallName<C>> = z.output<C['calls'][Name]['output']>
/** What a handler gets: defaults are filled in. */
export type HandlerInput<C extends Contract, Name extends CallName<C>> = z.output<C['calls'][Name]['input']>
/** What a handler gives. */
export type HandlerOutput<C extends Contract, Name extends CallName<C>> = z.input<C['calls'][Name]['output']>

/** What a client gets first. */
export type TopicState<C extends Contract, Name extends TopicName<C>> = z.output<C['topics'][Name]['state']>
/** What a client gets after that. */
export type TopicChange<C extends Contract, Name extends TopicName<C>> = z.output<C['topics'][Name]['change']>
/** What the server gives as state and as change. */
export type TopicStateSent<C extends Contract, Name extends TopicName<C>> = z.input<C['topics'][Name]['state']>
export type TopicChangeSent<C extends Contract, Name extends TopicName<C>> = z.input<C['topics'][Name]['change']>

export interface ClientCallOptions {
  /** Asks the server to stop. The call then ends as the server says, as a rule with run.cancelled. */
  signal?: AbortSignal
  /** At most four times a second, and never after the call has ended. Only for calls that report progress. */
  onProgress?: OnProgress
}

export interface TopicListener<State, Change> {
  /** The whole state: once at first, and again whenever changes came faster than they could be sent. Replaces all. */
  state(state: State): void
  /** One change since the last state or change. */
  change(change: Change): void
  /** The subscription has failed or the connection is lost; nothing comes any more. Not called after `close`. */
  ended(error: HoldfastError): void
}

export interface ClientSubscription {
  /** Ends it; the listener hears nothing more. */
  close(): void
}

/** A connection to a server that speaks the contract. It does not reconnect by itself. */
export interface RpcClient<C extends Contract> {
  /** Version of the program at the other end. */
  readonly serverProgram: string
  /** Resolves when the connection is over: with nothing after `close`, else with the reason. Never rejects. */
  readonly closed: Promise<HoldfastError | undefined>
  /** False as soon as the connection is over, also inside what is called because of that. */
  readonly isOpen: boolean
  /** Fails with what the handler fails with, and with `helper.unreachable` (retryable) when the connection is lost. */
  call<Name extends CallName<C>>(
    name: Name,
    input: CallInput<C, Name>,
    options?: ClientCallOptions,
  ): Promise<CallOutput<C, Name>>
  /** The first state comes later, never inside this call. */
  subscribe<Name extends TopicName<C>>(
    topic: Name,
    listener: TopicListener<TopicState<C, Name>, TopicChange<C, Name>>,
  ): ClientSubscription
  /** Ends the connection. Calls under way fail with `run.cancelled`. */
  close(): void
}
