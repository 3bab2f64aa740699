import { existsSync } from 'node:fs'
import { chown, mkdir, rename, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { freeBytesAt, makeTargetFolder, openTargetFolder } from '../../../../engine/helper/files/targetFolder.ts'
import { useTemporaryFolder } from '../../../support/temporaryFolder.ts'

const folder = useTemporaryFolder()
const alice = { uid: 1000, gid: 1000 }
const at = (name: string) => join(folder.path, name)
const wish = (name: string, more: { owner?: typeof alice | null; repositoryPaths?: string[] } = {}) => ({
  ...{ path: at(name), owner: null, repositoryPaths: [], ...more },
  rules: { mode: 'system', own: [at('state')] } as const,
})
const refused = (code: string) => expect.objectContaining({ code })

test('a folder that is there is opened, one whose last part is missing may be made, and nothing else', async () => {
  await mkdir(at('there'))
  await writeFile(at('file'), '')
  await (await openTargetFolder(wish('there')))!.close()
  expect(await openTargetFolder(wish('there/new'))).toBeUndefined()
  expect(existsSync(at('there/new'))).toBe(false)
  await expect(openTargetFolder(wish('there/new/deeper'))).rejects.toThrow(refused('target.notFound'))
  await expect(openTargetFolder(wish('file'))).rejects.toThrow(refused('target.notFound'))
  expect(await freeBytesAt(at('there/new'))).toBeGreaterThan(0)
})

test('folders of the helper, of repositories and behind links are refused', async () => {
  await mkdir(at('repository'))
  await mkdir(at('there'))
  await symlink(at('there'), at('link'))
  await expect(openTargetFolder(wish('state/x'))).rejects.toThrow(refused('usage.invalid'))
  await expect(openTargetFolder(wish('link'))).rejects.toThrow(refused('usage.invalid'))
  await expect(openTargetFolder(wish('link/new'))).rejects.toThrow(refused('usage.invalid'))
  const repositoryPaths = [at('repository')]
  for (const name of ['repository', 'repository/new']) {
    await expect(openTargetFolder(wish(name, { repositoryPaths }))).rejects.toThrow(refused('target.holdsRepository'))
  }
  expect(await openTargetFolder(wish('repository-of-mine', { repositoryPaths }))).toBeUndefined()
})

test('one that was made is taken away again unless something is in it', async () => {
  for (const isUsed of [false, true]) {
    const target = await makeTargetFolder(wish('new'))
    if (isUsed) await writeFile(at('new/file'), '')
    await target.discard()
    await target.close()
    expect(existsSync(at('new'))).toBe(isUsed)
  }
  const known = await makeTargetFolder(wish('new'))
  await known.discard()
  await known.close()
  expect(existsSync(at('new'))).toBe(true)
})

describe.skipIf(process.getuid?.() !== 0)('for somebody without rights', () => {
  test('it is theirs, and made in a folder of theirs alone', async () => {
    await mkdir(at('theirs'))
    await mkdir(at('own'))
    await chown(at('own'), alice.uid, alice.gid)
    for (const name of ['theirs', 'theirs/new']) {
      await expect(openTargetFolder(wish(name, { owner: alice }))).rejects.toThrow(refused('access.denied'))
      await expect(makeTargetFolder(wish(name, { owner: alice }))).rejects.toThrow(refused('access.denied'))
    }
    const target = await makeTargetFolder(wish('own/new', { owner: alice }))
    expect(await stat(at('own/new'))).toMatchObject(alice)
    // Whatever becomes of its name: what is taken away is looked for where it was made.
    await rename(at('own'), at('moved'))
    await mkdir(join(at('own'), 'new'), { recursive: true })
    await target.discard()
    await target.close()
    expect(existsSync(at('own/new'))).toBe(true)
    expect(existsSync(at('moved/new'))).toBe(false)
  })
})
