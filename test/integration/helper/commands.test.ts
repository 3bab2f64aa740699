import { execFileSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { SMTPServer } from 'smtp-server'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { DaemonProcess } from '../../support/daemon.ts'
import { holdfast } from '../../support/holdfast.ts'
import { attachLoop, noLoopDevices } from '../../support/loopDevice.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'
import { inTerminal, noTerminal } from '../../support/terminal.ts'

const folder = useTemporaryFolder()
let daemon: DaemonProcess

beforeEach(async () => {
  daemon = new DaemonProcess(folder.path)
  await daemon.start()
})
afterEach(() => daemon.kill())

const cli = (args: string[], input = '') => holdfast(args, { env: daemon.env, input })
const json = async (args: string[], input = '') => {
  const { code, stdout, stderr } = await cli([...args, '--json'], input)
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  return JSON.parse(stdout)
}

describe('holdfast notices', () => {
  let post: SMTPServer
  let web: Server
  let mails: string[]
  let logins: string[]
  let posts: { body: string; signature: unknown }[]
  let password: string

  beforeEach(async () => {
    mails = []
    logins = []
    posts = []
    password = 'right'
    post = new SMTPServer({
      disabledCommands: ['STARTTLS'],
      allowInsecureAuth: true,
      onAuth(auth, _session, done) {
        logins.push(`${auth.username} ${auth.password}`)
        done(auth.password === password ? null : new Error('Wrong password'), { user: auth.username })
      },
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
    web = createServer((request, response) => {
      let body = ''
      request.on('data', data => {
        body += data
      })
      request.on('end', () => {
        posts.push({ body, signature: request.headers['x-holdfast-signature-256'] })
        response.end()
      })
    })
    await new Promise<void>(resolve => web.listen(0, '127.0.0.1', resolve))
  })
  afterEach(async () => {
    await new Promise<void>(resolve => post.close(() => resolve()))
    await new Promise(resolve => web.close(resolve))
  })

  const smtpPort = () => String((post.server.address() as AddressInfo).port)
  const hook = () => `http://127.0.0.1:${(web.address() as AddressInfo).port}/hook`
  const email = () => [
    ...['--host', '127.0.0.1', '--port', smtpPort(), '--tls', 'none', '--user', 'me'],
    ...['--from', 'holdfast@example.org', '--to', 'a@example.org', '--to', 'b@example.org'],
  ]

  test('sets up e-mail and a webhook, sends a message by both, and takes them away again', async () => {
    expect((await cli(['notices', 'show'])).stdout).toContain('holdfast notices set')
    expect(await cli(['notices', 'test'])).toMatchObject({ code: 66 })

    const secret = join(folder.path, 'secret')
    await writeFile(secret, 'shared\n')
    const webhook = ['--webhook', hook(), '--webhook-secret-file', secret]
    const set = await json(['notices', 'set', ...email(), '--password-file', '-', ...webhook], 'right\n')
    expect(set).toMatchObject({
      email: { host: '127.0.0.1', user: 'me', to: ['a@example.org', 'b@example.org'] },
      webhook: { url: hook() },
    })
    const tested = await json(['notices', 'test'])
    expect(tested).toEqual({ email: { arrived: true, error: null }, webhook: { arrived: true, error: null } })
    expect([mails.length, logins, posts.length]).toEqual([1, ['me right'], 1])
    expect(posts[0]!.signature).toMatch(/^sha256=/)
    const shown = await cli(['notices', 'show'])
    expect(shown.stdout).toMatch(/a@example\.org and b@example\.org[\s\S]*Last arrived[\s\S]*Webhook/)
    expect(shown.stdout).not.toMatch(/right|shared/)

    // One setting is changed; the password and everything else stay.
    await json(['notices', 'set', '--to', 'c@example.org', '--no-webhook'])
    expect(await json(['notices', 'test'])).toEqual({ email: { arrived: true, error: null }, webhook: null })
    expect(mails[1]).toContain('c@example.org')
    expect(await json(['notices', 'set', '--no-email'])).toMatchObject({ email: null, webhook: null })
  })

  test('says why a message did not arrive, also when it is the same as before', async () => {
    password = 'another'
    await json(['notices', 'set', ...email(), '--password-file', '-'], 'right')
    for (let i = 0; i < 2; i++) {
      const { code, stdout } = await cli(['notices', 'test'])
      expect([code, stdout]).toEqual([74, expect.stringMatching(/^By e-mail: not delivered\. .+/)])
    }
    password = 'right'
    expect(await json(['notices', 'test'])).toMatchObject({ email: { arrived: true } })
  })

  test('keeps no password for a user or server that it was not given for', async () => {
    const without = await cli(['notices', 'set', ...email()])
    expect(without).toMatchObject({ code: 64 })
    expect(without.stderr).toContain('--password-file')
    await json(['notices', 'set', ...email(), '--password-file', '-'], 'right')
    expect(await cli(['notices', 'set', '--user', 'you'])).toMatchObject({ code: 64 })
    expect(await cli(['notices', 'set', '--host', 'localhost'])).toMatchObject({ code: 64 })
    expect(await cli(['notices', 'set', ...email(), '--password-file', '-'])).toMatchObject({ code: 78 })
    expect((await json(['notices', 'show'])).email).toMatchObject({ user: 'me', host: '127.0.0.1' })
  })

  test.skipIf(noTerminal !== undefined)('asks in a terminal for the password, which nobody sees', async () => {
    const set = inTerminal(['notices', 'set', ...email()], daemon.env)
    await set.answer('Password of me at 127.0.0.1: ', 'right\r')
    const { code, screen } = await set.end
    expect([code, screen]).toEqual([0, expect.not.stringContaining('right')])
    expect(await json(['notices', 'test'])).toMatchObject({ email: { arrived: true } })
    expect(logins).toEqual(['me right'])
  })

  test('refuses what the helper refuses, with its reason, and nothing at all', async () => {
    const abroad = ['notices', 'set', ...email(), '--host', 'mail.example.org', '--password-file', '-']
    const refused = await cli(abroad, 'right')
    expect([refused.code, refused.stderr]).toEqual([64, expect.stringContaining('without encryption')])
    expect(await cli(['notices', 'set'])).toMatchObject({ code: 64 })
    expect(await cli(['notices', 'set', '--webhook', 'file:///etc/passwd'])).toMatchObject({ code: 64 })
    expect((await json(['notices', 'show'])).webhook).toBeNull()
  })
})

describe('holdfast eject', () => {
  test('lists the external drives, and says so when it knows none of that name', async () => {
    const { drives } = await json(['eject'])
    expect(Array.isArray(drives)).toBe(true)
    const { code, stderr } = await cli(['eject', 'No such drive'])
    expect([code, stderr]).toEqual([66, expect.stringContaining('No drive “No such drive” is connected.')])
  })

  describe.skipIf(noLoopDevices)('with devices', () => {
    test('ejects one by its label or path, and names the candidates when a label is there twice', async () => {
      const files = [join(folder.path, 'a.img'), join(folder.path, 'b.img')]
      for (const file of files) {
        await writeFile(file, Buffer.alloc(4_194_304))
        execFileSync('mkfs.ext4', ['-q', '-L', 'TwinDrive', file])
      }
      const loops = files.map(file => attachLoop(file))
      try {
        await expect
          .poll(async () => (await cli(['eject', 'TwinDrive'])).stderr, { timeout: 20_000 })
          .toMatch(/2 drives/)
        const twice = await cli(['eject', 'TwinDrive', '--json'])
        expect(twice.code).toBe(66)
        const { candidates } = JSON.parse(twice.stdout).error.details
        expect(candidates.map((one: { path: string }) => one.path).sort()).toEqual(loops.map(loop => loop.path).sort())
        const result = await json(['eject', loops[0]!.path])
        expect(result).toMatchObject({
          drive: { path: loops[0]!.path, labels: ['TwinDrive'] },
          ...{ unmounted: [], poweredOff: false, inUse: [] },
        })
        loops.shift()!.detach()
        await expect
          .poll(async () => (await cli(['eject', 'twindrive'])).stdout, { timeout: 20_000 })
          .toMatch(/can be unplugged now/)
      } finally {
        for (const loop of loops) loop.detach()
      }
    })
  })
})
