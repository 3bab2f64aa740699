import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, lstatSync, mkdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { entriesBelow, putText, settle } from './tree.ts'

/** How hard dpkg-deb tries: its own names of methods, level 0 to 9. */
export interface Compression {
  method: 'xz' | 'gzip' | 'none'
  level: number
}

export interface DebOptions {
  /** Fields of the control file in their order; Installed-Size is added. */
  control: Record<string, string>
  /** Texts of postinst, prerm and the like, by name. */
  scripts: Record<string, string>
  compression: Compression
  /** Time of every file, in seconds since 1970. */
  seconds: number
}

/** As Debian calls processors that Node calls otherwise. */
export function debianArchitecture(arch: string): string {
  const names: Record<string, string> = { x64: 'amd64', arm64: 'arm64' }
  const name = names[arch]
  if (name === undefined) throw new Error(`There is no package for ${arch}.`)
  return name
}

/** 1.0.0-beta.1 comes before 1.0.0 for npm; for Debian a tilde says so. */
export const debianVersion = (version: string): string => version.replace('-', '~')

/** Makes a Debian package of a folder, to which it adds DEBIAN/. Same folder, same bytes. */
export function buildDeb(root: string, file: string, { control, scripts, compression, seconds }: DebOptions): void {
  const entries = entriesBelow(root)
  const files = entries.filter(({ entry }) => entry.isFile()).map(({ path }) => path)
  // As dpkg-gencontrol counts: files in whole KiB, one for everything else.
  const sizeKiB = entries.reduce(
    (sum, { path, entry }) => sum + (entry.isFile() ? Math.ceil(lstatSync(join(root, path)).size / 1024) : 1),
    0,
  )
  const fields = Object.entries({ ...control, 'Installed-Size': String(sizeKiB) })
  const put = (name: string, text: string, mode?: number) => putText(join(root, 'DEBIAN', name), text, mode)
  put('control', fields.map(([name, value]) => `${name}: ${value}\n`).join(''))
  const sum = (path: string) =>
    createHash('md5')
      .update(readFileSync(join(root, path)))
      .digest('hex')
  put('md5sums', files.map(path => `${sum(path)}  ${path}\n`).join(''))
  const settings = files.filter(path => path.startsWith('etc/'))
  if (settings.length > 0) put('conffiles', settings.map(path => `/${path}\n`).join(''))
  for (const [name, text] of Object.entries(scripts)) put(name, text, 0o755)

  settle(root, seconds)
  chmodSync(root, 0o755)
  mkdirSync(dirname(file), { recursive: true })
  const how = [`-Z${compression.method}`, ...(compression.method === 'none' ? [] : [`-z${compression.level}`])]
  execFileSync('dpkg-deb', ['--root-owner-group', ...how, '--build', root, file], {
    env: { ...process.env, SOURCE_DATE_EPOCH: String(seconds) },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
}
