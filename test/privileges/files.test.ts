import { execFileSync, spawnSync } from 'node:child_process'
import { chmod, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { useTemporaryFolder } from '../support/temporaryFolder.ts'

const packaging = join(import.meta.dirname, '../../packaging')
const folder = useTemporaryFolder()

const install = (...args: string[]) => spawnSync(join(packaging, 'install.sh'), args, { encoding: 'utf8' })
const installed = async () => {
  const entries = await readdir(folder.path, { recursive: true, withFileTypes: true })
  return entries
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name).slice(folder.path.length))
}

describe('packaging/install.sh', () => {
  it('puts every file into its place, readable by everybody and writable by its owner', async () => {
    expect(install(folder.path)).toMatchObject({ status: 0, stderr: '' })
    expect((await installed()).sort()).toEqual([
      '/etc/apparmor.d/holdfast',
      '/usr/lib/systemd/system/holdfast-mount@.service',
      '/usr/lib/systemd/system/holdfast.service',
      '/usr/lib/tmpfiles.d/holdfast.conf',
      '/usr/lib/udev/rules.d/57-holdfast-own.rules',
      '/usr/lib/udev/rules.d/90-holdfast-drives.rules',
      '/usr/share/polkit-1/actions/org.holdfast.policy',
    ])
    for (const path of await installed()) expect((await stat(join(folder.path, path))).mode & 0o7777, path).toBe(0o644)
  })

  it('installs over an older installation and from any folder', async () => {
    expect(install(folder.path).status).toBe(0)
    const unit = join(folder.path, 'usr/lib/systemd/system/holdfast.service')
    await writeFile(unit, 'older')
    await chmod(unit, 0o600)
    expect(spawnSync('sh', ['install.sh', `${folder.path}/`], { cwd: packaging }).status).toBe(0)
    expect(await readFile(unit, 'utf8')).toContain('ExecStart=/usr/bin/holdfast daemon')
    expect((await stat(unit)).mode & 0o777).toBe(0o644)
  })

  it('does nothing without a place', () => {
    expect(install()).toMatchObject({ status: 64, stderr: 'usage: install.sh DESTDIR\n' })
  })
})

describe('the files of packaging', () => {
  it('have an AppArmor profile that its parser takes', () => {
    const profile = join(packaging, 'apparmor.d/holdfast')
    const args = ['--skip-kernel-load', '--skip-cache', '--base', '/etc/apparmor.d', '--names', profile]
    expect(execFileSync('apparmor_parser', args, { encoding: 'utf8', env: { PATH: '/usr/sbin:/sbin' } })).toBe(
      'holdfast\n',
    )
    const compiled = spawnSync('apparmor_parser', ['--skip-kernel-load', '--skip-cache', '--quiet', profile], {
      encoding: 'utf8',
      env: { PATH: '/usr/sbin:/sbin' },
    })
    expect(compiled.status, compiled.stderr).toBe(0)
  })

  it('have a tmpfiles.d file that makes the folders that the units name', async () => {
    const config = join(packaging, 'tmpfiles.d/holdfast.conf')
    const made = spawnSync('systemd-tmpfiles', ['--create', `--root=${folder.path}`, config], { encoding: 'utf8' })
    expect(made).toMatchObject({ status: 0, stderr: '' })
    for (const path of ['run/holdfast-versions', 'etc/holdfast/hooks.d', 'run/lvm', 'run/lock/lvm']) {
      expect((await stat(join(folder.path, path))).isDirectory(), path).toBe(true)
    }
    const service = await readFile(join(packaging, 'systemd/holdfast.service'), 'utf8')
    expect(service).toMatch(/^ReadWritePaths=.*-\/run\/holdfast-versions\b/m)
  })

  it.each(['57-holdfast-own.rules', '90-holdfast-drives.rules'])(
    'have udev rules whose every line is a rule: %s',
    async name => {
      const text = (await readFile(join(packaging, 'udev', name), 'utf8')).replace(/\\\n/g, '')
      const rules = text.split('\n').filter(line => line !== '' && !line.startsWith('#'))
      // udev(7): KEY OPERATOR "VALUE", joined by commas; some keys take a name in braces.
      const part = '[A-Z]+(?:\\{[A-Za-z_/]+\\})?(?:==|!=|=|\\+=|-=|:=)"[^"]*"'
      for (const rule of rules) expect(rule).toMatch(new RegExp(`^${part}(?:, ${part})*$`))
      const values = (key: string) => [...text.matchAll(new RegExp(`\\b${key}="([^"]+)"`, 'g'))].map(match => match[1])
      expect([...new Set(values('GOTO'))].sort()).toEqual(values('LABEL').sort())
    },
  )
})
