import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, chown, lstat, mkdir, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { systemClock } from '../../../engine/base/clock.ts'
import { createLinuxCalls } from '../../../engine/base/linux.ts'
import { createLogger } from '../../../engine/base/logger.ts'
import { type PeerProcess, processOfSocket, stillRuns } from '../../../engine/rpc/peer.ts'
import { connectUnix } from '../../../engine/rpc/unixClient.ts'
import { type Listener, listenUnix, type UnixListenOptions } from '../../../engine/rpc/unixServer.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'
import { contract, failure, TestService, until } from './world.ts'

const folder = useTemporaryFolder()
const own = process.getuid!()
const isRoot = own === 0
const nobody = 65_534
const withoutModule = createLinuxCalls(() => undefined)

let service: TestService
let path: string
const cleanups: (() => unknown)[] = []
beforeEach(() => {
  service = new TestService()
  path = join(folder.path, 'helper.sock')
  cleanups.push(() => service.server.close())
})
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

async function listen(options: Partial<UnixListenOptions> = {}): Promise<Listener> {
  const log = createLogger({ write: line => void service.log.push(line) })
  const listener = await listenUnix(service.server, { path, mode: 0o600, log, ...options })
  cleanups.push(() => listener.close())
  return listener
}
const client = (options: { trustedUids?: number[]; path?: string } = {}) =>
  connectUnix(contract, { program: '1', clock: systemClock, path, trustedUids: [own], ...options })

/** Leaves a socket behind as a process does that was killed. */
async function abandonSocket(): Promise<void> {
  const script = `require('node:net').createServer().listen(${JSON.stringify(path)}, () => console.log('there'))`
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(child.stdout, 'data')
  child.kill('SIGKILL')
  await once(child, 'exit')
}

describe('the peer of a connection', () => {
  it('is the process that the kernel names, with its start', async () => {
    await listen()
    expect(await (await client()).call('peer.show', {})).toEqual({ transport: 'unix', pid: process.pid, uid: own })
  })

  it.skipIf(!isRoot)('is told truly for the process of another user', async () => {
    await chmod(folder.path, 0o755)
    const peers: PeerProcess[] = []
    const identify = (socket: Socket) => {
      peers.push(processOfSocket(socket))
      return peers[0]!
    }
    await listen({ mode: 0o666, identify })
    const script = `require('node:net').connect(${JSON.stringify(path)}).on('connect', () => console.log('there')).on('close', () => {})`
    const child = spawn(process.execPath, ['-e', script], {
      uid: nobody,
      gid: nobody,
      cwd: '/',
      stdio: ['ignore', 'pipe', 2],
    })
    cleanups.push(() => child.kill('SIGKILL'))
    await until(() => peers.length === 1)
    expect(peers[0]).toMatchObject({ pid: child.pid, uid: nobody, gid: nobody })
    expect(stillRuns(peers[0]!)).toBe(true)
    expect(stillRuns({ ...peers[0]!, startTicks: String(Number(peers[0]!.startTicks) - 1) })).toBe(false)
    child.kill('SIGKILL')
    await once(child, 'exit')
    expect(stillRuns(peers[0]!)).toBe(false)
  })

  it('that cannot be told is refused, and others are not', async () => {
    let calls = 0
    await listen({
      identify: socket => processOfSocket(socket, calls++ === 0 ? withoutModule : undefined),
    })
    expect((await failure(client())).code).toBe('helper.unreachable')
    expect(service.log.join()).toContain('access.denied')
    expect(await (await client()).call('text.echo', { text: 'a' })).toEqual({ text: 'a' })
  })
})

