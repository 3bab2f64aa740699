import './withoutEval.ts'
import type { AppBridge, BridgeConnection } from '../../../engine/contract/appBridge.ts'
import { pageAddresses } from '../../../engine/contract/appPages.ts'
import { HoldfastError } from '../../../engine/contract/errors.ts'
import { helperContract } from '../../../engine/contract/helperContract.ts'
import { createBridge } from '../../../engine/rpc/bridge.ts'
import { connectClient, type Sleeper } from '../../../engine/rpc/client.ts'
import { saveText } from './saveText.ts'
import { openSession } from './session.ts'
import { openSocketChannel } from './socketChannel.ts'

type Connected = Omit<Extract<BridgeConnection, { state: 'connected' }>, 'state'>

/** A helper may have to be started first. */
const helloMs = 40_000

/** The bridge of a page that `holdfast ui` serves: the page is the client of the helper itself, over a WebSocket. */
export function connectBrowserBridge(): AppBridge {
  let program = ''
  const bridge = createBridge({
    contract: helperContract,
    clock: pageClock,
    async connect(signal) {
      // Each time, because it tells apart what a WebSocket does not: no session, and no program.
      const session = await openSession()
      program = session.program
      const url = `ws://${location.host}/rpc`
      const channel = await openSocketChannel(url, ['holdfast', `key.${session.key}`], signal)
      return connectClient(helperContract, channel, { program, clock: pageClock, helloMs })
    },
    async facts(client): Promise<Connected> {
      const { mode, program: ofHelper } = await client.call('status.get', {})
      return { mode, program: ofHelper, canUnlock: false }
    },
  })
  // In pages that nobody looks at, browsers let timers sleep for minutes.
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'visible') bridge.reconnect()
  })
  return {
    calls: bridge.calls,
    topics: bridge.topics,
    shell: {
      kind: 'browser',
      get program() {
        return program
      },
      connection: bridge.connection,
      reconnect: bridge.reconnect,
      unlock: async () => ({ ok: false, error: cannotUnlock.toWire() }),
      chooseFile: async () => undefined,
      chooseFolder: async () => undefined,
      saveText: async file => saveText(file),
      openPage: page => void window.open(pageAddresses[page], '_blank', 'noopener,noreferrer'),
      autostart: async () => null,
      setAutostart: async () => {},
      // The page has an address line of its own, and nothing else that could ask.
      navigation: () => () => {},
    },
  }
}

const cannotUnlock = new HoldfastError(
  'access.denied',
  'A page in a browser cannot ask for the rights of an administrator.',
  {
    advice: 'Start the service: "sudo systemctl start holdfast". Then run "holdfast ui" again.',
  },
)

const pageClock: Sleeper = {
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      const stop = () => {
        clearTimeout(timer)
        reject(signal?.reason)
      }
      const timer = setTimeout(() => {
        signal?.removeEventListener('abort', stop)
        resolve()
      }, ms)
      if (signal?.aborted) stop()
      signal?.addEventListener('abort', stop, { once: true })
    }),
}
