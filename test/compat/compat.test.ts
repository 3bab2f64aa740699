import { hash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createEngine } from '../../engine/engine.ts'
import type { Secret, Session } from '../../engine/engineApi.ts'
import { formatVersion } from '../../engine/repository/format.ts'
import { mixedImage, writeImage } from '../support/mixedImage.ts'
import { readerSecret, runReader } from '../support/reader.ts'
import { useTemporaryFolder } from '../support/temporaryFolder.ts'
import { type Expected, type Frozen, frozenRepositories, secretsOf, thaw } from './frozen.ts'

const folder = useTemporaryFolder()

/** Opens a fresh copy of a frozen repository on a computer that never saw it. */
async function withThawed(
  frozen: Frozen,
  use: (session: Session) => Promise<void>,
  secret: Secret = secretsOf(frozen.expected)[2]!,
): Promise<void> {
  const path = join(folder.path, 'repository')
  await thaw(frozen, path)
  const session = await createEngine({ stateDir: join(folder.path, 'state') }).open(`file:${path}`, secret)
  try {
    await use(session)
  } finally {
    await session.close()
  }
}

async function expectRestores(session: Session, versions: Expected['versions']): Promise<void> {
  for (const { id, sha256 } of versions) {
    const target = join(folder.path, `restored-${id}`)
    expect(await session.restore(id, target, { force: true })).toMatchObject({ damaged: [] })
    expect(hash('sha256', await readFile(target))).toBe(sha256)
  }
}

async function expectSound(session: Session): Promise<void> {
  const { damaged, checkedBlocks } = await session.scrub([], {})
  expect(damaged).toEqual([])
  expect(checkedBlocks).toBeGreaterThan(0)
}

it('has a frozen repository of the format that is written now', () => {
  const frozen = frozenRepositories()
  expect(frozen.map(({ expected }) => expected.formatVersion)).toContain(formatVersion)
  for (const { name, expected } of frozen) expect(name).toBe(`format-${expected.formatVersion}`)
})

describe.each(frozenRepositories())('the frozen repository $name', frozen => {
  const { expected } = frozen
  const { versions } = expected

  it.each(secretsOf(expected))('opens with its $kind and gives every version back', secret =>
    withThawed(
      frozen,
      async session => {
        const listed = await session.versions()
        const byId = new Map(listed.map(version => [version.id, version]))
        expect(listed).toHaveLength(versions.length)
        for (const { id, sha256: _, ...facts } of versions) {
          expect(byId.get(id)).toMatchObject({ ...facts, status: 'complete', blockSizeBytes: expected.blockSizeBytes })
        }
        await expectRestores(session, versions)
      },
      secret,
    ),
  )

  it('shows its keys, and stays closed to other secrets', async () => {
    await withThawed(frozen, async session => {
      const kinds = (await session.keys()).map(key => key.kind)
      expect(kinds.sort()).toEqual(['keyfile', 'passphrase', 'recovery'])
    })
    const wrong: Secret = { kind: 'passphrase', passphrase: `${expected.secrets.passphrase}.` }
    const opening = withThawed(frozen, async () => undefined, wrong)
    await expect(opening).rejects.toMatchObject({ code: 'repository.wrongKey' })
  })

  it('passes a deep scrub', () => withThawed(frozen, expectSound))

  it('takes new versions, which share blocks with the old ones', () =>
    withThawed(frozen, async session => {
      const old = join(folder.path, 'old')
      await session.restore(versions[0]!.id, old, {})
      const image = Buffer.concat([await readFile(old), mixedImage(100_000, 'added')])
      const path = join(folder.path, 'grown')
      await writeImage(path, image)
      const added = await session.backup(path, { name: 'grown' })
      // The old version's last block was a short one; everything before it is there.
      const shared = Math.floor(versions[0]!.sizeBytes / expected.blockSizeBytes) * expected.blockSizeBytes
      expect(added.newBytes).toBeLessThanOrEqual(image.length - shared)
      expect(added.newBytes).toBeGreaterThan(0)
      const { id, sizeBytes } = { id: added.version, sizeBytes: image.length }
      const facts = { id, name: 'grown', sizeBytes, sha256: hash('sha256', image), protected: false, labels: {} }
      await expectRestores(session, [...versions, facts])
      await expectSound(session)
    }))

  it('prunes what removed versions leave, and keeps the protected ones', () =>
    withThawed(frozen, async session => {
      const kept = versions.filter(version => version.protected)
      expect(kept.length).toBeGreaterThan(0)
      for (const { id } of kept) {
        await expect(session.remove([id], {})).rejects.toMatchObject({ code: 'repository.versionProtected' })
      }
      const removed = versions.filter(version => !version.protected).map(version => version.id)
      await session.remove(removed, {})
      const pruned = await session.prune({})
      expect(pruned.waitingPacks).toBe(0)
      expect(pruned.deletedPacks).toBeGreaterThan(0)
      expect((await session.versions()).map(version => version.id)).toEqual(kept.map(version => version.id))
      expect((await session.prune({})).deletedPacks).toBe(0)
      await expectRestores(session, kept)
      await expectSound(session)
    }))

  it.each(secretsOf(expected))(
    'is read by the stand-alone reader with its $kind, as it lies in the checkout',
    async secret => {
      const args = await readerSecret(secret, folder.path)
      const listed = await runReader([frozen.path, 'list', ...args])
      expect(listed).toMatchObject({ code: 0, stderr: '' })
      const lines = listed.stdout.trimEnd().split('\n')
      for (const [i, { sha256: _, ...facts }] of versions.entries()) {
        expect(JSON.parse(lines[i]!)).toEqual({ ...facts, startedAt: expect.any(String), status: 'complete' })
      }
      expect(lines).toHaveLength(versions.length)
      for (const { id, sha256 } of versions) {
        const target = join(folder.path, `read-${id}`)
        expect(await runReader([frozen.path, 'restore', id, target, ...args])).toMatchObject({ code: 0, stderr: '' })
        expect(hash('sha256', await readFile(target))).toBe(sha256)
      }
    },
  )
})
