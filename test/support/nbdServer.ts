import { join } from 'node:path'
import { afterEach, beforeEach, expect } from 'vitest'
import { createLogger } from '../../engine/base/logger.ts'
import { type Listener, listenUnix } from '../../engine/nbd/listen.ts'
import { NbdServer, type NbdServerOptions } from '../../engine/nbd/server.ts'
import { NbdClient } from './nbdClient.ts'
import { useTemporaryFolder } from './temporaryFolder.ts'

/** Repeats until it holds; the test's own limit ends what never does. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise(resolve => setTimeout(resolve, 5))
}

export interface TestNbdServer {
  readonly server: NbdServer
  readonly listener: Listener
  readonly socket: string
  /** Lines of its log. */
  readonly logged: string[]
  serve(options: Omit<NbdServerOptions, 'log'>): Promise<void>
  /** A client that is closed after the test. */
  attach(name?: string, options?: { structured?: boolean; contexts?: boolean }): Promise<NbdClient>
  greet(flags?: number): Promise<NbdClient>
}

/** A server for each test. After the test, with all clients gone, nothing may be left of them. */
export function useNbdServer(): TestNbdServer {
  const folder = useTemporaryFolder()
  const clients: NbdClient[] = []
  const state = { server: undefined as NbdServer | undefined, listener: undefined as Listener | undefined }
  const logged: string[] = []
  const keep = (client: NbdClient) => {
    clients.push(client)
    return client
  }
  const test: TestNbdServer = {
    get server() {
      return state.server!
    },
    get listener() {
      return state.listener!
    },
    get socket() {
      return join(folder.path, 'nbd.sock')
    },
    logged,
    async serve(options) {
      state.server = new NbdServer({ ...options, log: createLogger({ write: line => void logged.push(line) }) })
      state.listener = await listenUnix(state.server, test.socket)
    },
    attach: async (name, options) => keep(await NbdClient.attached(test.socket, name, options)),
    greet: async flags => keep(await NbdClient.greeted(test.socket, flags)),
  }
  beforeEach(() => {
    logged.length = 0
  })
  afterEach(async () => {
    for (const client of clients.splice(0)) await client.destroy()
    const { server, listener } = state
    if (!server) return
    await until(() => server.stats.connections === 0)
    expect(server.stats).toEqual({ connections: 0, negotiating: 0, requests: 0, heldBytes: 0, waiting: 0 })
    await listener?.close()
    await server.stop()
    state.server = undefined
  })
  return test
}
