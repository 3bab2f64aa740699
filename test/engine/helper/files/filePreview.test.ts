import { execFileSync } from 'node:child_process'
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { previewFile } from '../../../../engine/helper/files/filePreview.ts'
import { useTemporaryFolder } from '../../../support/temporaryFolder.ts'

const folder = useTemporaryFolder()

async function preview(content: string | Uint8Array) {
  const path = join(folder.path, 'file.bin')
  await writeFile(path, content)
  return await previewFile(path)
}
const png = Buffer.from('\x89PNG\r\n\x1a\n rest', 'latin1')

test('a text is shown as far as 64 KiB, and not cut in the middle of a character', async () => {
  expect(await preview('für Anna\n')).toEqual({ kind: 'text', text: 'für Anna\n', isWhole: true })
  const long = await preview(`a${'ü'.repeat(40_000)}`)
  expect(long).toEqual({ kind: 'text', text: `a${'ü'.repeat(32_767)}`, isWhole: false })
  const longer = await preview('x'.repeat(70_000))
  expect(longer).toMatchObject({ isWhole: false, text: 'x'.repeat(65_536) })
})

test('pictures are known by what they hold, whatever they are called', async () => {
  expect(await preview(png)).toEqual({ kind: 'picture', type: 'image/png', base64: png.toString('base64') })
  expect(await preview(Buffer.from('\xff\xd8\xff\xe0', 'latin1'))).toMatchObject({ type: 'image/jpeg' })
  expect(await preview('GIF89a..')).toMatchObject({ type: 'image/gif' })
  expect(await preview('RIFF\x01\x02\x03\x04WEBPVP8 ')).toMatchObject({ type: 'image/webp' })
  expect(await preview('RIFF\x01\x02\x03\x04WAVEfmt ')).toEqual({ kind: 'none', reason: 'other' })
  // SVG can hold scripts: it is a text.
  expect(await preview('<svg onload="x()"/>')).toMatchObject({ kind: 'text' })
})

test('what is too large, empty, or neither text nor picture says so', async () => {
  expect(await preview(Buffer.concat([png, Buffer.alloc(600 * 1024)]))).toEqual({ kind: 'none', reason: 'tooLarge' })
  expect(await preview('')).toEqual({ kind: 'none', reason: 'empty' })
  expect(await preview(Buffer.from([0xc3, 0x28]))).toEqual({ kind: 'none', reason: 'other' })
  expect(await preview('a\0b')).toEqual({ kind: 'none', reason: 'other' })
})

test('pipes, sockets, devices, folders and links are not waited for, set in motion or followed', async () => {
  const at = (name: string) => join(folder.path, name)
  execFileSync('mkfifo', [at('pipe')])
  await symlink('/etc/passwd', at('link'))
  await mkdir(at('folder'))
  const server = createServer().listen(at('socket'))
  await new Promise(resolve => server.once('listening', resolve))
  try {
    for (const path of [at('pipe'), at('link'), at('folder'), at('socket'), '/dev/null']) {
      expect(await previewFile(path), path).toEqual({ kind: 'none', reason: 'other' })
    }
  } finally {
    server.close()
  }
})
