import { createHash } from 'node:crypto'
import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { randomBytes } from '../../../engine/base/random.ts'
import { createEngine } from '../../../engine/engine.ts'
import type { Engine, Session } from '../../../engine/engineApi.ts'
import { OverlayStore } from '../../../engine/nbd/overlayStore.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'

const folder = useTemporaryFolder()
const mib = 1024 * 1024
const secret = { kind: 'keyfile' as const, content: Buffer.alloc(64, 3) }
let engine: Engine
let session: Session
let image: Buffer
let version: string

const path = (...names: string[]) => join(folder.path, ...names)
const hash = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
const restored = async (spec: string): Promise<string> => {
  const target = path(`restored-${Math.random()}`)
  await session.restore(spec, target, {})
  return hash(await readFile(target))
}

beforeEach(async () => {
  engine = createEngine({ stateDir: path('state') })
  await engine.init(path('repository'), secret)
  image = Buffer.concat([randomBytes(6 * mib), Buffer.alloc(2 * mib), randomBytes(mib + 700)])
  await writeFile(path('disk.img'), image)
  session = await engine.open(path('repository'), secret)
  version = (await session.backup(path('disk.img'), { name: 'disk' })).version
})
afterEach(() => session.close())

async function written(changes: [offset: number, bytes: Buffer][], zeroed?: { offset: number; length: number }) {
  const id = await session.createOverlay('disk:latest')
  const device = await session.openOverlay(id)
  for (const [offset, bytes] of changes) await device.write(offset, bytes)
  if (zeroed) await device.trim(zeroed.offset, zeroed.length)
  await device.close()
  const model = Buffer.from(image)
  for (const [offset, bytes] of changes) bytes.copy(model, offset)
  if (zeroed) model.fill(0, zeroed.offset, zeroed.offset + zeroed.length)
  return { id, model }
}

describe('what was written to a version', () => {
  it('becomes a new version, protected and labelled, of which only the changes are stored; the old one stays', async () => {
    const changes: [number, Buffer][] = [
      [100, randomBytes(3000)],
      [5 * mib, randomBytes(100_000)],
      [image.length - 5, randomBytes(5)],
    ]
    const { id, model } = await written(changes, { offset: mib, length: 512 * 1024 })
    const result = await session.commitOverlay(id)
    expect(result).toMatchObject({
      name: 'disk',
      method: 'hints',
      status: 'complete',
      hintsRejected: false,
      warnings: [],
    })
    expect(result.newBytes).toBeLessThan(300_000)
    expect(result.readBytes).toBeLessThan(300_000)
    const [kept] = await session.versions(`id == "${result.version}"`)
    expect(kept).toMatchObject({ protected: true, labels: { 'copy-of': version } })
    expect(await restored(result.version)).toBe(hash(model))
    expect(await restored(version)).toBe(hash(image))
    expect(await engine.overlays()).toEqual([])
    expect(await readdir(path('state', 'overlays'))).toEqual([])
    await expect(session.remove([result.version], {})).rejects.toMatchObject({ code: 'repository.versionProtected' })
  })

  it('is listed until it is kept or discarded, can be gone on with, and is for its owner alone', async () => {
    const { id } = await written([[4096, randomBytes(8192)]])
    expect(await engine.overlays()).toMatchObject([
      { id, version, name: 'disk', sizeBytes: image.length, changedBytes: 8192, inUse: false, isDamaged: false },
    ])
    expect((await stat(path('state', 'overlays', id))).mode & 0o777).toBe(0o700)
    for (const name of await readdir(path('state', 'overlays', id))) {
      expect((await stat(path('state', 'overlays', id, name))).mode & 0o077).toBe(0)
    }
    const device = await session.openOverlay(id)
    await expect(session.openOverlay(id)).rejects.toMatchObject({ code: 'config.inUse' })
    await expect(engine.discardOverlay(id)).rejects.toMatchObject({ code: 'config.inUse' })
    expect(await engine.overlays()).toMatchObject([{ id, inUse: true }])
    await device.write(0, Buffer.from('more'))
    await device.close()
    expect(await engine.overlays()).toMatchObject([{ id, changedBytes: 12_288, inUse: false }])
    await engine.discardOverlay(id)
    expect(await engine.overlays()).toEqual([])
    await expect(session.openOverlay(id)).rejects.toMatchObject({ code: 'config.notFound' })
  })

  it('is not in use because others ask at the same moment whether it is', async () => {
    await written([[4096, randomBytes(8192)]])
    const lists = await Promise.all(Array.from({ length: 20 }, () => engine.overlays()))
    expect(lists.map(([overlay]) => overlay?.inUse)).toEqual(lists.map(() => false))
  })

  it('is opened whatever of a new journal a killed process has left, and nothing of that stays', async () => {
    const { id, model } = await written([[0, randomBytes(5000)]])
    const journal = path('state', 'overlays', id, 'journal')
    const whole = await readFile(journal)
    for (const left of [Buffer.alloc(0), whole.subarray(0, 30), whole]) {
      await writeFile(`${journal}.new`, left)
      const device = await session.openOverlay(id)
      expect(hash(await device.read(0, image.length))).toBe(hash(model))
      await device.close()
      expect(await readdir(path('state', 'overlays', id))).not.toContain('journal.new')
    }
    // The file that replaces it is for its owner alone, too, and what is appended then goes to it.
    const opened = await new OverlayStore(path('state')).open(id)
    const next = await opened.replaceJournal(whole)
    await next.close()
    await Promise.all([opened.data.close(), opened.journal.close()])
    await opened.release()
    expect((await stat(journal)).mode & 0o777).toBe(0o600)
    expect((await readFile(journal)).equals(whole)).toBe(true)
  })

  it('keeps its version from being removed', async () => {
    const { id } = await written([[0, Buffer.from('x')]])
    await expect(session.remove([version], {})).rejects.toMatchObject({ code: 'repository.versionProtected' })
    await session.backup(path('disk.img'), { name: 'disk' })
    expect((await session.enforce('latest1', {})).removed).toEqual([])
    await engine.discardOverlay(id)
    expect((await session.enforce('latest1', {})).removed).toEqual([version])
  })

  it('is not kept when it is nothing, of another repository, or its version is gone', async () => {
    const empty = await session.createOverlay(version)
    await expect(session.commitOverlay(empty)).rejects.toMatchObject({ code: 'usage.invalid' })
    await engine.init(path('other'), secret)
    const other = await engine.open(path('other'), secret)
    const { id } = await written([[0, Buffer.from('x')]])
    await expect(other.commitOverlay(id)).rejects.toMatchObject({ code: 'usage.invalid' })
    await other.close()
    // Another computer knows nothing of the overlay.
    const elsewhere = await createEngine({ stateDir: path('elsewhere') }).open(path('repository'), secret)
    await elsewhere.remove([version], {})
    await elsewhere.close()
    await expect(session.commitOverlay(id)).rejects.toMatchObject({ code: 'repository.versionNotFound' })
    expect((await engine.overlays()).map(overlay => overlay.inUse)).toEqual([false, false])
  })
})
