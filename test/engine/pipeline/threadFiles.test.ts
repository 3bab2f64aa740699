import { execFileSync } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { mkdir, open, readFile, rename, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { alignedSharedMemory } from '../../../engine/base/alignedMemory.ts'
import { DirectFile } from '../../../engine/base/directFile.ts'
import { randomBytes } from '../../../engine/base/random.ts'
import { ThreadFiles, writeInThread } from '../../../engine/pipeline/threadFiles.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'

const folder = useTemporaryFolder()
const at = (name: string) => join(folder.path, name)

describe('files that a thread reads', () => {
  it('give the bytes asked for, also of many files in turn', async () => {
    const files = new ThreadFiles()
    const contents = Array.from({ length: 9 }, () => randomBytes(50_000))
    for (const [i, content] of contents.entries()) await writeFile(at(`f${i}`), content)
    for (let round = 0; round < 3; round++) {
      for (const [i, content] of contents.entries()) {
        const into = Buffer.alloc(20_000)
        expect(files.read(at(`f${i}`), into, 7_000 * round)).toBe(true)
        expect(into.equals(content.subarray(7_000 * round, 7_000 * round + 20_000))).toBe(true)
        expect(files.sizeOf(at(`f${i}`))).toBe(50_000)
      }
    }
    files.close()
  })

  it('are not believed when they are too short, missing, or no files', { timeout: 20_000 }, async () => {
    const files = new ThreadFiles()
    const into = Buffer.alloc(1000)
    await writeFile(at('short'), randomBytes(1500))
    expect(files.read(at('short'), into, 500)).toBe(true)
    expect(files.read(at('short'), into, 501)).toBe(false)
    await truncate(at('short'), 900)
    expect(files.read(at('short'), into, 0)).toBe(false)
    expect(files.read(at('missing'), into, 0)).toBe(false)
    expect(files.sizeOf(at('missing'))).toBeUndefined()
    await mkdir(at('folder'))
    expect(files.read(at('folder'), into, 0)).toBe(false)
    expect(files.sizeOf(at('folder'))).toBeUndefined()
    // Nobody writes to it: waiting for that would take for ever.
    execFileSync('mkfifo', [at('pipe')])
    expect(files.read(at('pipe'), into, 0)).toBe(false)
    expect(files.sizeOf(at('pipe'))).toBeUndefined()
    files.close()
  })

  it('are opened anew after trouble', async () => {
    const files = new ThreadFiles()
    const into = Buffer.alloc(1000)
    await writeFile(at('pack'), randomBytes(500))
    expect(files.read(at('pack'), into, 0)).toBe(false)
    const whole = randomBytes(1000)
    await writeFile(at('new'), whole)
    await rename(at('new'), at('pack'))
    expect(files.read(at('pack'), into, 0)).toBe(true)
    expect(into.equals(whole)).toBe(true)
    files.close()
  })
})

describe('what a thread writes', () => {
  it('is all there, whether it is aligned or not', async () => {
    const file = await open(at('target'), 'w+')
    const direct = await DirectFile.open(file)
    const memory = Buffer.from(alignedSharedMemory(128 * 1024))
    memory.set(randomBytes(memory.length))
    const wanted = Buffer.alloc(300_000)
    const ways = [
      { from: 0, length: 131_072, offset: 8192 },
      { from: 4096, length: 5000, offset: 4096 },
      { from: 17, length: 4096, offset: 200_001 },
    ]
    for (const directFd of [direct?.fd, undefined]) {
      for (const { from, length, offset } of ways) {
        const data = memory.subarray(from, from + length)
        expect(await writeInThread({ fd: file.fd, directFd }, data, offset)).toBe(true)
        wanted.set(data, offset)
      }
    }
    await direct?.close()
    await file.close()
    expect((await readFile(at('target'))).equals(wanted.subarray(0, 204_097))).toBe(true)
  })

  it('is known to be incomplete when there is no room or no right to write', async () => {
    const data = Buffer.alloc(8192, 1)
    const full = openSync('/dev/full', 'r+')
    expect(await writeInThread({ fd: full, directFd: undefined }, data, 0)).toBe(false)
    closeSync(full)
    await writeFile(at('kept'), 'kept')
    const readable = openSync(at('kept'), 'r')
    expect(await writeInThread({ fd: readable, directFd: readable }, data, 0)).toBe(false)
    closeSync(readable)
    expect(await readFile(at('kept'), 'utf8')).toBe('kept')
  })
})
