import type { Storage } from '../storage/storage.ts'
import { folders, names } from './format.ts'

/** A new repository begins with two key slots, each in two copies; its config comes last. */
const mostRemains = 4

/**
 * Removes what a killed `init` has left, so that it can be repeated: key slots without a config and without anything that
 * they could open. Returns false, and removes nothing, when there is anything else or nothing at all.
 */
export async function removeUnfinished(storage: Storage): Promise<boolean> {
  const remains: string[] = []
  const isKey = (name: string) => name.startsWith(names.key('')) || name.startsWith(names.copy(names.key('')))
  for (const folder of new Set(folders.map(name => name.split('/')[0]!))) {
    for await (const { name } of storage.list(folder)) {
      if (!isKey(name) || remains.length === mostRemains) return false
      remains.push(name)
    }
  }
  if (remains.length === 0 || (await storage.stat(names.config))) return false
  for (const name of remains) await storage.delete(name)
  return true
}
