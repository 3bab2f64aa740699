import { open } from 'node:fs/promises'
import { finished } from 'node:stream/promises'
import { constants, createZstdCompress } from 'node:zlib'
import { throwIfAborted } from '../contract/errors.ts'

const pageBytes = 4096
const readBytes = 4 * 1024 ** 2

/** How far two images differ, and the least that an incremental backup can be expected to store for it. */
export interface ChangedPages {
  /** Pages of 4 KiB of the newer image that differ from the older one; pages past the older end count as changed. */
  pages: number
  bytes: number
  /** The changed pages one after the other, packed by zstd at level 3 as a single stream: the bound in bytes. */
  packedBytes: number
}

/** Compares two images page by page, reading both once. Memory use does not grow with their size. */
export async function changedPages(before: string, after: string, signal?: AbortSignal): Promise<ChangedPages> {
  const packer = createZstdCompress({ params: { [constants.ZSTD_c_compressionLevel]: 3 } })
  let packedBytes = 0
  packer.on('data', (piece: Buffer) => {
    packedBytes += piece.length
  })
  const older = await open(before)
  const newer = await open(after)
  let pages = 0
  try {
    const a = Buffer.alloc(readBytes)
    const b = Buffer.alloc(readBytes)
    for (let position = 0; ; ) {
      throwIfAborted(signal, 'Comparing the images')
      const { bytesRead } = await newer.read(b, 0, readBytes, position)
      if (bytesRead === 0) break
      const olderLength = (await older.read(a, 0, bytesRead, position)).bytesRead
      const changed = differing(a.subarray(0, olderLength), b.subarray(0, bytesRead))
      pages += changed.length
      // The read buffer is used again at once, the packer works later: it needs copies.
      const content = Buffer.concat(changed)
      if (content.length > 0 && !packer.write(content)) await new Promise(resume => packer.once('drain', resume))
      position += bytesRead
    }
  } finally {
    await older.close()
    await newer.close()
  }
  packer.end()
  await finished(packer)
  return { pages, bytes: pages * pageBytes, packedBytes }
}

function differing(older: Buffer, newer: Buffer): Buffer[] {
  if (older.equals(newer)) return []
  const pages: Buffer[] = []
  for (let at = 0; at < newer.length; at += pageBytes) {
    const page = newer.subarray(at, at + pageBytes)
    if (!page.equals(older.subarray(at, at + pageBytes))) pages.push(page)
  }
  return pages
}
