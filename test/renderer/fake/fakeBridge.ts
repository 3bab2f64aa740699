import { z } from 'zod'
import type { AppBridge, AppShell, BridgeCalls, BridgeConnection, Reply } from '../../../engine/contract/appBridge.ts'
import { HoldfastError, type WireError } from '../../../engine/contract/errors.ts'
import { type HelperContract, helperContract } from '../../../engine/contract/helperContract.ts'
import type { CallName } from '../../../engine/contract/rpcContract.ts'
import type { FakeCalls } from './calls/types.ts'
import { fakeCalls } from './calls.ts'
import type { ManualClock } from './manualClock.ts'
import { FakeWorld } from './world.ts'

type Call = CallName<HelperContract>

/**
 * A bridge with an invented helper behind it. What is asked and what is answered is held against the contract, so that a
 * screen cannot send what the real helper would refuse.
 */
export class FakeBridge implements AppBridge {
  readonly world: FakeWorld
  readonly calls: BridgeCalls
  readonly topics: AppBridge['topics']
  readonly shell: AppShell
  /** Every call that was made, oldest first. */
  readonly asked: { name: Call; input: unknown }[] = []
  /** What was kept as a file. */
  readonly saved: { name: string; text: string }[] = []
  /** What the person does in dialogues of the system. */
  readonly person = { chooses: null as string | null | undefined, saves: true, unlocks: true }
  /** The next call of that name fails with this. */
  readonly failures = new Map<Call, WireError>()

  /** Calls of these names never come back. */
  readonly hanging = new Set<Call>()

  #connection: BridgeConnection
  readonly #connectionListeners = new Set<(connection: BridgeConnection) => void>()
  readonly #navigationListeners = new Set<(path: string) => void>()

  constructor(
    clock: ManualClock,
    connection: BridgeConnection = { state: 'connected', mode: 'system', program: '0.1.0', canUnlock: false },
  ) {
    this.world = new FakeWorld(clock)
    this.world.hasListeners = connection.state === 'connected'
    this.#connection = connection
    const handlers = fakeCalls(this.world)
    const names = Object.keys(helperContract.calls) as Call[]
    this.calls = Object.fromEntries(
      names.map(name => [name, (input: unknown) => this.#answer(handlers, name, input)]),
    ) as unknown as BridgeCalls
    const topics = Object.entries(this.world.topics).map(([name, topic]) => [name, topic.subscribe])
    this.topics = Object.fromEntries(topics) as AppBridge['topics']
    this.shell = {
      kind: 'desktop',
      program: '0.1.0',
      connection: listener => {
        this.#connectionListeners.add(listener)
        listener(this.#connection)
        return () => this.#connectionListeners.delete(listener)
      },
      reconnect: () => undefined,
      unlock: async () => {
        if (!this.person.unlocks) return refused('access.denied', 'The dialogue was closed.')
        this.setConnection({ state: 'connected', mode: 'system', program: '0.1.0', canUnlock: false })
        return { ok: true, value: null }
      },
      chooseFile: async () => this.person.chooses,
      chooseFolder: async () => this.person.chooses,
      saveText: async file => {
        if (this.person.saves) this.saved.push(file)
        return this.person.saves
      },
      openPage: () => undefined,
      autostart: async () => false,
      setAutostart: async () => undefined,
      navigation: listener => {
        this.#navigationListeners.add(listener)
        return () => this.#navigationListeners.delete(listener)
      },
    }
  }

  setConnection(connection: BridgeConnection): void {
    this.#connection = connection
    this.world.hasListeners = connection.state === 'connected'
    for (const listener of this.#connectionListeners) listener(connection)
    if (this.world.hasListeners) for (const topic of Object.values(this.world.topics)) topic.tellAll()
  }

  /** As the tray does. */
  goTo(path: string): void {
    for (const listener of this.#navigationListeners) listener(path)
  }

  async #answer(handlers: FakeCalls, name: Call, input: unknown): Promise<Reply<never>> {
    this.asked.push({ name, input })
    const failure = this.failures.get(name)
    if (failure) {
      this.failures.delete(name)
      return { ok: false, error: failure }
    }
    if (this.hanging.has(name)) return new Promise(() => undefined)
    if (this.#connection.state !== 'connected') return refused('helper.unreachable', 'The helper does not answer.')
    try {
      const { input: inputShape, output } = helperContract.calls[name]
      const read = inputShape.safeParse(input)
      if (!read.success) throw new HoldfastError('usage.invalid', z.prettifyError(read.error))
      const answer = (handlers[name] as (given: unknown) => unknown)(read.data)
      return { ok: true, value: output.parse(structuredClone(answer)) as never }
    } catch (error) {
      if (error instanceof HoldfastError) return { ok: false, error: error.toWire() }
      throw error
    }
  }
}

const refused = (code: WireError['code'], message: string): Reply<never> => ({
  ok: false,
  error: { code, message, retryable: false },
})
