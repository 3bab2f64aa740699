import { throwIfAborted } from '../contract/errors.ts'
import { readVersion } from '../pipeline/versionReader.ts'
import { readBlockMap } from '../repository/blockMapReader.ts'
import type { Repository } from '../repository/repository.ts'
import { rootOf, type VersionRecord } from '../repository/versionRecord.ts'
import type { Export, ExportExtent, ExportSummary } from './export.ts'

/** readVersion gives no more at once. */
const pieceBytes = 1024 * 1024
/** Parts of the map that are looked at for one answer. */
const mostParts = 4096

/**
 * A version as a read-only export, block by block on the main thread. Fails as readVersion does; a lock keeps its blocks from
 * being pruned until it is closed.
 */
export async function openVersionExport(
  repository: Repository,
  version: VersionRecord,
  summary: ExportSummary,
  signal?: AbortSignal,
): Promise<Export> {
  const opened = Promise.withResolvers<(range: { offset: number; length: number }) => Promise<Buffer>>()
  const closing = Promise.withResolvers<void>()
  const reading = readVersion(repository, version, read => {
    opened.resolve(read)
    return closing.promise
  })
  reading.catch(opened.reject)
  const read = await opened.promise
  const close = async () => {
    closing.resolve()
    await reading
  }
  if (signal?.aborted) await close()
  throwIfAborted(signal, 'The opening')
  const blockSize = repository.blockSizeBytes
  return {
    ...summary,
    sizeBytes: version.sizeBytes,
    isReadOnly: true,
    preferredBlockBytes: blockSize,
    async read(offset, length, signal) {
      const bytes = Buffer.allocUnsafe(length)
      for (let at = 0; at < length; at += pieceBytes) {
        throwIfAborted(signal, 'The reading')
        bytes.set(await read({ offset: offset + at, length: Math.min(pieceBytes, length - at) }), at)
      }
      return bytes
    },
    async extents(offset, length, signal) {
      const end = offset + length
      const found: ExportExtent[] = []
      const load = (id: Buffer, level: number) => repository.blocks.loadNode(id, level, signal)
      const blocks = { from: Math.floor(offset / blockSize), to: Math.ceil(end / blockSize) }
      let parts = 0
      for await (const part of readBlockMap(load, rootOf(version), blockSize, blocks)) {
        if (++parts > mostParts) break
        const count = part.kind === 'block' ? 1 : part.count
        const kind = part.kind === 'hole' ? 'hole' : 'data'
        const from = Math.max(part.index * blockSize, offset)
        const to = Math.min((part.index + count) * blockSize, end)
        const last = found.at(-1)
        if (last?.kind === kind) last.length += to - from
        else found.push({ length: to - from, kind })
      }
      return found
    },
    cache: async () => undefined,
    close,
  }
}
