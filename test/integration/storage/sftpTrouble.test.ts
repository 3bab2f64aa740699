import { existsSync } from 'node:fs'
import { appendFile, chmod, mkdir, readdir, readFile, rename, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import ssh2 from 'ssh2'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { isHoldfastError } from '../../../engine/contract/errors.ts'
import { parseRepositoryUrl } from '../../../engine/storage/locations.ts'
import type { SftpLocation } from '../../../engine/storage/machineLocations.ts'
import { retrying } from '../../../engine/storage/retrying.ts'
import { SftpSession } from '../../../engine/storage/sftp/session.ts'
import { type SftpOptions, SftpStorage } from '../../../engine/storage/sftp.ts'
import { type RealMount, tryMount } from '../../support/realMount.ts'
import { SlowProxy } from '../../support/slowProxy.ts'
import { newSshKey } from '../../support/sshKeys.ts'
import { freePort, SshServer } from '../../support/sshServer.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'

const MiB = 1024 * 1024
const bytes = (size: number, value = 7) => new Uint8Array(size).fill(value)
const temporary = useTemporaryFolder()

let server: SshServer
beforeAll(async () => {
  server = await SshServer.start()
})
afterAll(() => server.stop())

const opened: SftpStorage[] = []
afterEach(async () => {
  for (const storage of opened.splice(0)) await storage.close()
})

async function open(url: string, options: SftpOptions = {}): Promise<SftpStorage> {
  const storage = await SftpStorage.open(parseRepositoryUrl(url) as SftpLocation, {
    knownHostsFiles: [],
    expect: 'nothing',
    ...options,
  })
  opened.push(storage)
  return storage
}
const trusting = () => ({ acceptHostKey: server.fingerprint })
let count = 0
/** A prepared place of its own. */
async function place(options: SftpOptions = trusting(), port?: number) {
  const name = `trouble${count++}`
  const storage = await open(server.url(name, port), options)
  await storage.prepare(['packs/00'])
  return { storage, folder: join(server.folder, name), name }
}
const temporaries = async (folder: string) =>
  (await readdir(folder, { recursive: true })).filter(name => name.includes('.tmp~'))

describe('the key of an SFTP server', () => {
  it('is refused when it is not known, and remembered once it was agreed to', async () => {
    const stateDir = temporary.path
    const error = await open(server.url(), { stateDir }).catch(reason => reason)
    expect(error).toMatchObject({
      code: 'storage.hostKeyUnknown',
      details: { host: '127.0.0.1', port: server.port, fingerprint: server.fingerprint, keyType: 'ssh-ed25519' },
    })
    expect(error.advice).toContain(`--accept-host-key ${server.fingerprint}`)
    await expect(open(server.url(), { stateDir, acceptHostKey: 'SHA256:other' })).rejects.toMatchObject({
      code: 'storage.hostKeyUnknown',
    })
    expect(existsSync(join(stateDir, 'known-hosts'))).toBe(false)
    await open(server.url(), { stateDir, acceptHostKey: server.fingerprint })
    expect(await readFile(join(stateDir, 'known-hosts'), 'utf8')).toBe(server.knownHost)
    expect((await stat(join(stateDir, 'known-hosts'))).mode & 0o777).toBe(0o600)
    await open(server.url(), { stateDir })
  })

  it('is taken from the files of ssh', async () => {
    const file = join(temporary.path, 'known_hosts')
    await writeFile(file, `# mine\n${server.knownHost}`)
    await open(server.url(), { knownHostsFiles: [join(temporary.path, 'missing'), file] })
  })

  it('stops everything when it has changed, whatever was agreed to', async () => {
    const other = await SshServer.start()
    try {
      const stateDir = temporary.path
      await open(other.url(), { stateDir, acceptHostKey: other.fingerprint })
      const before = other.fingerprint
      await other.halt()
      await other.newHostKey()
      await other.run()
      const error = await open(other.url(), { stateDir, acceptHostKey: other.fingerprint }).catch(reason => reason)
      expect(error).toMatchObject({
        code: 'storage.hostKeyChanged',
        retryable: false,
        details: { fingerprint: other.fingerprint, expected: [before], files: [`${stateDir}/known-hosts:1`] },
      })
      expect(error.message).toContain(before)
      expect(error.message).toContain(other.fingerprint)
      // The same in the middle of work: the next login after a break goes nowhere.
      const again = newSshKey().public.split(' ').slice(0, 2).join(' ')
      await writeFile(join(stateDir, 'known-hosts'), `@revoked ${other.knownHost}[127.0.0.1]:${other.port} ${again}\n`)
      await expect(open(other.url(), { stateDir })).rejects.toMatchObject({
        code: 'storage.hostKeyChanged',
        message: expect.stringContaining('was revoked'),
      })
    } finally {
      await other.stop()
    }
  })
})

describe('logging in to an SFTP server', () => {
  it('refuses a key that the server does not know', async () => {
    const privateKey = newSshKey().private
    await expect(open(server.url(), { ...trusting(), credentials: { kind: 'ssh', privateKey } })).rejects.toMatchObject(
      {
        code: 'storage.authFailed',
        retryable: false,
      },
    )
    await expect(
      open(server.url(), { ...trusting(), credentials: { kind: 'ssh', password: 'wrong' } }),
    ).rejects.toMatchObject({ code: 'storage.authFailed' })
  })

  it('takes a key as text, before the key file of the place, and its passphrase', async () => {
    const { private: locked, public: known } = newSshKey('open sesame')
    await appendFile(server.authorizedKeys, `${known}\n`)
    const access = { ...trusting(), expect: 'nothing' as const }
    await open(server.url(), { ...access, credentials: { kind: 'ssh', privateKey: locked, passphrase: 'open sesame' } })
    for (const passphrase of [undefined, 'wrong']) {
      const credentials = { kind: 'ssh' as const, privateKey: locked, ...(passphrase && { passphrase }) }
      await expect(open(server.url(), { ...access, credentials })).rejects.toMatchObject({
        code: 'storage.authFailed',
        message: expect.stringContaining('passphrase'),
      })
    }
  })

  it('says what is wrong with a key file', async () => {
    const url = server.url().replace(/identity=.*/, `identity=${temporary.path}/key`)
    await expect(open(url, trusting())).rejects.toMatchObject({
      code: 'storage.authFailed',
      message: expect.stringContaining('ENOENT'),
    })
    await writeFile(join(temporary.path, 'key'), 'no key')
    await expect(open(url, trusting())).rejects.toMatchObject({ code: 'storage.authFailed' })
  })

  it('counts a server as unreachable that is not there, is silent or has no name', async () => {
    const nobody = await freePort()
    await expect(open(server.url('x', nobody), trusting())).rejects.toMatchObject({
      code: 'storage.unreachable',
      retryable: true,
    })
    const silent = await SlowProxy.start(server.port, 60_000)
    try {
      await expect(open(server.url('x', silent.port), { ...trusting(), timeoutMs: 300 })).rejects.toMatchObject({
        code: 'storage.unreachable',
        retryable: true,
      })
    } finally {
      await silent.stop()
    }
    const url = server.url().replace('127.0.0.1', 'nowhere.invalid')
    await expect(open(url, trusting())).rejects.toMatchObject({ code: 'storage.unreachable', retryable: true })
  })
})

describe('a place on an SFTP server', () => {
  it('is not found where nothing is, and cannot be made where its parent is missing', async () => {
    for (const expect_ of ['repository', 'folder'] as const) {
      await expect(open(server.url('nothing'), { ...trusting(), expect: expect_ })).rejects.toMatchObject({
        code: 'repository.notFound',
      })
    }
    const deep = await open(server.url('nothing/below'), trusting())
    await expect(deep.prepare(['packs'])).rejects.toMatchObject({ code: 'repository.notFound' })
  })

  it('is refused when it holds something else', async () => {
    await mkdir(join(server.folder, 'photos'))
    await writeFile(join(server.folder, 'photos/Beach.jpg'), 'x')
    const storage = await open(server.url('photos'), trusting())
    await expect(storage.prepare(['packs'])).rejects.toMatchObject({ code: 'storage.objectExists' })
    expect(await readdir(join(server.folder, 'photos'))).toEqual(['Beach.jpg'])
  })

  it('has gone with its disk: nothing is written, nothing concluded', async () => {
    const { storage, folder, name } = await place()
    await storage.put('config', [bytes(3)])
    const again = await open(server.url(name), { ...trusting(), expect: 'repository' })
    await rename(folder, `${folder}-away`)
    // As an empty mount point.
    await mkdir(folder)
    const list = async () => {
      for await (const _ of again.list('packs')) throw new Error('something is there')
    }
    for (const call of [
      () => again.get('packs/00/a'),
      () => again.stat('packs/00/a'),
      list,
      () => again.put('packs/00/a', [bytes(1)]),
      () => again.delete('packs/00/a'),
    ]) {
      await expect(call()).rejects.toMatchObject({ code: 'storage.driveNotConnected' })
    }
    expect(await readdir(folder)).toEqual([])
  })

  it('is readable for nobody else, and its objects cannot be written to', async () => {
    const { storage, folder } = await place()
    await storage.put('packs/00/a', [bytes(5)])
    expect((await stat(folder)).mode & 0o777).toBe(0o700)
    expect((await stat(join(folder, 'packs/00/a'))).mode & 0o777).toBe(0o400)
    expect(await temporaries(folder)).toEqual([])
  })

  it('is swept of what was left a day ago', async () => {
    const { storage, folder } = await place()
    const [old, fresh] = ['packs/00/.tmp~old', '.tmp~fresh'].map(name => join(folder, name))
    for (const path of [old!, fresh!]) await writeFile(path, 'x')
    const longAgo = Date.now() / 1000 - 25 * 3600
    await utimes(old!, longAgo, longAgo)
    expect(await storage.sweepTemporary()).toBe(1)
    expect(await temporaries(folder)).toEqual(['.tmp~fresh'])
  })

  it('says that its disk is full, and is as before', async ({ skip }) => {
    const mount = await tryMount('tmpfs', join(server.folder, 'small'))
    if (typeof mount === 'string') return skip(mount)
    try {
      await fillUp(mount)
    } finally {
      await mount.detach()
    }
  })

  async function fillUp(mount: RealMount): Promise<void> {
    const storage = await open(server.url('small/place'), trusting())
    await storage.prepare(['packs/00'])
    await storage.put('packs/00/a', [bytes(5 * MiB)])
    expect(await storage.freeBytes()).toBeLessThan(4 * MiB)
    await expect(storage.put('packs/00/b', [bytes(5 * MiB)])).rejects.toMatchObject({
      code: 'storage.full',
      retryable: false,
    })
    expect(await temporaries(mount.path)).toEqual([])
    expect(await storage.stat('packs/00/b')).toBeUndefined()
    await storage.put('packs/00/c', [bytes(1 * MiB)])
  }
})

describe('a broken connection', () => {
  it('fails what is under way as retryable, and the next call connects anew', async () => {
    const proxy = await SlowProxy.start(server.port, 20)
    try {
      const { storage, folder } = await place(trusting(), proxy.port)
      const before = proxy.received
      const put = storage.put('packs/00/a', [bytes(16 * MiB)]).catch(error => error)
      await expect.poll(() => proxy.received - before).toBeGreaterThan(3 * MiB)
      expect(await server.killLogins()).toBeGreaterThan(0)
      expect(await put).toMatchObject({ code: 'storage.unreachable', retryable: true })
      expect(await storage.stat('packs/00/a')).toBeUndefined()
      expect((await temporaries(folder)).length).toBe(1)

      const got = retrying(storage, { firstDelayMs: 10 })
      const again = got.put('packs/00/a', [bytes(16 * MiB)])
      const began = proxy.received
      await expect.poll(() => proxy.received - began).toBeGreaterThan(3 * MiB)
      proxy.cut()
      await again
      const data = await got.get('packs/00/a')
      expect(data.length).toBe(16 * MiB)
      expect(data.every(byte => byte === 7)).toBe(true)
    } finally {
      await proxy.stop()
    }
  })

  it('is noticed when the server falls silent', async () => {
    const proxy = await SlowProxy.start(server.port, 0)
    const { storage } = await place({ ...trusting(), timeoutMs: 1000 }, proxy.port)
    const waiting = storage.put('packs/00/a', [bytes(32 * MiB)]).catch(error => error)
    proxy.swallow()
    expect(await waiting).toMatchObject({ code: 'storage.unreachable', retryable: true })
    await proxy.stop()
  })

  it('ends with a clear error when the server does not come back', async () => {
    const other = await SshServer.start()
    const storage = await open(other.url(), { acceptHostKey: other.fingerprint })
    await storage.prepare(['packs/00'])
    await other.halt()
    const error = await retrying(storage, { attempts: 3, firstDelayMs: 1 })
      .put('packs/00/a', [bytes(5)])
      .catch(reason => reason)
    await other.stop()
    expect(isHoldfastError(error, 'storage.unreachable') && error.retryable).toBe(true)
  })
})

describe('the requests of one transfer', () => {
  /** Counts how many reads and writes of files are unanswered at a time, and how many there are in all. */
  function countRequests(kind: 'read' | 'write') {
    const counts = { most: 0, all: 0 }
    let underWay = 0
    const original = SftpSession.prototype[kind] as (...given: unknown[]) => Promise<unknown>
    SftpSession.prototype[kind] = function (this: SftpSession, ...given: unknown[]) {
      counts.all++
      counts.most = Math.max(counts.most, ++underWay)
      return original.apply(this, given).finally(() => underWay--)
    } as never
    const restore = () => {
      SftpSession.prototype[kind] = original as never
    }
    return { counts, restore }
  }

  it.each([
    ['with limits of the server', '', 128, 16],
    ['without', '-P limits', 32, 64],
  ])('are many at a time, %s', async (_, sftp, pieceKiB, most) => {
    const other = await SshServer.start({ sftp })
    const proxy = await SlowProxy.start(other.port, 50)
    const storage = await open(other.url('repository', proxy.port), { acceptHostKey: other.fingerprint })
    await storage.prepare(['packs'])
    for (const kind of ['write', 'read'] as const) {
      const { counts, restore } = countRequests(kind)
      try {
        if (kind === 'write') await storage.put('packs/a', [bytes(8 * MiB), bytes(8 * MiB)])
        else expect((await storage.get('packs/a')).length).toBe(16 * MiB)
      } finally {
        restore()
      }
      expect(counts.all).toBe((16 * 1024) / pieceKiB)
      expect(counts.most).toBeLessThanOrEqual(most)
      // Where processors are busy, answers may come before all have been asked.
      expect(counts.most).toBeGreaterThan(most / 2)
    }
    await storage.close()
    await proxy.stop()
    await other.stop()
  })
})

describe('a login that may add only', () => {
  // By what is refused; the recipe in docs/destinations.md goes by what is allowed (sftpAppendOnly.test.ts).
  const refused = 'remove,rmdir,rename,posix-rename,setstat,fsetstat,lsetstat,symlink,copy-data'

  it('stores, reads and lists; removes, replaces and changes nothing', async () => {
    const other = await SshServer.start({ user: 'nobody', sftp: `-P ${refused}` })
    try {
      const storage = await open(other.url(), { acceptHostKey: other.fingerprint })
      await storage.prepare(['packs/00'])
      await storage.put('packs/00/a', [bytes(100)])
      await expect(storage.put('packs/00/a', [bytes(5)])).rejects.toMatchObject({ code: 'storage.objectExists' })
      await expect(storage.put('packs/00/a', [bytes(5)], { overwrite: true })).rejects.toMatchObject({
        code: 'storage.deleteRefused',
      })
      await expect(storage.delete('packs/00/a')).rejects.toMatchObject({ code: 'storage.deleteRefused' })
      expect(await storage.get('packs/00/a')).toEqual(Buffer.from(bytes(100)))
      expect(await storage.sweepTemporary()).toBe(0)

      // What somebody could do who has the key and writes a program of his own.
      const client = new ssh2.Client()
      // The server may close first.
      client.on('error', () => undefined)
      const key = await readFile(other.identity)
      client.connect({ host: '127.0.0.1', port: other.port, username: 'nobody', privateKey: key })
      await new Promise<void>(resolve => client.on('ready', () => resolve()))
      const sftp = await new Promise<ssh2.SFTPWrapper>((resolve, reject) =>
        client.sftp((error, sftp) => (error ? reject(error) : resolve(sftp))),
      )
      const path = `${other.seen}/repository/packs/00/a`
      const outcome = (begin: (done: (error?: Error | null) => void) => void) =>
        new Promise(resolve => begin(error => resolve((error as { code?: number } | undefined)?.code)))
      expect(await outcome(done => sftp.open(path, 'w', done))).toBe(3)
      expect(await outcome(done => sftp.open(path, 'r+', done))).toBe(3)
      expect(await outcome(done => sftp.chmod(path, 0o600, done))).toBe(3)
      expect(await outcome(done => sftp.rename(path, `${path}b`, done))).toBe(3)
      expect(await outcome(done => sftp.unlink(path, done))).toBe(3)
      client.end()
      expect((await readFile(join(other.folder, 'repository/packs/00/a'))).length).toBe(100)
    } finally {
      await other.stop()
    }
  })
})

it('needs rights in the folder', async () => {
  const other = await SshServer.start({ user: 'nobody' })
  try {
    const storage = await open(other.url(), { acceptHostKey: other.fingerprint })
    await storage.prepare(['packs'])
    await chmod(join(other.folder, 'repository/packs'), 0o500)
    await expect(storage.put('packs/a', [bytes(1)])).rejects.toMatchObject({ code: 'storage.authFailed' })
  } finally {
    await other.stop()
  }
})
