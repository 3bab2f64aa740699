import { once } from 'node:events'
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { type IncomingHttpHeaders, request } from 'node:http'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { systemClock } from '../../../engine/base/clock.ts'
import { createLogger } from '../../../engine/base/logger.ts'
import { HoldfastError } from '../../../engine/contract/errors.ts'
import type { Channel } from '../../../engine/rpc/channel.ts'
import { connectClient } from '../../../engine/rpc/client.ts'
import { memoryChannelPair } from '../../../engine/rpc/memoryChannel.ts'
import { webSocketChannel } from '../../../engine/rpc/webSocketChannel.ts'
import { readPages } from '../../../engine/ui/pages.ts'
import { serveUi, type UiServer } from '../../../engine/ui/server.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'
import { contract, failure, lastOf, TestService, until, watch } from '../rpc/world.ts'

const folder = useTemporaryFolder()
let service: TestService
let ui: UiServer
let openHelper: () => Promise<Channel>
let pageCounts: number[]

beforeEach(async () => {
  service = new TestService()
  pageCounts = []
  openHelper = async () => {
    const [near, far] = memoryChannelPair()
    service.server.accept(far, { peer: { transport: 'memory' } })
    return near
  }
  const pages = join(folder.path, 'pages')
  await mkdir(join(pages, 'assets'), { recursive: true })
  await writeFile(join(pages, 'index.html'), '<!doctype html><title>Holdfast</title>')
  await writeFile(join(pages, 'assets/main.js'), 'export {}')
  await writeFile(join(pages, 'notes.secret'), 'no page')
  await writeFile(join(folder.path, 'outside.html'), 'outside')
  await symlink(join(folder.path, 'outside.html'), join(pages, 'link.html'))
  ui = await serveUi({
    pages: await readPages(pages),
    port: 0,
    program: '1.2.3',
    openHelper: () => openHelper(),
    onPages: count => pageCounts.push(count),
    log: createLogger({ write: () => {} }),
  })
})
afterEach(async () => {
  await ui.close()
  await service.server.close()
})

interface Answer {
  status: number
  headers: IncomingHttpHeaders
  text: string
}

/** Sends a request exactly as it is given, which fetch would not. */
function ask(path: string, options: { method?: string; headers?: object; body?: string } = {}): Promise<Answer> {
  const { method = 'GET', body = '' } = options
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port: ui.port, path, method, headers: { ...options.headers } })
    asked.on('error', reject)
    asked.on('response', response => {
      let text = ''
      response.setEncoding('utf8').on('data', piece => {
        text += piece
      })
      response.on('end', () => resolve({ status: response.statusCode!, headers: response.headers, text }))
    })
    asked.end(body)
  })
}

const token = () => new URL(ui.url).hash.replace('#token=', '')

const exchange = (given: unknown, headers: object = {}): Promise<Answer> =>
  ask('/session', {
    method: 'POST',
    headers: { origin: ui.origin, 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ token: given }),
  })

interface Proof {
  cookie: string
  key: string
}

async function signIn(): Promise<Proof> {
  const { headers, text } = await exchange(token())
  return { cookie: headers['set-cookie']![0]!.split(';')[0]!, key: (JSON.parse(text) as { key: string }).key }
}

const socketTo = (proof: Partial<Proof>, headers: Record<string, string> = {}): WebSocket =>
  new WebSocket(`ws://127.0.0.1:${ui.port}/rpc`, ['holdfast', `key.${proof.key ?? 'x'}`], {
    headers: { origin: ui.origin, ...(proof.cookie ? { cookie: proof.cookie } : {}), ...headers },
  })

/** What becomes of a WebSocket: 101, or the status that refuses it. */
function upgradeStatus(proof: Partial<Proof>, headers: Record<string, string> = {}): Promise<number> {
  const socket = socketTo(proof, headers)
  return new Promise((resolve, reject) => {
    socket.on('error', reject)
    socket.on('open', () => {
      socket.terminate()
      resolve(101)
    })
    socket.on('unexpected-response', (_request, response) => {
      response.resume()
      resolve(response.statusCode!)
    })
  })
}

async function connect() {
  const socket = socketTo(await signIn())
  const channel = await new Promise<Channel>((resolve, reject) => {
    socket.once('error', reject)
    socket.once('open', () => resolve(webSocketChannel(socket)))
  })
  return { socket, client: await connectClient(contract, channel, { program: '1', clock: systemClock }) }
}

