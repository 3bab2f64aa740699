import { execFile, execFileSync } from 'node:child_process'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { extractFile, listPackage } from '@electron/asar'
import { FuseState, FuseV1Options, getCurrentFuseWire } from '@electron/fuses'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fpmRequest } from '../../scripts/package/fpm.ts'
import { isThere } from './programs.ts'
import { makeStubElectron } from './stubElectron.ts'

const checkout = join(import.meta.dirname, '../..')
const arch = process.arch === 'arm64' ? { deb: 'arm64', rpm: 'aarch64' } : { deb: 'amd64', rpm: 'x86_64' }
const lacking = ['dpkg-deb', 'rpmbuild', 'mksquashfs', 'unsquashfs', 'desktop-file-validate'].filter(
  program => !isThere(program),
)
if (lacking.length > 0) console.warn(`Tests of the desktop app's packages are skipped without ${lacking.join(', ')}`)

/** As small as a program that is bundled can be; the names are those of scripts/build.mjs. */
const bundle = {
  'out/main/index.cjs': 'require("electron")\n',
  'out/main/index.cjs.map': '{}\n',
  'out/preload/index.cjs': 'require("electron")\n',
  'out/renderer/index.html': '<!doctype html>\n',
  'out/renderer/assets/index.js': 'export {}\n',
}

/** A picture of one colour, as PNG of the kind that electron-builder can measure. */
async function putIcons(folder: string): Promise<void> {
  const head = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex')
  for (const size of [48, 256, 512]) {
    const facts = Buffer.alloc(13)
    facts.writeUInt32BE(size, 0)
    facts.writeUInt32BE(size, 4)
    facts.set([8, 2], 8)
    await put(join(folder, `${size}x${size}.png`), Buffer.concat([head, facts]))
  }
}

async function put(path: string, content: string | Buffer): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, content)
}

