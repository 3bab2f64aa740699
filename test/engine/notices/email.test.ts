import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'
import { afterEach, describe, expect, it } from 'vitest'
import { systemClock } from '../../../engine/base/clock.ts'
import { minuteMs } from '../../../engine/base/localTime.ts'
import { DeliveryQueue } from '../../../engine/notices/deliveryQueue.ts'
import { type EmailItem, type EmailSettings, emailChannel, emailSettingsSchema } from '../../../engine/notices/email.ts'
import { LeapingClock } from '../../support/leapingClock.ts'
import { localhostCertificate, localhostKey } from '../../support/localhostCertificate.ts'

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

interface Received {
  from: string
  to: string[]
  text: string
  user: unknown
  encrypted: boolean
}

const password = 'correct horse'
/** A mail server on loopback that knows one user; remembers what it got. */
async function mailServer(options: SMTPServerOptions = {}, port = 0, address = '127.0.0.1') {
  const received: Received[] = []
  const logins: string[] = []
  const server = new SMTPServer({
    key: localhostKey,
    cert: localhostCertificate,
    authOptional: true,
    disableReverseLookup: true,
    onAuth({ username, password: given }, _session, done) {
      logins.push(given ?? '')
      if (username === 'anna' && given === password) done(null, { user: 'anna' })
      else done(Object.assign(new Error(`No login with ${given} here`), { responseCode: 535 }))
    },
    onData(stream, session, done) {
      const chunks: Buffer[] = []
      stream.on('data', chunk => chunks.push(chunk))
      stream.on('end', () => {
        const { mailFrom, rcptTo } = session.envelope
        received.push({
          from: mailFrom === false ? '' : mailFrom.address,
          to: rcptTo.map(to => to.address),
          text: Buffer.concat(chunks).toString(),
          user: session.user,
          encrypted: session.secure,
        })
        done()
      })
    },
    ...options,
  })
  // A client that does not trust our certificate breaks off; that is what some tests are about.
  server.on('error', () => undefined)
  await new Promise<void>(resolve => server.listen(port, address, resolve))
  closers.push(() => new Promise(resolve => server.close(() => resolve())))
  return { received, logins, port: (server.server.address() as AddressInfo).port }
}

const settings = (port: number, change: Partial<EmailSettings> = {}): EmailSettings =>
  emailSettingsSchema.parse({
    host: 'localhost',
    port,
    tls: 'starttls',
    user: 'anna',
    from: 'holdfast@example.org',
    to: ['anna@example.org', 'bob@example.org'],
    trustedCertificates: localhostCertificate,
    ...change,
  })
const item = { subject: 'Backup “Home” failed', body: 'Backup “Home” failed.\n.\nGrüße\n' }
const send = (set: EmailSettings, pass: () => Promise<string> = async () => password, what = item) =>
  emailChannel({ settings: set, password: pass, timeoutMs: 5000 }).send(what, 'a1b2', new AbortController().signal)

/** Header fields (unfolded) and decoded body of a message as it crossed the wire. */
function parsed(text: string) {
  const [head = '', ...rest] = text.split('\r\n\r\n')
  const fields = head.replace(/\r\n[ \t]+/g, ' ').split('\r\n')
  const names = fields.map(field => field.slice(0, field.indexOf(':')))
  const field = (name: string) => fields.find(one => one.startsWith(`${name}: `))?.slice(name.length + 2) ?? ''
  const raw = rest.join('\r\n\r\n')
  const quotedPrintable = () =>
    raw
      .replace(/=\r\n/g, '')
      .replace(/(?:=[0-9A-F]{2})+/g, run => Buffer.from(run.replaceAll('=', ''), 'hex').toString())
  const encoding = field('Content-Transfer-Encoding')
  const body =
    encoding === 'base64'
      ? Buffer.from(raw, 'base64').toString()
      : encoding === 'quoted-printable'
        ? quotedPrintable()
        : raw
  return { names, field, body }
}

