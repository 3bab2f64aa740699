import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { chmod, mkdir, readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import ssh2, { type SFTPWrapper } from 'ssh2'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { createEngine } from '../../../engine/engine.ts'
import type { Session } from '../../../engine/engineApi.ts'
import { parseRepositoryUrl } from '../../../engine/storage/locations.ts'
import type { SftpLocation } from '../../../engine/storage/machineLocations.ts'
import { SftpStorage } from '../../../engine/storage/sftp.ts'
import { everyDailyOperation, expectRefusals } from '../../support/dailyOperations.ts'
import { holdfast, placeIn } from '../../support/holdfast.ts'
import { attackSecret, expectRestores, originalOf } from '../../support/repositoryAttack.ts'
import { newSshKey } from '../../support/sshKeys.ts'
import { SshServer } from '../../support/sshServer.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'

/** The recipe in docs/destinations.md, carried out as it stands there on a server that forces nothing by itself. */

const folder = useTemporaryFolder()
/** A user of this computer without a shell, in the place of the one that the recipe makes. */
const user = 'nobody'
const laptop = newSshKey()
const owner = newSshKey()

type KeyPair = ReturnType<typeof newSshKey>

let server: SshServer
/** Lines of authorized_keys as they are in the document. */
let written: string[]

/** What the document says, for a server of a test. */
const here = (line: string, { folder: at, user: who }: SshServer) =>
  line.replaceAll('/srv/backups', at).replaceAll(' holdfast', ` ${who}`)
const lineFor = (line: string, { public: known }: KeyPair, at: SshServer) =>
  here(line, at).replace('ssh-ed25519 AAAA…', known)

beforeAll(async () => {
  const text = await readFile(join(import.meta.dirname, '../../../docs/destinations.md'), 'utf8')
  const section = text.split('### A login that may add, and not delete')[1]!.split('\n## ')[0]!
  const code = section.split('\n').flatMap(line => (line.startsWith('    ') ? [line.trim()] : []))
  server = await SshServer.start({ user, unforced: true })
  for (const line of code.filter(line => line.startsWith('install '))) {
    for (const name of ['laptop', 'desktop', 'server']) {
      execFileSync('install', here(line, server).replace('laptop', name).split(' ').slice(1))
    }
  }
  written = code.filter(line => line.startsWith('restrict'))
  expect(written).toHaveLength(2)
  await writeFile(
    server.authorizedKeys,
    `${lineFor(written[0]!, laptop, server)}\n${lineFor(written[1]!, owner, server)}\n`,
  )
  await chmod(server.authorizedKeys, 0o644)
})
afterAll(() => server.stop())

const sessions: Session[] = []
const connections: ssh2.Client[] = []
afterEach(async () => {
  for (const session of sessions.splice(0)) await session.close()
  for (const client of connections.splice(0)) client.destroy()
})

const place = (name = 'laptop') => `sftp://${user}@127.0.0.1:${server.port}${server.seen}/${name}`
const accessOf = (key: KeyPair) => ({
  credentials: { kind: 'ssh' as const, privateKey: key.private },
  acceptHostKey: server.fingerprint,
})
async function open(key: KeyPair, computer: string): Promise<Session> {
  const engine = createEngine({ stateDir: join(folder.path, computer) })
  const session = await engine.open(place(), attackSecret, accessOf(key))
  sessions.push(session)
  return session
}

async function connect({ private: privateKey }: KeyPair, to = server): Promise<ssh2.Client> {
  const client = new ssh2.Client()
  connections.push(client)
  // The server may close first.
  client.on('error', () => undefined)
  client.connect({ host: '127.0.0.1', port: to.port, username: to.user, privateKey })
  await once(client, 'ready')
  return client
}
const sftpOf = async (client: ssh2.Client) =>
  await new Promise<SFTPWrapper>((resolve, reject) =>
    client.sftp((error, sftp) => (error ? reject(error) : resolve(sftp))),
  )

const filesIn = async (path: string) =>
  (await readdir(path, { recursive: true, withFileTypes: true }))
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name))
const temporaryNames = async () => (await filesIn(join(server.folder, 'laptop'))).filter(name => name.includes('.tmp~'))

