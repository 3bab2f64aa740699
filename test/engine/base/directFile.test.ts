import { type FileHandle, open, readFile, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { alignedSharedMemory } from '../../../engine/base/alignedMemory.ts'
import { DirectFile } from '../../../engine/base/directFile.ts'
import { randomBytes } from '../../../engine/base/random.ts'
import { readFully, writeFully } from '../../../engine/targets/writer.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'

const folder = useTemporaryFolder()
const sizeBytes = 256 * 1024
const opened: FileHandle[] = []

afterEach(async () => {
  for (const file of opened.splice(0)) await file.close()
})

async function openBoth() {
  const path = join(folder.path, 'image')
  await writeFile(path, '')
  await truncate(path, sizeBytes)
  const file = await open(path, 'r+')
  opened.push(file)
  const direct = await DirectFile.open(file)
  return { path, file, direct }
}

/** Where the folder of the tests knows no direct I/O, nothing can be said about it. */
const isSupported = async () => {
  const { direct } = await openBoth()
  await direct?.close()
  return direct !== undefined
}

describe('a file around the page cache', () => {
  it('holds what was written either way, in any order, and gives it back', async () => {
    const memory = Buffer.from(alignedSharedMemory(sizeBytes))
    const spot = fc.record({
      at: fc.nat(sizeBytes - 1),
      length: fc.integer({ min: 1, max: 70_000 }),
      step: fc.constantFrom(1, 512, 4096),
      fill: fc.integer({ min: 1, max: 255 }),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(spot, { minLength: 1, maxLength: 12 }), async spots => {
        const target = await openBoth()
        const model = Buffer.alloc(sizeBytes)
        for (const { at, length, step, fill } of spots) {
          const offset = at - (at % step)
          const data = memory.subarray(0, Math.min(length, sizeBytes - offset)).fill(fill)
          await writeFully(target, data, offset)
          data.copy(model, offset)
        }
        expect(await readFully(target, memory, 0)).toBe(sizeBytes)
        expect(memory.equals(model)).toBe(true)
        expect((await readFile(target.path)).equals(model)).toBe(true)
        await target.direct?.close()
      }),
      { numRuns: 40 },
    )
  })

  it('takes only what is aligned', async context => {
    if (!(await isSupported())) context.skip()
    const { direct } = await openBoth()
    const memory = Buffer.from(alignedSharedMemory(65_536)).fill(1)
    expect(await direct!.write(memory.subarray(0, 8192), 0)).toBe(8192)
    expect(await direct!.write(memory.subarray(0, 8193), 0)).toBe(8192)
    expect(await direct!.write(memory.subarray(0, 100), 0)).toBe(0)
    expect(await direct!.write(memory.subarray(0, 8192), 100)).toBe(0)
    expect(await direct!.write(memory.subarray(1, 8193), 0)).toBe(0)
    expect(await direct!.read(memory.subarray(0, 65_536), sizeBytes - 4096)).toBe(4096)
    await direct!.close()
  })

  it('leaves memory that the drive does not take to the ordinary way', async () => {
    const target = await openBoth()
    const data = Buffer.concat([randomBytes(4096 * 3)])
    await writeFully(target, data, 4096)
    const back = Buffer.alloc(data.length)
    expect(await readFully(target, back, 4096)).toBe(data.length)
    expect(back.equals(data)).toBe(true)
    await target.direct?.close()
  })

  it('is the same file when its name has gone to another', async context => {
    if (!(await isSupported())) context.skip()
    const { path, file } = await openBoth()
    const { rename } = await import('node:fs/promises')
    await rename(path, `${path}.old`)
    await writeFile(path, 'other')
    const direct = await DirectFile.open(file)
    await direct!.write(Buffer.from(alignedSharedMemory(4096)).fill(9), 0)
    await direct!.close()
    expect((await readFile(`${path}.old`)).subarray(0, 4096).every(byte => byte === 9)).toBe(true)
    expect(await readFile(path, 'utf8')).toBe('other')
  })

  it('is not to be had for what is no file', async () => {
    const file = await open('/dev/null', 'r+')
    opened.push(file)
    const direct = await DirectFile.open(file)
    expect(direct === undefined || (await direct.write(Buffer.alloc(10), 0)) === 0).toBe(true)
    await direct?.close()
  })
})