describe.skipIf(lacking.length > 0)('the packages of the desktop app', () => {
  let folder = ''
  let version = ''
  const at = (...path: string[]) => join(folder, 'dist', ...path)

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'holdfast-'))
    const project = join(folder, 'project')
    await mkdir(project)
    for (const name of ['package.json', 'electron-builder.yml', 'LICENSE']) {
      await cp(join(checkout, name), join(project, name))
    }
    await symlink(join(checkout, 'packaging'), join(project, 'packaging'))
    for (const [name, content] of Object.entries(bundle)) await put(join(project, name), content)
    await putIcons(join(project, 'assets/icons'))
    version = JSON.parse(await readFile(join(project, 'package.json'), 'utf8')).version
    const { version: electronVersion } = JSON.parse(
      await readFile(join(checkout, 'node_modules/electron/package.json'), 'utf8'),
    )
    const electron = await makeStubElectron(join(folder, 'electron'), electronVersion)

    // The tools that electron-builder would fetch. What starts an AppImage is not among Debian's: a text stands for it.
    const tools = join(folder, 'tools')
    for (const name of ['mksquashfs', 'desktop-file-validate']) {
      await mkdir(tools, { recursive: true })
      await symlink(execFileSync('which', [name], { encoding: 'utf8' }).trim(), join(tools, name))
    }
    await put(join(tools, 'runtimes', `runtime-${process.arch}`), 'runtime\n')
    await mkdir(join(tools, 'lib', process.arch), { recursive: true })

    const options = ['--project', project, '--electron', electron, '--output', at(), '--compression', 'none']
    const args = [join(checkout, 'scripts/package/desktop.ts'), ...options, '--targets', 'dir,deb,rpm,AppImage']
    await promisify(execFile)('node', args, {
      cwd: checkout,
      env: { ...process.env, APPIMAGE_TOOLS_PATH: tools, SOURCE_DATE_EPOCH: '1700000000' },
    })
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  const contents = (...args: string[]) =>
    execFileSync('dpkg-deb', args, { encoding: 'utf8' })
      .trim()
      .split('\n')
      .map(line => line.split(/\s+/)[5]!.slice(1))
  const deb = () => at(`holdfast-desktop_${version}_${arch.deb}.deb`)

  it('hold bundles and icons in their archive, and nothing else', () => {
    const archive = at('linux-unpacked/resources/app.asar')
    expect(listPackage(archive, { isPack: false }).sort()).toEqual([
      ...['/assets', '/assets/icons', '/assets/icons/256x256.png', '/assets/icons/48x48.png'],
      ...['/assets/icons/512x512.png', '/out', '/out/main', '/out/main/index.cjs', '/out/preload'],
      ...['/out/preload/index.cjs', '/out/renderer', '/out/renderer/assets', '/out/renderer/assets/index.js'],
      ...['/out/renderer/index.html', '/package.json'],
    ])
    const description = JSON.parse(extractFile(archive, 'package.json').toString())
    expect(description).toMatchObject({ version, main: 'out/main/index.cjs', desktopName: 'holdfast.desktop' })
    expect(description.dependencies).toBeUndefined()
  })

  it('have Electron’s switches set so that it runs this app and nothing else', async () => {
    const fuses = await getCurrentFuseWire(at('linux-unpacked/holdfast'))
    const off = FuseState.DISABLE
    const on = FuseState.ENABLE
    expect(fuses).toMatchObject({
      [FuseV1Options.RunAsNode]: off,
      [FuseV1Options.EnableNodeOptionsEnvironmentVariable]: off,
      [FuseV1Options.EnableNodeCliInspectArguments]: off,
      [FuseV1Options.GrantFileProtocolExtraPrivileges]: off,
      [FuseV1Options.OnlyLoadAppFromAsar]: on,
      [FuseV1Options.EnableEmbeddedAsarIntegrityValidation]: on,
      [FuseV1Options.EnableCookieEncryption]: on,
    })
  })

  it('are, for Debian, without a runtime of their own, and need the core of the same version', () => {
    const field = (name: string) => execFileSync('dpkg-deb', ['--field', deb(), name], { encoding: 'utf8' }).trim()
    expect(field('Package')).toBe('holdfast-desktop')
    expect(field('Depends')).toContain(`holdfast-core (= ${version}), `)
    const paths = contents('--contents', deb())
    for (const path of [
      ...['/opt/Holdfast/holdfast', '/opt/Holdfast/resources/app.asar', '/opt/Holdfast/resources/apparmor-profile'],
      ...['/usr/share/applications/holdfast.desktop', '/usr/share/icons/hicolor/256x256/apps/holdfast.png'],
      ...['/usr/share/doc/holdfast-desktop/copyright'],
    ]) {
      expect(paths).toContain(path)
    }
    // What holdfast-core has may not come twice.
    expect(paths.filter(path => /resources\/holdfast|^\/usr\/(bin|lib)|^\/etc|\/node$/.test(path))).toEqual([])
    expect(paths.filter(path => path.endsWith('.pak') && path.includes('locales'))).toHaveLength(2)
  })

  it('stand in menus, open links to Holdfast, and own the windows of the app', async () => {
    execFileSync('dpkg-deb', ['--extract', deb(), join(folder, 'deb')])
    const entry = join(folder, 'deb/usr/share/applications/holdfast.desktop')
    execFileSync('desktop-file-validate', [entry], { stdio: 'pipe' })
    const text = await readFile(entry, 'utf8')
    for (const line of [
      ...['Name=Holdfast', 'Exec=/opt/Holdfast/holdfast %U', 'Icon=holdfast', 'StartupWMClass=holdfast'],
      ...['MimeType=x-scheme-handler/holdfast;', 'Categories=Utility;Archiving;'],
    ]) {
      expect(text.split('\n')).toContain(line)
    }
  })

  it('leave the command line’s name alone, when they are installed and when they are removed', async () => {
    execFileSync('dpkg-deb', ['--control', deb(), join(folder, 'control')])
    const script = (name: string) => readFile(join(folder, 'control', name), 'utf8')
    expect(await script('postinst')).toContain('ln -sf /opt/Holdfast/holdfast /usr/bin/holdfast-desktop\n')
    expect((await script('postinst')).replace(/^#.*/gm, '')).not.toMatch(/\/usr\/bin\/holdfast\s/)
    for (const name of ['postinst', 'postrm']) execFileSync('bash', ['-n', join(folder, 'control', name)])
    // An upgrade runs it after the new version came.
    const traced = (word: string) =>
      execFileSync(
        'bash',
        [
          '-c',
          `rm() { echo "rm $*"; }; readlink() { echo other; }; set -- "$2"; . "$0"`,
          join(folder, 'control/postrm'),
          'x',
          word,
        ],
        {
          encoding: 'utf8',
        },
      )
    expect(traced('upgrade')).toBe('')
    expect(traced('remove')).toContain('rm -f /usr/bin/holdfast-desktop')
    expect(traced('remove')).not.toContain('rm -f /usr/bin/holdfast\n')
  })

  it('bring, for RPM, the runtime and the service’s files along', () => {
    const rpm = (...args: string[]) =>
      execFileSync('rpm', ['-qp', ...args, at(`holdfast-${version}.${arch.rpm}.rpm`)], {
        encoding: 'utf8',
        stdio: 'pipe',
      }).split('\n')
    const paths = rpm('--list')
    for (const path of [
      ...[
        '/opt/Holdfast/holdfast',
        '/opt/Holdfast/resources/holdfast/bin/node',
        '/opt/Holdfast/resources/holdfast/bin/holdfast',
      ],
      ...['/usr/lib/systemd/system/holdfast.service', '/usr/share/polkit-1/actions/org.holdfast.policy'],
      '/usr/lib/udev/rules.d/57-holdfast-own.rules',
      '/opt/Holdfast/resources/holdfast/node_modules/better-sqlite3/package.json',
    ]) {
      expect(paths).toContain(path)
    }
    expect(paths.filter(path => /^\/(usr|opt|usr\/(lib|share)|usr\/lib\/systemd\/system)$/.test(path))).toEqual([])
    expect(rpm('--requires')).toContain('polkit')
    expect(rpm('--scripts').join('\n')).toMatch(/systemctl enable --now holdfast\.service/)
  })

  it('bring, as an AppImage, a command line that runs from where it is', async () => {
    const name = (await readdir(at())).find(file => file.endsWith('.AppImage'))!
    const offset = Buffer.byteLength('runtime\n')
    const image = at(name)
    const out = join(folder, 'appimage')
    execFileSync('unsquashfs', ['-quiet', '-no-progress', '-offset', String(offset), '-dest', out, image], {
      stdio: 'pipe',
    })
    expect(await readdir(out)).toEqual(expect.arrayContaining(['AppRun', 'holdfast', 'holdfast.desktop', 'resources']))
    const env = { PATH: '/usr/bin:/bin', HOME: folder, APPIMAGE: image }
    const program = join(out, 'resources/holdfast/bin/holdfast')
    expect(execFileSync(program, ['--version'], { encoding: 'utf8', env }).trim()).toBe(`holdfast ${version}`)
    expect(await readdir(join(out, 'resources/holdfast'))).toEqual(
      expect.arrayContaining(['bin', 'copyright', 'engine', 'node_modules', 'package.json']),
    )
  })
})

describe('what electron-builder says to fpm', () => {
  it('is understood, with values joined and apart, and what is said more than once', () => {
    const said = ['-s', 'dir', '--force', '-t', 'deb', '-d', 'a', '-d', 'b (= 1)', '--deb-recommends', 'c']
    expect(fpmRequest([...said, '--name=x', '--description', 'one\n two', '/from/=/to', 'a=/b'])).toEqual({
      one: { s: 'dir', t: 'deb', name: 'x', description: 'one\n two' },
      depends: ['a', 'b (= 1)'],
      recommends: ['c'],
      places: [
        ['/from/', '/to'],
        ['a', '/b'],
      ],
    })
  })

  it('is refused when it makes no sense', () => {
    expect(() => fpmRequest(['what'])).toThrow('what is "what"')
  })
})
