import { mkdtemp, open, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  batchesOf,
  createSynced,
  replaceSynced,
  syncFolder,
  withoutFirst,
  writeAll,
} from '../../../engine/base/atomicFile.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'atomicfile-'))
})
afterEach(() => rm(folder, { recursive: true }))

describe('createSynced', () => {
  it('writes all parts with the given permissions', async () => {
    const path = join(folder, 'a')
    await createSynced(path, [Buffer.from('on'), Buffer.from(''), Buffer.from('e')], { mode: 0o600 })
    expect(await readFile(path, 'utf8')).toBe('one')
    expect((await stat(path)).mode & 0o777).toBe(0o600)
  })

  it('leaves an existing file alone', async () => {
    const path = join(folder, 'a')
    await writeFile(path, 'old')
    await expect(createSynced(path, [Buffer.from('new')], { mode: 0o600 })).rejects.toMatchObject({ code: 'EEXIST' })
    expect(await readFile(path, 'utf8')).toBe('old')
  })

  it('leaves nothing when it is cancelled or held back', async () => {
    const abort = new AbortController()
    const cancelling = createSynced(join(folder, 'a'), [Buffer.from('a')], {
      mode: 0o600,
      signal: abort.signal,
      beforeFirstByte: async () => abort.abort(),
    })
    await expect(cancelling).rejects.toMatchObject({ code: 'run.cancelled' })
    let sizeAtCheck = -1
    const refused = createSynced(join(folder, 'b'), [Buffer.from('b')], {
      mode: 0o600,
      beforeFirstByte: async () => {
        sizeAtCheck = (await stat(join(folder, 'b'))).size
        throw new Error('not here')
      },
    })
    await expect(refused).rejects.toThrow('not here')
    expect(sizeAtCheck).toBe(0)
    expect(await readdir(folder)).toEqual([])
  })
})

describe('replaceSynced', () => {
  it('takes the place of what is there, for this user alone, and of what a crash has left', async () => {
    const path = join(folder, 'a')
    await writeFile(path, 'old', { mode: 0o644 })
    await writeFile(`${path}.new`, 'half')
    await replaceSynced(path, 'new')
    expect(await readFile(path, 'utf8')).toBe('new')
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    expect(await readdir(folder)).toEqual(['a'])
  })
})

describe('syncFolder', () => {
  it('fails for a folder that is not there', async () => {
    await syncFolder(folder)
    await expect(syncFolder(join(folder, 'missing'))).rejects.toMatchObject({ code: 'ENOENT' })
  })
})

describe('writeAll', () => {
  it('goes on where the system wrote less than it was given', async () => {
    const path = join(folder, 'a')
    const parts = Array.from({ length: 50 }, (_, index) => Buffer.alloc(index * 7, index))
    const file = await open(path, 'w')
    let calls = 0
    const sparing = {
      writev: async (batch: Uint8Array[]) => {
        calls++
        const all = Buffer.concat(batch)
        return file.write(all.subarray(0, Math.ceil(all.length / 2)))
      },
    }
    await writeAll(sparing as never, parts)
    await file.close()
    expect(calls).toBeGreaterThan(2)
    expect(Buffer.compare(await readFile(path), Buffer.concat(parts))).toBe(0)
  })

  it('fails rather than waiting for ever for a system that takes nothing', async () => {
    const deaf = { writev: async () => ({ bytesWritten: 0 }) }
    await expect(writeAll(deaf as never, [Buffer.from('a')])).rejects.toMatchObject({ code: 'storage.failed' })
  })
})

describe('batchesOf and withoutFirst', () => {
  const parts = fc.array(fc.uint8Array({ maxLength: 20 }), { maxLength: 12 })

  it('keep all bytes in order, within the limits', () => {
    fc.assert(
      fc.property(parts, fc.integer({ min: 1, max: 30 }), fc.integer({ min: 1, max: 4 }), (parts, bytes, count) => {
        const batches = [...batchesOf(parts, bytes, count)]
        expect(Buffer.compare(Buffer.concat(batches.flat()), Buffer.concat(parts))).toBe(0)
        for (const batch of batches) {
          expect(batch.length).toBeLessThanOrEqual(count)
          expect(Buffer.concat(batch).length).toBeLessThanOrEqual(bytes)
          expect(batch.every(piece => piece.length > 0)).toBe(true)
        }
      }),
    )
  })

  it('drop exactly so many bytes', () => {
    fc.assert(
      fc.property(parts, fc.nat(200), (parts, bytes) => {
        const rest = Buffer.concat(withoutFirst(parts, bytes))
        expect(Buffer.compare(rest, Buffer.concat(parts).subarray(bytes))).toBe(0)
      }),
    )
  })

  it('share the memory of the parts', () => {
    const part = Buffer.alloc(10)
    const [[piece] = []] = [...batchesOf([part], 4)]
    expect(piece?.buffer).toBe(part.buffer)
  })
})
