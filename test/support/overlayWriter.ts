/**
 * Writes pages of an overlay and flushes now and then, until it is killed: `overlayWriter.ts DATA JOURNAL PAGES`. On standard output
 * it says "page value" for each write that is answered, and "flushed" for each flush; a page is filled with its value.
 */
import { writeSync } from 'node:fs'
import { openDurable } from '../../engine/base/durableFile.ts'
import { randomBelow } from '../../engine/base/random.ts'
import { OverlayExport } from '../../engine/nbd/overlayExport.ts'
import { pageBytes } from '../../engine/nbd/overlayPages.ts'
import { MemoryVersion } from './memoryVersion.ts'

const [data, journal, pages] = process.argv.slice(2)
const count = Number(pages)
const device = await OverlayExport.open(new MemoryVersion(Buffer.alloc(count * pageBytes)), {
  id: '00000000000000aa',
  key: Buffer.from(Array.from({ length: 64 }, (_, i) => i)),
  data: await openDurable(data!),
  journal: await openDurable(journal!),
})
writeSync(1, 'open\n')
for (;;) {
  const page = randomBelow(count)
  const value = 1 + randomBelow(255)
  writeSync(1, `${page} ${value}\n`)
  await device.write(page * pageBytes, Buffer.alloc(pageBytes, value))
  if (randomBelow(5) > 0) continue
  await device.flush()
  writeSync(1, 'flushed\n')
}
