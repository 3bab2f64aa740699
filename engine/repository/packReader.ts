import { HoldfastError, isHoldfastError } from '../contract/errors.ts'
import { isPackId, type PackId } from '../contract/ids.ts'
import type { ObjectInfo, Storage } from '../storage/storage.ts'
import { pack as layout, names } from './format.ts'
import { openPackIndex, type PackInfo, parsePackHeader, parsePackTrailer } from './pack.ts'

/**
 * Reads what a pack says of itself: header and sealed index. Undefined when either is damaged or cannot be read, or when
 * the pack is missing. Nothing that is kept of the pack on this computer is used.
 */
export async function readPackInfo(
  storage: Storage,
  packKeyKey: Uint8Array,
  id: PackId,
  sizeBytes: number,
  signal?: AbortSignal,
): Promise<PackInfo | undefined> {
  if (sizeBytes < layout.headerBytes + layout.trailerBytes) return undefined
  const name = names.pack(id)
  const read = (offset: number, length: number) => (storage.uncached ?? storage).get(name, { offset, length }, signal)
  try {
    const wrappedKey = parsePackHeader(id, await read(0, layout.headerBytes))
    const indexBytes = parsePackTrailer(await read(sizeBytes - layout.trailerBytes, layout.trailerBytes), sizeBytes)
    if (!wrappedKey || indexBytes === undefined) return undefined
    const sealedIndex = await read(sizeBytes - layout.trailerBytes - indexBytes, indexBytes)
    return openPackIndex(packKeyKey, id, wrappedKey, sealedIndex, sizeBytes)
  } catch (error) {
    if (isHoldfastError(error, 'storage.objectNotFound', 'storage.rangeInvalid', 'storage.failed')) return undefined
    throw error
  }
}

/** All packs in the storage. What somebody else put beside them, or what stands in the wrong folder, is none. */
export async function listPacks(storage: Storage, signal?: AbortSignal): Promise<Map<PackId, ObjectInfo>> {
  const packs = new Map<PackId, ObjectInfo>()
  for await (const object of storage.list('packs', signal)) {
    const id = object.name.slice(object.name.lastIndexOf('/') + 1)
    if (isPackId(id) && object.name === names.pack(id)) packs.set(id, object)
  }
  return packs
}

export function blockMissing(id: Uint8Array): HoldfastError {
  const block = Buffer.from(id).toString('hex')
  return new HoldfastError('integrity.blockMissing', `Block ${block.slice(0, 16)}… is not in the repository.`, {
    advice:
      'Run "holdfast scrub" to see which versions need it, then back the source up again to heal what it still has.',
    details: { block },
  })
}
