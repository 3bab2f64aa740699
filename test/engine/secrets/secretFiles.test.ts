import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, link, mkdir, readdir, readFile, rename, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { beforeEach, describe, expect, test } from 'vitest'
import { seededRandom } from '../../../engine/demo/seededRandom.ts'
import { type FolderCalls, folderCalls } from '../../../engine/secrets/privateFolder.ts'
import { SecretFiles } from '../../../engine/secrets/secretFiles.ts'
import type { Sealer } from '../../../engine/secrets/systemdCreds.ts'
import { SystemdCreds } from '../../../engine/secrets/systemdCreds.ts'
import { fakeSystemdCreds } from '../../support/fakeSystemdCreds.ts'
import { drawSeed } from '../../support/killing.ts'
import { nthSecret, putterId } from '../../support/secretPutter.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'

const folder = useTemporaryFolder()
const [a, b] = ['0123456789abcdef', 'fedcba9876543210'] as const
const secret = Buffer.from('correct horse battery staple')

let path = ''
beforeEach(() => {
  path = join(folder.path, 'secrets')
})
const plainStore = () => new SecretFiles(path, { sealer: null })
const fileOf = (id: string) => join(path, `${id}.passphrase`)
const modeOf = async (file: string) => (await stat(file)).mode & 0o777

describe('the files', () => {
  test('can be read by their owner alone, in a folder that only the owner may enter', async () => {
    await plainStore().put(a, 'passphrase', secret)
    expect([await modeOf(path), await modeOf(fileOf(a))]).toEqual([0o700, 0o600])
    expect(await readdir(path)).toEqual([`${a}.passphrase`])
  })

  test('are read again by a new store', async () => {
    await plainStore().put(a, 'passphrase', secret)
    expect(await plainStore().get(a, 'passphrase')).toEqual(secret)
  })

  test('hold nothing readable when they are encrypted, and say so', async () => {
    const sealer = new SystemdCreds({ program: fakeSystemdCreds(folder.path).path })
    await new SecretFiles(path, { sealer }).put(a, 'passphrase', secret)
    const text = await readFile(fileOf(a), 'latin1')
    expect(text).toMatch(/^holdfast-secret 1 0123456789abcdef\.passphrase systemd-creds \d+ [0-9a-f]{8}\n/)
    expect(text).not.toContain(secret.toString())
    expect(text).not.toContain(secret.toString('base64'))
  })

  test('of both kinds lie side by side, and each is known for what it is', async () => {
    await plainStore().put(a, 'passphrase', secret)
    const sealer = new SystemdCreds({ program: fakeSystemdCreds(folder.path).path })
    const store = new SecretFiles(path, { sealer })
    await store.put(b, 'passphrase', secret)
    expect([await store.protectionOf(a, 'passphrase'), await store.protectionOf(b, 'passphrase')]).toEqual([
      'file-permissions',
      'systemd-creds',
    ])
    expect(await store.get(a, 'passphrase')).toEqual(secret)
    await store.put(a, 'passphrase', secret)
    expect(await store.protectionOf(a, 'passphrase')).toBe('systemd-creds')
  })

  test('that somebody else put into the folder are neither listed nor removed', async () => {
    const store = plainStore()
    await store.put(a, 'passphrase', secret)
    const others = ['README', `${a}.other`, `${a}.passphrase.bak`, `.${a}.passphrase.new`]
    for (const name of others) await writeFile(join(path, name), 'x')
    await store.forget(a)
    expect((await readdir(path)).sort()).toEqual(others.sort())
    expect(await plainStore().list()).toEqual([])
  })
})

