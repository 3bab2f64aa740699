import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openDurable } from '../../../engine/base/durableFile.ts'
import { randomBelow, randomBytes } from '../../../engine/base/random.ts'
import { OverlayExport } from '../../../engine/nbd/overlayExport.ts'
import { ReplaceFailed } from '../../../engine/nbd/overlayJournal.ts'
import { pageBytes } from '../../../engine/nbd/overlayPages.ts'
import { LossyFile } from '../../support/lossyFile.ts'
import { LossyJournal } from '../../support/lossyJournal.ts'
import { MemoryVersion } from '../../support/memoryVersion.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'

const id = '00000000000000aa'
const key = randomBytes(64)
const folder = useTemporaryFolder()

/** Two files, as the overlay wants them. */
interface Files<T> {
  data: T
  journal: T
}

/** Some change anywhere in a device, also across pages and over its end's last page. */
async function changeOnce(device: OverlayExport, model: Buffer): Promise<void> {
  const offset = randomBelow(model.length)
  const longest = [100, 5000, 70_000][randomBelow(3)]!
  const length = Math.min(1 + randomBelow(longest), model.length - offset)
  const kind = randomBelow(5)
  if (kind <= 2) {
    const bytes = randomBytes(length)
    await device.write(offset, bytes)
    bytes.copy(model, offset)
    return
  }
  if (kind === 3) await device.zero(offset, length, randomBelow(2) === 0)
  else await device.trim(offset, length)
  model.fill(0, offset, offset + length)
}

async function expectSame(device: OverlayExport, model: Buffer): Promise<void> {
  expect(Buffer.from(await device.read(0, model.length)).equals(model)).toBe(true)
  for (let i = 0; i < 10; i++) {
    const offset = randomBelow(model.length)
    const length = Math.min(1 + randomBelow(20_000), model.length - offset)
    const read = Buffer.from(await device.read(offset, length))
    expect(read.equals(model.subarray(offset, offset + length))).toBe(true)
  }
}

