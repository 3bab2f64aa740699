import { basename, extname } from 'node:path'

/** What decides which files of node_modules a package for users carries. Everything here is pure. */

/** As far as this program looks at package-lock.json. */
export interface LockFile {
  packages: Record<string, LockEntry>
}

interface LockEntry {
  version?: string
  dev?: boolean
  optional?: boolean
  os?: string[]
  cpu?: string[]
}

/** Only for compiling native code, which comes compiled or, with ssh2, is done without. */
const forCompiling = ['node-addon-api', 'nan', 'buildcheck', 'cpu-features'].map(name => `node_modules/${name}`)
/** The runtime is put elsewhere, without its headers. */
const isRuntime = (path: string) => path.startsWith('node_modules/node-linux-')

/**
 * Folders of packages that are needed at run time on Linux with a processor, sorted: those of "dependencies" and theirs,
 * none of development's, none for other systems.
 *
 * @param arch as Node calls it: x64, arm64
 */
export function productionModules(lock: LockFile, arch: string): string[] {
  const fits = (wanted: string[] | undefined, here: string) => wanted === undefined || wanted.includes(here)
  return Object.entries(lock.packages)
    .filter(([path, entry]) => path !== '' && entry.dev !== true && !forCompiling.includes(path) && !isRuntime(path))
    .filter(([, entry]) => fits(entry.os, 'linux') && fits(entry.cpu, arch))
    .map(([path]) => path)
    .sort()
}

/** Folders of no use to who runs the package. (koffi has programs in src; of other sources the endings tell.) */
const neverRead = new Set(['deps', 'doc', 'docs', 'vendor', 'test', 'tests', 'examples'])
const readByNode = new Set(['.js', '.cjs', '.mjs', '.json', '.node'])
/** What packages ship for installing themselves from source. */
const installers = new Set(['cnoke.cjs', 'trampolines.cjs'])

/**
 * Whether Node may need a file of a package when it runs. Licences stand together in one file, see copyright.ts.
 *
 * @param path below the folder of the package, with '/' between
 * @param arch as Node calls it
 */
export function isNeeded(path: string, arch: string): boolean {
  const parts = path.split('/')
  const name = basename(path)
  if (neverRead.has(parts[0]!) || installers.has(name) || !readByNode.has(extname(name))) return false
  if (extname(name) !== '.node') return true
  // Native code: better-sqlite3 names the file by system, koffi the folder.
  const system = parts[0] === 'prebuilds' ? name : parts[0]!
  return [`linux-${arch}.node`, `linux_${arch}`].includes(system)
}