describe('what others could read or change is refused', () => {
  test.each([0o750, 0o701, 0o770, 0o777])('a folder of mode %o', async mode => {
    await plainStore().put(a, 'passphrase', secret)
    await chmod(path, mode)
    const store = plainStore()
    const refusal = {
      code: 'config.invalid',
      message: expect.stringContaining(`${path}, where secrets are kept, can be used by others than its owner`),
      advice: expect.stringContaining(`chmod 0700 ${path}`),
    }
    await expect(store.get(a, 'passphrase')).rejects.toMatchObject(refusal)
    await expect(store.put(b, 'passphrase', secret)).rejects.toMatchObject(refusal)
    await expect(store.list()).rejects.toMatchObject(refusal)
    await store.forget(a)
    expect(await readdir(path)).toEqual([])
  })

  test.each([0o640, 0o604, 0o622, 0o700])('a file of mode %o', async mode => {
    await plainStore().put(a, 'passphrase', secret)
    await chmod(fileOf(a), mode)
    await expect(plainStore().get(a, 'passphrase')).rejects.toMatchObject({
      code: 'config.invalid',
      advice: expect.stringContaining(`chmod 0600 ${fileOf(a)}`),
    })
  })

  test('what belongs to another user', async () => {
    await plainStore().put(a, 'passphrase', secret)
    const store = new SecretFiles(path, { sealer: null, uid: process.geteuid!() + 1 })
    const refusal = { code: 'config.invalid', message: expect.stringMatching(/belongs to user \d+ instead of \d+/) }
    await expect(store.get(a, 'passphrase')).rejects.toMatchObject(refusal)
    await expect(store.put(a, 'passphrase', secret)).rejects.toMatchObject(refusal)
    await expect(store.forget(a)).rejects.toMatchObject(refusal)
  })

  test('a folder that is a symbolic link', async () => {
    await plainStore().put(a, 'passphrase', secret)
    await rename(path, `${path}-moved`)
    await symlink(`${path}-moved`, path)
    const store = plainStore()
    const refusal = { code: 'config.invalid', message: expect.stringContaining('is a symbolic link') }
    await expect(store.get(a, 'passphrase')).rejects.toMatchObject(refusal)
    await expect(store.put(a, 'passphrase', secret)).rejects.toMatchObject(refusal)
    await expect(store.forget(a)).rejects.toMatchObject(refusal)
    expect(await readdir(`${path}-moved`)).toEqual([`${a}.passphrase`])
  })

  test('a file that is a symbolic link, which is never written through', async () => {
    const store = plainStore()
    await store.put(a, 'passphrase', secret)
    const outside = join(folder.path, 'outside')
    await writeFile(outside, 'somebody else’s', { mode: 0o600 })
    await symlink(outside, fileOf(b))
    await expect(store.get(b, 'passphrase')).rejects.toMatchObject({
      code: 'config.invalid',
      message: expect.stringContaining('is a symbolic link'),
    })
    await store.put(b, 'passphrase', secret)
    expect(await store.get(b, 'passphrase')).toEqual(secret)
    expect(await readFile(outside, 'utf8')).toBe('somebody else’s')
  })

  test('a folder in the place of a file, and a file in the place of the folder', async () => {
    const store = plainStore()
    await store.put(a, 'passphrase', secret)
    await mkdir(fileOf(b), { mode: 0o600 })
    await expect(store.get(b, 'passphrase')).rejects.toMatchObject({ code: 'config.invalid' })
    await rm(path, { recursive: true })
    await writeFile(path, '')
    await expect(store.get(a, 'passphrase')).rejects.toMatchObject({
      code: 'config.invalid',
      message: expect.stringContaining('is not a folder'),
    })
  })
})

describe('a secret that cannot be had says so, and that it must be entered again', () => {
  const unavailable = (message: RegExp) => ({
    code: 'secrets.unavailable',
    message: expect.stringMatching(message),
    advice: 'Enter the passphrase again.',
    details: expect.objectContaining({ id: a, kind: 'passphrase' }),
  })

  test('when its file is damaged, cut off, too large or empty', async () => {
    const store = plainStore()
    const damages: (() => Promise<void>)[] = [
      async () => {
        const bytes = await readFile(fileOf(a))
        bytes[bytes.length - 1]! ^= 1
        await writeFile(fileOf(a), bytes)
      },
      () => truncate(fileOf(a), 60),
      () => truncate(fileOf(a), 1 << 30),
      () => truncate(fileOf(a), 0),
      () => writeFile(fileOf(a), 'holdfast-secret'),
    ]
    for (const damage of damages) {
      await store.put(a, 'passphrase', secret)
      await damage()
      await expect(store.get(a, 'passphrase')).rejects.toMatchObject(unavailable(/is damaged on the disk\.$/))
    }
  })

  test('when its file holds the secret of another destination', async () => {
    const store = plainStore()
    await store.put(b, 'passphrase', secret)
    await link(fileOf(b), fileOf(a))
    await expect(store.get(a, 'passphrase')).rejects.toMatchObject(unavailable(/its file holds another one/))
  })

  test('when a newer Holdfast kept it', async () => {
    const store = plainStore()
    await store.put(a, 'passphrase', secret)
    const text = await readFile(fileOf(a), 'latin1')
    await writeFile(fileOf(a), text.replace('secret 1 ', 'secret 2 '), 'latin1')
    await expect(store.get(a, 'passphrase')).rejects.toMatchObject(unavailable(/kept by a newer Holdfast/))
  })

  test('when the disk was moved to another computer', async () => {
    const fake = fakeSystemdCreds(folder.path)
    const store = new SecretFiles(path, { sealer: new SystemdCreds({ program: fake.path }) })
    await store.put(a, 'passphrase', secret)
    fake.changeKey()
    await expect(store.get(a, 'passphrase')).rejects.toMatchObject(
      unavailable(/cannot be decrypted: it was encrypted on another computer or by another installation of the system/),
    )
    await store.put(a, 'passphrase', secret)
    expect(await store.get(a, 'passphrase')).toEqual(secret)
  })

  test('when it is encrypted and there is no systemd-creds', async () => {
    const sealer = new SystemdCreds({ program: fakeSystemdCreds(folder.path).path })
    await new SecretFiles(path, { sealer }).put(a, 'passphrase', secret)
    await expect(plainStore().get(a, 'passphrase')).rejects.toMatchObject(unavailable(/cannot be decrypted/))
  })

  test('and is not replaced by a plain one when encrypting fails', async () => {
    const fake = fakeSystemdCreds(folder.path)
    const store = new SecretFiles(path, { sealer: new SystemdCreds({ program: fake.path }) })
    await store.put(a, 'passphrase', secret)
    fake.behave('fails')
    await expect(store.put(a, 'passphrase', Buffer.from('another'))).rejects.toMatchObject({
      code: 'secrets.unavailable',
      message: expect.stringContaining('cannot be encrypted'),
    })
    fake.behave('works')
    expect(await store.get(a, 'passphrase')).toEqual(secret)
    expect(await readdir(path)).toEqual([`${a}.passphrase`])
  })
})