describe('an overlay', () => {
  it('is a device that remembers, over flushes and openings, whatever is written, zeroed and trimmed', async () => {
    const base = randomBytes(90 * pageBytes + 700)
    const model = Buffer.from(base)
    const files = async () => ({
      data: await openDurable(join(folder.path, 'data')),
      journal: await openDurable(join(folder.path, 'journal')),
    })
    for (let opening = 0; opening < 12; opening++) {
      const device = await OverlayExport.open(new MemoryVersion(base), { id, key, ...(await files()) })
      for (let i = 0; i < 25; i++) {
        await changeOnce(device, model)
        if (randomBelow(6) === 0) await device.flush()
      }
      await expectSame(device, model)
      for (const extent of await holesOf(device)) {
        expect(model.subarray(extent.offset, extent.offset + extent.length).every(byte => byte === 0)).toBe(true)
      }
      await device.close()
    }
    const device = await OverlayExport.open(new MemoryVersion(base), { id, key, ...(await files()) })
    await expectSame(device, model)
    await device.close()
  })

  it('lets many write at once, and loses none that was answered, also in one page', async () => {
    const base = randomBytes(16 * pageBytes)
    const model = Buffer.from(base)
    const device = await OverlayExport.open(new MemoryVersion(base), { id, key, ...(await lossyFiles(16 * pageBytes)) })
    const pieceBytes = 500
    const pieces = Array.from({ length: Math.floor(model.length / pieceBytes) }, (_, i) => i * pieceBytes)
    const writing = pieces.map(async offset => {
      const bytes = randomBytes(pieceBytes)
      await device.write(offset, bytes)
      bytes.copy(model, offset)
      if (offset % 3 === 0) await device.flush()
    })
    await Promise.all(writing)
    await expectSame(device, model)
    await device.close()
  })

  it('has after a power cut what was flushed; of the rest, each sector is as it was or as it was to be', async () => {
    for (let round = 0; round < 60; round++) {
      const base = randomBytes(40 * pageBytes)
      // Per byte of a sector it is enough to know which values are allowed: they are changed as a whole, mostly.
      const flushed = Buffer.from(base)
      const current = Buffer.from(base)
      const between: Buffer[] = []
      let { data } = await lossyFiles(40 * pageBytes)
      let journal = new LossyJournal()
      // So short that it is replaced often.
      const opened = () =>
        OverlayExport.open(new MemoryVersion(base), {
          ...{ id, key, data, journal: journal.file, replaceJournal: journal.replace, compactBytes: 100 },
        })
      let device = await opened()
      for (let cut = 0; cut < 3; cut++) {
        const steps = randomBelow(30)
        for (let i = 0; i < steps; i++) {
          await changeOnce(device, current)
          between.push(Buffer.from(current))
          if (randomBelow(4) > 0) continue
          await device.flush()
          current.copy(flushed)
          between.length = 0
        }
        // Sometimes in the middle of a flush.
        const flushing = randomBelow(2) === 0 ? device.flush().catch(() => undefined) : undefined
        for (let i = randomBelow(4); i > 0; i--) await new Promise(resolve => setImmediate(resolve))
        const left = [data.afterCut(), journal.afterCut()] as const
        data.cut()
        journal.cut()
        await flushing
        ;[data, journal] = left
        device = await opened()
        const found = Buffer.from(await device.read(0, base.length))
        expectAllowed(found, [flushed, ...between])
        // It goes on from what is there.
        found.copy(current)
        found.copy(flushed)
        await device.flush()
        between.length = 0
      }
    }
  })

  it('acknowledges nothing any more when a sync has failed, since nobody knows what the medium holds', async () => {
    const files = await lossyFiles(64 * pageBytes)
    const device = await OverlayExport.open(new MemoryVersion(randomBytes(8 * pageBytes)), { id, key, ...files })
    await device.write(0, randomBytes(pageBytes))
    files.data.failingSyncs = 1
    await expect(device.flush()).rejects.toMatchObject({ code: 'storage.failed' })
    await expect(device.flush()).rejects.toMatchObject({ code: 'storage.failed' })
    await expect(device.write(0, randomBytes(1))).rejects.toMatchObject({ code: 'storage.failed' })
    expect((await device.read(0, 10)).length).toBe(10)
  })

  it('keeps nothing readable in its files', async () => {
    const files = await lossyFiles(64 * pageBytes)
    const device = await OverlayExport.open(new MemoryVersion(Buffer.alloc(8 * pageBytes)), { id, key, ...files })
    const secret = Buffer.from('attack at dawn '.repeat(600))
    await device.write(300, secret)
    await device.flush()
    const bytes = Buffer.alloc(8 * pageBytes)
    await files.data.read(bytes, 0)
    expect(bytes.includes('attack at dawn')).toBe(false)
    expect(Buffer.from(await device.read(300, secret.length)).equals(secret)).toBe(true)
    const other = await OverlayExport.open(new MemoryVersion(Buffer.alloc(8 * pageBytes)), {
      id,
      key: randomBytes(64),
      ...files,
    })
    expect(Buffer.from(await other.read(300, secret.length)).equals(secret)).toBe(false)
  })

  it('says when its journal is damaged before the end, and drops what was torn at it', async () => {
    const files = await lossyFiles(64 * pageBytes)
    const base = randomBytes(64 * pageBytes)
    const device = await OverlayExport.open(new MemoryVersion(base), { id, key, ...files })
    for (const page of [1, 5, 9]) {
      await device.write(page * pageBytes, Buffer.alloc(pageBytes, page))
      await device.flush()
    }
    const journal = Buffer.alloc(await files.journal.size())
    await files.journal.read(journal, 0)
    const opened = async (bytes: Buffer) => {
      const altered = new LossyFile()
      await altered.write(bytes, 0)
      return await OverlayExport.open(new MemoryVersion(base), { id, key, data: files.data, journal: altered })
    }
    const torn = await opened(journal.subarray(0, journal.length - 3))
    expect([1, 5, 9].map(page => torn.pages.get(page))).toEqual(['data', 'data', 'base'])
    const middle = Buffer.from(journal)
    middle[journal.length / 2]! ^= 1
    await expect(opened(middle)).rejects.toMatchObject({ code: 'integrity.objectDamaged' })
  })

  describe('whose journal has grown far beyond what it says', () => {
    const base = randomBytes(8 * pageBytes)

    /** Opened with a journal that the next flush is going to replace, and what the device holds. */
    async function grown() {
      const { data } = await lossyFiles(base.length)
      const journal = new LossyJournal()
      const parts = { id, key, data, journal: journal.file, replaceJournal: journal.replace, compactBytes: 1000 }
      const device = await OverlayExport.open(new MemoryVersion(base), parts)
      const model = Buffer.from(base)
      const turn = async (value: number) => {
        if (value % 2 === 0) await device.trim(0, pageBytes)
        else await device.write(0, Buffer.alloc(pageBytes, value))
        model.fill(value % 2 === 0 ? 0 : value, 0, pageBytes)
      }
      await device.write(3 * pageBytes, Buffer.alloc(pageBytes, 9))
      model.fill(9, 3 * pageBytes, 4 * pageBytes)
      let turns = 0
      while ((await journal.file.size()) < 1000 - 40) {
        await turn(turns++)
        await device.flush()
      }
      expect(journal.replacements).toBe(0)
      const flushed = Buffer.from(model)
      await turn(turns)
      return { data, journal, device, flushed, model, turn }
    }
    const reopened = (data: LossyFile, journal: LossyFile) =>
      OverlayExport.open(new MemoryVersion(base), { id, key, data, journal })

    it('gets a short one that says the same, and goes on with it', async () => {
      const { data, journal, device, model, turn } = await grown()
      await device.flush()
      expect(journal.replacements).toBe(1)
      expect(await journal.file.size()).toBeLessThan(120)
      await expectSame(await reopened(data, journal.file), model)
      await turn(200)
      await turn(201)
      await turn(202)
      await device.flush()
      const again = await reopened(data, journal.file)
      await expectSame(again, model)
      expect([...again.pages.changed()]).toEqual([
        { from: 0, to: 1, state: 'zero' },
        { from: 3, to: 4, state: 'data' },
      ])
      await device.close()
    })

    it('says no page that was written while the flush was under way, since its bytes may not be there', async () => {
      const { data, journal, device, model } = await grown()
      const flushing = device.flush()
      await device.write(5 * pageBytes, Buffer.alloc(pageBytes, 1))
      await flushing
      expect(journal.replacements).toBe(1)
      await expectSame(await reopened(data, journal.file), model)
    })

    it('has after a power cut at any step of that what was flushed', async () => {
      const seen = new Set<number>()
      for (let steps = 0; steps < 10; steps++) {
        for (let repetition = 0; repetition < 12; repetition++) {
          const { data, journal, device, flushed, model } = await grown()
          let isAnswered = false
          const flushing = device.flush().then(
            () => {
              isAnswered = true
            },
            () => undefined,
          )
          for (let i = 0; i < steps; i++) await new Promise(resolve => setImmediate(resolve))
          const states = isAnswered ? [model] : [flushed, model]
          const left = { data: data.afterCut(), journal: journal.afterCut() }
          data.cut()
          journal.cut()
          await flushing
          const found = await reopened(left.data, left.journal.file)
          expectAllowed(Buffer.from(await found.read(0, base.length)), states)
          seen.add(journal.replacements + (isAnswered ? 1 : 0))
        }
      }
      // Before, between, and after it was answered.
      expect([...seen].sort()).toEqual([0, 1, 2])
    })

    it('keeps the long one when there is no room for another, and does not try at each flush', async () => {
      const { data, journal, model } = await grown()
      let attempts = 0
      const replaceJournal = async () => {
        attempts++
        throw new ReplaceFailed(true, Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' }))
      }
      const parts = { id, key, data, journal: journal.file, replaceJournal, compactBytes: 500 }
      const device = await OverlayExport.open(new MemoryVersion(base), parts)
      const lengthBefore = await journal.file.size()
      for (let i = 0; (await journal.file.size()) < 2 * lengthBefore - 50; i++) {
        model.fill(i % 2, 6 * pageBytes, 7 * pageBytes)
        if (i % 2 === 0) await device.trim(6 * pageBytes, pageBytes)
        else await device.write(6 * pageBytes, Buffer.alloc(pageBytes, 1))
        await device.flush()
      }
      expect(attempts).toBe(1)
      model.fill(0, 0, pageBytes)
      await device.trim(0, pageBytes)
      await device.flush()
      await expectSame(await reopened(data, journal.file), model)
    })

    it('acknowledges nothing any more when nobody knows which one is there', async () => {
      const { data, journal } = await grown()
      const replaceJournal = async () => {
        throw new ReplaceFailed(false, Object.assign(new Error('EIO'), { code: 'EIO' }))
      }
      const parts = { id, key, data, journal: journal.file, replaceJournal, compactBytes: 500 }
      const device = await OverlayExport.open(new MemoryVersion(base), parts)
      await device.trim(0, pageBytes)
      await device.write(6 * pageBytes, Buffer.alloc(pageBytes, 1))
      await expect(device.flush()).rejects.toMatchObject({ code: 'storage.failed' })
      await expect(device.flush()).rejects.toMatchObject({ code: 'storage.failed' })
    })

    it('says when the short one is damaged, though nothing was appended since', async () => {
      const { data, journal, device } = await grown()
      await device.flush()
      for (let at = 0; at < (await journal.file.size()) - 24; at++) {
        const bytes = Buffer.alloc(await journal.file.size())
        await journal.file.read(bytes, 0)
        bytes[at]! ^= 1
        const altered = new LossyFile()
        await altered.write(bytes, 0)
        await expect(reopened(data, altered)).rejects.toMatchObject({ code: 'integrity.objectDamaged' })
      }
    })
  })

  it('of terabytes is discarded as a whole without taking memory or time', async () => {
    const sizeBytes = 8 * 2 ** 40
    const base = Object.assign(new MemoryVersion(Buffer.alloc(0)), { sizeBytes })
    const files = await lossyFiles(0)
    const device = await OverlayExport.open(base, { id, key, ...files })
    await device.trim(0, sizeBytes)
    await device.flush()
    expect(await device.extents(4096, 2 ** 42)).toEqual([{ kind: 'hole', length: 2 ** 42 }])
    const again = await OverlayExport.open(base, { id, key, ...files })
    expect([...again.pages.changed()]).toEqual([{ from: 0, to: sizeBytes / pageBytes, state: 'zero' }])
  })
})

/** The data file has its size from the beginning, as OverlayStore makes it: a power cut takes sectors of it, not its end. */
async function lossyFiles(sizeBytes: number): Promise<Files<LossyFile>> {
  const data = new LossyFile()
  await data.truncate(sizeBytes)
  await data.sync()
  return { data, journal: new LossyFile() }
}

async function holesOf(device: OverlayExport) {
  const holes: { offset: number; length: number }[] = []
  for (let offset = 0; offset < device.sizeBytes; ) {
    for (const { kind, length } of await device.extents(offset, device.sizeBytes - offset)) {
      if (kind === 'hole') holes.push({ offset, length })
      offset += length
    }
  }
  return holes
}

/** Every sector is what it was in one of the states: at the last flush, or after any change since. */
function expectAllowed(found: Buffer, states: readonly Buffer[]): void {
  for (let at = 0; at < found.length; at += 512) {
    const sector = found.subarray(at, at + 512)
    const isAllowed = states.some(state => state.subarray(at, at + 512).equals(sector))
    if (!isAllowed) throw new Error(`the sector at ${at} is as it never was`)
  }
}
