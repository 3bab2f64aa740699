import { constants } from 'node:fs'
import { access, stat } from 'node:fs/promises'
import { HoldfastError } from '../contract/errors.ts'
import { type NbdAddress, uriOf } from './address.ts'
import type { Attachment } from './attachment.ts'
import { startInBackground } from './background.ts'
import { mountAt, needProgram } from './system.ts'
import { waitFor } from './waiting.ts'

const mountMs = 30_000

/** Whether programs in user space may serve file systems here. */
export const hasFuse = (): Promise<boolean> =>
  access('/dev/fuse', constants.R_OK | constants.W_OK).then(
    () => true,
    () => false,
  )

/**
 * Shows an export as a file, by nbdfuse of libnbd. The program ends when its file system is unmounted. Fails with config.invalid
 * when it, or fusermount3 where we are not root, is not installed.
 */
export async function attachFuseNbd(
  attachment: Attachment,
  address: NbdAddress,
  signal?: AbortSignal,
  { writable = false }: { writable?: boolean } = {},
): Promise<string> {
  const program = await needProgram(attachment.system, 'nbdfuse', 'attach a version')
  if (!attachment.system.isRoot) await needProgram(attachment.system, 'fusermount3', 'attach a version')
  const mountPoint = await attachment.makeFolder('nbd')
  const file = `${mountPoint}/disk`
  await attachment.step({ kind: 'fuse', mountPoint }, async () => {
    const server = startInBackground(program, [...(writable ? [] : ['--readonly']), file, uriOf(address)])
    const isReady = await waitFor(
      async () => {
        if (server.ended()) return false
        if (!(await mountAt(mountPoint))) return undefined
        return (await stat(file).catch(() => undefined)) && true
      },
      { timeoutMs: mountMs, signal },
    )
    if (isReady) return
    throw new HoldfastError('config.invalid', 'The version cannot be shown as a file with FUSE.', {
      advice: 'See what nbdfuse said (--debug); users may need to be allowed to use /dev/fuse.',
      details: { program, said: server.ended()?.said ?? `not ready within ${mountMs} ms` },
    })
  })
  return file
}
