// npm start: the desktop app from this checkout, in Electron where its program is there, else in the browser.
// Electron's program is no part of its npm package and is never fetched here; docs/desktop.md says how to get it.
import { spawn } from 'node:child_process'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { glob } from 'node:fs/promises'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
const built = join(root, 'out', 'main', 'index.cjs')
const sources = [
  'main/**',
  'preload/**',
  'renderer/**',
  'engine/{contract,rpc,base}/**',
  'scripts/build.mjs',
  'package-lock.json',
]
const say = line => process.stderr.write(`${line}\n`)

/** True when something has changed since the last build. */
async function isOutdated() {
  if (!existsSync(built)) return true
  const since = statSync(built).mtimeMs
  for await (const path of glob(sources, { cwd: root })) {
    if (statSync(join(root, path)).mtimeMs > since) return true
  }
  return false
}

/** Electron's program, or undefined. Asking the package itself would make it fetch one. */
function electronProgram() {
  const folder = join(root, 'node_modules', 'electron')
  const named = join(folder, 'path.txt')
  const program = join(folder, 'dist', existsSync(named) ? readFileSync(named, 'utf8').trim() : 'electron')
  return existsSync(program) ? program : undefined
}

/** Why there can be no window of Electron, or undefined. */
function whyNot(program) {
  if (program === undefined) return 'Electron is not installed in this checkout'
  if (process.getuid() === 0) return 'Electron does not run as root'
  if (!process.env.DISPLAY && !process.env.WAYLAND_DISPLAY) return 'there is no desktop'
  return undefined
}

/** Runs it to its end, with the terminal; resolves with its exit code. */
function run(program, args) {
  const { ELECTRON_RUN_AS_NODE: _, ...env } = process.env
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env, stdio: 'inherit' })
    child.on('error', reject)
    child.on('close', code => resolve(code ?? 1))
  })
}

async function main() {
  if (await isOutdated()) {
    const code = await run(process.execPath, [join(root, 'scripts', 'build.mjs')])
    if (code !== 0) return code
  }
  const program = electronProgram()
  const obstacle = whyNot(program)
  const args = process.argv.slice(2)
  if (obstacle === undefined) return run(program, [root, ...args])
  say(`Opening Holdfast in the browser, because ${obstacle}.`)
  return run(join(root, 'bin', 'holdfast'), ['ui', '--open', ...args])
}

process.exitCode = await main()