test('all daily work goes on with the key of the computer, and the owner makes room', async () => {
  const engine = createEngine({ stateDir: join(folder.path, 'owner') })
  await engine.init(place(), attackSecret, accessOf(owner))
  const session = await open(laptop, 'laptop')
  const { one, two, second, added } = await everyDailyOperation(session, folder.path)

  const repository = join(server.folder, 'laptop')
  const isObject = (name: string) => !name.includes('/locks/') && !name.includes('.tmp~')
  const objects = async () => (await filesIn(repository)).filter(isObject).sort()
  const before = await objects()
  await expectRefusals(session, one.version, added.key.id)
  expect(await objects()).toEqual(before)
  expect((await temporaryNames()).length).toBeGreaterThan(0)
  expect((await readdir(join(repository, 'locks'))).length).toBeGreaterThan(0)

  // Two days later.
  const then = Date.now() / 1000 - 48 * 3600
  for (const name of await temporaryNames()) await utimes(name, then, then)
  const mine = await open(owner, 'owner')
  await mine.remove([one.version], {})
  expect(await mine.prune({})).toMatchObject({ waitingPacks: 0 })
  await mine.removeKey(added.key.id)
  await expectRestores(mine, two.version, originalOf(second), folder.path)
  expect((await mine.scrub([], {})).damaged).toEqual([])
  expect(await temporaryNames()).toEqual([])
  expect(await readdir(join(repository, 'locks'))).toEqual([])
})

type Done = (error?: Error | null, value?: unknown) => void
/** What the server answered, as the number of a status; undefined when it did what it was asked. */
const answer = (begin: (done: Done) => void) =>
  new Promise(resolve => begin(error => resolve((error as { code?: unknown } | undefined)?.code)))
const [badHandle, denied, failed] = [2, 3, 4]

test('the server refuses a program of its own what would destroy, and what would give it more rights', async () => {
  const location = parseRepositoryUrl(place('desktop')) as SftpLocation
  const storage = await SftpStorage.open(location, { ...accessOf(laptop), expect: 'nothing', knownHostsFiles: [] })
  await storage.prepare(['packs'])
  await storage.put('packs/a', [Buffer.from('what must stay')])
  await storage.close()
  const objects = join(server.folder, 'desktop/packs')
  const path = join(objects, 'a')
  const state = async () => {
    const names = await readdir(server.folder, { recursive: true })
    const { mode, mtimeMs, ino } = await stat(path)
    return { names: names.sort(), mode, mtimeMs, ino, content: await readFile(path, 'utf8') }
  }
  const before = await state()
  expect(before.content).toBe('what must stay')

  const sftp = await sftpOf(await connect(laptop))
  // Extensions are not offered to this key; it asks all the same.
  const offered = (sftp as unknown as { _extensions: Record<string, string> })._extensions
  const mine = [...Object.keys(offered)].sort()
  expect(mine).toEqual(['fsync@openssh.com', 'hardlink@openssh.com', 'limits@openssh.com', 'statvfs@openssh.com'])
  Object.assign(offered, { 'posix-rename@openssh.com': '1', 'lsetstat@openssh.com': '1', 'copy-data': '1' })
  const reading = await new Promise<Buffer>((resolve, reject) =>
    sftp.open(path, 'r', (error, handle) => (error ? reject(error) : resolve(handle))),
  )
  const [home, ssh] = [server.folder, join(server.folder, '.ssh')]
  const attempts: [what: string, answer: number, begin: (done: Done) => void][] = [
    ['remove', denied, done => sftp.unlink(path, done)],
    ['remove the folder', denied, done => sftp.rmdir(objects, done)],
    ['rename', denied, done => sftp.rename(path, `${path}b`, done)],
    ['rename the folder', denied, done => sftp.rename(objects, `${objects}b`, done)],
    ['rename in one step', denied, done => sftp.ext_openssh_rename(path, `${path}b`, done)],
    ['truncate by opening', denied, done => sftp.open(path, 'w', done)],
    ['open to write', denied, done => sftp.open(path, 'r+', done)],
    ['open to append', denied, done => sftp.open(path, 'a', done)],
    ['make anew', failed, done => sftp.open(path, 'wx', done)],
    ['truncate', denied, done => sftp.setstat(path, { size: 0 }, done)],
    ['truncate what is open', denied, done => sftp.fsetstat(reading, { size: 0 }, done)],
    ['change the mode', denied, done => sftp.chmod(path, 0o600, done)],
    ['change the mode of what is open', denied, done => sftp.fchmod(reading, 0o600, done)],
    ['change the times', denied, done => sftp.utimes(path, 1, 1, done)],
    ['change it by the other name', denied, done => sftp.ext_openssh_lsetstat(path, { mode: 0o600 }, done)],
    ['give it away', denied, done => sftp.chown(path, 0, 0, done)],
    ['write through its handle', badHandle, done => sftp.write(reading, Buffer.from('x'), 0, 1, 0, done)],
    ['copy over it', denied, done => sftp.ext_copy_data(reading, 0, 1, reading, 0, done)],
    ['link over it', failed, done => sftp.ext_openssh_hardlink(join(ssh, 'authorized_keys'), path, done)],
    ['link symbolically', denied, done => sftp.symlink('/etc/passwd', `${path}b`, done)],
    ['make a folder of its name', failed, done => sftp.mkdir(path, done)],
    ['add a key', denied, done => sftp.open(join(ssh, 'authorized_keys'), 'a', done)],
    ['add a second file of keys', denied, done => sftp.open(join(ssh, 'authorized_keys2'), 'wx', done)],
    ['add commands for the next login', denied, done => sftp.open(join(ssh, 'rc'), 'wx', done)],
    ['add commands for the next shell', denied, done => sftp.open(join(home, '.bashrc'), 'wx', done)],
    ['add a folder to the home', denied, done => sftp.mkdir(join(home, 'more'), done)],
    ['write into the memory of the server', denied, done => sftp.open('/proc/self/mem', 'r+', done)],
  ]
  const answers: [string, unknown][] = []
  for (const [what, , begin] of attempts) answers.push([what, await answer(begin)])
  expect(answers).toEqual(attempts.map(([what, expected]) => [what, expected]))
  expect(await state()).toEqual(before)

  // The same requests are real ones: those of the owner are carried out.
  const other = await sftpOf(await connect(owner))
  expect(await answer(done => other.chmod(path, 0o600, done))).toBeUndefined()
  expect(await answer(done => other.ext_openssh_rename(path, `${path}b`, done))).toBeUndefined()
  expect(await answer(done => other.unlink(`${path}b`, done))).toBeUndefined()
  expect(existsSync(path)).toBe(false)
})

