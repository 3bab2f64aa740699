import { execFile, execFileSync } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Machine, noMachine } from '../privileges/machine/machine.ts'

const checkout = join(import.meta.dirname, '../..')
const passphrase = 'a long passphrase'
let folder = ''
let file = ''

const read = (...args: string[]) => execFileSync('dpkg-deb', args, { encoding: 'utf8' })

/** Makes the package as `npm run package:core` does, only packed faster; returns its path. */
async function make(output: string, umask: string): Promise<string> {
  const script = 'umask $1 && exec node scripts/package/core.ts --output "$2" --compression none'
  const { stdout } = await promisify(execFile)('sh', ['-c', script, 'sh', umask, join(folder, output)], {
    cwd: checkout,
    env: { ...process.env, SOURCE_DATE_EPOCH: '1700000000' },
  })
  return stdout.trim()
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-'))
  file = await make('one', '022')
})
afterAll(() => rm(folder, { recursive: true, force: true }))

describe('the package of command line and service', () => {
  it('is made with the same bytes each time, whatever the habits of who makes it', async () => {
    const other = await make('other', '077')
    expect((await readFile(file)).equals(await readFile(other))).toBe(true)
  })

  it('holds what runs, and nothing of development, of other systems or of compiling', () => {
    const paths = read('--contents', file)
      .trim()
      .split('\n')
      .map(line => line.split(/\s+/)[5]!.slice(1))
    const has = (pattern: RegExp) => paths.filter(path => pattern.test(path))
    for (const path of [
      ...['/usr/lib/holdfast/bin/node', '/usr/lib/holdfast/engine/cli/main.ts', '/usr/lib/holdfast/package.json'],
      ...['/usr/lib/systemd/system/holdfast.service', '/usr/lib/systemd/system/holdfast-mount@.service'],
      ...['/usr/share/polkit-1/actions/org.holdfast.policy', '/usr/lib/udev/rules.d/57-holdfast-own.rules'],
      ...['/usr/lib/tmpfiles.d/holdfast.conf', '/etc/apparmor.d/holdfast', '/usr/share/man/man1/holdfast.1.gz'],
      ...['/usr/share/bash-completion/completions/holdfast', '/usr/share/zsh/vendor-completions/_holdfast'],
      ...['/usr/share/fish/vendor_completions.d/holdfast.fish', '/usr/share/doc/holdfast-core/copyright'],
    ]) {
      expect(paths).toContain(path)
    }
    expect(has(/^\/usr\/bin\/./)).toEqual(['/usr/bin/holdfast'])
    expect(has(/\.node$/)).toHaveLength(2)
    expect(has(/darwin.*node$|win32.*node$|musl.*node$|\.(map|md|cc|h|gyp)$|\.d\.ts$/)).toEqual([])
    expect(has(/node_modules\/.*\.ts$/)).toEqual([])
    expect(has(/\/(test|tests|bench|scripts|vitest|typescript|electron|node-addon-api|node-linux-[^/]+)\//)).toEqual([])
    const topLevel = has(/^\/usr\/lib\/holdfast\/[^/]+\/?$/).map(path => path.replace(/\/$/, ''))
    expect(topLevel).toEqual(['bin', 'engine', 'node_modules', 'package.json'].map(name => `/usr/lib/holdfast/${name}`))
  })

  it('belongs to root, dated as it was asked, with programs and texts alone', () => {
    for (const line of read('--contents', file).trim().split('\n')) {
      expect(line).toMatch(/^(drwxr-xr-x|-rw-r--r--|-rwxr-xr-x|lrwxrwxrwx) root\/root +\d+ 2023-11-14 /)
    }
    expect(read('--info', file, 'conffiles')).toBe('/etc/apparmor.d/holdfast\n')
    expect(read('--field', file, 'Package', 'Architecture', 'Depends')).toMatch(
      /Package: holdfast-core\nArchitecture: (amd64|arm64)\nDepends: .*polkitd \| policykit-1/,
    )
  })
})

describe.skipIf(noMachine !== undefined)('the package on a computer', () => {
  let machine: Machine
  const there = '/root/holdfast-core.deb'
  const env = ['env', `HOLDFAST_PASSPHRASE=${passphrase}`, 'HOLDFAST_REPO=/srv/repository']
  const holdfast = (...args: string[]) => machine.must(...env, 'holdfast', ...args)
  const json = async (...args: string[]) => JSON.parse(await holdfast('--json', ...args))
  const isThere = async (path: string) => (await machine.run(['test', '-e', path])).exitCode === 0
  const state = async () => (await machine.run(['systemctl', 'is-active', 'holdfast.service'])).stdout.trim()
  const image = '/srv/disk.img'

  beforeAll(async () => {
    machine = await Machine.start('package')
    await machine.copy(file, there)
    await machine.must('dd', 'if=/dev/urandom', `of=${image}`, 'bs=1M', 'count=12', 'status=none')
    await machine.must('truncate', '--size=20M', image)
  })
  afterAll(() => machine?.stop())

  it('installs and starts the service', async () => {
    expect(await isThere('/usr/lib/holdfast')).toBe(false)
    await machine.must('dpkg', '--install', there)
    await machine.untilServiceListens()
    expect(await state()).toBe('active')
    expect(await machine.must('systemctl', 'is-enabled', 'holdfast.service')).toBe('enabled')
    expect(await machine.must('readlink', `/proc/${await machine.servicePid()}/exe`)).toBe('/usr/lib/holdfast/bin/node')
    expect(await machine.must('dpkg', '--verify', 'holdfast-core')).toBe('')
    expect(await machine.must('stat', '--format=%a %U', '/etc/holdfast/hooks.d', '/run/holdfast-versions')).toBe(
      '755 root\n755 root',
    )
  })

  it('has everything that it imports, and lacks nothing that it could use', async () => {
    const { dependencies } = JSON.parse(await readFile(join(checkout, 'package.json'), 'utf8'))
    const imports = Object.keys(dependencies).filter(name => !name.startsWith('@'))
    const script = `for (const name of ${JSON.stringify(imports)}) await import(name)`
    const node = ['/usr/lib/holdfast/bin/node', '--input-type=module', '--eval', script]
    await machine.must('env', '--chdir=/usr/lib/holdfast', ...node)
    const said = await machine.must('holdfast', 'doctor')
    expect(said).not.toMatch(/warning|koffi cannot|error/i)
    expect(said).toContain('Calls to the system work (koffi).')
  })

  it('backs up an image and gives it back', async () => {
    await holdfast('init', '--quiet')
    expect(await json('backup', image, '--name', 'disk')).toMatchObject({ sizeBytes: 20 * 1024 * 1024 })
    expect((await json('versions')).versions).toMatchObject([{ name: 'disk', status: 'complete' }])
    await holdfast('restore', 'disk:latest', '/srv/again.img', '--quiet')
    await machine.must('cmp', image, '/srv/again.img')
    await machine.must('rm', '/srv/again.img')
  })

  it('runs a job in its service', async () => {
    await holdfast('job', 'destination', '--name', 'srv')
    await holdfast('job', 'add', '--name', 'Disk', '--source', `${image}=job`, '--to', 'srv', '--schedule', 'none')
    await holdfast('job', 'run', 'Disk')
    await holdfast('restore', 'job:latest', '/srv/again.img', '--quiet')
    await machine.must('cmp', image, '/srv/again.img')
  })

  it('explains itself as an ordinary user, in a manual page and to shells', async () => {
    const { version } = JSON.parse(await readFile(join(checkout, 'package.json'), 'utf8'))
    const as = (...command: string[]) => machine.run(['env', 'HOME=/home/bob', ...command], { user: 'bob' })
    expect((await as('holdfast', '--version')).stdout.trim()).toBe(`holdfast ${version}`)
    expect(await isThere('/home/bob/.cache/holdfast/node')).toBe(true)
    const page = await machine.must('gzip', '--decompress', '--stdout', '/usr/share/man/man1/holdfast.1.gz')
    expect(page).toMatch(/^\.SH NAME\nholdfast \\- backs up whole disks/m)
    for (const verb of ['init', 'backup', 'restore', 'job', 'daemon']) {
      expect(page).toContain(`.SH HOLDFAST ${verb.toUpperCase()}\n`)
    }
    const completed = '. /usr/share/bash-completion/completions/holdfast && complete -p holdfast'
    expect(await machine.must('bash', '-c', completed)).toContain('holdfast')
  })

  it('starts the service anew with an upgrade, and leaves it off when the administrator switched it off', async () => {
    const before = await machine.servicePid()
    await machine.must('dpkg', '--install', there)
    await machine.untilServiceListens()
    expect(await machine.servicePid()).not.toBe(before)
    expect(await holdfast('job', 'list')).toContain('Disk')

    await machine.must('systemctl', 'disable', '--now', 'holdfast.service')
    // What dpkg calls before and after it exchanges the files.
    const { version } = JSON.parse(await readFile(join(checkout, 'package.json'), 'utf8'))
    await machine.must('/var/lib/dpkg/info/holdfast-core.prerm', 'upgrade', version)
    await machine.must(
      'env',
      'DPKG_MAINTSCRIPT_PACKAGE=holdfast-core',
      '/var/lib/dpkg/info/holdfast-core.postinst',
      'configure',
      version,
    )
    expect(await state()).toBe('inactive')
    await machine.must('systemctl', 'enable', '--now', 'holdfast.service')
    await machine.untilServiceListens()
  })

  it('stops the service when it is removed, and keeps jobs', async () => {
    const pid = await machine.servicePid()
    await machine.must('dpkg', '--remove', 'holdfast-core')
    expect(await state()).toBe('inactive')
    expect(await isThere(`/proc/${pid}`)).toBe(false)
    for (const path of ['/usr/lib/holdfast', '/usr/bin/holdfast', '/usr/lib/systemd/system/holdfast.service']) {
      expect(await isThere(path), path).toBe(false)
    }
    expect(await isThere('/var/lib/holdfast/jobs.sqlite')).toBe(true)
    expect(await isThere('/etc/apparmor.d/holdfast')).toBe(true)
  })

  it('forgets jobs when it is purged, but neither repositories nor the administrator’s hooks', async () => {
    await machine.write('/etc/holdfast/hooks.d/own', '#!/bin/sh\n')
    await machine.must('dpkg', '--purge', 'holdfast-core')
    for (const path of ['/var/lib/holdfast', '/var/cache/holdfast', '/var/log/holdfast', '/etc/apparmor.d/holdfast']) {
      expect(await isThere(path), path).toBe(false)
    }
    const left = await machine.run(['sh', '-c', 'find /etc/systemd /var/lib/systemd -name "*holdfast.service*"'])
    expect(left.stdout).toBe('')
    expect(await isThere('/etc/holdfast/hooks.d/own')).toBe(true)
    expect(await isThere('/srv/repository')).toBe(true)
  })
})
