import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { systemClock } from '../../../engine/base/clock.ts'
import { isHoldfastError } from '../../../engine/contract/errors.ts'
import type { RpcClientOptions } from '../../../engine/rpc/client.ts'
import { connectClient } from '../../../engine/rpc/client.ts'
import { memoryChannelPair } from '../../../engine/rpc/memoryChannel.ts'
import { connectStdio } from '../../../engine/rpc/stdio.ts'
import { connectUnix } from '../../../engine/rpc/unixClient.ts'
import { listenUnix } from '../../../engine/rpc/unixServer.ts'
import { connectWebSocket } from '../../../engine/rpc/webSocketClient.ts'
import { listenWebSocket } from '../../../engine/rpc/webSocketServer.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'
import { contract, failure, lastOf, type TestClient, type TestContract, TestService, until, watch } from './world.ts'

const folder = useTemporaryFolder()
const clientOptions: RpcClientOptions = { program: '1.2.2', clock: systemClock }
const token = 'a-token-that-is-long-enough-to-be-one'
const origin = 'http://127.0.0.1:8080'
const trustedUids = [process.getuid!()]

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

type Connect = (speaks?: TestContract) => Promise<TestClient>

const inProcess: Record<string, (service: TestService) => Promise<Connect>> = {
  'a Unix socket': async service => {
    const path = join(folder.path, 'helper.sock')
    const listener = await listenUnix(service.server, { path, mode: 0o600, log: quiet })
    cleanups.push(() => listener.close())
    return (speaks = contract) => connectUnix(speaks, { ...clientOptions, path, trustedUids })
  },
  'a WebSocket': async service => {
    const listener = await listenWebSocket(service.server, { port: 0, token, origins: [origin] })
    cleanups.push(() => listener.close())
    return (speaks = contract) => connectWebSocket(speaks, { ...clientOptions, url: listener.url, token, origin })
  },
  memory:
    async service =>
    async (speaks = contract) => {
      const [near, far] = memoryChannelPair()
      service.server.accept(far, { peer: { transport: 'memory' } })
      return connectClient(speaks, near, clientOptions)
    },
}

const quiet = { debug() {}, info() {}, warn() {}, error() {}, with: () => quiet }

async function serve(transport: string): Promise<{ service: TestService; connect: Connect }> {
  const service = new TestService()
  cleanups.push(() => service.server.close())
  return { service, connect: await inProcess[transport]!(service) }
}

