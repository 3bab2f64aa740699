import { createHmac } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { DeliveryQueue } from '../../../engine/notices/deliveryQueue.ts'
import type { NoticeEvent } from '../../../engine/notices/events.ts'
import {
  maxWebhookBytes,
  type WebhookItem,
  type WebhookOptions,
  webhookChannel,
  webhookItem,
  webhookItemSchema,
  webhookSettingsSchema,
} from '../../../engine/notices/webhook.ts'
import { noon, unreachable } from '../../support/jobHealth.ts'
import { LeapingClock } from '../../support/leapingClock.ts'

const closers: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

interface Request {
  path: string
  headers: IncomingMessage['headers']
  body: string
}

/** A web server on loopback that remembers what it got and answers with `status`, or as `answer` does. */
async function webServer(status = 204, answer?: (response: ServerResponse, request: Request) => void) {
  const requests: Request[] = []
  const server = createServer((incoming, response) => {
    const chunks: Buffer[] = []
    incoming.on('data', chunk => chunks.push(chunk))
    incoming.on('end', () => {
      const request = {
        path: `${incoming.method} ${incoming.url}`,
        headers: incoming.headers,
        body: Buffer.concat(chunks).toString(),
      }
      requests.push(request)
      if (answer) answer(response, request)
      else response.writeHead(status).end()
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  closers.push(() => {
    server.closeAllConnections()
    return new Promise(resolve => server.close(resolve))
  })
  return { requests, origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

const about = { reminder: false, lastSuccess: noon - 1000 }
const event = (...names: string[]): NoticeEvent => ({
  event: 'run-failed',
  at: noon,
  jobs: names.map(name => ({ id: `id-${name}`, name, ...about, failure: unreachable })),
})
const context = { host: 'anna-laptop', timeZone: 'UTC' }
const item = webhookItem(event('Home'), context)
const post = (url: string, options: Partial<WebhookOptions> = {}, what: WebhookItem = item) =>
  webhookChannel({ settings: { url }, timeoutMs: 5000, ...options }).send(what, 'a1b2', new AbortController().signal)

describe('a webhook', () => {
  it('posts the event as JSON, for programs and for people', async () => {
    const server = await webServer()
    expect(await post(`${server.origin}/hook/token?x=1`)).toEqual({ outcome: 'delivered' })
    const [{ path, headers, body } = { path: '', headers: {}, body: '' }] = server.requests
    expect(path).toBe('POST /hook/token?x=1')
    expect(headers).toMatchObject({
      'content-type': 'application/json',
      'x-holdfast-event': 'run-failed',
      'x-holdfast-delivery': 'a1b2',
    })
    expect(headers).not.toHaveProperty('x-holdfast-signature-256')
    expect(JSON.parse(body)).toEqual({
      id: 'a1b2',
      event: 'run-failed',
      at: '2030-01-02T12:00:00.000Z',
      host: 'anna-laptop',
      job: 'Home',
      jobCount: 1,
      jobs: [
        {
          id: 'id-Home',
          name: 'Home',
          reminder: false,
          lastSuccess: '2030-01-02T11:59:59.000Z',
          failure: { ...unreachable, since: '2030-01-02T11:00:00.000Z' },
        },
      ],
      subject: 'Holdfast on anna-laptop: Backup “Home” failed',
      text: expect.stringContaining('What to do now: Check the network.'),
    })
  })

  it('is signed with the secret, over the very bytes that arrive', async () => {
    const server = await webServer()
    await post(server.origin, { secret: async () => 'key of the hook' })
    const { headers, body } = server.requests[0]!
    const expected = createHmac('sha256', 'key of the hook').update(body).digest('hex')
    expect(headers['x-holdfast-signature-256']).toBe(`sha256=${expected}`)
    expect(JSON.stringify(server.requests)).not.toContain('key of the hook')
  })

  it('is not sent unsigned when the secret cannot be read', async () => {
    const server = await webServer()
    const result = await post(server.origin, { secret: () => Promise.reject(new Error('locked')) })
    expect(result).toMatchObject({ outcome: 'failed', message: expect.stringContaining('cannot be read: locked') })
    expect(server.requests).toEqual([])
  })

  it('does not follow redirects', async () => {
    const target = await webServer()
    const server = await webServer(0, response => response.writeHead(307, { location: `${target.origin}/` }).end())
    expect(await post(server.origin)).toEqual({
      outcome: 'failed',
      message: `${server.origin} answered a webhook with a redirect (307), which is not followed.`,
      advice: 'Enter the address that it leads to.',
    })
    expect(target.requests).toEqual([])
  })

  it.each([
    [200, 'delivered'],
    [202, 'delivered'],
    [400, 'refused'],
    [413, 'refused'],
    [401, 'failed'],
    [404, 'failed'],
    [429, 'failed'],
    [500, 'failed'],
    [503, 'failed'],
  ])('with the answer %d is %s', async (status, outcome) => {
    expect((await post((await webServer(status)).origin)).outcome).toBe(outcome)
  })

  it('fails when there is no answer in time', async () => {
    const server = await webServer(0, () => undefined)
    expect(await post(server.origin, { timeoutMs: 100 })).toMatchObject({
      outcome: 'failed',
      message: `${server.origin} did not answer within 100 ms.`,
    })
  })

  it('does not wait for an answer that never ends', async () => {
    let writing: NodeJS.Timeout | undefined
    const server = await webServer(0, response => {
      response.writeHead(200)
      writing = setInterval(() => response.write('x'.repeat(10_000)), 5)
      response.on('close', () => clearInterval(writing))
    })
    expect(await post(server.origin)).toEqual({ outcome: 'delivered' })
  })

  it('fails when nobody is there, and does not name the path, which may hold a token', async () => {
    const server = await webServer()
    await closers.pop()!()
    const result = await post(`${server.origin}/very/secret-token`)
    expect(result).toMatchObject({ outcome: 'failed', message: expect.stringContaining('ECONNREFUSED') })
    expect(JSON.stringify(result)).not.toContain('secret-token')
  })

  it('ends when the queue is closed', async () => {
    let arrived = () => {}
    const asked = new Promise<void>(resolve => {
      arrived = resolve
    })
    const server = await webServer(0, () => arrived())
    const queue = new DeliveryQueue({
      clock: new LeapingClock(),
      channel: webhookChannel({ settings: { url: server.origin } }),
    })
    queue.add(item)
    await asked
    await queue.close()
    expect(queue.state).toEqual({ waiting: 1, dropped: 0 })
  })

  it('is tried again by the queue until the server is well, under one id', async () => {
    let asked = 0
    const server = await webServer(0, response => response.writeHead(++asked < 3 ? 503 : 200).end())
    const queue = new DeliveryQueue({
      clock: new LeapingClock(),
      channel: webhookChannel({ settings: { url: server.origin } }),
    })
    queue.add(item)
    await queue.idle()
    expect(queue.state).toMatchObject({ waiting: 0, dropped: 0 })
    expect(new Set(server.requests.map(({ body }) => body)).size).toBe(1)
    expect(server.requests).toHaveLength(3)
  })
})

describe('what a webhook says', () => {
  it('names no single job when there are several', () => {
    expect(webhookItem(event('A', 'B'), context)).toMatchObject({
      job: null,
      jobCount: 2,
      jobs: [{ name: 'A' }, { name: 'B' }],
    })
  })

  it('survives being saved', () => {
    expect(webhookItemSchema.parse(JSON.parse(JSON.stringify(item)))).toEqual(item)
  })

  it('is never too large to send', async () => {
    const server = await webServer()
    const names = Array.from({ length: 2000 }, (_, index) => `Job ${index} ${'ü'.repeat(300)}`)
    const large = webhookItem(event(...names), context)
    expect(large).toMatchObject({ jobCount: 2000 })
    expect((large.jobs as unknown[]).length).toBeGreaterThan(10)
    expect(await post(server.origin, {}, large)).toEqual({ outcome: 'delivered' })
    expect(Buffer.byteLength(server.requests[0]!.body)).toBeLessThanOrEqual(maxWebhookBytes)
    const tooLarge = { ...large, padding: 'x'.repeat(maxWebhookBytes) }
    expect((await post(server.origin, {}, tooLarge)).outcome).toBe('refused')
  })

  it('holds no passwords and no control characters', () => {
    const message = 'https://anna:hunter2@example.org said \u001b[2J'
    const odd: NoticeEvent = {
      event: 'run-failed',
      at: noon,
      jobs: [{ id: 'x', name: 'a\nb', ...about, failure: { ...unreachable, message } }],
    }
    const { text: _, ...forPrograms } = webhookItem(odd, context)
    expect(JSON.stringify(forPrograms)).not.toMatch(/hunter2|\\u001b|\\n/)
  })
})

describe('webhook settings', () => {
  it.each(['https://example.org/x', 'http://127.0.0.1:8080/'])('may be %s', url => {
    expect(webhookSettingsSchema.safeParse({ url }).success).toBe(true)
  })

  it.each([
    'ftp://example.org',
    'file:///etc/passwd',
    'javascript:1',
    '/x',
    '',
    'https://a:b@example.org',
    'https://a@example.org',
  ])('may not be %j', url => {
    expect(webhookSettingsSchema.safeParse({ url }).success).toBe(false)
  })
})
