import { mkdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import type { Logger } from '../base/logger.ts'
import { hideOwnDevices } from '../base/udevRules.ts'
import type { NbdAddress } from './address.ts'
import { AttachedVersion } from './attachedVersion.ts'
import { Attachment, clearLeftovers } from './attachment.ts'
import { AttachmentRecords } from './attachmentRecords.ts'
import { type FilesSystem, filesSystem } from './system.ts'

/** Offers a version on a Unix socket, until it is closed. */
export type Serve = (socketPath: string) => Promise<{ exportName: string; close(): Promise<void> }>

export interface VersionFilesOptions {
  /** Holds the records of what is attached. */
  stateDir: string
  /** For people who ask what is attached. */
  title: string
  serve: Serve
  logger: Logger
  mountPoint?: string | null
  system?: FilesSystem
  signal?: AbortSignal | undefined
}

/** sun_path of unix(7), with the zero byte at its end. */
const longestSocketPath = 107

/**
 * Attaches a version, lets `use` look into it, and takes everything away again, however that ends. What killed processes have left is
 * taken away first. A failure to take something away is only reported when nothing else failed.
 */
export async function withVersionFiles<T>(
  options: VersionFilesOptions,
  use: (version: AttachedVersion, attachment: Attachment) => Promise<T>,
): Promise<T> {
  const { logger, title, signal, mountPoint = null, system = filesSystem } = options
  const records = new AttachmentRecords(options.stateDir)
  await clearLeftovers({ records, system, logger })
  const attachment = await Attachment.begin({ records, system, logger, title, mountPoint })
  let failed = true
  let server: Awaited<ReturnType<Serve>> | undefined
  try {
    if (system.isRoot) await hideOwnDevices(system.run, logger)
    const socketPath = await socketPathFor(attachment)
    const served = attachment.height
    await attachment.step({ kind: 'file', path: socketPath }, async () => {
      server = await options.serve(socketPath)
    })
    const address: NbdAddress = { socketPath, exportName: server!.exportName }
    try {
      const result = await use(await AttachedVersion.attach(attachment, address, signal), attachment)
      failed = false
      return result
    } finally {
      // The server answers until the last user of it is gone.
      await quietly(failed, logger, () => attachment.undo(served + 1))
    }
  } finally {
    await server?.close().catch(error => logger.warn('the server of a version did not end well', { error }))
    await quietly(failed, logger, () => attachment.end())
  }
}

/** Where the server of an attachment listens: in its folder, or in one whose path is short enough for a socket. */
export async function socketPathFor(attachment: Attachment): Promise<string> {
  const path = `${attachment.folder}/nbd.sock`
  if (Buffer.byteLength(path) <= longestSocketPath) return path
  const folder = `${tmpdir()}/${attachment.id}`
  await attachment.step({ kind: 'folder', path: folder }, () => mkdir(folder, { mode: 0o700 }))
  return `${folder}/nbd.sock`
}

async function quietly(failed: boolean, logger: Logger, act: () => Promise<void>): Promise<void> {
  try {
    await act()
  } catch (error) {
    if (!failed) throw error
    logger.warn('not everything that was attached could be taken away', { error })
  }
}