describe.each(Object.keys(inProcess))('over %s', transport => {
  it('a call carries its typed input there and its output back', async () => {
    const { connect } = await serve(transport)
    const client = await connect()
    expect(client.serverProgram).toBe('1.2.3')
    expect(await client.call('text.echo', { text: 'Grüße 🌍', times: 2 })).toEqual({ text: 'Grüße 🌍Grüße 🌍' })
  })

  it('large inputs and outputs cross in one piece, side by side', async () => {
    const { connect } = await serve(transport)
    const client = await connect()
    const texts = Array.from({ length: 8 }, (_, i) => String(i).repeat(500_000))
    const answers = await Promise.all(texts.map(text => client.call('text.echo', { text })))
    expect(answers.map(({ text }) => text)).toEqual(texts)
  })

  it('an expected error arrives as it was, without its secrets', async () => {
    const { connect } = await serve(transport)
    const error = await failure((await connect()).call('fail.expected', {}))
    expect(error.toWire()).toEqual({
      code: 'storage.full',
      message: 'The drive is full.',
      advice: 'Use a larger one.',
      details: { freeBytes: 0, password: '[redacted]' },
      retryable: true,
    })
  })

  it('progress comes while the call runs, and cancelling ends the call on both sides', async () => {
    const { service, connect } = await serve(transport)
    const client = await connect()
    const abort = new AbortController()
    const progress: number[] = []
    const running = failure(
      client.call('work.run', {}, { signal: abort.signal, onProgress: ({ doneBytes }) => progress.push(doneBytes) }),
    )
    await until(() => service.works.length === 1)
    service.works[0]!.context.progress({ phase: 'reading', doneBytes: 5 })
    await until(() => progress.length === 1)
    abort.abort()
    expect((await running).code).toBe('run.cancelled')
    expect(service.works[0]!.context.signal.aborted).toBe(true)
    expect(progress).toEqual([5])
  })

  it('a topic tells its state first and then each change once', async () => {
    const { service, connect } = await serve(transport)
    const client = await connect()
    for (let i = 0; i < 10; i++) service.count()
    const seen = watch(client)
    await until(() => seen.all.length === 1)
    for (let i = 0; i < 10; i++) service.count()
    await until(() => seen.all.length === 11)
    expect(seen.all[0]).toEqual({ state: 10 })
    expect(lastOf(seen)).toBe(20)
    seen.close()
    await until(() => service.feed.listeners === 0)
  })

  it('the loss of the connection ends the calls of the client and the work of the server', async () => {
    const { service, connect } = await serve(transport)
    const client = await connect()
    const other = await connect()
    const seen = watch(client)
    const running = failure(client.call('work.run', {}))
    await until(() => service.works.length === 1 && seen.all.length === 1)
    client.close()
    expect((await running).code).toBe('run.cancelled')
    expect(await client.closed).toBeUndefined()
    await until(() => service.works[0]!.context.signal.aborted && service.feed.listeners === 0)
    expect((await failure(client.call('text.echo', { text: 'x' }))).code).toBe('run.cancelled')
    expect(await other.call('text.echo', { text: 'x' })).toEqual({ text: 'x' })
  })

  it('a server that stops tells its clients and cancels what runs', async () => {
    const { service, connect } = await serve(transport)
    const client = await connect()
    const seen = watch(client)
    const running = failure(client.call('work.run', {}))
    const surviving = failure(client.call('work.survive', {}))
    await until(() => service.works.length === 2 && seen.all.length === 1)
    await service.server.close()
    for (const error of [await running, await surviving, seen.ended[0]!, (await client.closed)!]) {
      expect(error).toMatchObject({ code: 'helper.unreachable', retryable: true })
      expect(error.message).toContain('stopping')
    }
    expect(service.works.every(({ context }) => context.signal.aborted)).toBe(true)
    expect(service.server.stats()).toMatchObject({ connections: 0, handlers: 0, queuedBytes: 0 })
  })

  it('a client of another protocol is told which of the two is the older', async () => {
    const { connect } = await serve(transport)
    const answers: string[] = []
    for (const protocol of [2, 4]) {
      const error = await failure(connect({ ...contract, protocol } as unknown as TestContract))
      expect(error.code).toBe('helper.incompatible')
      expect(error.message).toContain('Holdfast 1.2.2')
      expect(error.message).toContain('Holdfast 1.2.3')
      answers.push(error.advice!)
    }
    expect(answers[0]).toContain('Close this program')
    expect(answers[1]).toContain('Restart the background service')
  })
})

describe('over the standard streams of a child', () => {
  async function start(): Promise<{ child: ChildProcess; client: TestClient }> {
    const child = spawn(process.execPath, [join(import.meta.dirname, 'stdioChild.ts')], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    cleanups.push(() => child.kill('SIGKILL'))
    return {
      child,
      client: await connectStdio(contract, { stdin: child.stdin!, stdout: child.stdout! }, clientOptions),
    }
  }

  it('calls, errors, cancelling and topics work, and the child ends when its parent lets go', async () => {
    const { child, client } = await start()
    expect(await client.call('text.echo', { text: 'x'.repeat(900_000) })).toEqual({ text: 'x'.repeat(900_000) })
    expect((await failure(client.call('fail.expected', {}))).code).toBe('storage.full')
    expect(await client.call('peer.show', {})).toEqual({ transport: 'stdio' })
    const seen = watch(client)
    await until(() => seen.all.length > 5)
    expect(lastOf(seen)).toBeGreaterThan(0)
    const abort = new AbortController()
    const running = failure(client.call('work.run', {}, { signal: abort.signal }))
    abort.abort()
    expect((await running).code).toBe('run.cancelled')
    const exit = once(child, 'exit')
    client.close()
    expect((await exit)[0]).toBe(7)
  })

  it('the death of the child fails what is under way', async () => {
    const { child, client } = await start()
    const running = failure(client.call('work.run', {}))
    child.kill('SIGKILL')
    expect(await running).toMatchObject({ code: 'helper.unreachable', retryable: true })
    expect(isHoldfastError(await client.closed, 'helper.unreachable')).toBe(true)
  })
})
