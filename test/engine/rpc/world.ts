import { setImmediate as turn } from 'node:timers/promises'
import { z } from 'zod'
import { systemClock } from '../../../engine/base/clock.ts'
import { createLogger } from '../../../engine/base/logger.ts'
import { HoldfastError, isHoldfastError } from '../../../engine/contract/errors.ts'
import { call, defineContract, noInput, noOutput, type RpcClient, topic } from '../../../engine/contract/rpcContract.ts'
import { createRpcServer, type RpcServer } from '../../../engine/rpc/server.ts'
import type { Handlers, ProgressContext, RpcServerOptions, TopicSources } from '../../../engine/rpc/serverTypes.ts'
import { TopicFeed } from '../../../engine/rpc/topicFeed.ts'

/** A contract with one call for each thing that a call can do. */
export const contract = defineContract({
  protocol: 3,
  calls: {
    'text.echo': call({
      access: 'read',
      input: z.strictObject({ text: z.string().max(2_000_000), times: z.int().min(1).max(9).default(1) }),
      output: z.object({ text: z.string() }),
      doc: 'Says it again.',
    }),
    'work.run': call({ access: 'operate', input: noInput, output: noOutput, doc: 'Works.', progress: true }),
    'work.survive': call({ access: 'operate', input: noInput, output: noOutput, doc: 'Goes on.', survives: true }),
    'disk.erase': call({ access: 'erase', input: noInput, output: noOutput, doc: 'Erases.' }),
    'answer.secret': call({ access: 'read', input: noInput, output: z.object({ name: z.string() }), doc: 'Talks.' }),
    'answer.wrong': call({ access: 'read', input: noInput, output: z.object({ name: z.string() }), doc: 'Errs.' }),
    'fail.expected': call({ access: 'read', input: noInput, output: noOutput, doc: 'Fails.' }),
    'fail.foreign': call({ access: 'read', input: noInput, output: noOutput, doc: 'Breaks.' }),
    'peer.show': call({
      access: 'read',
      input: noInput,
      output: z.object({ transport: z.string(), pid: z.int().optional(), uid: z.int().optional() }),
      doc: 'Tells who asks.',
    }),
  },
  topics: {
    counter: topic({
      access: 'read',
      state: z.object({ value: z.int(), filler: z.string() }),
      change: z.object({ to: z.int(), filler: z.string() }),
      doc: 'Counts.',
    }),
  },
})

export type TestContract = typeof contract
export type TestClient = RpcClient<TestContract>

/** Work whose steps the test decides. */
export interface Work {
  context: ProgressContext
  finish: () => void
  fail: (error: unknown) => void
}

/** A server of the contract, with what its handlers saw. */
export class TestService {
  readonly server: RpcServer
  readonly works: Work[] = []
  readonly asked: { level: string; name: string; input: unknown }[] = []
  readonly log: string[] = []
  readonly feed: TopicFeed<{ value: number; filler: string }, { to: number; filler: string }>
  /** Makes states and changes longer. */
  filler = ''
  value = 0
  allow: (level: string) => boolean = () => true

  constructor(options: Partial<RpcServerOptions> = {}) {
    this.feed = new TopicFeed(() => ({ value: this.value, filler: this.filler }))
    this.server = createRpcServer(
      contract,
      { calls: this.handlers(), topics: this.topics() },
      {
        program: '1.2.3',
        clock: systemClock,
        log: createLogger({ level: 'debug', write: line => void this.log.push(line) }),
        authorise: async (_peer, level, name, input) => {
          this.asked.push({ level, name, input })
          if (!this.allow(level)) throw new HoldfastError('access.denied', `You may not ${level}.`)
        },
        ...options,
      },
    )
  }

  count(): void {
    this.value++
    this.feed.publish({ to: this.value, filler: this.filler })
  }

  topics(): TopicSources<TestContract> {
    return { counter: this.feed.source }
  }

  handlers(): Handlers<TestContract> {
    const work = (context: Work['context']) =>
      new Promise<Record<string, never>>((resolve, reject) => {
        context.signal.addEventListener('abort', () => reject(context.signal.reason), { once: true })
        this.works.push({ context, finish: () => resolve({}), fail: reject })
      })
    return {
      'text.echo': ({ text, times }) => ({ text: text.repeat(times) }),
      'work.run': (_input, context) => work(context),
      'work.survive': (_input, context) => work(context as ProgressContext),
      'disk.erase': () => ({}),
      'answer.secret': () => ({ name: 'known', passphrase: 'correct horse' }) as { name: string },
      'answer.wrong': () => ({ name: 42, path: '/root/secret' }) as unknown as { name: string },
      'fail.expected': () => {
        throw new HoldfastError('storage.full', 'The drive is full.', {
          advice: 'Use a larger one.',
          details: { freeBytes: 0, password: 'x' },
          retryable: true,
        })
      },
      'fail.foreign': () => {
        throw new TypeError('cannot read /root/secret')
      },
      'peer.show': (_input, { peer }) => ({
        transport: peer.transport,
        pid: peer.process?.pid,
        uid: peer.process?.uid,
      }),
    }
  }
}

/** Waits, without a limit of its own, until something is so. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await turn()
}

/** What a promise fails with. */
export async function failure(promise: Promise<unknown>): Promise<HoldfastError> {
  try {
    await promise
  } catch (error) {
    if (isHoldfastError(error)) return error
    throw error
  }
  throw new Error('It did not fail.')
}

export interface Seen {
  all: ({ state: number } | { change: number })[]
  ended: HoldfastError[]
}

/** Watches the counter and notes what comes. */
export function watch(client: TestClient): Seen & { close: () => void } {
  const seen: Seen = { all: [], ended: [] }
  const { close } = client.subscribe('counter', {
    state: ({ value }) => void seen.all.push({ state: value }),
    change: ({ to }) => void seen.all.push({ change: to }),
    ended: error => void seen.ended.push(error),
  })
  return { ...seen, close }
}

/** The last value that a watcher knows, after checking that each change follows on what came before it. */
export function lastOf(seen: Seen): number | undefined {
  let value: number | undefined
  for (const news of seen.all) {
    if ('state' in news) value = news.state
    else if (news.change === (value ?? Number.NaN) + 1) value = news.change
    else throw new Error(`change to ${news.change} after ${value}`)
  }
  return value
}
