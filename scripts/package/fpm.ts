#!/usr/bin/env node
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildDeb } from './deb.ts'
import { buildSeconds, compressionOf } from './settings.ts'
import { entriesBelow, putFile, putText, settle } from './tree.ts'

/**
 * Stands in for fpm, which electron-builder would fetch: understands what electron-builder says to it (-s dir, -t deb or rpm)
 * and gives the work to dpkg-deb and rpmbuild. So all packages are made by the same tools, from one folder that can be looked at.
 */

interface Request {
  /** What is given once: name, version, package … */
  one: Record<string, string>
  depends: string[]
  recommends: string[]
  /** What goes where: a file, or a folder whose name ends with a slash. */
  places: [from: string, to: string][]
}

/** Reads fpm's arguments. Pure. Throws for those that nobody said before. */
export function fpmRequest(args: readonly string[]): Request {
  const request: Request = { one: {}, depends: [], recommends: [], places: [] }
  const rest = [...args]
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    const [, name, joined] = /^--?([a-z-]+)(?:=(.*))?$/s.exec(word) ?? []
    if (name === undefined) {
      const at = word.indexOf('=')
      if (at <= 0) throw new Error(`fpm: what is "${word}"?`)
      request.places.push([word.slice(0, at), word.slice(at + 1)])
      continue
    }
    if (name === 'force' || name === 'debug') continue
    const value = joined ?? rest.shift() ?? ''
    if (name === 'd') request.depends.push(value)
    else if (name === 'deb-recommends') request.recommends.push(value)
    else request.one[name] = value
  }
  return request
}

const scriptNames: Record<string, string> = {
  'before-install': 'preinst',
  'after-install': 'postinst',
  'before-remove': 'prerm',
  'after-remove': 'postrm',
}

function stage(root: string, places: Request['places']): void {
  for (const [from, to] of places) {
    const target = join(root, to)
    if (!from.endsWith('/')) putFile(from, target)
    else {
      mkdirSync(target, { recursive: true })
      for (const name of readdirSync(from)) {
        cpSync(join(from, name), join(target, name), { recursive: true, verbatimSymlinks: true })
      }
    }
  }
}

const scriptsOf = ({ one }: Request) =>
  Object.entries(scriptNames).flatMap(([option, name]) =>
    one[option] === undefined ? [] : [[name, readFileSync(one[option], 'utf8')] as const],
  )

/** First line, then the rest as it follows a field. */
const describe = (said: string) => {
  const [first = '', ...rest] = said
    .trim()
    .split('\n')
    .map(line => line.trim())
  return { first, rest: rest.filter(line => line !== '') }
}

function makeDeb(root: string, request: Request): void {
  const { one, depends, recommends } = request
  const { first, rest } = describe(one.description!)
  const control = {
    Package: one.name!,
    Version: one.version!,
    Architecture: one.architecture!,
    Maintainer: one.maintainer!,
    Section: one.category ?? 'utils',
    Priority: one['deb-priority'] ?? 'optional',
    ...(depends.length > 0 && { Depends: depends.join(', ') }),
    ...(recommends.length > 0 && { Recommends: recommends.join(', ') }),
    Description: [first, ...rest.map(line => ` ${line}`)].join('\n'),
  }
  const compression = compressionOf(process.env.HOLDFAST_COMPRESSION ?? 'xz:6')
  buildDeb(root, one.package!, { control, scripts: Object.fromEntries(scriptsOf(request)), compression, seconds })
}

const seconds = buildSeconds()

/** What each script is called in a spec file. */
const sections: Record<string, string> = { preinst: '%pre', postinst: '%post', prerm: '%preun', postrm: '%postun' }

function makeRpm(root: string, work: string, request: Request): void {
  const { one, depends } = request
  settle(root, seconds)
  const { first, rest } = describe(one.description!)
  const [method, level] = (process.env.HOLDFAST_COMPRESSION ?? 'xz:6').split(':')
  // w0 is gzip without compression.
  const payload = method === 'xz' ? `w${level}.xzdio` : `w${method === 'none' ? 0 : level}.gzdio`
  const files = entriesBelow(root).map(({ path, entry }) => {
    // Folders of the system belong to others.
    const isOwn = path.startsWith('opt/') && path !== 'opt'
    if (entry.isDirectory()) return isOwn ? `%dir "/${path}"` : ''
    return `"/${path}"`
  })
  const spec = [
    `Name: ${one.name}\nVersion: ${one.version}\nRelease: 1\nSummary: ${one['rpm-summary'] ?? first}`,
    `License: ${one.license}\nVendor: ${one.vendor}\nPackager: ${one.maintainer}\nGroup: ${one.category}\nAutoReqProv: no`,
    ...depends.map(name => `Requires: ${name}`),
    `%define _build_id_links none\n%define __os_install_post %{nil}\n%define _binary_payload ${payload}`,
    '%define use_source_date_epoch_as_buildtime 1\n%define _buildhost holdfast',
    `%description\n${[first, ...rest].join('\n')}`,
    ...scriptsOf(request).map(([name, text]) => `${sections[name]} -p /bin/bash\n${text}`),
    `%files\n%defattr(-,root,root,-)\n${files.filter(line => line !== '').join('\n')}`,
    '',
  ].join('\n')
  const specFile = join(work, 'package.spec')
  putText(specFile, spec)
  const out = join(work, 'rpms')
  const define = (name: string, value: string) => ['--define', `${name} ${value}`]
  execFileSync(
    'rpmbuild',
    [
      ...['-bb', '--quiet', '--buildroot', root, '--target', `${one.architecture}-linux`],
      ...define('_topdir', work),
      ...define('_rpmdir', out),
      ...define('_rpmfilename', 'package.rpm'),
      ...define('_dbpath', join(work, 'db')),
      specFile,
    ],
    { env: { ...process.env, SOURCE_DATE_EPOCH: String(seconds) }, stdio: ['ignore', 'ignore', 'inherit'] },
  )
  putFile(join(out, 'package.rpm'), one.package!)
}

function main(): void {
  const request = fpmRequest(process.argv.slice(2))
  const work = mkdtempSync(join(tmpdir(), 'holdfast-'))
  const root = join(work, 'root')
  try {
    mkdirSync(root)
    stage(root, request.places)
    if (request.one.t === 'deb') makeDeb(root, request)
    else if (request.one.t === 'rpm') makeRpm(root, work, request)
    else throw new Error(`fpm: packages of type ${request.one.t} are not made here.`)
    if (statSync(request.one.package!).size === 0) throw new Error(`fpm: ${request.one.package} is empty.`)
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

if (import.meta.main) main()
