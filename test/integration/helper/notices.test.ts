import { createHmac } from 'node:crypto'
import { rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { SMTPServer } from 'smtp-server'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { randomBytes } from '../../../engine/base/random.ts'
import type { ShownNotice } from '../../../engine/contract/shownNotice.ts'
import { createEngine } from '../../../engine/engine.ts'
import '../../support/cheapPassphrases.ts'
import { DaemonProcess, endedRun, type HelperClient } from '../../support/daemon.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'

const folder = useTemporaryFolder()
const passphrase = 'open sesame'
let daemon: DaemonProcess
let client: HelperClient
let posts: { body: string; signature: string | undefined }[]
let mails: string[]
let web: Server
let post: SMTPServer
let urls: { web: string; smtp: number }

beforeEach(async () => {
  posts = []
  mails = []
  web = createServer((request, response) => {
    let body = ''
    request.on('data', data => {
      body += data
    })
    request.on('end', () => {
      posts.push({ body, signature: request.headers['x-holdfast-signature-256'] as string | undefined })
      response.end()
    })
  })
  await new Promise<void>(resolve => web.listen(0, '127.0.0.1', resolve))
  post = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS', 'AUTH'],
    onData(stream, _session, done) {
      let text = ''
      stream.on('data', data => {
        text += data
      })
      stream.on('end', () => {
        mails.push(text)
        done()
      })
    },
  })
  await new Promise<void>(resolve => post.listen(0, '127.0.0.1', resolve))
  urls = {
    web: `http://127.0.0.1:${(web.address() as AddressInfo).port}/hook`,
    smtp: (post.server.address() as AddressInfo).port,
  }
  daemon = new DaemonProcess(folder.path)
  await daemon.start()
  client = await daemon.connect()
})
afterEach(async () => {
  client.close()
  await daemon.kill()
  await new Promise(resolve => web.close(resolve))
  await new Promise<void>(resolve => post.close(() => resolve()))
})

const email = () => ({
  ...{ host: '127.0.0.1', port: urls.smtp, tls: 'none' as const },
  ...{ from: 'holdfast@example.org', to: ['admin@example.org'] },
})

test('a failure is told once by mail, webhook and on the screen, and so is that it is over', async () => {
  const repository = join(folder.path, 'repository')
  const image = join(folder.path, 'disk.img')
  await writeFile(image, randomBytes(500_000))
  await createEngine({ stateDir: join(folder.path, 'state') }).init(repository, { kind: 'passphrase', passphrase })
  const shown: ShownNotice[] = []
  client.subscribe('notices', {
    state: ({ notices }) => shown.push(...notices),
    change: notice => shown.push(notice),
    ended: () => undefined,
  })
  await client.call('notices.set', { email: email(), webhook: { url: urls.web }, webhookSecret: 'shared' })
  await client.call('notices.test', {})
  await expect.poll(() => [mails.length, posts.length], { timeout: 10_000 }).toEqual([1, 1])

  const { destination } = await client.call('destinations.add', { name: 'drive', url: repository, passphrase })
  const { source } = await client.call('sources.offerFile', { path: image })
  const { job } = await client.call('jobs.create', {
    settings: { name: 'Disk', sources: [{ source, name: 'disk' }], destinations: [destination.id], schedule: null },
  })
  await rm(image)
  await client.call('jobs.run', { job: job.id })
  const failed = await endedRun(client, job.id)
  expect(failed.state).toBe('failed')
  await expect.poll(() => [mails.length, posts.length], { timeout: 10_000 }).toEqual([2, 2])
  const { body, signature } = posts[1]!
  expect(JSON.parse(body)).toMatchObject({ event: 'run-failed', job: 'Disk' })
  expect(signature).toBe(`sha256=${createHmac('sha256', 'shared').update(body).digest('hex')}`)
  expect(mails[1]).toContain('Disk')

  // The same failure again is not told again.
  await client.call('jobs.run', { job: job.id })
  const again = await endedRun(client, job.id, failed.id)
  await writeFile(image, randomBytes(500_000))
  await client.call('jobs.run', { job: job.id })
  expect(await endedRun(client, job.id, again.id)).toMatchObject({ state: 'complete' })
  await expect
    .poll(() => posts.map(one => JSON.parse(one.body).event), { timeout: 10_000 })
    .toEqual(['test', 'run-failed', 'recovered'])
  expect(shown.map(notice => notice.urgency)).toHaveLength(2)
  await expect
    .poll(async () => (await client.call('notices.get', {})).deliveries, { timeout: 10_000 })
    .toMatchObject({ email: { waiting: 0, error: null }, webhook: { waiting: 0, error: null } })
  expect(mails).toHaveLength(3)
})

test('what cannot be delivered waits, is shown, and survives a restart of the helper', async () => {
  const port = urls.smtp
  await new Promise<void>(resolve => post.close(() => resolve()))
  await client.call('notices.set', { email: email(), webhook: null })
  await client.call('notices.test', {})
  await expect
    .poll(async () => (await client.call('notices.get', {})).deliveries.email?.error, { timeout: 10_000 })
    .toMatch(/127\.0\.0\.1/)
  client.close()
  await daemon.kill()
  post = new SMTPServer({
    disabledCommands: ['STARTTLS', 'AUTH'],
    authOptional: true,
    onData(stream, _session, done) {
      stream.resume().on('end', () => {
        mails.push('later')
        done()
      })
    },
  })
  await new Promise<void>(resolve => post.listen(port, '127.0.0.1', resolve))
  await daemon.start()
  client = await daemon.connect()
  await expect.poll(() => mails, { timeout: 10_000 }).toEqual(['later'])
})

test('settings that cannot be are refused with the place', async () => {
  const wrong = { ...email(), host: 'mail.example.org', user: 'me', tls: 'none' as const }
  await expect(client.call('notices.set', { email: wrong, webhook: null })).rejects.toMatchObject({
    code: 'usage.invalid',
    details: { path: 'email.tls' },
  })
  const call = client.call('notices.set', { email: null, webhook: { url: 'file:///etc/passwd' } })
  await expect(call).rejects.toMatchObject({ code: 'usage.invalid', details: { path: 'webhook.url' } })
})
