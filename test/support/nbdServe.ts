import { readFile } from 'node:fs/promises'
import { createSecureContext } from 'node:tls'
import { createLogger } from '../../engine/base/logger.ts'
import { listenUnix } from '../../engine/nbd/listen.ts'
import { NbdServer } from '../../engine/nbd/server.ts'
import { MemoryDisk, memoryExports } from './memoryExport.ts'

/**
 * Serves one disk in memory to foreign programs until SIGTERM: node nbdServe.ts SOCKET 'JSON of ServeOptions'. Says "ready" on
 * standard output.
 */
export interface ServeOptions {
  sizeBytes: number
  /** File that the disk begins with. */
  content?: string
  isReadOnly?: boolean
  damaged?: { offset: number; length: number }[]
  tls?: { cert: string; key: string; isRequired: boolean }
}

const [socket, json] = process.argv.slice(2)
const options: ServeOptions = JSON.parse(json!)
const disk = new MemoryDisk(options.content === undefined ? options.sizeBytes : await readFile(options.content))
for (const { offset, length } of options.damaged ?? []) disk.fail(offset, length)
const { tls } = options
const server = new NbdServer({
  exports: memoryExports({
    disk: { disk, isReadOnly: options.isReadOnly ?? false, preferredBlockBytes: 32_768 },
    'other one': { disk: new MemoryDisk(4096), description: 'a small one' },
  }),
  ...(tls ? { tls: { context: createSecureContext(tls), isRequired: tls.isRequired } } : {}),
  log: createLogger({ level: 'warn' }),
})
const listener = await listenUnix(server, socket!)
process.on('SIGTERM', async () => {
  await listener.close()
  await server.stop()
})
process.stdout.write('ready\n')
