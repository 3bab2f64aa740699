import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { gzipSync } from 'node:zlib'
import { copyrightFile } from './copyright.ts'
import { buildDeb, type Compression, debianArchitecture, debianVersion } from './deb.ts'
import { manPage } from './manPage.ts'
import { checkout, description, stageRuntime } from './runtime.ts'
import { buildSeconds, compressionOf } from './settings.ts'
import { putFile, putText } from './tree.ts'

/**
 * Makes holdfast-core_VERSION_ARCH.deb: command line and service, without the desktop app.
 *   npm run package:core [-- --output FOLDER --compression xz:6]
 */

const from = (...path: string[]) => join(checkout, 'packaging', ...path)
const text = (path: string) => readFileSync(path, 'utf8')

/** @returns the path of the package */
export function buildCore(output: string, compression: Compression): string {
  const { version, author } = description()
  const seconds = buildSeconds()
  const work = mkdtempSync(join(tmpdir(), 'holdfast-'))
  const root = join(work, 'root')
  try {
    const at = (...path: string[]) => join(root, ...path)
    const runtime = at('usr/lib/holdfast')
    stageRuntime(runtime)
    mkdirSync(at('usr/bin'), { recursive: true })
    symlinkSync('../lib/holdfast/bin/holdfast', at('usr/bin/holdfast'))
    execFileSync(from('install.sh'), [root])

    const program = join(runtime, 'bin/holdfast')
    const env = { ...process.env, COLUMNS: '72', NO_COLOR: '1', NODE_COMPILE_CACHE: join(work, 'cache') }
    const ask = (...args: string[]) => execFileSync(program, args, { encoding: 'utf8', env })
    putText(at('usr/share/bash-completion/completions/holdfast'), ask('completion', 'bash'))
    putText(at('usr/share/zsh/vendor-completions/_holdfast'), ask('completion', 'zsh'))
    putText(at('usr/share/fish/vendor_completions.d/holdfast.fish'), ask('completion', 'fish'))

    const packed = (content: string) => gzipSync(content, { level: 9 })
    putText(at('usr/share/man/man1/holdfast.1.gz'), packed(manPage(ask, version, seconds)))
    const documents = 'usr/share/doc/holdfast-core'
    putText(at(documents, 'copyright'), copyrightFile())
    putText(at(documents, 'changelog.gz'), packed(debianChangelog(version, author, seconds)))
    putText(at(documents, 'CHANGELOG.md.gz'), packed(text(join(checkout, 'CHANGELOG.md'))))
    putFile(from('deb/lintian-overrides'), at('usr/share/lintian/overrides/holdfast-core'))

    const architecture = debianArchitecture(process.arch)
    const file = join(output, `holdfast-core_${debianVersion(version)}_${architecture}.deb`)
    const fields = { Version: debianVersion(version), Architecture: architecture, Maintainer: author }
    const control = { Package: 'holdfast-core', ...fields, ...controlFields(text(from('deb/control'))) }
    const scripts = ['postinst', 'prerm', 'postrm'].map(name => [name, text(from('deb', name))])
    buildDeb(root, file, { control, scripts: Object.fromEntries(scripts), compression, seconds })
    return file
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

/** The fields of a control file; lines that are indented belong to the field before, those with # to nobody. */
function controlFields(content: string): Record<string, string> {
  const lines = content
    .replace(/^#.*\n/gm, '')
    .trimEnd()
    .split(/\n(?=\S)/)
  return Object.fromEntries(
    lines.map(line => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()]),
  )
}

/** Debian's tools want this form; what changed is in CHANGELOG.md beside it. */
function debianChangelog(version: string, author: string, seconds: number): string {
  const date = new Date(seconds * 1000).toUTCString().replace('GMT', '+0000')
  const head = `holdfast (${debianVersion(version)}) unstable; urgency=medium`
  return `${head}\n\n  * Version ${version}. CHANGELOG.md says what is new.\n\n -- ${author}  ${date}\n`
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      output: { type: 'string', default: join(checkout, 'dist') },
      compression: { type: 'string', default: 'xz:6' },
    },
  })
  process.stdout.write(`${buildCore(values.output, compressionOf(values.compression))}\n`)
}
