/**
 * Puts all files of a folder into a bucket with Holdfast's driver, as many at a time as it says, and nothing else: what is left
 * of a backup when reading, hashing and encryption cost nothing. Arguments: folder, URL. The key comes from the environment.
 */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { storageDrivers } from '../engine/storage/drivers.ts'
import { openStorage } from '../engine/storage/registry.ts'

const [folder = '', url = ''] = process.argv.slice(2)
const storage = await openStorage(url, storageDrivers, { expect: 'nothing' })
const entries = await readdir(folder, { recursive: true, withFileTypes: true })
const paths = entries.filter(entry => entry.isFile()).map(entry => join(entry.parentPath, entry.name))
let next = 0
const upload = async () => {
  while (next < paths.length) {
    const path = paths[next++]!
    await storage.put(`packs/${path.slice(folder.length + 1)}`, [await readFile(path)])
  }
}
await Promise.all(Array.from({ length: storage.parallelPuts ?? 1 }, upload))
await storage.close()
