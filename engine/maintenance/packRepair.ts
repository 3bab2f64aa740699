import { isHoldfastError } from '../contract/errors.ts'
import type { PackId } from '../contract/ids.ts'
import { frameKeyOf, openFrame } from '../repository/blockCrypto.ts'
import { names } from '../repository/format.ts'
import { assemblePack, identifyPack, type PackInfo, unwrapPackKey } from '../repository/pack.ts'
import type { Repository } from '../repository/repository.ts'
import { dropPacksFromIndex } from './indexRewrite.ts'

/**
 * Mends packs in place: a damaged header or own index is written again from the repository's index, and a pack that lies under
 * the name of another is put back under its own. Frames are never touched. Returns the packs that are whole objects again.
 */
export async function mendPacks(
  repository: Repository,
  candidates: ReadonlySet<string>,
  signal?: AbortSignal,
): Promise<PackId[]> {
  const mended: PackId[] = []
  for (const id of await repository.index.segmentIds(signal)) {
    for (const info of (await repository.index.readSegment(id, signal))?.packs ?? []) {
      if (candidates.has(info.id)) mended.push(...(await mendPack(repository, info, signal)))
    }
  }
  return mended
}

async function mendPack(repository: Repository, info: PackInfo, signal?: AbortSignal): Promise<PackId[]> {
  const bytes = await read(repository, info.id, signal)
  if (!bytes) return []
  const found = identifyPack(repository.keyring.pack, bytes)
  // Sound after all, or mended together with another.
  if (found === info.id) return []
  if (found) return putBack(repository, found, bytes, signal)
  const whole = assemblePack(repository.keyring.pack, info, bytes)
  if (!whole || !holdsFramesOf(repository, info, whole)) return []
  await put(repository, info.id, whole, signal)
  return [info.id]
}

/**
 * Puts a pack under its own name, unless it is there already. What lies there instead may be a pack on the wrong place, too,
 * and is put back in turn before it is forgotten: so two that were swapped both come back.
 */
async function putBack(
  repository: Repository,
  id: PackId,
  bytes: Uint8Array,
  signal: AbortSignal | undefined,
): Promise<PackId[]> {
  const present = await read(repository, id, signal)
  const other = present && identifyPack(repository.keyring.pack, present)
  if (other === id) return []
  await put(repository, id, bytes, signal)
  return [id, ...(present && other ? await putBack(repository, other, present, signal) : [])]
}

/** At least one frame opens: so this really is the pack, and not something else under its name. */
function holdsFramesOf(repository: Repository, info: PackInfo, bytes: Uint8Array): boolean {
  const packKey = unwrapPackKey(repository.keyring.pack, info.id, info.wrappedKey)
  if (!packKey) return false
  const key = frameKeyOf(packKey)
  return info.frames.some(
    frame => 'plain' in openFrame(key, frame, bytes.subarray(frame.offset, frame.offset + frame.storedBytes)),
  )
}

/**
 * Forgets packs that are missing or cut short, once no version needs them any more: takes them out of the index and removes
 * what is left of them.
 */
export async function forgetPacks(
  repository: Repository,
  packs: readonly PackId[],
  signal?: AbortSignal,
): Promise<void> {
  await dropPacksFromIndex(repository, new Set(packs), signal)
  for (const id of packs) await repository.storage.delete(names.pack(id), signal)
}

async function read(repository: Repository, id: PackId, signal?: AbortSignal): Promise<Uint8Array | undefined> {
  try {
    return await (repository.storage.uncached ?? repository.storage).get(names.pack(id), undefined, signal)
  } catch (error) {
    if (isHoldfastError(error, 'storage.objectNotFound', 'storage.failed')) return undefined
    throw error
  }
}

async function put(repository: Repository, id: PackId, bytes: Uint8Array, signal?: AbortSignal): Promise<void> {
  await repository.storage.put(names.pack(id), [bytes], { overwrite: true, ...(signal ? { signal } : {}) })
}