describe('e-mail', () => {
  it.each([
    ['starttls', {}, true],
    ['tls', { secure: true }, true],
    ['none', { hideSTARTTLS: true, allowInsecureAuth: true }, false],
  ] as const)('arrives with %s, after a login, at all addresses', async (tls, options, encrypted) => {
    const server = await mailServer(options)
    expect(await send(settings(server.port, { tls }))).toEqual({ outcome: 'delivered' })
    expect(server.received).toMatchObject([
      { from: 'holdfast@example.org', to: ['anna@example.org', 'bob@example.org'], user: 'anna', encrypted },
    ])
    const { field, body } = parsed(server.received[0]!.text)
    expect(field('From')).toBe('Holdfast <holdfast@example.org>')
    expect(field('Message-ID')).toBe('<a1b2@example.org>')
    expect(field('Auto-Submitted')).toBe('auto-generated')
    expect(field('Content-Type')).toMatch(/^text\/plain; charset=utf-8/)
    expect(body.replaceAll('\r\n', '\n').trim()).toBe(item.body.trim())
  })

  it('arrives without a login when there is no user, and asks for no password', async () => {
    const server = await mailServer({ hideSTARTTLS: true })
    const { user: _, ...rest } = settings(server.port, { tls: 'none' })
    const asked = () => Promise.reject(new Error('asked for'))
    expect(await send(rest, asked)).toEqual({ outcome: 'delivered' })
    expect(server.logins).toEqual([])
  })

  it('cannot be given another header by a subject', async () => {
    const server = await mailServer()
    const subject = 'Home\r\nBcc: evil@example.org\r\n\r\nText\n\u2028X-Evil: 1'
    expect(await send(settings(server.port), undefined, { subject, body: 'x' })).toEqual({ outcome: 'delivered' })
    const { names } = parsed(server.received[0]!.text)
    expect(server.received[0]!.to).toEqual(['anna@example.org', 'bob@example.org'])
    expect(names.sort()).toEqual(
      [
        'Auto-Submitted',
        'Content-Transfer-Encoding',
        'Content-Type',
        'Date',
        'From',
        'MIME-Version',
        'Message-ID',
        'Subject',
        'To',
      ].sort(),
    )
  })

  it('says that the login is wrong, without saying the password', async () => {
    const server = await mailServer()
    const result = await send(settings(server.port), async () => 'wrong secret')
    expect(result).toMatchObject({ outcome: 'failed', advice: 'Check the user name and the password.' })
    expect(result).toMatchObject({
      message: expect.stringMatching(/refused the login: .*No login with \[password\] here/),
    })
    expect(JSON.stringify(result)).not.toContain('wrong secret')
    expect(server.received).toEqual([])
  })

  it('says that the password cannot be read, and connects to nobody', async () => {
    const result = await send(settings(1), () => Promise.reject(new Error('The secret store is locked.')))
    expect(result).toEqual({
      outcome: 'failed',
      message: 'The password for localhost cannot be read: The secret store is locked.',
    })
  })

  it('sends neither password nor text to a server that does not encrypt', async () => {
    const server = await mailServer({ hideSTARTTLS: true, disabledCommands: ['STARTTLS'], allowInsecureAuth: true })
    const result = await send(settings(server.port))
    expect(result).toMatchObject({ outcome: 'failed', message: expect.stringContaining('could not be encrypted') })
    expect([server.logins, server.received]).toEqual([[], []])
  })

  it.each(['starttls', 'tls'] as const)(
    'sends nothing to a server whose certificate nobody vouches for (%s)',
    async tls => {
      const server = await mailServer({ secure: tls === 'tls' })
      const { trustedCertificates: _, ...rest } = settings(server.port, { tls })
      expect(await send(rest)).toMatchObject({ outcome: 'failed', message: expect.stringMatching(/certificate/) })
      expect([server.logins, server.received]).toEqual([[], []])
    },
  )

  it('sends nothing to a server with the certificate of another', async () => {
    const server = await mailServer({}, 0, '127.0.0.2')
    const result = await send(settings(server.port, { host: '127.0.0.2' }))
    expect(result).toMatchObject({ outcome: 'failed', message: expect.stringMatching(/certificate/) })
    expect([server.logins, server.received]).toEqual([[], []])
  })

  it('takes a recipient that the server does not know for a mistake in the settings', async () => {
    const server = await mailServer({
      onRcptTo: (to, _session, done) => done(Object.assign(new Error(`No ${to.address} here`), { responseCode: 550 })),
    })
    expect(await send(settings(server.port))).toMatchObject({ outcome: 'failed', advice: 'Check the addresses.' })
  })

  it('takes a text that the server refuses for good for refused, and one that it refuses for now for failed', async () => {
    for (const [responseCode, outcome] of [
      [554, 'refused'],
      [451, 'failed'],
    ] as const) {
      const server = await mailServer({
        onData(stream, _session, done) {
          stream.resume()
          stream.on('end', () => done(Object.assign(new Error('Not wanted'), { responseCode })))
        },
      })
      expect(await send(settings(server.port))).toMatchObject({
        outcome,
        message: expect.stringContaining('Not wanted'),
      })
    }
  })

  it('gives up on a server that says nothing', async () => {
    const sockets = new Set<import('node:net').Socket>()
    const silent = createServer(socket => sockets.add(socket))
    await new Promise<void>(resolve => silent.listen(0, '127.0.0.1', resolve))
    closers.push(async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise(resolve => silent.close(resolve))
    })
    const { port } = silent.address() as AddressInfo
    const channel = emailChannel({ settings: settings(port), password: async () => password, timeoutMs: 50 })
    expect(await channel.send(item, 'x', new AbortController().signal)).toMatchObject({ outcome: 'failed' })
  })

  it('waits in the queue while the server is down and arrives when it is up again', async () => {
    const { port } = await mailServer()
    await closers.pop()!()
    const clock = new LeapingClock()
    let server: Awaited<ReturnType<typeof mailServer>> | undefined
    let failures = 0
    const channel = emailChannel({ settings: settings(port), password: async () => password, timeoutMs: 5000 })
    const queue = new DeliveryQueue<EmailItem>({
      clock,
      channel: {
        async send(what, id, signal) {
          const result = await channel.send(what, id, signal)
          if (result.outcome !== 'delivered' && ++failures === 3) server = await mailServer({}, port)
          return result
        },
      },
    })
    const begin = clock.now()
    queue.add(item)
    await queue.idle()
    expect(failures).toBe(3)
    expect(server?.received).toHaveLength(1)
    expect(queue.state).toEqual({ waiting: 0, dropped: 0, lastDelivered: begin + 7 * minuteMs })
  })

  it('shows in the state of the queue why it does not arrive', async () => {
    const server = await mailServer()
    const queue = new DeliveryQueue<EmailItem>({
      clock: systemClock,
      channel: emailChannel({ settings: settings(server.port), password: async () => 'wrong' }),
    })
    queue.add(item)
    await expect
      .poll(() => queue.state.lastError?.advice, { timeout: 10_000 })
      .toBe('Check the user name and the password.')
    await queue.close()
    expect(queue.state.waiting).toBe(1)
  })
})

describe('e-mail settings', () => {
  const good = {
    host: 'mail.example.org',
    port: 587,
    tls: 'starttls',
    user: 'anna',
    from: 'a@example.org',
    to: ['b@example.org'],
  }

  it.each([{}, { host: '::1' }, { host: '192.0.2.7' }, { from: 'root@localhost' }, { tls: 'none', user: undefined }])(
    'may say %j',
    change => {
      expect(emailSettingsSchema.safeParse({ ...good, ...change }).success).toBe(true)
    },
  )

  it.each([
    { host: 'mail.example.org\r\nX' },
    { host: 'a b' },
    { host: '' },
    { port: 0 },
    { port: 65_536 },
    { tls: 'maybe' },
    { from: 'Anna <a@example.org>' },
    { from: 'a@example.org\r\nBcc: c@example.org' },
    { from: 'a@example.org\n' },
    { to: [] },
    { to: ['a@example.org,c@example.org'] },
    { to: ['nobody'] },
    { user: 'a\nb' },
    { tls: 'none' },
    { password: 'in the settings' },
  ])('may not say %j', change => {
    expect(emailSettingsSchema.safeParse({ ...good, ...change }).success).toBe(false)
  })
})
