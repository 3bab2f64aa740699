import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { replaceSynced } from '../../base/atomicFile.ts'
import { HoldfastError } from '../../contract/errors.ts'
import { CacheFolder } from './cacheFolder.ts'

/** Bytes of disk that the cache may take unless a person has said otherwise: 1 GiB. */
export const defaultCacheLimitBytes = 1024 ** 3

/** The cache of storages that are not on this computer, in a state folder, within the limit that is set there at the time. */
export function localCache(stateDir: string): CacheFolder {
  return new CacheFolder({ path: cachePath(stateDir), limitBytes: () => cacheLimitBytes(stateDir) })
}

/** Where the cache of a state folder is. It may be deleted at any time. */
export const cachePath = (stateDir: string): string => join(stateDir, 'cache')

/** The limit that was set; the default when none was, or when it cannot be read. */
export async function cacheLimitBytes(stateDir: string): Promise<number> {
  try {
    const { limitBytes } = JSON.parse(await readFile(settingsPath(stateDir), 'utf8'))
    return isLimit(limitBytes) ? limitBytes : defaultCacheLimitBytes
  } catch {
    return defaultCacheLimitBytes
  }
}

/**
 * Sets the limit for all processes with this state folder, which see it when they next make room; 0 keeps nothing. usage.invalid for what
 * is no number of bytes.
 */
export async function setCacheLimit(stateDir: string, limitBytes: number): Promise<void> {
  if (!isLimit(limitBytes)) throw new HoldfastError('usage.invalid', `${limitBytes} is no size for the cache.`)
  await mkdir(stateDir, { recursive: true, mode: 0o700 })
  await replaceSynced(settingsPath(stateDir), `${JSON.stringify({ limitBytes })}\n`)
}

const settingsPath = (stateDir: string): string => join(stateDir, 'cache.json')

const isLimit = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0
