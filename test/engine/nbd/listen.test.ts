import { mkdir, readdir, rename, stat, symlink, unlink, writeFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createLogger } from '../../../engine/base/logger.ts'
import { type Listener, listenTcp, listenUnix } from '../../../engine/nbd/listen.ts'
import { NbdServer } from '../../../engine/nbd/server.ts'
import { MemoryDisk, memoryExports } from '../../support/memoryExport.ts'
import { NbdClient } from '../../support/nbdClient.ts'
import { until } from '../../support/nbdServer.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'

const folder = useTemporaryFolder()
const listeners: Listener[] = []
let server: NbdServer

beforeEach(() => {
  const exports = memoryExports({ disk: { disk: new MemoryDisk(4096) } })
  server = new NbdServer({ exports, log: createLogger({ write: () => undefined }) })
})
afterEach(async () => {
  for (const listener of listeners.splice(0)) await listener.close()
  await server.stop()
})

const path = () => join(folder.path, 'nbd.sock')
async function unix(at = path()): Promise<Listener> {
  const listener = await listenUnix(server, at)
  listeners.push(listener)
  return listener
}
async function tcp(host: string, port = 0, mayBeRemote = false): Promise<Listener> {
  const listener = await listenTcp(server, { host, port, mayBeRemote })
  listeners.push(listener)
  return listener
}

describe('a Unix socket', () => {
  it('is for its user alone, and gone when it is closed', async () => {
    const listener = await unix()
    expect((await stat(path())).mode & 0o777).toBe(0o600)
    expect(await readdir(folder.path)).toEqual(['nbd.sock'])
    const client = await NbdClient.attached(path(), 'disk')
    await listener.close()
    expect(await readdir(folder.path)).toEqual([])
    // Clients that are there go on.
    expect((await client.read(0, 10)).error).toBe(0)
    await client.disconnect()
  })

  it('that nobody serves any more is replaced', async () => {
    const dead = createServer()
    // Node would remove the socket with the server.
    await new Promise<void>(resolve => dead.listen(join(folder.path, 'young'), resolve))
    await rename(join(folder.path, 'young'), path())
    await new Promise(resolve => dead.close(resolve))
    await unix()
    const client = await NbdClient.attached(path(), 'disk')
    await client.disconnect()
  })

  it('that somebody serves stays, and is busy', async () => {
    await unix()
    await expect(unix()).rejects.toMatchObject({ code: 'config.inUse' })
    const client = await NbdClient.attached(path(), 'disk')
    await client.disconnect()
  })

  it('is not taken from somebody who came later', async () => {
    const first = await unix()
    await unlink(path())
    await unix()
    await first.close()
    const client = await NbdClient.attached(path(), 'disk')
    await client.disconnect()
  })

  it('is served by one of many that begin at once', async () => {
    const all = await Promise.allSettled(Array.from({ length: 5 }, () => unix()))
    expect(all.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    for (const one of all) if (one.status === 'rejected') expect(one.reason).toMatchObject({ code: 'config.inUse' })
    expect(await readdir(folder.path)).toEqual(['nbd.sock'])
  })

  it.each([
    ['a file', () => writeFile(path(), 'precious')],
    ['a folder', () => mkdir(path())],
    ['a link to nowhere', () => symlink('nowhere', path())],
  ])('never takes the place of %s', async (_what, make) => {
    await make()
    await expect(unix()).rejects.toMatchObject({ code: 'config.invalid' })
    expect(await readdir(folder.path)).toEqual(['nbd.sock'])
  })

  it('needs a folder and a path that the system can take', async () => {
    await expect(unix(join(folder.path, 'none', 's'))).rejects.toMatchObject({ code: 'config.invalid' })
    await expect(unix(join(folder.path, 'x'.repeat(100)))).rejects.toMatchObject({ code: 'config.invalid' })
  })

  it('has an address that programs understand, whatever its name is', async () => {
    const listener = await unix(join(folder.path, 'a b?c&d#é+%'))
    const uri = new URL(listener.uri(false).replace('nbd+unix:///', 'http://unix/'))
    expect(new URLSearchParams(uri.search).get('socket')).toBe(join(folder.path, 'a b?c&d#é+%'))
    expect(listener.uri(true)).toMatch(/^nbds\+unix:\/\/\/\?socket=/)
  })
})

describe('a TCP port', () => {
  it.each(['127.0.0.1', 'localhost'])('at %s serves this computer', async host => {
    const listener = await tcp(host)
    const port = Number(/:([0-9]+)$/.exec(listener.uri(false))?.[1])
    const socket = connect(port, host)
    await until(() => server.stats.connections === 1)
    socket.destroy()
    await expect(tcp(host, port)).rejects.toMatchObject({ code: 'config.inUse' })
  })

  it.each(['0.0.0.0', '::'])('at %s would serve others, and must be asked for', async host => {
    await expect(tcp(host)).rejects.toMatchObject({ code: 'access.denied' })
  })

  it('at an address that is not here is refused', async () => {
    await expect(tcp('192.0.2.1', 0, true)).rejects.toMatchObject({ code: 'config.invalid' })
    await expect(tcp('no such host')).rejects.toMatchObject({ code: 'config.invalid' })
  })
})
