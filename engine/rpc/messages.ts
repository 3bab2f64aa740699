import { z } from 'zod'
import type { WireError } from '../contract/errors.ts'
import type { Progress } from '../contract/progress.ts'
import { phases } from '../contract/progress.ts'
import { malformed } from './frames.ts'

/**
 * The messages, without their data: what calls and topics carry is checked against the contract when its turn comes.
 *
 * `hello`, and `refused` as an answer to it, stay as they are in all versions of the protocol, so that programs of
 * different age can tell each other why they do not fit.
 */

/** Chosen by the client; calls and subscriptions of one connection share the numbers. */
const id = z.int().nonnegative()
const name = z.string().max(100)

const helloSchema = z.object({
  type: z.literal('hello'),
  protocol: z.int(),
  /** Version of the program, for people. */
  program: z.string().max(100),
  /** Where a transport does not know its peer. */
  token: z.string().max(200).optional(),
})

const fromClientSchema = z.discriminatedUnion('type', [
  helloSchema,
  z.strictObject({ type: z.literal('call'), id, name, input: z.unknown().optional() }),
  z.strictObject({ type: z.literal('cancel'), id }),
  z.strictObject({ type: z.literal('subscribe'), id, topic: name }),
  z.strictObject({ type: z.literal('unsubscribe'), id }),
  z.strictObject({ type: z.literal('pong') }),
])

/** The error itself is read by errorFromWire. */
const error = z.unknown()

/** A newer server of the same protocol may add keys. */
const fromServerSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('hello'), protocol: z.int(), program: z.string() }),
  /** The connection ends, and this is why. */
  z.object({ type: z.literal('refused'), error }),
  z.object({ type: z.literal('result'), id, output: z.unknown() }),
  /** Ends a call or a subscription. */
  z.object({ type: z.literal('error'), id, error }),
  z.object({ type: z.literal('progress'), id, progress: z.unknown() }),
  z.object({ type: z.literal('state'), id, state: z.unknown() }),
  z.object({ type: z.literal('change'), id, change: z.unknown() }),
  z.object({ type: z.literal('ping') }),
])

export type FromClient = z.infer<typeof fromClientSchema>
export type Hello = z.infer<typeof helloSchema>
type ServerMessage = z.infer<typeof fromServerSchema>
type WithFault<Message> = Message extends { error: unknown } ? Omit<Message, 'error'> & { error: WireError } : Message
/** As the server writes them. */
export type FromServer = WithFault<ServerMessage>

/** `usage.invalid` when it is none. */
export function parseFromClient(value: unknown): FromClient {
  const parsed = fromClientSchema.safeParse(value)
  if (!parsed.success) throw malformed('it is none of the messages of the protocol')
  return parsed.data
}

/** Undefined for kinds that this client does not know. */
export function parseFromServer(value: unknown): ServerMessage | undefined {
  return fromServerSchema.safeParse(value).data
}

const progressSchema = z.object({
  phase: z.enum(phases),
  doneBytes: z.number().nonnegative(),
  totalBytes: z.number().nonnegative().optional(),
  bytesPerSecond: z.number().nonnegative().optional(),
  secondsLeft: z.number().nonnegative().optional(),
  storedBytes: z.number().nonnegative().optional(),
  sentBytesPerSecond: z.number().nonnegative().optional(),
})

/** Undefined when it is no progress; keys that do not belong to it are left out. */
export function parseProgress(value: unknown): Progress | undefined {
  const parsed = progressSchema.safeParse(value).data
  // Keys that are undefined and keys that are not there are two things to the type of Progress, and one to JSON.
  return parsed as Progress | undefined
}
