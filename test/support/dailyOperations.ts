import { join } from 'node:path'
import { expect } from 'vitest'
import type { Session } from '../../engine/engineApi.ts'
import { changedImage, mixedImage, writeImage } from './mixedImage.ts'
import { expectRestores, originalOf } from './repositoryAttack.ts'

/** Does all that a computer does from day to day, and then what it may not; expects that everything but that goes well. */
export async function everyDailyOperation(session: Session, folder: string) {
  const path = join(folder, 'disk.img')
  const first = mixedImage(6_000_000, 'append only')
  await writeImage(path, first)

  const one = await session.backup(path, { name: 'disk' })
  const second = changedImage(first, 'append only, later')
  await writeImage(path, second)
  const two = await session.backup(path, { name: 'disk', labels: { day: 'second' } })
  expect([...one.warnings, ...two.warnings]).toEqual([])
  await expectRestores(session, one.version, originalOf(first), folder)
  await expectRestores(session, two.version, originalOf(second), folder)
  expect((await session.versions()).map(({ id }) => id)).toEqual([one.version, two.version])
  expect(await session.show('latest')).toMatchObject({ id: two.version, status: 'complete' })
  expect((await session.scrub([], {})).damaged).toEqual([])
  expect((await session.scrub([], { percent: 50, light: true })).damaged).toEqual([])
  expect((await session.stats()).versions).toBe(2)
  expect(await session.keys()).toHaveLength(2)
  const added = await session.addKey({ kind: 'keyfile', content: Buffer.alloc(64, 3) }, 'second')
  expect(await session.protect([two.version], true)).toMatchObject([{ protected: true }])
  expect(await session.protect([two.version], false)).toMatchObject([{ protected: false }])
  expect(await session.label('latest', ['kind=root', 'day-'])).toMatchObject({ labels: { kind: 'root' } })
  expect(await session.compare(one.version, two.version)).toBeDefined()
  const disk = await session.openExport(two.version)
  try {
    const read = await disk.read(500_000, 1_000_000)
    expect(second.subarray(500_000, 1_500_000).equals(read)).toBe(true)
  } finally {
    await disk.close()
  }
  expect((await session.repair({})).lost).toEqual([])
  expect((await session.prune({ dryRun: true })).deletedPacks).toBe(0)
  expect((await session.enforce('latest1', { dryRun: true })).removed).toEqual([one.version])

  return { one, two, second, added }
}

/** What removes, or makes space, is refused before anything has changed. */
export async function expectRefusals(session: Session, version: string, key: string) {
  for (const attempt of [
    () => session.prune({}),
    () => session.remove([version], {}),
    () => session.enforce('latest1', {}),
    () => session.removeKey(key),
  ]) {
    await expect(attempt()).rejects.toMatchObject({
      code: 'storage.deleteRefused',
      advice: expect.stringContaining('--credentials-file'),
    })
  }
  expect(await session.versions()).toHaveLength(2)
}
