import { mkdir, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { checkFolder, isSystemFolder } from '../../../engine/helper/placeRules.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'

const folder = useTemporaryFolder()

test('folders of the system are told from those of people', () => {
  for (const path of ['/', '/proc', '/proc/1', '/dev/shm/x', '/run/user/1000', '/etc/x', '/usr/local', '/run/media']) {
    expect([path, isSystemFolder(path)]).toEqual([path, true])
  }
  for (const path of ['/home/alice', '/mnt/x', '/media/alice/Drive', '/run/media/alice/Drive', '/devices', '/srv']) {
    expect([path, isSystemFolder(path)]).toEqual([path, false])
  }
})

test('a link is followed by a helper without rights, and by no other; never into the system', async () => {
  const real = join(folder.path, 'real')
  await mkdir(real)
  await symlink(real, join(folder.path, 'link'))
  await symlink('/proc', join(folder.path, 'proc'))
  const user = { mode: 'user' as const, own: [join(folder.path, 'state')] }
  const system = { ...user, mode: 'system' as const }
  await checkFolder(join(folder.path, 'link/new'), user)
  await checkFolder(join(folder.path, 'real/new/'), system)
  const invalid = { code: 'usage.invalid' }
  await expect(checkFolder(join(folder.path, 'link/new'), system)).rejects.toMatchObject(invalid)
  await expect(checkFolder(join(folder.path, 'proc/self'), user)).rejects.toMatchObject(invalid)
  for (const path of ['new', './new', `${folder.path}//new`, `${real}/../new`, '/a\0b', join(folder.path, 'state')]) {
    await expect(checkFolder(path, user)).rejects.toMatchObject(invalid)
  }
})
