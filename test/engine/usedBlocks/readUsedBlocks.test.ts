import { truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { randomBytes } from '../../../engine/base/random.ts'
import { readUsedBlocks } from '../../../engine/usedBlocks/readUsedBlocks.ts'
import { missingProgram } from '../../support/programs.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'

const folder = useTemporaryFolder()
const noBlkid = missingProgram('blkid')

it('says why when there is nothing', async () => {
  const result = await readUsedBlocks(join(folder.path, 'missing'), { sizeBytes: 4096 })
  expect(result).toMatchObject({ known: false, fileSystem: null })
})

it.skipIf(noBlkid !== undefined)('knows nothing of what holds no file system', async () => {
  const path = join(folder.path, 'noise')
  await writeFile(path, randomBytes(300_000))
  const unknown = { known: false, fileSystem: null, why: 'it holds no file system that is known' }
  expect(await readUsedBlocks(path, { sizeBytes: 300_000 })).toEqual(unknown)
  await writeFile(path, Buffer.alloc(0))
  expect(await readUsedBlocks(path, { sizeBytes: 0 })).toMatchObject({ known: false })
})

it.skipIf(noBlkid !== undefined)('knows nothing of what begins like a file system and is none', async () => {
  const path = join(folder.path, 'head')
  for (const [at, magic] of [
    [0, 'XFSB'],
    [3, 'NTFS    '],
    [0x10040, '_BHRfS_M'],
    [1080, '\x53\xef'],
    [4086, 'SWAPSPACE2'],
  ] as const) {
    const head = randomBytes(0x11000)
    head.write(magic, at, 'latin1')
    await writeFile(path, head)
    await truncate(path, 8 * 1024 * 1024)
    expect(await readUsedBlocks(path, { sizeBytes: 8 * 1024 * 1024 })).toMatchObject({ known: false })
  }
})

it('ends with run.cancelled when it is asked to', async () => {
  const options = { sizeBytes: 4096, signal: AbortSignal.abort() }
  await expect(readUsedBlocks(folder.path, options)).rejects.toMatchObject({ code: 'run.cancelled' })
})
