import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { openDurable } from '../../../engine/base/durableFile.ts'
import { randomBelow } from '../../../engine/base/random.ts'
import { OverlayExport } from '../../../engine/nbd/overlayExport.ts'
import { pageBytes } from '../../../engine/nbd/overlayPages.ts'
import { MemoryVersion } from '../../support/memoryVersion.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'
import { allowedAfter } from '../../support/writerLog.ts'

const folder = useTemporaryFolder()
const pages = 40
const writer = join(import.meta.dirname, '..', '..', 'support', 'overlayWriter.ts')

/** Lets the writer write until it has said so many lines, and kills it. Returns what it has said. */
async function killedAfter(lines: number): Promise<string[]> {
  const child = spawn(process.execPath, [writer, folder.path, String(pages)], { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(child, 'close')
  let said = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text
    if (said.split('\n').length > lines) child.kill('SIGKILL')
  })
  const [, signal] = (await ended) as [number | null, string | null]
  expect(signal).toBe('SIGKILL')
  return said.split('\n').filter(line => line !== '')
}

it('every write that was flushed is there after the writer was killed, and the rest is old or new', async () => {
  const files = ['data', 'journal'].map(name => join(folder.path, name))
  /** What each page may hold. */
  let allowed = Array.from({ length: pages }, () => new Set([0]))
  for (let round = 0; round < 12; round++) {
    const said = await killedAfter(5 + randomBelow(400))
    allowed = allowedAfter(
      said.filter(line => line !== 'open'),
      allowed,
    )
    const device = await OverlayExport.open(new MemoryVersion(Buffer.alloc(pages * pageBytes)), {
      id: '00000000000000aa',
      key: Buffer.from(Array.from({ length: 64 }, (_, i) => i)),
      data: await openDurable(files[0]!),
      journal: await openDurable(files[1]!),
    })
    for (let page = 0; page < pages; page++) {
      const found = new Set(await device.read(page * pageBytes, pageBytes))
      for (const value of found) expect([...allowed[page]!]).toContain(value)
      allowed[page] = found
    }
    await device.close()
    // Of some hundred bytes for each round, or it was never replaced.
    expect((await stat(files[1]!)).size).toBeLessThan(8000)
  }
})
