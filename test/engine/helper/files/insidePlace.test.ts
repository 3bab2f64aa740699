import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { placeInside } from '../../../../engine/helper/files/insidePlace.ts'
import { useTemporaryFolder } from '../../../support/temporaryFolder.ts'

const folder = useTemporaryFolder()
const follow = { followLast: true }

test('only plain ways down from the root are paths', async () => {
  await mkdir(join(folder.path, 'home'))
  expect(await placeInside(folder.path, '', follow)).toBe(folder.path)
  expect(await placeInside(folder.path, 'home', follow)).toBe(join(folder.path, 'home'))
  for (const path of ['/etc', '..', '../x', 'home/..', 'home/../..', './home', 'home//x', 'home/', 'a\0b', '.']) {
    await expect(placeInside(folder.path, path, follow), path).rejects.toMatchObject({ code: 'usage.invalid' })
  }
})

test('links lead to places on the volume, and never out of it', async () => {
  await writeFile(join(folder.path, 'passwd'), 'of the volume')
  await symlink('/passwd', join(folder.path, 'absolute'))
  await symlink('../../../../../../../passwd', join(folder.path, 'upwards'))
  await symlink('/etc/hostname', join(folder.path, 'outside'))
  await symlink('round', join(folder.path, 'round'))
  for (const path of ['absolute', 'upwards']) {
    expect(await placeInside(folder.path, path, follow)).toBe(join(folder.path, 'passwd'))
    expect(await placeInside(folder.path, path, { followLast: false })).toBe(join(folder.path, path))
  }
  for (const path of ['outside', 'round', 'passwd/x']) {
    await expect(placeInside(folder.path, path, follow), path).rejects.toMatchObject({ code: 'files.notFound' })
  }
})