describe('locking while a secret is read', () => {
  test('makes the call fail and overwrites the secret', async () => {
    const opened = Buffer.from(secret)
    let opening: (() => void) | undefined
    const isOpening = new Promise<void>(resolve => {
      opening = resolve
    })
    let goOn: (() => void) | undefined
    const sealer: Sealer = {
      key: async () => 'host',
      seal: async (_, bytes) => Buffer.from(bytes.map(byte => byte ^ 255)),
      unseal: async () => {
        opening?.()
        await new Promise<void>(resolve => {
          goOn = resolve
        })
        return opened
      },
    }
    const store = new SecretFiles(path, { sealer })
    await store.put(a, 'passphrase', secret)
    const getting = store.get(a, 'passphrase')
    await isOpening
    store.lock()
    store.unlock()
    goOn?.()
    await expect(getting).rejects.toMatchObject({ code: 'secrets.unavailable' })
    expect(opened.every(byte => byte === 0)).toBe(true)
  })
})

test('the copies that keeping a secret needs are overwritten after it, also when that fails', async () => {
  const copies: Uint8Array[] = []
  const seen: string[] = []
  const take = (bytes: Uint8Array) => {
    copies.push(bytes)
    seen.push(Buffer.from(bytes).toString())
  }
  const calls: FolderCalls = {
    ...folderCalls,
    createSynced: (file, parts, options) => {
      take(parts.at(-1)!)
      return folderCalls.createSynced(file, parts, options)
    },
  }
  await new SecretFiles(path, { sealer: null, calls }).put(a, 'passphrase', secret)
  const sealer: Sealer = {
    key: async () => 'host',
    seal: async (_, bytes) => {
      take(bytes)
      throw new Error('no')
    },
    unseal: async (_, bytes) => Buffer.from(bytes),
  }
  await expect(new SecretFiles(path, { sealer, calls }).put(a, 'passphrase', secret)).rejects.toThrow()
  expect(seen).toEqual([secret.toString(), secret.toString()])
  expect(copies.map(bytes => bytes.every(byte => byte === 0))).toEqual([true, true])
})

test('a process killed while it keeps secrets leaves the old one or the new one, and nothing else', async () => {
  const random = seededRandom(drawSeed('killed putting secrets'))
  const driver = fileURLToPath(new URL('../../support/secretPutter.ts', import.meta.url))
  const start = (round: number) => {
    const child = spawn(process.execPath, [driver, path, String(round)], { stdio: ['pipe', 'pipe', 'inherit'] })
    child.stdin.on('error', () => undefined)
    const lines: string[] = []
    const reader = createInterface({ input: child.stdout })
    const ready = once(reader, 'line')
    reader.on('line', line => lines.push(line))
    return { child, lines, ready, closed: once(child, 'close'), readerClosed: once(reader, 'close') }
  }

  let before: Buffer | undefined
  let unfinished = 0
  let next = start(0)
  try {
    for (let round = 0; round < 30; round++) {
      const { child, lines, ready, closed, readerClosed } = next
      await ready
      next = start(round + 1)
      child.stdin.write('g')
      await delay(random.below(40))
      child.kill('SIGKILL')
      await Promise.all([closed, readerClosed])

      unfinished += (await readdir(path).catch(() => [])).filter(name => name.endsWith('.new')).length
      const found = await plainStore().get(putterId, 'key-file')
      const last = lines.length - 2
      const possible = [last < 0 ? before : nthSecret(round, last), nthSecret(round, last + 1)]
      expect(
        possible.some(bytes => (bytes && found ? bytes.equals(found) : bytes === found)),
        `round ${round}: neither secret ${last} nor the one after it`,
      ).toBe(true)
      expect(await readdir(path).catch(() => [])).toEqual(found ? [`${putterId}.key-file`] : [])
      before = found
    }
  } finally {
    next.child.kill('SIGKILL')
    await next.closed
  }
  expect(before).toBeDefined()
  expect(unfinished).toBeGreaterThan(0)
})