describe('the pages', () => {
  it('come with headers that let nothing in from elsewhere and leave nothing behind', async () => {
    const { status, headers, text } = await ask('/')
    expect(status).toBe(200)
    expect(text).toContain('<title>Holdfast</title>')
    expect(headers['content-security-policy']).toBe(
      `default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data:; ` +
        `connect-src 'self' ws://127.0.0.1:${ui.port} ws://localhost:${ui.port}; ` +
        `frame-ancestors 'none'; base-uri 'none'; form-action 'none'`,
    )
    expect(headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-store',
    })
    expect((await ask('/assets/main.js')).headers['content-type']).toBe('text/javascript; charset=utf-8')
    expect((await ask('/missing')).headers['content-security-policy']).toContain("default-src 'none'")
  })

  it('are those of the app alone, whatever the path says', async () => {
    const paths = [
      '/../outside.html',
      '/assets/../../outside.html',
      '/..%2foutside.html',
      '/%2e%2e/outside.html',
      '//etc/passwd',
      '/assets\\..\\..\\outside.html',
      '/assets/',
      '/link.html',
      '/notes.secret',
      '/index.html%00.js',
      '/__proto__',
    ]
    for (const path of paths) expect([path, (await ask(path)).status]).toEqual([path, 404])
  })

  it('are only read', async () => {
    const head = await ask('/', { method: 'HEAD' })
    expect([head.status, head.text, head.headers['content-length']]).toEqual([200, '', '38'])
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH']) {
      expect([method, (await ask('/', { method, headers: { origin: ui.origin } })).status]).toEqual([method, 405])
    }
  })

  it('are not given to who reached this computer under another name', async () => {
    for (const host of [
      'evil.example',
      `evil.example:${ui.port}`,
      '127.0.0.1',
      '127.0.0.1:1',
      `127.0.0.1.:${ui.port}`,
    ]) {
      const { status, text } = await ask('/', { headers: { host } })
      expect([host, status]).toEqual([host, 403])
      expect(text).not.toContain('<title>')
    }
    expect((await ask('/', { headers: { host: `localhost:${ui.port}` } })).status).toBe(200)
  })
})