/** Programs of OpenSSH with one key, against a server; what they are told comes by standard input. */
async function run(program: 'ssh' | 'sftp', args: string[], { key, to, input = '' }: Told): Promise<Said> {
  const identity = join(folder.path, key)
  const options = [
    'UserKnownHostsFile=/dev/null',
    'StrictHostKeyChecking=no',
    'IdentitiesOnly=yes',
    'BatchMode=yes',
    'LogLevel=ERROR',
    `Port=${to.port}`,
  ].flatMap(option => ['-o', option])
  const child = spawn(program, ['-F', 'none', '-i', identity, ...options, ...args], { stdio: 'pipe', timeout: 15_000 })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', data => (said += data))
  child.stdin.on('error', () => undefined).end(input)
  const [code] = await once(child, 'close')
  return { code: code as number, said }
}
interface Told {
  key: 'laptop' | 'free'
  to: SshServer
  input?: string
}
interface Said {
  code: number
  said: string
}

test('neither a command, another subsystem, a terminal nor a forwarded port gets past the line', async () => {
  // Of root, who has a shell that would run everything.
  const to = await SshServer.start({ unforced: true })
  try {
    const free = newSshKey()
    await writeFile(to.authorizedKeys, `${lineFor(written[0]!, laptop, to)}\n${free.public}\n`)
    await writeFile(join(folder.path, 'laptop'), laptop.private, { mode: 0o600 })
    await writeFile(join(folder.path, 'free'), free.private, { mode: 0o600 })
    const host = `${to.user}@127.0.0.1`
    const attacks: [what: string, (key: Told['key'], victim: string) => Promise<Said>][] = [
      ['a command', (key, victim) => run('ssh', [host, 'rm', victim], { key, to })],
      ['a shell', (key, victim) => run('ssh', ['-T', host], { key, to, input: `rm ${victim}\n` })],
      ['another subsystem', (key, victim) => run('ssh', ['-s', host, 'shell'], { key, to, input: `rm ${victim}\n` })],
      ['SFTP', (key, victim) => run('sftp', ['-b', '-', host], { key, to, input: `rm ${victim}\n` })],
      [
        'a program that speaks SFTP',
        (key, victim) =>
          run('sftp', ['-s', '/usr/lib/openssh/sftp-server', '-b', '-', host], { key, to, input: `rm ${victim}\n` }),
      ],
    ]
    const outcome = async (key: Told['key']) =>
      await Promise.all(
        attacks.map(async ([what, attack], n) => {
          const victim = join(to.folder, `${key}${n}`)
          await writeFile(victim, 'x')
          await attack(key, victim)
          return [what, existsSync(victim) ? 'it stays' : 'gone']
        }),
      )
    expect(await outcome('laptop')).toEqual(attacks.map(([what]) => [what, 'it stays']))
    // So they are attacks at all.
    expect(await outcome('free')).toEqual(attacks.map(([what]) => [what, 'gone']))

    const port = `127.0.0.1:${to.port}`
    const ways: [what: string, args: string[], refusal: RegExp][] = [
      ['a terminal', ['-tt', host], /PTY allocation request failed/],
      ['a port from there', ['-W', port, host], /forwarding failed/],
      ['a port to here', ['-N', '-R', `0:${port}`, '-o', 'ExitOnForwardFailure=yes', host], /forwarding failed/],
    ]
    for (const [what, args, refusal] of ways) {
      const { said } = await run('ssh', args, { key: 'laptop', to })
      expect([what, said]).toEqual([what, expect.stringMatching(refusal)])
    }
    // The same way is open to who is not held back.
    expect((await run('ssh', ['-W', port, host], { key: 'free', to })).said).toMatch(/^SSH-2\.0-/)
  } finally {
    await to.stop()
  }
})

