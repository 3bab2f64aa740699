import type { Logger } from '../base/logger.ts'
import type { ExportList } from '../nbd/export.ts'
import { listenUnix } from '../nbd/listen.ts'
import { NbdServer } from '../nbd/server.ts'
import type { Serve } from './versionFiles.ts'

/** Offers the default export of a list, in this process and to this user alone. */
export const serveDefault =
  (exports: ExportList, log: Logger): Serve =>
  async socketPath => {
    const server = new NbdServer({ exports, log })
    const listener = await listenUnix(server, socketPath)
    return {
      exportName: '',
      async close() {
        await listener.close()
        await server.stop()
      },
    }
  }
