import { execFile } from 'node:child_process'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { randomBytes } from '../../../engine/base/random.ts'
import { holdfast, placeIn, type RunningHoldfast, startHoldfast } from '../../support/holdfast.ts'
import { localhostCertificate, localhostKey } from '../../support/localhostCertificate.ts'
import { NbdClient } from '../../support/nbdClient.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'

/** `holdfast nbd` as people use it, on a real repository. */

const folder = useTemporaryFolder()
const execute = promisify(execFile)
const path = (name: string) => join(folder.path, name)
const mib = 1024 * 1024
let env: Record<string, string>
let older: Buffer
let newer: Buffer
const versions: string[] = []
const running: RunningHoldfast[] = []

const run = (...args: string[]) => holdfast(args, { env })

async function backUp(image: Buffer): Promise<string> {
  await writeFile(path('disk'), image)
  const { code, stdout } = await run('backup', path('disk'), '--name', 'web', '--json')
  expect(code).toBe(0)
  return JSON.parse(stdout).version
}

beforeEach(async () => {
  env = placeIn(folder.path)
  expect((await run('init')).code).toBe(0)
  older = Buffer.concat([randomBytes(2 * mib), Buffer.alloc(5 * mib), randomBytes(mib + 1000)])
  newer = Buffer.concat([older, randomBytes(100_000)])
  versions.splice(0, 2, await backUp(older), await backUp(newer))
})
afterEach(async () => {
  for (const { process, result } of running.splice(0)) {
    process.kill('SIGTERM')
    await result
  }
})

/** Starts the server; resolves with its address. */
async function serve(...args: string[]): Promise<{ uri: string; server: RunningHoldfast }> {
  const server = startHoldfast(['nbd', '--json', ...args], { env })
  running.push(server)
  const uri = await new Promise<string>((resolve, reject) => {
    let text = ''
    server.process.stdout.on('data', data => {
      text += data
      if (text.endsWith('\n')) resolve(JSON.parse(text).uri)
    })
    server.result.then(({ stderr, stdout }) => reject(new Error(`It ended: ${stdout}${stderr}`)), reject)
  })
  return { uri, server }
}

const named = (uri: string, name: string): string => uri.replace('///', `///${name}`)

test('a version is the default export, reads as it was backed up, and the end is in order', async () => {
  const { uri, server } = await serve('web:latest~1', '--socket', path('s'))
  expect(uri).toBe(`nbd+unix:///?socket=${path('s')}`)
  for (const name of ['', versions[0]!, 'web:latest~1']) {
    await execute('nbdcopy', [named(uri, name), path('copy')])
    expect((await readFile(path('copy'))).equals(older)).toBe(true)
  }
  await expect(execute('nbdinfo', [named(uri, versions[1]!)])).rejects.toThrow()
  await expect(execute('qemu-img', ['compare', '-f', 'raw', uri, path('copy')])).resolves.toBeTruthy()
  server.process.kill('SIGTERM')
  expect((await server.result).code).toBe(0)
  expect(await readdir(folder.path)).not.toContain('s')
})

test('all versions are offered, by every name that they have', async () => {
  const { uri } = await serve()
  expect(uri).toBe(`nbd+unix:///?socket=${join(env.HOLDFAST_STATE_DIR!, 'nbd.sock')}`)
  const client = await NbdClient.greeted(join(env.HOLDFAST_STATE_DIR!, 'nbd.sock'))
  const list = (await client.option(3))
    .slice(0, -1)
    .map(({ data }) => data.toString('utf8', 4, 4 + data.readUInt32BE(0)))
  expect(list).toEqual(['web:latest', versions[1], versions[0]])
  await client.destroy()
  for (const [name, image] of [
    ['web:latest', newer],
    ['latest', newer],
    ['web:latest~1', older],
    [versions[0]!.slice(0, 10), older],
  ] as const) {
    await execute('nbdcopy', [named(uri, name), path('copy')])
    expect((await readFile(path('copy'))).equals(image)).toBe(true)
  }
  await expect(execute('nbdinfo', [uri])).rejects.toThrow()
})

test('a name stays with its version while that is open, and goes on with the next client', async () => {
  await serve('--socket', path('s'))
  const first = await NbdClient.attached(path('s'), 'web:latest')
  await backUp(older)
  const second = await NbdClient.attached(path('s'), 'web:latest')
  expect([first.sizeBytes, second.sizeBytes]).toEqual([newer.length, newer.length])
  await Promise.all([first.disconnect(), second.disconnect()])
  const third = await NbdClient.attached(path('s'), 'web:latest')
  expect(third.sizeBytes).toBe(older.length)
  await third.disconnect()
})

