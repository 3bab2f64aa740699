import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { Arch, build, type Configuration, Platform } from 'electron-builder'
import { copyrightFile } from './copyright.ts'
import { debianVersion } from './deb.ts'
import { checkout, description, readJson, stageRuntime } from './runtime.ts'
import { compressionOf } from './settings.ts'
import { putFolder, putText } from './tree.ts'

/**
 * Makes packages of the desktop app out of out/ (npm run build), by electron-builder.yml:
 *   npm run package:desktop [-- --targets deb,rpm,AppImage --output FOLDER --compression xz:6 --electron FOLDER --project FOLDER]
 *
 * The deb needs holdfast-core of the same version, so that Node and the engine are on a computer once. The others bring them in
 * resources/holdfast, because there is nothing that they could need. Without --electron, electron-builder fetches Electron, and
 * for an AppImage its tools, unless APPIMAGE_TOOLS_PATH says where they are.
 */

const targets = ['dir', 'deb', 'rpm', 'AppImage'] as const
type Target = (typeof targets)[number]

/** Those that share one unpacked app: without the runtime, and with it. */
const withoutRuntime: readonly Target[] = ['dir', 'deb']

interface DesktopOptions {
  targets: Target[]
  output: string
  /** Folder of package.json, electron-builder.yml and out/. */
  project: string
  /** Folder of an unpacked Electron. */
  electron?: string | undefined
  compression: string
}

/** What electron-builder itself would ask for, and the command line with the service. */
const debDepends = (version: string) => [
  `holdfast-core (= ${debianVersion(version)})`,
  ...['libgtk-3-0 | libgtk-3-0t64', 'libnotify4', 'libnss3', 'libxss1', 'libxtst6', 'xdg-utils'],
  ...['libatspi2.0-0 | libatspi2.0-0t64', 'libuuid1', 'libsecret-1-0', 'libasound2 | libasound2t64', 'libgbm1'],
]

/**
 * What becomes app.asar. A folder of its own, with a package.json that has no dependencies: everything is bundled, and
 * electron-builder would look for them.
 */
function stageApp(project: string, app: string): void {
  const { name, version, description: says, license, author } = description()
  putText(
    join(app, 'package.json'),
    `${JSON.stringify({ name, version, description: says, license, author }, undefined, 2)}\n`,
  )
  for (const folder of ['out', 'assets/icons']) putFolder(join(project, folder), join(app, folder), () => true)
}

/** Joins parts of packaging/electron to the script that runs when the files are in place. Answers with its path. */
function installScript(project: string, work: string, parts: readonly string[]): string {
  const path = join(work, parts.join('+'))
  const texts = parts.map(part => readFileSync(join(project, 'packaging/electron', part), 'utf8'))
  putText(path, `${texts.join('\n')}exit 0\n`)
  return path
}

async function buildDesktop({ targets, output, project, electron, compression }: DesktopOptions): Promise<string[]> {
  for (const file of ['main/index.cjs', 'preload/index.cjs', 'renderer/index.html']) {
    if (!existsSync(join(project, 'out', file))) throw new Error(`out/${file} is missing: npm run build`)
  }
  // It starts fpm.ts, which needs this Node, not an older one of the system.
  process.env.PATH = [dirname(process.execPath), process.env.PATH].join(delimiter)
  process.env.CUSTOM_FPM_PATH ??= join(checkout, 'scripts/package/fpm.ts')
  process.env.HOLDFAST_COMPRESSION = compression

  // What electron-builder.yml names for fpm is below it.
  process.chdir(project)

  const work = mkdtempSync(join(tmpdir(), 'holdfast-'))
  try {
    const app = join(work, 'app')
    stageApp(project, app)
    const run = (some: Target[], config: Configuration) =>
      build({
        projectDir: project,
        targets: Platform.LINUX.createTarget(some, process.arch === 'arm64' ? Arch.arm64 : Arch.x64),
        config: {
          extends: 'electron-builder.yml',
          directories: { app, output },
          compression: compressionOf(compression).method === 'none' ? 'store' : 'normal',
          electronVersion: readJson(join(checkout, 'node_modules/electron/package.json')).version,
          ...(electron !== undefined && { electronDist: electron }),
          // Packages of npm are our business alone: it need not look for any.
          beforeBuild: async () => false,
          ...config,
        },
        publish: 'never',
      })

    const made: string[] = []
    // First, so that what is left unpacked in the end is without.
    const whole = targets.filter(target => !withoutRuntime.includes(target))
    if (whole.length > 0) {
      const runtime = join(work, 'runtime')
      stageRuntime(runtime)
      putText(join(runtime, 'copyright'), copyrightFile())
      // Not as extraResources, from which electron-builder leaves out node_modules and more.
      const addRuntime = (appOutDir: string) =>
        cpSync(runtime, join(appOutDir, 'resources/holdfast'), { recursive: true })
      const rpm = { afterInstall: installScript(project, work, ['after-install.sh', 'after-install-service.sh']) }
      made.push(...(await run(whole, { afterPack: async ({ appOutDir }) => addRuntime(appOutDir), rpm })))
    }
    const lean = targets.filter(target => withoutRuntime.includes(target))
    if (lean.length > 0) {
      const afterInstall = installScript(project, work, ['after-install.sh'])
      made.push(...(await run(lean, { deb: { depends: debDepends(description().version), afterInstall } })))
    }
    return made
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

const isTarget = (name: string): name is Target => (targets as readonly string[]).includes(name)

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      targets: { type: 'string', default: 'deb,rpm,AppImage' },
      output: { type: 'string', default: join(checkout, 'dist') },
      compression: { type: 'string', default: 'xz:6' },
      electron: { type: 'string' },
      project: { type: 'string', default: checkout },
    },
  })
  const asked = values.targets.split(',')
  const unknown = asked.filter(name => !isTarget(name))
  if (unknown.length > 0) throw new Error(`There is no target ${unknown.join(', ')}; there are ${targets.join(', ')}.`)
  const [output, project, electron] = [values.output, values.project, values.electron].map(
    path => path && resolve(path),
  )
  const paths = { output: output!, project: project!, electron }
  const made = await buildDesktop({ ...paths, targets: asked.filter(isTarget), compression: values.compression })
  process.stdout.write(made.map(file => `${file}\n`).join(''))
}
