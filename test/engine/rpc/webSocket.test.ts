import { once } from 'node:events'
import { request } from 'node:http'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { systemClock } from '../../../engine/base/clock.ts'
import { connectWebSocket } from '../../../engine/rpc/webSocketClient.ts'
import { listenWebSocket, type WebSocketListener } from '../../../engine/rpc/webSocketServer.ts'
import { contract, failure, type TestClient, TestService, until } from './world.ts'

const token = 'a-token-that-is-long-enough-to-be-one'
const origin = 'http://127.0.0.1:8080'
let service: TestService
let listener: WebSocketListener

beforeEach(async () => {
  service = new TestService()
  listener = await listenWebSocket(service.server, { port: 0, token, origins: [origin] })
})
afterEach(async () => {
  await service.server.close()
  await listener.close()
})

const client = (options: { token?: string; origin?: string; url?: string } = {}): Promise<TestClient> =>
  connectWebSocket(contract, { program: '1', clock: systemClock, url: listener.url, token, origin, ...options })

/** A connection without our client. */
async function raw(): Promise<WebSocket> {
  const socket = new WebSocket(listener.url, { origin })
  socket.on('error', () => {})
  await once(socket, 'open')
  return socket
}

/** Status of an upgrade request with these headers. */
function upgradeStatus(headers: Record<string, string>, path = '/rpc'): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const always = { connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13' }
    const asked = request({
      host: '127.0.0.1',
      port: listener.port,
      path,
      headers: { ...always, 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==', ...headers },
    })
    asked.on('upgrade', (response, socket) => {
      socket.destroy()
      resolve(response.statusCode)
    })
    asked.on('response', response => {
      response.resume()
      resolve(response.statusCode)
    })
    asked.on('error', reject)
    asked.end()
  })
}

describe('a connection', () => {
  it('is turned away before it begins for a wrong origin, name or path', async () => {
    const host = `127.0.0.1:${listener.port}`
    expect(await upgradeStatus({ host, origin })).toBe(101)
    expect(await upgradeStatus({ host: `localhost:${listener.port}`, origin })).toBe(101)
    expect(await upgradeStatus({ host })).toBe(403)
    expect(await upgradeStatus({ host, origin: 'https://evil.example' })).toBe(403)
    expect(await upgradeStatus({ host, origin: `${origin}.evil.example` })).toBe(403)
    expect(await upgradeStatus({ host, origin: 'null' })).toBe(403)
    // A name that somebody made to point to this computer.
    expect(await upgradeStatus({ host: `evil.example:${listener.port}`, origin })).toBe(403)
    expect(await upgradeStatus({ host, origin }, '/other')).toBe(404)
    expect((await failure(client({ origin: 'https://evil.example' }))).code).toBe('helper.unreachable')
  })

  it('is refused without the token, with a wrong one and with one in the address', async () => {
    for (const wrong of ['', `${token}x`, token.slice(1), 'é'.repeat(50)]) {
      expect((await failure(client({ token: wrong }))).code).toBe('access.denied')
    }
    expect((await failure(client({ token: '', url: `${listener.url}?token=${token}` }))).code).toBe(
      'helper.unreachable',
    )
    expect(service.asked).toEqual([])
    expect(await (await client()).call('text.echo', { text: 'a' })).toEqual({ text: 'a' })
  })

  it('cannot send a message larger than a frame', async () => {
    const good = await client()
    const socket = await raw()
    socket.send(Buffer.alloc(1024 * 1024 + 5))
    await once(socket, 'close')
    expect(await good.call('text.echo', { text: 'a' })).toEqual({ text: 'a' })
  })

  it('ends with the first text message', async () => {
    const socket = await raw()
    socket.send('{"type":"hello"}')
    await once(socket, 'close')
    await until(() => service.server.stats().connections === 0)
  })

  it('offers no compression', async () => {
    const socket = new WebSocket(listener.url, { origin, perMessageDeflate: true })
    await once(socket, 'open')
    expect(socket.extensions).toBe('')
    socket.terminate()
  })

  it('may cut frames into pieces of any size', async () => {
    const socket = await raw()
    const hello = Buffer.from(JSON.stringify({ type: 'hello', protocol: 3, program: '1', token }))
    const frame = Buffer.concat([Buffer.alloc(4), hello])
    frame.writeUInt32LE(hello.length)
    for (const byte of frame) socket.send(Buffer.of(byte))
    const [answer] = (await once(socket, 'message')) as [Buffer]
    expect(JSON.parse(answer.subarray(4).toString())).toEqual({ type: 'hello', protocol: 3, program: '1.2.3' })
    socket.terminate()
  })
})

describe('a listener', () => {
  it('is on this computer only and wants a token that cannot be guessed', async () => {
    const bad = (options: object) =>
      failure(listenWebSocket(service.server, { port: 0, token, origins: [], ...options }).then(it => it.close()))
    expect((await bad({ host: '0.0.0.0' })).code).toBe('config.invalid')
    expect((await bad({ token: 'short' })).code).toBe('config.invalid')
    expect((await bad({ port: listener.port })).code).toBe('helper.alreadyRunning')
  })

  it('answers other requests with its pages, or not at all', async () => {
    const status = async (port: number) => (await fetch(`http://127.0.0.1:${port}/index.html`)).status
    expect(await status(listener.port)).toBe(404)
    const other = await listenWebSocket(service.server, {
      port: 0,
      token,
      origins: [],
      pages: (_request, response) => response.writeHead(200).end('page'),
    })
    expect(await status(other.port)).toBe(200)
    await other.close()
  })

  it('takes no more connections after it is closed, and keeps those that are there', async () => {
    const before = await client()
    await listener.close()
    expect((await failure(client())).code).toBe('helper.unreachable')
    expect(await before.call('text.echo', { text: 'a' })).toEqual({ text: 'a' })
  })
})
