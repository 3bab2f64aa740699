import { open } from 'node:fs/promises'
import { openSource } from '../../engine/sources/open.ts'
import { count } from '../../engine/sources/ranges.ts'
import { readUsedBlocks } from '../../engine/usedBlocks/readUsedBlocks.ts'

/**
 * usedBlocksDriver.ts DEVICE COPY [frozen]: prints what is known of the device's blocks as JSON, and if anything is, writes to the
 * file COPY what is in use, and 0xa5 everywhere else.
 */
const [device, copy, frozen] = process.argv.slice(2) as [string, string, string | undefined]
const source = await openSource(device)
const { sizeBytes } = source
const blocks = await readUsedBlocks(device, { sizeBytes, frozen: frozen === 'frozen' })
if (blocks.known) {
  const target = await open(copy, 'w')
  const piece = Buffer.alloc(1024 * 1024, 0xa5)
  for (let at = 0; at < sizeBytes; at += piece.length) {
    await target.write(piece, 0, Math.min(piece.length, sizeBytes - at), at)
  }
  for (const { start, end } of blocks.used) {
    for (let at = start; at < end; at += piece.length) {
      const part = piece.subarray(0, Math.min(piece.length, end - at))
      await source.read(part, at)
      await target.write(part, 0, part.length, at)
    }
  }
  await target.close()
}
await source.close()
const { known, fileSystem } = blocks
const rest = blocks.known ? { usedBytes: count(blocks.used) } : { why: blocks.why }
console.log(JSON.stringify({ known, fileSystem, sizeBytes, ...rest }))