describe('the socket of a server', () => {
  it('has the permissions that were asked for, and is gone after the end with nothing left but its lock', async () => {
    const listener = await listen({ mode: 0o660 })
    const facts = await lstat(path)
    expect(facts.isSocket()).toBe(true)
    expect((facts.mode & 0o777).toString(8)).toBe('660')
    await listener.close()
    expect(await readdir(folder.path)).toEqual(['helper.sock.lock'])
    expect((await lstat(`${path}.lock`)).mode & 0o777).toBe(0o600)
  })

  it('takes the place of one whose server was killed', async () => {
    await abandonSocket()
    const before = await lstat(path)
    await listen()
    expect((await lstat(path)).ino).not.toBe(before.ino)
    expect(await (await client()).call('text.echo', { text: 'a' })).toEqual({ text: 'a' })
  })

  it('is made by one of several servers that start at once over a dead socket', async () => {
    await abandonSocket()
    const log = createLogger({ write: () => {} })
    const tries = await Promise.allSettled(
      Array.from({ length: 5 }, () => listenUnix(service.server, { path, mode: 0o600, log })),
    )
    const listeners = tries.flatMap(result => (result.status === 'fulfilled' ? [result.value] : []))
    for (const listener of listeners) cleanups.push(() => listener.close())
    expect(listeners).toHaveLength(1)
    for (const result of tries) {
      if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'helper.alreadyRunning' })
    }
    expect(await (await client()).call('text.echo', { text: 'a' })).toEqual({ text: 'a' })
  })

  it.each([
    ['a second server', undefined],
    ['a second server where locks are not offered', withoutModule],
  ])('is not taken over by %s while the first one lives', async (_what, linux) => {
    const first = await listen()
    const error = await failure(listen(linux ? { linux } : {}))
    expect(error.code).toBe('helper.alreadyRunning')
    expect(await (await client()).call('text.echo', { text: 'a' })).toEqual({ text: 'a' })
    await first.close()
    await listen()
    expect(await (await client()).call('text.echo', { text: 'b' })).toEqual({ text: 'b' })
  })

  it('is not removed by a server whose place another one has taken', async () => {
    const first = await listen()
    await rename(path, `${path}.old`)
    const other = createServer()
    await new Promise<void>(resolve => other.listen(path, resolve))
    cleanups.push(() => other.close())
    await first.close()
    expect((await lstat(path)).isSocket()).toBe(true)
  })

  it.each([
    ['a folder that is not there', () => rm(folder.path, { recursive: true }), /ENOENT/],
    ['a folder that others may write to', () => chmod(folder.path, 0o777), /others may write/],
    ['a folder that the group may write to', () => chmod(folder.path, 0o770), /others may write/],
    ['a file in its place', () => writeFile(path, 'precious'), /no socket/],
  ])('is refused for %s', async (_what, prepare, message) => {
    await prepare()
    const error = await failure(listen())
    expect(error.code).toBe('config.invalid')
    expect(error.message).toMatch(message)
  })

  it('is refused for a path longer than the system takes', async () => {
    path = join(folder.path, 'x'.repeat(90), 'helper.sock')
    await mkdir(join(folder.path, 'x'.repeat(90)), { mode: 0o700 })
    const error = await failure(listen())
    expect(error.code).toBe('config.invalid')
    expect(await readdir(join(folder.path, 'x'.repeat(90)))).toEqual(['helper.sock.lock'])
  })

  it.skipIf(!isRoot)('is refused in a folder of another user', async () => {
    await chown(folder.path, nobody, nobody)
    expect((await failure(listen())).message).toContain('belongs to another user')
  })
})

