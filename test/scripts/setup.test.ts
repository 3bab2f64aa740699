import { readFile, rm, stat, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { type FakeCheckout, fakeCheckout } from '../support/fakeCheckout.ts'
import { useTemporaryFolder } from '../support/temporaryFolder.ts'

// Plain JavaScript without types, named by a variable so that the compiler does not look for them.
const setupUrl = new URL('../../scripts/setup.mjs', import.meta.url).href
const { whyUnfit, missingPackages } = await import(setupUrl)

const folder = useTemporaryFolder()
const machine = { os: [process.platform], cpu: [process.arch] }
let checkout: FakeCheckout

const lockWith = (packages: Record<string, object>) => JSON.stringify({ packages: { '': {}, ...packages } })
const lock = lockWith({
  'node_modules/plain': { version: '1.0.0' },
  'node_modules/native': { version: '1.0.0', optional: true, ...machine },
  'node_modules/elsewhere': { version: '1.0.0', optional: true, os: ['darwin'], cpu: ['arm64'] },
})

/** Does what `npm ci` does: empties node_modules and fills it again, with the pinned Node last. */
const npm = (installed: string) => `
echo "$*" >> npm-calls
rm -rf node_modules; mkdir -p node_modules/.bin
sleep 0.2
echo '${installed}' > node_modules/.package-lock.json
ln -s '${process.execPath}' node_modules/.bin/node`

beforeEach(async () => {
  checkout = fakeCheckout(join(folder.path, 'checkout'))
  await checkout.take('scripts/setup.mjs')
  await checkout.write('package-lock.json', lock)
  await checkout.writeProgram('fake-bin/npm', npm(lock))
})

const setUp = () => checkout.run(process.execPath, [checkout.path('scripts/setup.mjs')])
const npmCalls = () => checkout.lines('npm-calls')

describe('scripts/setup.mjs', () => {
  it('installs once, says so in one line, and is silent afterwards', async () => {
    const first = await setUp()
    expect(first).toMatchObject({ exitCode: 0, stdout: '' })
    expect(first.stderr.trim().split('\n')).toEqual([expect.stringMatching(/^Setting up Holdfast: /)])
    expect(await setUp()).toEqual({ exitCode: 0, stdout: '', stderr: '' })
    expect(await npmCalls()).toEqual([expect.stringMatching(/^ci .*--include=optional/)])
  })

  it('installs again when the lock file has changed', async () => {
    await setUp()
    const changed = lock.replaceAll('1.0.0', '1.0.1')
    await checkout.write('package-lock.json', changed)
    await checkout.writeProgram('fake-bin/npm', npm(changed))
    expect(await setUp()).toMatchObject({ exitCode: 0 })
    expect(await npmCalls()).toHaveLength(2)
  })

  it('only renews its stamp when the lock file was merely touched', async () => {
    await setUp()
    const later = new Date(Date.now() + 1000)
    await utimes(checkout.path('node_modules/.holdfast-setup'), 0, 0)
    await utimes(checkout.path('package-lock.json'), later, new Date())
    expect(await setUp()).toEqual({ exitCode: 0, stdout: '', stderr: '' })
    expect((await stat(checkout.path('node_modules/.holdfast-setup'))).mtimeMs).toBeGreaterThan(0)
    expect(await npmCalls()).toHaveLength(1)
  })

  it('takes over what npm has installed by hand', async () => {
    await setUp()
    await rm(checkout.path('node_modules/.holdfast-setup'))
    expect(await setUp()).toEqual({ exitCode: 0, stdout: '', stderr: '' })
    expect(await npmCalls()).toHaveLength(1)
    expect(await readFile(checkout.path('node_modules/.holdfast-setup'), 'utf8')).toContain(
      await checkout.hashOf('package-lock.json'),
    )
  })

  it('installs again when an installation was interrupted', async () => {
    await checkout.write('node_modules/plain/index.js', '')
    expect(await setUp()).toMatchObject({ exitCode: 0 })
    expect(await npmCalls()).toHaveLength(1)
  })

  it('lets one of several starts work and the others wait', async () => {
    const all = await Promise.all([setUp(), setUp(), setUp(), setUp()])
    expect(all.map(ended => ended.exitCode)).toEqual([0, 0, 0, 0])
    expect(await npmCalls()).toHaveLength(1)
  })

  it('shows the words of npm when it fails, and tries again at the next start', async () => {
    await checkout.writeProgram('fake-bin/npm', 'echo "npm error network is down" >&2; exit 1')
    const ended = await setUp()
    expect(ended).toMatchObject({ exitCode: 78, stdout: '' })
    expect(ended.stderr).toContain('npm error network is down')
    expect(ended.stderr).toContain('npm run setup')
    await checkout.writeProgram('fake-bin/npm', npm(lock))
    expect(await setUp()).toMatchObject({ exitCode: 0 })
  })

  it('does not believe npm when an optional package for this machine is missing', async () => {
    await checkout.writeProgram('fake-bin/npm', npm(lockWith({ 'node_modules/plain': { version: '1.0.0' } })))
    const ended = await setUp()
    expect(ended.exitCode).toBe(78)
    expect(ended.stderr).toContain('could not fetch native.')
  })

  it('links the pinned Node where npm has left that out', async () => {
    const program = `node_modules/node-${process.platform}-${process.arch}/bin`
    const script = npm(lock).replace(/ln -s .*/, `mkdir -p ${program}; ln -s '${process.execPath}' ${program}/node`)
    await checkout.writeProgram('fake-bin/npm', script)
    expect(await setUp()).toMatchObject({ exitCode: 0 })
    expect(await checkout.run(checkout.path('node_modules/.bin/node'), ['--version'])).toMatchObject({
      stdout: `${process.version}\n`,
    })
  })

  it('refuses a pinned Node that is too old', async () => {
    await checkout.writeProgram('old-node', 'echo v20.20.2')
    await checkout.writeProgram('fake-bin/npm', npm(lock).replace(process.execPath, checkout.path('old-node')))
    const ended = await setUp()
    expect(ended.exitCode).toBe(78)
    expect(ended.stderr).toContain('is Node.js 20.20.2; Holdfast needs 24')
  })

  it('refuses a pinned Node that does not run here', async () => {
    await checkout.write('broken-node', 'not a program')
    await checkout.writeProgram('fake-bin/npm', npm(lock).replace(process.execPath, checkout.path('broken-node')))
    const ended = await setUp()
    expect(ended.exitCode).toBe(78)
    expect(ended.stderr).toContain('does not run here')
  })

  it('says that npm is missing', async () => {
    await checkout.writeProgram('fake-bin/npm', '')
    await rm(checkout.path('fake-bin/npm'))
    await checkout.writeProgram('fake-bin/flock', 'while [ "$1" != "$NODE" ]; do shift; done; exec "$@"')
    const ended = await checkout.run(process.execPath, [checkout.path('scripts/setup.mjs')], {
      env: { PATH: '/nowhere', NODE: process.execPath },
    })
    expect(ended.exitCode).toBe(78)
    expect(ended.stderr).toContain('npm was not found')
  })
})

describe('the machine that it runs on', () => {
  it.each([
    ['darwin', 'arm64', '24.0.0', 'runs on Linux only; this is darwin'],
    ['linux', 'ia32', '24.0.0', 'this is ia32'],
    ['linux', 'x64', '18.20.4', 'needs Node.js 20 or newer to set itself up; this is 18.20.4'],
  ])('is refused with the reason: %s %s %s', (platform, arch, version, words) => {
    expect(whyUnfit(platform, arch, version)).toContain(words)
  })

  it.each([
    ['x64', '20.0.0'],
    ['arm64', '26.1.0'],
  ])('is accepted: %s %s', (arch, version) => {
    expect(whyUnfit('linux', arch, version)).toBeUndefined()
  })
})

describe('what is missing of an installation', () => {
  const version = '1.0.0'
  const missing = (wanted: Record<string, object>, installed: Record<string, object>) =>
    missingPackages({ packages: { '': {}, ...wanted } }, { packages: installed }, 'linux', 'x64')

  it('is what is not there, and what is there in another version', () => {
    expect(
      missing({ a: { version }, b: { version }, c: { version } }, { a: { version }, b: { version: '2.0.0' } }),
    ).toEqual(['b', 'c'])
  })

  it('includes optional packages made for this machine, and no others', () => {
    const optional = (os: unknown, cpu: unknown, libc?: unknown) => ({ version, optional: true, os, cpu, libc })
    expect(
      missing(
        {
          lists: optional(['linux'], ['x64'], ['glibc']),
          words: optional('linux', 'x64'),
          musl: optional(['linux'], ['x64'], ['musl']),
          otherSystem: optional(['darwin'], ['x64']),
          otherProcessor: optional(['linux'], ['arm64']),
          noneInParticular: { version, optional: true },
        },
        {},
      ),
    ).toEqual(['lists', 'words'])
  })
})
