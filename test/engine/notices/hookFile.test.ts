import { chmod, chown, mkdir, realpath, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { findHook, type HookPathFacts, listHooks, refusalOf } from '../../../engine/notices/hookFile.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'

const temporary = useTemporaryFolder()
const ownerUid = process.getuid!()
let folder = ''

beforeEach(async () => {
  folder = join(await realpath(temporary.path), 'hooks.d')
  await mkdir(folder, { mode: 0o755 })
})

const find = (name: string, path = folder, owner = ownerUid) => findHook(name, { path, ownerUid: owner })
const write = async (name: string, mode = 0o755) => {
  await writeFile(join(folder, name), '#!/bin/sh\n')
  await chmod(join(folder, name), mode)
}

describe('a hook file', () => {
  it('may be run when only its owner can change it', async () => {
    await write('freeze-db')
    expect(await find('freeze-db')).toEqual({ path: join(folder, 'freeze-db') })
  })

  it.each(['../evil', '/bin/sh', 'a/b', '', '.', '..', 'UPPER', 'a b', 'a.sh', 'ä', 'a\n', 'x'.repeat(65)])(
    'may not be called %j',
    async name => {
      expect((await find(name)).refusal).toMatch(/its name/)
    },
  )

  it.each([
    [0o775, /changed by others/],
    [0o757, /changed by others/],
    [0o644, /not executable/],
  ])('with the mode %o is refused', async (mode, reason) => {
    await write('hook', mode)
    expect((await find('hook')).refusal).toMatch(reason)
  })

  it('is refused when it is a symbolic link, whatever to', async () => {
    await symlink('/bin/true', join(folder, 'elsewhere'))
    await write('real')
    await symlink('real', join(folder, 'alias'))
    expect((await find('elsewhere')).refusal).toMatch(/symbolic link/)
    expect((await find('alias')).refusal).toMatch(/symbolic link/)
  })

  it('is refused when it is a folder or missing', async () => {
    await mkdir(join(folder, 'sub'))
    expect((await find('sub')).refusal).toMatch(/is no file/)
    expect((await find('missing')).refusal).toMatch(/missing does not exist/)
    expect((await find('x', join(folder, 'nowhere'))).refusal).toMatch(/nowhere.* does not exist/)
  })

  it('is refused when its folder can be changed by others, also with the sticky bit', async () => {
    await write('hook')
    for (const mode of [0o775, 0o777, 0o1777]) {
      await chmod(folder, mode)
      expect((await find('hook')).refusal).toMatch(/hooks\.d can be changed by others/)
    }
  })

  it('is refused when a folder above can be changed by others', async () => {
    await write('hook')
    await chmod(join(folder, '..'), 0o777)
    expect((await find('hook')).refusal).toMatch(/can be changed by others/)
  })

  it('is refused when a folder on the way is a symbolic link', async () => {
    await write('hook')
    await symlink(folder, join(temporary.path, 'link'))
    expect((await find('hook', join(folder, '..', 'link'))).refusal).toMatch(/link is a symbolic link/)
  })

  it('is refused when it belongs to somebody else than root, unless told otherwise', async () => {
    await write('hook')
    if (ownerUid === 0) await chown(join(folder, 'hook'), 65_534, 65_534)
    expect((await findHook('hook', { path: folder })).refusal).toMatch(/belongs to user \d+, not to root/)
  })

  it('is listed with why it may not be run; what cannot be a hook is left out', async () => {
    await write('b-hook')
    await write('a-hook', 0o644)
    await write('README.txt')
    expect(await listHooks({ path: folder, ownerUid })).toEqual([
      { name: 'a-hook', refusal: expect.stringContaining('not executable') },
      { name: 'b-hook' },
    ])
    expect(await listHooks({ path: join(folder, 'nowhere') })).toEqual([])
  })
})

describe('who may own what', () => {
  const file: HookPathFacts = { path: '/a/b/hook', kind: 'file', uid: 0, mode: 0o755 }
  const above = (change: Partial<HookPathFacts> = {}): HookPathFacts[] => [
    { path: '/a/b', kind: 'folder', uid: 0, mode: 0o755 },
    { path: '/a', kind: 'folder', uid: 0, mode: 0o755, ...change },
    { path: '/', kind: 'folder', uid: 0, mode: 0o755 },
  ]

  it.each<[string, HookPathFacts[], RegExp | undefined]>([
    ['all root', [file, ...above()], undefined],
    ['file of a user', [{ ...file, uid: 1000 }, ...above()], /belongs to user 1000, not to root/],
    ['folder of a user', [file, ...above({ uid: 1000 })], /\/a belongs to user 1000/],
    ['group may write', [file, ...above({ mode: 0o775 })], /\/a can be changed/],
    ['sticky above', [file, ...above({ mode: 0o1777 })], undefined],
    ['sticky, of a user', [file, ...above({ mode: 0o1777, uid: 1000 })], /belongs to user/],
    ['sticky file', [{ ...file, mode: 0o1777 }, ...above()], /can be changed/],
    ['device', [{ ...file, kind: 'other' }, ...above()], /is no file/],
    ['link above', [file, ...above({ kind: 'link' })], /symbolic link/],
    ['file above', [file, ...above({ kind: 'file' })], /is no folder/],
  ])('%s', (_, chain, reason) => {
    const refusal = refusalOf(chain, [0])
    if (reason === undefined) expect(refusal).toBeUndefined()
    else expect(refusal).toMatch(reason)
  })

  it('another owner is accepted beside root', () => {
    const chain = [{ ...file, uid: 1000 }, ...above()]
    expect(refusalOf(chain, [0, 1000])).toBeUndefined()
    expect(refusalOf(chain, [0, 1001])).toMatch(/belongs to user 1000/)
  })
})
