import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { randomBytes } from '../../../engine/base/random.ts'
import { localhostCertificate, localhostKey } from '../../support/localhostCertificate.ts'
import type { ServeOptions } from '../../support/nbdServe.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'

/** Programs of other people judge the server: a disk in memory, served by a process of its own. */

const folder = useTemporaryFolder()
const mib = 1024 * 1024
let server: ChildProcess | undefined
let said = ''

const path = (name: string) => join(folder.path, name)
const uri = (name = '', query = '') => `nbd+unix:///${name}?socket=${path('s')}${query}`

// Distributions keep Python's libnbd with their own Python, which must be found first.
const env = { ...process.env, PATH: `/usr/bin:${process.env.PATH}`, LC_ALL: 'C' }
const execute = promisify(execFile)
const run = async (program: string, ...args: string[]): Promise<string> =>
  (await execute(program, args, { env, cwd: folder.path, maxBuffer: 64 * mib })).stdout
const failure = (program: string, ...args: string[]): Promise<string> =>
  run(program, ...args).then(
    () => Promise.reject(new Error(`${program} should have failed`)),
    error => error.stderr,
  )
const python = (...lines: string[]): Promise<string> => run('nbdsh', '-u', uri(), '-c', lines.join('\n'))

async function serve(options: ServeOptions): Promise<void> {
  const script = join(import.meta.dirname, '../../support/nbdServe.ts')
  said = ''
  const child = spawn(process.execPath, [script, path('s'), JSON.stringify(options)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  server = child
  child.stderr.on('data', text => {
    said += text
  })
  await Promise.race([
    once(child.stdout, 'data'),
    once(child, 'exit').then(() => Promise.reject(new Error(`The server ended: ${said}`))),
  ])
}

/** Data, a hole, data, and a last part that is short. */
async function makeImage(): Promise<Buffer> {
  const image = Buffer.concat([
    randomBytes(3 * mib),
    Buffer.alloc(20 * mib),
    randomBytes(2 * mib),
    Buffer.alloc(3 * mib),
  ])
  await writeFile(path('image'), image)
  return image
}

afterEach(async () => {
  const child = server
  server = undefined
  if (!child || child.exitCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  // It ends in order, and with nothing to complain about but what a test has provoked.
  expect(await ended).toEqual([0, null])
  expect(said.split('\n').filter(line => line.includes('ERROR'))).toEqual([])
})

describe('a read-only disk', () => {
  let image: Buffer
  beforeEach(async () => {
    image = await makeImage()
    await serve({ sizeBytes: 0, content: path('image'), isReadOnly: true })
  })

  test('nbdinfo understands what it offers', async () => {
    const { exports, ...facts } = JSON.parse(await run('nbdinfo', '--list', '--json', uri()))
    expect(facts).toEqual({ protocol: 'newstyle-fixed', TLS: false, structured: true })
    expect(exports.map((e: { 'export-name': string }) => e['export-name'])).toEqual(['disk', 'other one'])
    expect(exports[0]).toMatchObject({
      description: 'a disk in memory',
      'export-size': image.length,
      contexts: ['base:allocation'],
      is_read_only: true,
      can_multi_conn: true,
      can_df: true,
      can_cache: true,
      can_fua: false,
      can_trim: false,
      block_size_minimum: 1,
      block_size_preferred: 32_768,
      block_size_maximum: 32 * mib,
    })
  })

  test('nbdinfo maps its holes', async () => {
    const map = JSON.parse(await run('nbdinfo', '--map', '--json', uri('disk')))
    expect(map.map(({ offset, length, type }: Record<string, number>) => [offset, length, type])).toEqual([
      [0, 3 * mib, 0],
      [3 * mib, 20 * mib, 3],
      [23 * mib, 2 * mib, 0],
      [25 * mib, 3 * mib, 3],
    ])
  })

  test('nbdcopy reads it over many connections, and leaves the holes out', async () => {
    await run('nbdcopy', uri(), 'copy')
    expect((await readFile(path('copy'))).equals(image)).toBe(true)
    expect((await stat(path('copy'))).blocks * 512).toBeLessThan(8 * mib)
  })

  test('nbdcopy reads it with many small requests, too', async () => {
    await run('nbdcopy', '--request-size=4096', '--requests=128', '--connections=1', uri(), 'copy')
    expect((await readFile(path('copy'))).equals(image)).toBe(true)
  })

  test('qemu-img knows its size, finds it equal, converts and maps it', async () => {
    expect(JSON.parse(await run('qemu-img', 'info', '--output=json', uri('disk')))['virtual-size']).toBe(image.length)
    expect(await run('qemu-img', 'compare', '-f', 'raw', '-F', 'raw', 'image', uri('disk'))).toContain('identical')
    await run('qemu-img', 'convert', '-f', 'raw', '-O', 'raw', uri('disk'), 'copy')
    expect((await readFile(path('copy'))).equals(image)).toBe(true)
    const map = JSON.parse(await run('qemu-img', 'map', '-f', 'raw', '--output=json', uri('disk')))
    expect(map.map(({ start, length, data }: Record<string, unknown>) => [start, length, data])).toEqual([
      [0, 3 * mib, true],
      [3 * mib, 20 * mib, false],
      [23 * mib, 2 * mib, true],
      [25 * mib, 3 * mib, false],
    ])
  })

  test('an export that is not there is a clear failure', async () => {
    expect(await failure('nbdinfo', uri('none'))).toContain('none')
    expect(await failure('qemu-img', 'info', uri('none'))).toContain('There is no export “none”.')
  })

  test('libnbd may say what its own checks would not let through', async () => {
    const out = await python(
      'h.set_strict_mode(0)',
      'def error(f):',
      '  try:',
      '    f()',
      '    return "none"',
      '  except nbd.Error as e:',
      '    return e.errnum',
      'size = h.get_size()',
      'print(error(lambda: h.pread(10, size - 5)))',
      'print(error(lambda: h.pread(10, size)))',
      'print(error(lambda: h.pwrite(b"x" * 512, 0)))',
      'print(error(lambda: h.zero(512, 0)))',
      'print(error(lambda: h.trim(512, 0)))',
      'print(error(lambda: h.pread(10, 0, nbd.CMD_FLAG_REQ_ONE)))',
      'print(error(lambda: h.block_status(0, 0, lambda *a: 0)))',
      'print(error(lambda: h.pread(size - 1, 1)))',
      'print(error(lambda: h.cache(size, 0)))',
      'print(h.pread(4, 0, nbd.CMD_FLAG_DF) == h.pread(4, 0))',
    )
    const [EPERM, EINVAL] = ['1', '22']
    expect(out.trim().split('\n')).toEqual([
      EINVAL,
      EINVAL,
      EPERM,
      EPERM,
      EPERM,
      EINVAL,
      EINVAL,
      'none',
      'none',
      'True',
    ])
  })

  test('libnbd speaks with it without structured replies, and by the old export name', async () => {
    const out = await run(
      'nbdsh',
      '-c',
      [
        'h.set_request_structured_replies(False)',
        `h.connect_uri("${uri('disk')}")`,
        'print(h.get_structured_replies_negotiated(), len(h.pread(5000000, 1)))',
        'o = nbd.NBD()',
        'o.set_handshake_flags(0)',
        `o.connect_unix("${path('s')}")`,
        'print(o.get_size(), o.get_protocol())',
      ].join('\n'),
    )
    expect(out).toBe(`False 5000000\n${image.length} newstyle\n`)
  })
})

test('a damaged range costs a foreign client that range and no more', async () => {
  const image = await makeImage()
  await serve({ sizeBytes: 0, content: path('image'), isReadOnly: true, damaged: [{ offset: mib, length: 4096 }] })
  const out = await python(
    'try:',
    '  h.pread(1000000, 500000)',
    'except nbd.Error as e:',
    '  print(e.errnum)',
    'print(h.pread(8, 0).hex())',
  )
  expect(out).toBe(`5\n${image.toString('hex', 0, 8)}\n`)
  expect(await failure('nbdcopy', uri(), 'copy')).toContain('Input/output error')
})

describe('a disk that can be written', () => {
  beforeEach(() => serve({ sizeBytes: 64 * mib }))

  test('nbdcopy writes an image to it, holes and all, and reads it back', async () => {
    const image = await makeImage()
    await run('nbdcopy', '--flush', 'image', uri())
    await run('nbdcopy', uri(), 'copy')
    expect((await readFile(path('copy'))).subarray(0, image.length).equals(image)).toBe(true)
    expect(await run('nbdinfo', '--map', uri())).toMatch(/3 +hole,zero/)
  })

  test('qemu-img writes an image to it, without making it anew', async () => {
    const image = await makeImage()
    await run('qemu-img', 'convert', '-n', '-f', 'raw', '-O', 'raw', 'image', uri('disk'))
    await run('nbdcopy', uri(), 'copy')
    expect((await readFile(path('copy'))).subarray(0, image.length).equals(image)).toBe(true)
  })

  test('libnbd trims, zeros, flushes and caches', async () => {
    const out = await python(
      'h.pwrite(b"x" * 65536, 0, nbd.CMD_FLAG_FUA)',
      'h.trim(4096, 4096)',
      'h.zero(4096, 16384, nbd.CMD_FLAG_FAST_ZERO)',
      'h.zero(4096, 32768, nbd.CMD_FLAG_NO_HOLE | nbd.CMD_FLAG_FUA)',
      'h.flush()',
      'h.cache(65536, 0)',
      'data = h.pread(65536, 0)',
      'print([data[at] for at in (0, 4096, 8192, 16384, 32768, 36864)])',
    )
    expect(out).toBe('[120, 0, 120, 0, 0, 120]\n')
  })

  test('fio writes much at once and finds all of it again', async () => {
    const out = await run(
      'fio',
      '--name=verify',
      '--ioengine=nbd',
      `--uri=${uri()}`,
      '--rw=randwrite',
      '--bsrange=4k-128k',
      '--blockalign=4k',
      '--size=48m',
      '--iodepth=32',
      '--verify=crc32c',
      '--verify_fatal=1',
      '--randseed=7',
      '--fsync=64',
      '--output-format=json',
    )
    const [job] = JSON.parse(out.slice(out.indexOf('{'))).jobs
    expect(job).toMatchObject({ error: 0 })
    expect(job.write.io_bytes).toBeGreaterThan(40 * mib)
    expect(job.read.io_bytes).toBeGreaterThan(40 * mib)
  })
})

describe('with TLS', () => {
  const tls = { cert: localhostCertificate, key: localhostKey, isRequired: true }
  beforeEach(async () => {
    await serve({ sizeBytes: 8 * mib, tls })
    await mkdir(path('pki'))
    await writeFile(path('pki/ca-cert.pem'), localhostCertificate)
  })

  test('GnuTLS of libnbd gets through, and writes and reads', async () => {
    await writeFile(path('data'), randomBytes(8 * mib))
    const secure = uri('disk', `&tls-certificates=${path('pki')}`).replace('nbd+unix', 'nbds+unix')
    // A Unix socket has no name that a certificate could be for; libnbd calls it localhost.
    expect(JSON.parse(await run('nbdinfo', '--json', secure))).toMatchObject({ TLS: true })
    await run('nbdcopy', 'data', secure)
    await run('nbdcopy', secure, 'copy')
    expect((await readFile(path('copy'))).equals(await readFile(path('data')))).toBe(true)
  })

  test('a client without it is turned away', async () => {
    expect(await failure('nbdinfo', uri())).toContain('Operation not supported')
    expect(await failure('qemu-img', 'info', uri('disk'))).toMatch(/TLS/i)
  })
})
