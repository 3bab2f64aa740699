import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import { isNeeded, type LockFile, productionModules } from './modules.ts'
import { putFile, putFolder, putText } from './tree.ts'

export const checkout = join(import.meta.dirname, '../..')

interface Description {
  name: string
  version: string
  description: string
  license: string
  author: string
}

export const readJson = (path: string) => JSON.parse(readFileSync(path, 'utf8'))
export const description = (): Description => readJson(join(checkout, 'package.json'))

/** Folders in node_modules that go along, for the processor of this computer. */
export const ownModules = (): string[] =>
  productionModules(readJson(join(checkout, 'package-lock.json')) as LockFile, process.arch)

/** The npm package that brings the runtime. */
export const nodePackage = join(checkout, 'node_modules', `node-linux-${process.arch}`)

/**
 * Takes away the symbols that only debuggers read; those that programs are linked by stay (the engine calls zstd and AES of
 * Node by name). Without strip(1) the file stays as it is, and a fifth larger.
 */
function strip(file: string, ...options: string[]): void {
  try {
    execFileSync('strip', [...options, file], { stdio: 'pipe' })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    process.stderr.write(`strip(1) of binutils is missing; ${file} stays larger than it need be.\n`)
  }
}

/**
 * Makes the folder that is /usr/lib/holdfast when installed: Node, the engine, what it imports, and bin/holdfast, which runs
 * them from wherever the folder is.
 *
 * The engine goes in as it is written. Node takes the types away when it loads it, outside of node_modules at least; so what
 * users run is what the tests ran, traces name real lines, and threads and late imports need no bundler's help. Node keeps
 * what it made of the files (NODE_COMPILE_CACHE), so it costs nothing after the first start.
 */
export function stageRuntime(folder: string): void {
  const node = join(folder, 'bin/node')
  putFile(join(nodePackage, 'bin/node'), node)
  strip(node)
  putFile(join(checkout, 'packaging/runtime/holdfast'), join(folder, 'bin/holdfast'))

  putFolder(join(checkout, 'engine'), join(folder, 'engine'), path => extname(path) === '.ts')
  const { name, version, description: says, license } = description()
  const own = { name, version, description: says, license, private: true, type: 'module' }
  putText(join(folder, 'package.json'), `${JSON.stringify(own, undefined, 2)}\n`)

  for (const path of ownModules()) {
    const from = join(checkout, path)
    if (!existsSync(from)) throw new Error(`${path} is not installed: npm run setup`)
    // Packages inside of packages have entries of their own.
    const isOwn = (file: string) => !file.startsWith('node_modules/') && isNeeded(file, process.arch)
    putFolder(from, join(folder, path), isOwn)
  }
  strip(join(folder, `node_modules/better-sqlite3/prebuilds/linux-${process.arch}.node`), '--strip-unneeded')
}
