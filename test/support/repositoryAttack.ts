import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { expect } from 'vitest'
import { randomHex } from '../../engine/base/random.ts'
import type { ScrubResult } from '../../engine/contract/models.ts'
import type { Secret, Session } from '../../engine/engineApi.ts'
import { folders } from '../../engine/repository/format.ts'
import type { Storage } from '../../engine/storage/storage.ts'

/** A key file's secret: opens at once. */
export const attackSecret = { kind: 'keyfile', content: Buffer.alloc(64, 0x5a) } as const satisfies Secret

/** What the source was when a version was made: its SHA-256 and size. */
export interface Original {
  sizeBytes: number
  sha256: string
}

export const originalOf = (image: Buffer): Original => ({
  sizeBytes: image.length,
  sha256: createHash('sha256').update(image).digest('hex'),
})

export async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path, { highWaterMark: 1024 * 1024 }), hash)
  return hash.digest('hex')
}

/** Restores a version into a new file of `folder` and holds it against what the source was; fails when it differs. */
export async function expectRestores(
  session: Session,
  version: string,
  original: Original,
  folder: string,
): Promise<void> {
  const target = join(folder, `restored-${randomHex(4)}`)
  try {
    const result = await session.restore(version, target, { verify: true })
    expect(result.damaged, `version ${version}`).toEqual([])
    expect(result.verified).toBe(true)
    expect(await hashFile(target), `content of version ${version}`).toBe(original.sha256)
  } finally {
    await rm(target, { force: true })
  }
}

/** Every version that is listed and was made from a known original restores identically; returns how many there were. */
export async function expectAllRestore(
  session: Session,
  originals: ReadonlyMap<string, Original>,
  folder: string,
): Promise<number> {
  let count = 0
  for (const { id } of await session.versions()) {
    const original = originals.get(id)
    if (!original) continue
    await expectRestores(session, id, original, folder)
    count++
  }
  return count
}

/**
 * A deep scrub after a kill finds nothing lost. Of a record that was being written or removed in the moment of the kill one
 * of the two copies may be missing, which costs nothing and which `repair` makes good; nothing else may be reported but what
 * was damaged before the kill, if its reason is `expected`.
 */
export async function expectNothingLost(session: Session, expected?: RegExp): Promise<ScrubResult> {
  const result = await session.scrub([], {})
  expect(result.versions).toEqual([])
  const serious = result.damaged
    .filter(({ reason }) => !/copy of .* is missing; the other copy is sound/.test(reason))
    .filter(({ reason }) => !expected?.test(reason))
  expect(serious).toEqual([])
  if (result.damaged.length > 0) {
    await session.repair({})
    expect((await session.scrub([], {})).damaged).toEqual([])
  }
  return result
}

/** Copies every object of a repository into another storage. */
export async function copyObjects(from: Storage, to: Storage): Promise<void> {
  await to.prepare(folders)
  const top = new Set(folders.map(folder => folder.split('/')[0]!))
  for (const folder of top) {
    for await (const { name } of from.list(folder)) await to.put(name, [await from.get(name)])
  }
  await to.put('config', [await from.get('config')])
}

/** Names of all objects, sorted. */
export async function objectNames(storage: Storage): Promise<string[]> {
  const found = ['config']
  for (const folder of new Set(folders.map(folder => folder.split('/')[0]!))) {
    for await (const { name } of storage.list(folder)) found.push(name)
  }
  return found.sort()
}
