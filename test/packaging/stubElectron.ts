import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/**
 * What electron-builder needs of an unpacked Electron: the names of its files, and in the program the place where fuses are. The
 * program itself only prints its arguments.
 */
export async function makeStubElectron(folder: string, version: string): Promise<string> {
  const put = async (name: string, content: string | Buffer, mode = 0o644) => {
    await mkdir(dirname(join(folder, name)), { recursive: true })
    await writeFile(join(folder, name), content, { mode })
  }
  // As @electron/fuses finds it: a mark, the version of the list, its length, one digit for each fuse.
  const fuses = Buffer.concat([Buffer.from('dL7pKGdnNz796PbbjQWNKmHXBZaB9tsX\x01\x09'), Buffer.from('101100011')])
  await put('electron', Buffer.concat([Buffer.from('#!/bin/sh\necho "$@"\nexit 0\n'), fuses]), 0o755)
  for (const name of ['chrome-sandbox', 'chrome_crashpad_handler']) await put(name, '', 0o755)
  for (const name of ['LICENSE', 'LICENSES.chromium.html', 'icudtl.dat', 'libffmpeg.so', 'resources.pak']) {
    await put(name, name)
  }
  for (const language of ['de', 'en-US', 'fr']) await put(`locales/${language}.pak`, language)
  await put('version', version)
  return folder
}
