/**
 * A process that writes objects until it is killed. Arguments: root, first number, mode. Prints the name of each object
 * once its put has resolved. The object proves itself: a SHA-256, and then the bytes that it is of.
 *
 * Modes: `links`; `claims` (as on a file system without hard links); `dieBeforeName` and `dieAfterName`, which kill the
 * process at that moment of its first put.
 */
import { createHash, randomBytes } from 'node:crypto'
import { writeSync } from 'node:fs'
import { link } from 'node:fs/promises'
import type { LinkFile } from '../../engine/storage/directory/publish.ts'
import { DirectoryStorage } from '../../engine/storage/directory.ts'

const [root, first, mode] = process.argv.slice(2)

const die = () => {
  process.kill(process.pid, 'SIGKILL')
  return new Promise<void>(() => setTimeout(() => undefined, 60_000))
}
const links: Record<string, LinkFile> = {
  links: link,
  claims: async () => {
    throw Object.assign(new Error('EPERM: operation not permitted, link'), { errno: -1, code: 'EPERM' })
  },
  dieBeforeName: die,
  dieAfterName: async (from, to) => {
    await link(from, to)
    await die()
  },
}

const storage = await DirectoryStorage.open(root!, { expect: 'folder', link: links[mode!]! })
for (let number = Number(first); ; number++) {
  const pieces = [randomBytes(1_500_000), randomBytes(700_000 + number)]
  const hash = createHash('sha256')
  for (const piece of pieces) hash.update(piece)
  const parts = [hash.digest(), ...pieces]
  const name = `packs/0${number % 2}/${number}`
  await Promise.all([storage.put(name, parts), storage.put('latest/one', parts, { overwrite: true })])
  writeSync(1, `${name}\n`)
}
