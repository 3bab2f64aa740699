import { spawn } from 'node:child_process'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { randomHex } from '../../base/random.ts'

type Environment = Readonly<Record<string, string | undefined>>

export const hasDisplay = (env: Environment): boolean => Boolean(env.WAYLAND_DISPLAY || env.DISPLAY)

/**
 * Shows an address in the person's browser. It goes by way of a file that only this person can read, because everybody on a
 * computer sees the arguments of programs, and who sees the token first has it. False when there is nothing to open it
 * with. `remove` deletes the file.
 */
export async function openBrowser(
  url: string,
  { env, folder }: { env: Environment; folder: string },
): Promise<{ isOpen: boolean; remove: () => Promise<void> }> {
  const path = join(folder, `open-${randomHex(8)}.html`)
  const link = url.replace(/&/g, '&amp;').replace(/"/g, '&quot;')
  const page = `<!doctype html><meta charset="utf-8"><meta http-equiv="refresh" content="0; url=${link}"><title>Holdfast</title><a href="${link}">Open Holdfast</a>\n`
  await mkdir(folder, { recursive: true, mode: 0o700 })
  await writeFile(path, page, { mode: 0o600, flag: 'wx' })
  const isOpen = await new Promise<boolean>(resolve => {
    const child = spawn('xdg-open', [path], { env: { ...env }, detached: true, stdio: 'ignore' })
    child.once('error', () => resolve(false))
    child.once('spawn', () => {
      child.unref()
      resolve(true)
    })
  })
  const remove = () => rm(path, { force: true })
  if (!isOpen) await remove()
  return { isOpen, remove }
}
