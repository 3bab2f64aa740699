/**
 * Writes pages of a block device and flushes now and then, until it is killed: `deviceWriter.ts DEVICE LOG PAGES`. The log says what
 * writerLog.ts reads.
 */
import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs'
import { randomBelow } from '../../engine/base/random.ts'
import { pageBytes } from '../../engine/nbd/overlayPages.ts'

const [path, log, pages] = process.argv.slice(2)
const device = openSync(path!, 'r+')
const say = (line: string) => {
  const file = openSync(log!, 'a')
  writeSync(file, `${line}\n`)
  closeSync(file)
}
for (;;) {
  const page = randomBelow(Number(pages))
  const value = 1 + randomBelow(255)
  say(`${page} ${value}`)
  writeSync(device, Buffer.alloc(pageBytes, value), 0, pageBytes, page * pageBytes)
  if (randomBelow(8) > 0) continue
  fsyncSync(device)
  say('flushed')
}
