import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { findSystemProgram, runSystemProgram, systemProgramFolders } from '../../../engine/base/systemPrograms.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'

const folder = useTemporaryFolder()

test('a program is found in the folders of the system, in their order, and only when it can be run', async () => {
  const path = join(folder.path, 'tool')
  await writeFile(path, '#!/bin/sh\n')
  await chmod(path, 0o644)
  expect(await findSystemProgram('tool', [folder.path])).toBeUndefined()
  await chmod(path, 0o755)
  expect(await findSystemProgram('tool', ['/nonexistent', folder.path])).toBe(path)
  expect(await findSystemProgram('tool')).toBeUndefined()
})

test('a program sees nothing of our environment, and only the folders of the system', async () => {
  const before = process.env.PATH
  process.env.PATH = `${folder.path}:${before}`
  try {
    const { stdout } = await runSystemProgram('env', [], { failureCode: 'storage.failed', env: { PATH: '/evil' } })
    expect(stdout.toString().trim().split('\n').sort()).toEqual(['LC_ALL=C', `PATH=${systemProgramFolders.join(':')}`])
  } finally {
    process.env.PATH = before
  }
})

test('a program that is not installed is named', async () => {
  await expect(runSystemProgram('no-such-tool', [], { failureCode: 'storage.failed' })).rejects.toMatchObject({
    code: 'config.invalid',
    message: 'The program no-such-tool is not installed.',
  })
})
