import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { randomBytes } from '../../../engine/base/random.ts'
import { createEngine } from '../../../engine/engine.ts'
import type { Session } from '../../../engine/engineApi.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'

const folder = useTemporaryFolder()
const kib = 1024
let session: Session
let image: Buffer
let version: string

beforeEach(async () => {
  const engine = createEngine({ stateDir: join(folder.path, 'state') })
  const repository = join(folder.path, 'repository')
  const secret = { kind: 'keyfile' as const, content: Buffer.alloc(64, 3) }
  await engine.init(repository, secret)
  // Data, a hole, data, and a last block that is short.
  image = Buffer.concat([randomBytes(100 * kib), Buffer.alloc(1500 * kib), randomBytes(70 * kib + 5)])
  await writeFile(join(folder.path, 'disk.img'), image)
  session = await engine.open(repository, secret)
  version = (await session.backup(join(folder.path, 'disk.img'), { name: 'disk' })).version
})
afterEach(() => session.close())

test('any range of a version reads as the source was', async () => {
  await session.read(version, async (read, { sizeBytes }) => {
    expect(sizeBytes).toBe(image.length)
    await fc.assert(
      fc.asyncProperty(fc.nat(image.length), fc.nat(300 * kib), async (offset, wanted) => {
        const length = Math.min(wanted, image.length - offset)
        expect((await read({ offset, length })).equals(image.subarray(offset, offset + length))).toBe(true)
      }),
      { numRuns: 60 },
    )
  })
})

test('nothing is read outside of a version or without measure, and no version that is not there', async () => {
  await session.read(version, async read => {
    for (const range of [
      { offset: image.length, length: 1 },
      { offset: -1, length: 1 },
      { offset: 0.5, length: 1 },
      { offset: 0, length: 1024 * kib + 1 },
    ]) {
      await expect(read(range)).rejects.toMatchObject({ code: 'usage.invalid' })
    }
  })
  const missing = session.read('0'.repeat(16), async () => undefined)
  await expect(missing).rejects.toMatchObject({ code: 'repository.versionNotFound' })
})

test('what was altered is never given out', async () => {
  const packs = join(folder.path, 'repository', 'packs')
  for (const name of await readdir(packs, { recursive: true })) {
    const bytes = await readFile(join(packs, name)).catch(() => undefined)
    if (!bytes || bytes.length < 64 * kib) continue
    bytes[bytes.length >> 1]! ^= 1
    await writeFile(join(packs, name), bytes)
  }
  const whole = session.read(version, async read => {
    await read({ offset: 0, length: 100 * kib })
    await read({ offset: 1600 * kib, length: 70 * kib })
  })
  await expect(whole).rejects.toMatchObject({ code: expect.stringMatching(/^integrity\./) })
})

test('two versions are compared through the session', async () => {
  image[50 * kib]! ^= 1
  await writeFile(join(folder.path, 'disk.img'), image)
  const newer = (await session.backup(join(folder.path, 'disk.img'), { name: 'disk' })).version
  expect(await session.compare(version, newer)).toMatchObject({ changedBytes: 32 * kib, sizeBytes: image.length })
  expect(await session.compare(version, version)).toMatchObject({ changedBytes: 0, sameBytes: image.length })
})