test('a damaged pack is an error for what is in it, and the connection lives', async () => {
  const packs = join(env.HOLDFAST_REPO!, 'packs')
  const names = await readdir(packs, { recursive: true, withFileTypes: true })
  const files = names.filter(entry => entry.isFile()).map(entry => join(entry.parentPath, entry.name))
  const sizes = await Promise.all(files.map(async file => ({ file, bytes: await readFile(file) })))
  const largest = sizes.sort((a, b) => b.bytes.length - a.bytes.length)[0]!
  largest.bytes.fill(0x55, 500_000, 500_010)
  await writeFile(largest.file, largest.bytes)
  await serve('web:latest', '--socket', path('s'))
  const client = await NbdClient.attached(path('s'))
  let failed = 0
  for (let offset = 0; offset < 2 * mib; offset += 65_536) {
    const { error, data } = await client.read(offset, 65_536)
    if (error === 0) expect(data.equals(newer.subarray(offset, offset + 65_536))).toBe(true)
    else failed++
    expect([0, 5]).toContain(error)
  }
  expect(failed).toBeGreaterThan(0)
  expect(failed).toBeLessThan(10)
  await client.disconnect()
})

test('a port of this computer, with TLS for who wants it', async () => {
  await writeFile(path('cert'), localhostCertificate)
  await writeFile(path('key'), localhostKey)
  const tls = ['--tls-cert', path('cert'), '--tls-key', path('key')]
  const { uri } = await serve('web:latest', '--listen', 'localhost:0', ...tls, '--tls-required')
  const port = Number(/^nbds:\/\/127\.0\.0\.1:([0-9]+)$/.exec(uri)?.[1])
  const plain = await NbdClient.greeted({ port })
  expect((await plain.option(3))[0]!.type).toBe(2 ** 31 + 5)
  await plain.destroy()
  const client = await NbdClient.greeted({ port })
  await client.startTls(localhostCertificate)
  await client.go('')
  expect((await client.read(0, 1000)).data.equals(newer.subarray(0, 1000))).toBe(true)
  await client.disconnect()
})

test('what was read stays in memory within what --cache allows', async () => {
  await backUp(randomBytes(24 * mib))
  /** Bytes that the server reads from files for the second of two readings. */
  const readAgain = async (...args: string[]) => {
    const { server } = await serve('web:latest', '--socket', path('s'), ...args)
    const client = await NbdClient.attached(path('s'))
    const bytesRead = async () =>
      Number(/^rchar: (\d+)/.exec(await readFile(`/proc/${server.process.pid}/io`, 'utf8'))?.[1])
    const readAll = async () => {
      for (let offset = 0; offset < 24 * mib; offset += mib) expect((await client.read(offset, mib)).error).toBe(0)
    }
    await readAll()
    const before = await bytesRead()
    await readAll()
    const after = await bytesRead()
    await client.disconnect()
    server.process.kill('SIGTERM')
    await server.result
    return after - before
  }
  expect(await readAgain()).toBeLessThan(4 * mib)
  expect(await readAgain('--cache', '4M')).toBeGreaterThan(18 * mib)
})

describe('what cannot be', () => {
  async function refusal(...args: string[]): Promise<{ code: number | null; words: string }> {
    const { code, stdout, stderr } = await run('nbd', ...args)
    expect(stdout).toBe('')
    return { code, words: stderr }
  }

  test('a socket that somebody serves is 75, and goes on serving', async () => {
    await serve('--socket', path('s'))
    expect(await refusal('--socket', path('s'))).toMatchObject({ code: 75 })
    const client = await NbdClient.attached(path('s'), 'latest')
    await client.disconnect()
  })

  test('a socket that a killed server left is taken over', async () => {
    const { server } = await serve('--socket', path('s'))
    server.process.kill('SIGKILL')
    await server.result
    expect(await readdir(folder.path)).toContain('s')
    await serve('--socket', path('s'))
    const client = await NbdClient.attached(path('s'), 'latest')
    await client.disconnect()
  })

  test('is refused with what to do instead', async () => {
    await writeFile(path('nonsense'), 'no certificate')
    expect(await refusal('nosuch')).toMatchObject({ code: 66 })
    expect(await refusal('--socket', path('s'), '--listen', ':1')).toMatchObject({ code: 64 })
    expect(await refusal('--listen', 'nonsense')).toMatchObject({ code: 64 })
    expect(await refusal('--allow-remote')).toMatchObject({ code: 64 })
    expect(await refusal('--listen', '0.0.0.0:0')).toMatchObject({ code: 77 })
    expect(await refusal('--tls-required')).toMatchObject({ code: 64 })
    expect(await refusal('--tls-cert', path('none'), '--tls-key', path('none'))).toMatchObject({ code: 78 })
    expect(await refusal('--tls-cert', path('nonsense'), '--tls-key', path('nonsense'))).toMatchObject({ code: 78 })
    expect(await refusal('--socket', path('nonsense'))).toMatchObject({ code: 78 })
    for (const size of ['0', 'much', '1000T']) expect(await refusal('--cache', size)).toMatchObject({ code: 64 })
  })
})