test('the agent logs in with keys that are locked, with that of the place where one is named', async () => {
  const home = join(folder.path, 'home')
  await mkdir(join(home, '.ssh'), { recursive: true })
  const lock = async (key: KeyPair, path: string) => {
    await writeFile(path, key.private, { mode: 0o600 })
    execFileSync('ssh-keygen', ['-q', '-p', '-N', 'open sesame', '-f', path])
  }
  await lock(laptop, join(home, '.ssh/id_ed25519'))
  await lock(owner, join(folder.path, 'owner'))
  const socket = join(folder.path, 'agent')
  const agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: 'ignore' })
  try {
    await expect.poll(() => existsSync(socket)).toBe(true)
    const passphrase = join(folder.path, 'passphrase')
    await writeFile(passphrase, '#!/bin/sh\necho open sesame\n', { mode: 0o700 })
    const add = { SSH_AUTH_SOCK: socket, SSH_ASKPASS: passphrase, SSH_ASKPASS_REQUIRE: 'force' }
    const env = { ...placeIn(folder.path), HOLDFAST_REPO: place('server'), HOME: home, SSH_AUTH_SOCK: socket }
    const asOwner = `${place('server')}?identity=${join(folder.path, 'owner')}`
    const key = ['--accept-host-key', server.fingerprint]

    // Of an agent that has no key yet.
    expect(await holdfast(['init', ...key], { env })).toMatchObject({ code: 74, stdout: '' })
    const locked = await holdfast(['init', '--repo', asOwner, ...key], { env })
    expect(locked).toMatchObject({ code: 74, stderr: expect.stringContaining('ssh-add') })
    expect(await readdir(join(server.folder, 'server'))).toEqual([])

    for (const path of [join(home, '.ssh/id_ed25519'), join(folder.path, 'owner')]) {
      execFileSync('ssh-add', [path], { env: { ...process.env, ...add }, stdio: ['ignore', 'ignore', 'pipe'] })
    }
    expect(await holdfast(['init', ...key], { env })).toMatchObject({ code: 0 })
    await writeFile(join(folder.path, 'disk.img'), 'what is on the disk')
    const backup = await holdfast(['backup', join(folder.path, 'disk.img'), '--name', 'disk'], { env })
    expect(backup).toMatchObject({ code: 0 })
    // Both keys are in the agent: the first one of it is that of the computer, whose line forbids this.
    const refused = await holdfast(['rm', 'disk:latest'], { env })
    expect(refused).toMatchObject({ code: 77, stdout: '' })
    expect(refused.stderr).toContain('key of the owner')
    expect(await holdfast(['rm', 'disk:latest', '--repo', asOwner], { env })).toMatchObject({ code: 0 })
  } finally {
    const ended = once(agent, 'exit')
    agent.kill()
    await ended
  }
})