describe('the token', () => {
  it('gives one browser a cookie that scripts cannot read and a key, and then nothing more', async () => {
    const first = await exchange(token())
    expect(first.status).toBe(200)
    expect(first.headers['set-cookie']).toEqual([
      expect.stringMatching(new RegExp(`^holdfast-${ui.port}=[\\w-]{43}; HttpOnly; SameSite=Strict; Path=/$`)),
    ])
    expect(JSON.parse(first.text)).toEqual({ program: '1.2.3', key: expect.stringMatching(/^[\w-]{43}$/) })
    const second = await exchange(token())
    expect(second.status).toBe(403)
    expect(second.headers['set-cookie']).toBeUndefined()
    expect(second.text).toContain('run "holdfast ui" again')
  })

  it('is not used up by wrong ones', async () => {
    for (const wrong of ['', 'x', `${token()}x`, null, 7, ['a'], { a: 1 }]) {
      expect((await exchange(wrong)).status).toBe(403)
    }
    for (const body of ['', 'null', '{', '[]', '"a"']) {
      const headers = { origin: ui.origin, 'content-type': 'application/json' }
      expect((await ask('/session', { method: 'POST', headers, body })).status).toBe(403)
    }
    expect((await exchange(token())).status).toBe(200)
  })

  it('is taken from our own page only, as JSON of its size', async () => {
    for (const origin of ['https://evil.example', `http://localhost:${ui.port}`, 'http://127.0.0.1:1', 'null', '']) {
      expect([origin, (await exchange(token(), { origin })).status]).toEqual([origin, 403])
    }
    expect((await exchange(token(), { host: `evil.example:${ui.port}` })).status).toBe(403)
    expect((await exchange(token(), { 'content-type': 'text/plain' })).status).toBe(415)
    expect((await exchange('a'.repeat(5000))).status).toBe(413)
    expect((await exchange(token())).status).toBe(200)
  })

  it('stands where browsers do not send it, and a page without a session is shown what to do', async () => {
    expect(ui.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/#token=[\w-]{43}$/)
    const { status, text } = await ask('/closed')
    expect(status).toBe(403)
    expect(text).toContain('This link was used')
    expect(text).toContain('<code>holdfast ui</code> again')
  })
})

describe('a session', () => {
  it('is known again by cookie and key together', async () => {
    const { cookie, key } = await signIn()
    const known = (headers: object) => ask('/session', { headers })
    expect(await known({ cookie, 'holdfast-key': key })).toMatchObject({ status: 200, text: '{"program":"1.2.3"}' })
    expect((await known({ cookie: `a=b; ${cookie}; c=d`, 'holdfast-key': key })).status).toBe(200)
    expect((await known({ cookie })).status).toBe(401)
    expect((await known({ 'holdfast-key': key })).status).toBe(401)
    expect((await known({ cookie: `${cookie}x`, 'holdfast-key': key })).status).toBe(401)
    expect((await known({ cookie: cookie.replace('holdfast-', 'holdfast'), 'holdfast-key': key })).status).toBe(401)
    expect((await known({})).status).toBe(401)
  })

  it('is what a connection needs, from our own page, under our own name', async () => {
    const proof = await signIn()
    expect(await upgradeStatus(proof)).toBe(101)
    expect(await upgradeStatus({})).toBe(401)
    expect(await upgradeStatus({ key: proof.key })).toBe(401)
    expect(await upgradeStatus({ cookie: proof.cookie })).toBe(401)
    expect(await upgradeStatus(proof, { origin: 'https://evil.example' })).toBe(403)
    expect(await upgradeStatus(proof, { origin: 'http://127.0.0.1:1' })).toBe(403)
    expect(await upgradeStatus(proof, { host: `evil.example:${ui.port}` })).toBe(403)
    const rebound = { host: `evil.example:${ui.port}`, origin: `http://evil.example:${ui.port}` }
    expect(await upgradeStatus(proof, rebound)).toBe(403)
  })
})

describe('a connected page', () => {
  it('calls the helper, watches it, and is counted', async () => {
    const { client } = await connect()
    expect(await client.call('text.echo', { text: 'Grüße 🌍' })).toEqual({ text: 'Grüße 🌍' })
    const large = 'x'.repeat(1_000_000)
    expect(await client.call('text.echo', { text: large })).toEqual({ text: large })
    const seen = watch(client)
    await until(() => seen.all.length > 0)
    service.count()
    await until(() => lastOf(seen) === 1)
    client.close()
    await until(() => pageCounts.at(-1) === 0)
    expect(pageCounts).toEqual([1, 0])
    expect(service.server.stats().connections).toBe(0)
  })

  it('is told why there is no helper', async () => {
    openHelper = async () => {
      throw new HoldfastError('helper.untrusted', 'The socket is not safe.', { advice: 'Find out who made it.' })
    }
    expect((await failure(connect())).toWire()).toMatchObject({
      code: 'helper.untrusted',
      advice: 'Find out who made it.',
    })
    await until(() => pageCounts.at(-1) === 0)
  })

  it('ends with its helper', async () => {
    const { client } = await connect()
    await service.server.close()
    expect((await client.closed)?.code).toBeDefined()
    await until(() => pageCounts.at(-1) === 0)
  })

  it('is cut off for more than a frame, announced or sent, and for text', async () => {
    const proof = await signIn()
    const announced = Buffer.alloc(8)
    announced.writeUInt32LE(1024 * 1024 + 1)
    for (const message of [announced, Buffer.alloc(1024 * 1024 + 5), '{"type":"hello"}']) {
      const socket = socketTo(proof)
      socket.on('error', () => {})
      await once(socket, 'open')
      socket.send(message)
      await once(socket, 'close')
    }
    expect(await upgradeStatus(proof)).toBe(101)
    await until(() => service.server.stats().connections === 0)
  })

  it('that reads nothing makes the helper wait, not this program grow', async () => {
    const [near, far] = memoryChannelPair()
    let isPaused = false
    const pause = near.pause.bind(near)
    near.pause = () => {
      isPaused = true
      pause()
    }
    openHelper = async () => near
    const socket = socketTo(await signIn())
    await once(socket, 'open')
    socket.pause()
    far.start({ data() {}, closed() {} })
    const piece = new Uint8Array(256 * 1024)
    let [sent, taken] = [0, 0]
    const fill = () => {
      if (sent >= 256) return
      sent++
      far.send(piece, () => {
        taken++
        fill()
      })
    }
    for (let i = 0; i < 4; i++) fill()
    // The system takes a few megabytes first.
    await until(() => isPaused)
    expect(taken).toBeLessThan(256)
    let received = 0
    socket.on('message', (data: Buffer) => {
      received += data.length
    })
    socket.resume()
    await until(() => received === 256 * piece.length)
    socket.terminate()
  })
})

describe('the server', () => {
  it('ends its pages with itself', async () => {
    const { client } = await connect()
    await ui.close()
    expect((await client.closed)?.code).toBe('helper.unreachable')
  })

  it('says that a port is taken', async () => {
    const options = { pages: new Map(), port: ui.port, program: '1', log: createLogger({ write: () => {} }) }
    expect((await failure(serveUi({ ...options, openHelper: () => openHelper() }))).code).toBe('config.inUse')
  })

  it('wants an app to serve', async () => {
    expect((await failure(readPages(join(folder.path, 'nowhere')))).code).toBe('config.invalid')
    expect((await failure(readPages(join(folder.path, 'pages/assets')))).message).toContain('no index.html')
  })
})
