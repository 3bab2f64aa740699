/**
 * Loads the program on this computer, with the switches that Node has in the virtual one (node.sh): what is compiled here is
 * found there, where compiling takes most of a start.
 */
import { globSync } from 'node:fs'
import { join } from 'node:path'

const engine = join(import.meta.dirname, '../../../engine')
// Threads and programs begin to work when they are loaded, and fail: they are compiled by then.
for (const name of globSync('{*,{cli,helper,lvm,tracking,usedBlocks,recipe,nbd,files,pipeline}/**/*}.ts', {
  cwd: engine,
})) {
  if (name !== 'cli/main.ts') await import(join(engine, name)).catch(() => undefined)
}
process.exit()
