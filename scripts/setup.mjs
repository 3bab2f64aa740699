// Makes a fresh checkout ready to run: installs the packages of package-lock.json, the pinned Node among them.
// Runs on the Node of the machine, which may be much older than the one that Holdfast runs on, so this is plain
// JavaScript without packages. Everything it says goes to stderr: stdout belongs to the command that follows.
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  accessSync,
  constants,
  existsSync,
  readFileSync,
  realpathSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = dirname(dirname(fileURLToPath(import.meta.url)))
export const pinnedNode = join(root, 'node_modules', '.bin', 'node')

const lockPath = join(root, 'package-lock.json')
const installedPath = join(root, 'node_modules', '.package-lock.json')
// bin/holdfast looks at the time of this file, this script at its text.
const stampPath = join(root, 'node_modules', '.holdfast-setup')
const flockPath = join(root, '.setup.lock')

const oldestNode = 20
const oldestPinnedNode = 24
const architectures = ['x64', 'arm64']
const waitingExitCode = 99
/** EX_CONFIG of sysexits: the command line's answer, too, when something about the machine is not as it must be. */
const setupFailedExitCode = 78

/** Something that the person at the keyboard can mend; the message says what. */
class SetupError extends Error {}

const say = line => process.stderr.write(`${line}\n`)

/** @returns why Holdfast cannot run on such a machine, or undefined when it can. Pure. */
export function whyUnfit(platform, arch, nodeVersion) {
  if (platform !== 'linux') return `Holdfast backs up Linux disks and runs on Linux only; this is ${platform}.`
  if (!architectures.includes(arch))
    return `Holdfast runs on ${architectures.join(' and ')} processors; this is ${arch}.`
  if (Number.parseInt(nodeVersion, 10) < oldestNode) {
    return `Holdfast needs Node.js ${oldestNode} or newer to set itself up; this is ${nodeVersion}. See https://nodejs.org.`
  }
  return undefined
}

/**
 * Packages that a lock file wants on this machine and that are not installed in that version. Pure.
 *
 * npm ends well when it could not fetch an optional package, and nearly everything native is one, so those made for this
 * system and processor are asked for here. Those for no system in particular belong to others and may be missing.
 *
 * @param lock parsed package-lock.json
 * @param installed parsed node_modules/.package-lock.json, which npm writes when an installation is complete
 */
export function missingPackages(lock, installed, platform, arch) {
  const fits = (wanted, here) => [].concat(wanted).includes(here)
  const needed = entry => {
    if (!entry.optional) return true
    if (entry.os === undefined || entry.cpu === undefined) return false
    return fits(entry.os, platform) && fits(entry.cpu, arch) && fits(entry.libc || 'glibc', 'glibc')
  }
  return Object.keys(lock.packages).filter(path => {
    if (path === '' || !needed(lock.packages[path])) return false
    const there = installed.packages[path]
    return there === undefined || there.version !== lock.packages[path].version
  })
}

const readJson = path => {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return undefined
  }
}

function wantedStamp() {
  const lock = createHash('sha256').update(readFileSync(lockPath)).digest('hex')
  return `${process.platform}-${process.arch} ${lock}\n`
}

function isReady() {
  try {
    accessSync(pinnedNode, constants.X_OK)
    if (readFileSync(stampPath, 'utf8') !== wantedStamp()) return false
  } catch {
    return false
  }
  try {
    // The lock file was touched, not changed: spare bin/holdfast the next question.
    if (statSync(lockPath).mtimeMs >= statSync(stampPath).mtimeMs) utimesSync(stampPath, new Date(), new Date())
  } catch {
    // Somebody else's checkout: asking each time is only slower.
  }
  return true
}

/** Whether npm has installed everything, as after `npm ci` by hand. */
function isInstalled() {
  const installed = readJson(installedPath)
  if (installed === undefined) return false
  return missingPackages(readJson(lockPath), installed, process.platform, process.arch).length === 0
}

/** Runs npm with its words kept back until it fails. npm itself stays off the Node that it is about to replace. */
function runNpm(args) {
  const ownBin = join(root, 'node_modules', '.bin')
  const folders = (process.env.PATH || '').split(delimiter).filter(folder => folder !== ownBin)
  const result = spawnSync('npm', args, {
    cwd: root,
    env: { ...process.env, PATH: folders.join(delimiter) },
    stdio: ['ignore', 'pipe', 'pipe'],
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  })
  if (result.error !== undefined && result.error.code === 'ENOENT') {
    throw new SetupError('npm was not found. It comes with Node.js; on Debian it is the package npm.')
  }
  if (result.error !== undefined) throw result.error
  if (result.status !== 0) {
    const how = result.status === null ? `was stopped by ${result.signal}` : `failed with exit code ${result.status}`
    const words = `${result.stdout}${result.stderr}`.trim()
    throw new SetupError(`${words}\n\nnpm ${args[0]} ${how}. Try again with: npm run setup`.trim())
  }
}