describe('a client', () => {
  it('says how to start the service when none is there or it has died', async () => {
    expect(await failure(client())).toMatchObject({ code: 'helper.unreachable', retryable: true })
    await abandonSocket()
    const error = await failure(client())
    expect(error).toMatchObject({ code: 'helper.unreachable', retryable: true, details: { cause: 'ECONNREFUSED' } })
    expect(error.advice).toContain('systemctl start holdfast')
  })

  it('does not speak to a socket of a user that it does not trust', async () => {
    let connections = 0
    const server = createServer(socket => {
      connections++
      socket.destroy()
    })
    await new Promise<void>(resolve => server.listen(path, resolve))
    cleanups.push(() => server.close())
    // Root trusts itself, so to root the socket must belong to somebody else.
    if (isRoot) await chown(path, nobody, nobody)
    const error = await failure(client({ trustedUids: [] }))
    expect(error.code).toBe('helper.untrusted')
    expect(error.message).toContain(`user ${isRoot ? nobody : own}`)
    expect(connections).toBe(0)
  })

  it.skipIf(!isRoot)('does not speak to another user who listens at a socket of root', async () => {
    await chmod(folder.path, 0o777)
    const script = `require('node:net').createServer(s => s.on('data', d => console.log(String(d)))).listen(${JSON.stringify(path)}, () => console.log('there'))`
    const child = spawn(process.execPath, ['-e', script], {
      uid: nobody,
      gid: nobody,
      cwd: '/',
      stdio: ['ignore', 'pipe', 2],
    })
    cleanups.push(() => child.kill('SIGKILL'))
    await once(child.stdout!, 'data')
    await chown(path, 0, 0)
    await chmod(folder.path, 0o755)
    let heard = ''
    child.stdout!.on('data', data => {
      heard += data
    })
    const error = await failure(client({ trustedUids: [] }))
    expect(error.message).toContain(`user ${nobody} answers there`)
    child.kill('SIGKILL')
    await once(child, 'close')
    expect(heard).toBe('')
  })

  it('does not speak to a socket that others can put their own in the place of', async () => {
    const inner = join(folder.path, 'run')
    await mkdir(inner, { mode: 0o755 })
    path = join(inner, 'helper.sock')
    await listen()
    await (await client()).call('text.echo', { text: 'a' })
    await chmod(inner, 0o775)
    expect((await failure(client())).code).toBe('helper.untrusted')
    await chmod(inner, 0o1777)
    expect((await failure(client())).code).toBe('helper.untrusted')
    await chmod(inner, 0o755)
    await chmod(folder.path, 0o777)
    expect((await failure(client())).message).toContain(`write to the folder ${folder.path}`)
    await chmod(folder.path, 0o700)
    await (await client()).call('text.echo', { text: 'a' })
  })

  it.skipIf(!isRoot)(
    'takes a folder further up that only its owner and the group of the owner may write to',
    async () => {
      const inner = join(folder.path, 'run')
      await mkdir(inner, { mode: 0o755 })
      path = join(inner, 'helper.sock')
      await listen()
      await chmod(folder.path, 0o775)
      await (await client()).call('text.echo', { text: 'a' })
      await chown(folder.path, own, nobody)
      expect((await failure(client())).message).toContain(`write to the folder ${folder.path}`)
      await chown(folder.path, nobody, nobody)
      expect((await failure(client({ trustedUids: [] }))).message).toContain(`${folder.path} belongs to user ${nobody}`)
      await (await client({ trustedUids: [nobody] })).call('text.echo', { text: 'a' })
    },
  )

  it('looks at the folder that a link leads to', async () => {
    const inner = join(folder.path, 'run')
    await mkdir(inner, { mode: 0o755 })
    path = join(inner, 'helper.sock')
    await listen()
    await symlink(inner, join(folder.path, 'link'))
    await (await client({ path: join(folder.path, 'link', 'helper.sock') })).call('text.echo', { text: 'a' })
    await chmod(inner, 0o777)
    expect((await failure(client({ path: join(folder.path, 'link', 'helper.sock') }))).code).toBe('helper.untrusted')
  })

  it('does not take a file or a link for a socket', async () => {
    await writeFile(path, '')
    expect((await failure(client())).message).toContain('no socket')
    await rm(path)
    await symlink('/nowhere', path)
    expect((await failure(client())).code).toBe('helper.untrusted')
  })
})

describe('half-open connections', () => {
  it('end when the client stops writing, and its calls with them', async () => {
    await listen()
    const connected = await client()
    const raw = connect({ path, allowHalfOpen: true })
    await once(raw, 'connect')
    await until(() => service.server.stats().connections === 2)
    raw.end()
    await once(raw, 'close')
    await until(() => service.server.stats().connections === 1)
    expect(await connected.call('text.echo', { text: 'a' })).toEqual({ text: 'a' })
  })
})
