import type { Logger } from '../../base/logger.ts'
import { hideOwnDevices } from '../../base/udevRules.ts'
import { HoldfastError } from '../../contract/errors.ts'
import type { Destination } from '../../contract/jobs.ts'
import type { Engine } from '../../engineApi.ts'
import { uriOf } from '../../files/address.ts'
import { Attachment } from '../../files/attachment.ts'
import { AttachmentRecords } from '../../files/attachmentRecords.ts'
import { type FilesSystem, filesSystem } from '../../files/system.ts'
import { socketPathFor } from '../../files/versionFiles.ts'
import { attachWritable, flushDevice, requireUnused } from '../../files/writableDevice.ts'
import type { ExportList, WritableExport } from '../../nbd/export.ts'
import { listenUnix } from '../../nbd/listen.ts'
import { NbdServer } from '../../nbd/server.ts'
import type { Connector } from '../connection.ts'
import { withDestination } from '../openDestination.ts'

/** A writable copy that is offered as a device. */
export interface AttachedCopy {
  device: string | null
  uri: string
  /** Takes it away when nobody uses it; files.busy otherwise, and it stays. Everything that was written is durable then. */
  detach(): Promise<void>
  /** Takes it away from whoever uses it. What was flushed is durable. */
  end(): Promise<void>
}

/** Offers the overlay `id`, of the repository of a destination. Fails as Session.openOverlay and withDestination do. */
export type AttachCopy = (destination: Destination, id: string, title: string) => Promise<AttachedCopy>

export interface CopyAttacherDeps {
  connector: Connector
  engine: Engine
  stateDir: string
  logger: Logger
  system?: FilesSystem
}

export function copyAttacher(deps: CopyAttacherDeps): AttachCopy {
  const { logger, stateDir, system = filesSystem } = deps
  return async (destination, id, title) => {
    const ready = Promise.withResolvers<AttachedCopy>()
    const over = Promise.withResolvers<void>()
    const never = new AbortController().signal
    const done = withDestination(deps, destination, never, async session => {
      const overlay = await session.openOverlay(id)
      try {
        const records = new AttachmentRecords(stateDir)
        const attachment = await Attachment.begin({ records, system, logger, title })
        try {
          await serve(attachment, overlay, logger, async served => {
            const end = async () => {
              over.resolve()
              await done
            }
            const detach = async () => {
              if (served.others() > 0) throw inUse(served.uri)
              if (served.device !== null) {
                await requireUnused(served.device)
                await flushDevice(system, served.device)
              }
              await end()
            }
            ready.resolve({ device: served.device, uri: served.uri, detach, end })
            await over.promise
            // Whoever still has it open loses only what is written from now on.
            if (served.device !== null) {
              await flushDevice(system, served.device).catch(error =>
                logger.warn('a copy was not flushed', { id, error }),
              )
            }
          })
        } finally {
          await attachment.end()
        }
      } finally {
        await overlay.close()
      }
    })
    done.catch(ready.reject)
    return await ready.promise
  }
}

interface Served {
  device: string | null
  uri: string
  /** Clients besides the device. */
  others(): number
}

async function serve(
  attachment: Attachment,
  overlay: WritableExport,
  logger: Logger,
  use: (served: Served) => Promise<void>,
): Promise<void> {
  if (attachment.system.isRoot) await hideOwnDevices(attachment.system.run, logger)
  const socketPath = await socketPathFor(attachment)
  const address = { socketPath, exportName: '' }
  const server = new NbdServer({ exports: onlyExport(overlay), log: logger })
  const height = attachment.height
  const listener = await attachment.step({ kind: 'file', path: socketPath }, () => listenUnix(server, socketPath))
  try {
    try {
      const device = (await attachWritable(attachment, address)) ?? null
      const own = server.stats.connections
      await use({ device, uri: uriOf(address), others: () => server.stats.connections - own })
    } finally {
      // The server answers until its last user is gone.
      await attachment.undo(height + 1)
    }
  } finally {
    await listener.close()
    await server.stop()
  }
}

/** The same export for all clients; it is closed when the last of them has gone and the copy is detached. */
function onlyExport(overlay: WritableExport): ExportList {
  const shared = new Proxy(overlay, {
    get(target, name) {
      if (name === 'close') return async () => undefined
      const value = Reflect.get(target, name, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
  return {
    list: async () => [{ name: overlay.name, description: overlay.description }],
    open: async name => (name === '' || name === overlay.name ? shared : undefined),
  }
}

const inUse = (uri: string) =>
  new HoldfastError('files.busy', 'A program is connected to the copy.', {
    advice: 'End the virtual machine or the tool that has it open, and try again.',
    details: { uri },
    retryable: true,
  })