/**
 * npm 10 takes the link away again while it leaves out the package for the other processor, which has a program of the
 * same name.
 */
function linkPinnedNode() {
  const program = `node-${process.platform}-${process.arch}/bin/node`
  if (!existsSync(pinnedNode) && existsSync(join(root, 'node_modules', program)))
    symlinkSync(`../${program}`, pinnedNode)
}

function checkPinnedNode() {
  const result = spawnSync(pinnedNode, ['--version'], { encoding: 'utf8' })
  const version = (result.stdout || '').trim().replace(/^v/, '')
  if (Number.parseInt(version, 10) >= oldestPinnedNode) return
  const name = `node-${process.platform}-${process.arch}`
  if (result.error === undefined && result.status === 0) {
    throw new SetupError(
      `${pinnedNode} is Node.js ${version}; Holdfast needs ${oldestPinnedNode}. Remove node_modules and try again.`,
    )
  }
  throw new SetupError(
    `The Node.js of the package ${name} does not run here. It needs glibc 2.28 or newer, so Alpine and others with musl ` +
      `cannot run it. ${result.error ? result.error.message : result.stderr}`.trim(),
  )
}

/** root may start Holdfast first in somebody's checkout, who must be able to replace the packages later. */
function giveToOwner() {
  const owner = statSync(root)
  if (process.getuid() !== 0 || owner.uid === 0) return
  spawnSync('chown', ['-R', '-h', `${owner.uid}:${owner.gid}`, join(root, 'node_modules'), flockPath])
}

function install() {
  if (isReady()) return
  if (!isInstalled()) {
    say('Setting up Holdfast: npm fetches its packages and its own Node.js, about 400 MB on disk. This is done once …')
    // No package here needs its install script; some would ask for a compiler and for files from other places.
    const without = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
    runNpm(['ci', ...without, '--include=dev', '--include=optional'])
    const missing = missingPackages(
      readJson(lockPath),
      readJson(installedPath) || { packages: {} },
      process.platform,
      process.arch,
    )
    if (missing.length > 0) {
      const names = missing.map(path => path.replace(/^.*node_modules\//, ''))
      throw new SetupError(
        `npm could not fetch ${names.join(', ')}. Check the network and try again with: npm run setup`,
      )
    }
  }
  linkPinnedNode()
  checkPinnedNode()
  writeFileSync(stampPath, wantedStamp())
  giveToOwner()
}

/** Runs `program` and waits; rejects when it cannot be started. A signal that ended it counts as failure. */
function run(program, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['ignore', 'inherit', 'inherit'] })
    child.on('error', reject)
    child.on('close', code => resolve(code === null ? setupFailedExitCode : code))
  })
}

/** What stands against setting up at all, or undefined. */
function findObstacle() {
  try {
    accessSync(root, constants.W_OK)
    return undefined
  } catch {
    return `Holdfast is not set up yet, and you may not write in ${root}. Let its owner run: npm run setup`
  }
}

/**
 * Sets up what is missing. Of several starts at once, one works and the others wait. May be repeated.
 *
 * The kernel holds the lock (flock(1) of util-linux) for the process that works and for the npm that it started, and takes it
 * back when the last of them has ended. So there is no stale lock, and none that is free while an orphaned npm still writes.
 *
 * @returns the exit code: 0 when everything is there, else setupFailedExitCode, and the person has been told why
 */
export async function setUp() {
  const unfit = whyUnfit(process.platform, process.arch, process.versions.node)
  if (unfit === undefined && isReady()) return 0
  const obstacle = unfit || findObstacle()
  if (obstacle !== undefined) return refuse(obstacle)

  const again = [flockPath, process.execPath, fileURLToPath(import.meta.url), '--locked']
  try {
    const code = await run('flock', ['--nonblock', '--conflict-exit-code', String(waitingExitCode), ...again])
    if (code !== waitingExitCode) return code
    say('Holdfast is being set up by another start; waiting for it …')
    return await run('flock', again)
  } catch (error) {
    if (error.code !== 'ENOENT') throw error
    return refuse('The program flock was not found; on Debian it is in the package util-linux.')
  }
}

function refuse(message) {
  say(message)
  return setupFailedExitCode
}

/** The work itself, for the process that holds the lock. */
function setUpLocked() {
  try {
    install()
    return 0
  } catch (error) {
    if (!(error instanceof SetupError)) throw error
    return refuse(error.message)
  }
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const work = process.argv[2] === '--locked' ? Promise.resolve().then(setUpLocked) : setUp()
  void work.then(code => {
    process.exitCode = code
  })
}
