/**
 * Writes and trims pages of an overlay in a folder and flushes now and then, until it is killed: `overlayWriter.ts FOLDER PAGES`. On standard
 * output it says what writerLog.ts reads; a page is filled with its value, and one of 0 is trimmed.
 */
import { writeSync } from 'node:fs'
import { join } from 'node:path'
import { openDurable } from '../../engine/base/durableFile.ts'
import { randomBelow } from '../../engine/base/random.ts'
import { OverlayExport } from '../../engine/nbd/overlayExport.ts'
import { pageBytes } from '../../engine/nbd/overlayPages.ts'
import { replaceFile } from '../../engine/nbd/overlayStore.ts'
import { MemoryVersion } from './memoryVersion.ts'

const [folder, pages] = process.argv.slice(2)
const count = Number(pages)
const device = await OverlayExport.open(new MemoryVersion(Buffer.alloc(count * pageBytes)), {
  id: '00000000000000aa',
  key: Buffer.from(Array.from({ length: 64 }, (_, i) => i)),
  data: await openDurable(join(folder!, 'data')),
  journal: await openDurable(join(folder!, 'journal')),
  replaceJournal: content => replaceFile(folder!, 'journal', content),
  // So short that it is replaced all the time.
  compactBytes: 200,
})
writeSync(1, 'open\n')
for (;;) {
  const page = randomBelow(count)
  const value = randomBelow(3) === 0 ? 0 : 1 + randomBelow(255)
  writeSync(1, `${page} ${value}\n`)
  if (value === 0) await device.trim(page * pageBytes, pageBytes)
  else await device.write(page * pageBytes, Buffer.alloc(pageBytes, value))
  if (randomBelow(5) > 0) continue
  await device.flush()
  writeSync(1, 'flushed\n')
}
