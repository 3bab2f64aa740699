import type { Connector } from './connection.ts'
import type { RunControl } from './runControl.ts'

/** What is reached for a run is held while that run is paused. */
export const heldConnector = (connector: Connector, { gate }: Pick<RunControl, 'gate'>): Connector => ({
  async connect(destination, signal, options) {
    await gate.pass(signal)
    return { ...(await connector.connect(destination, signal, options)), gate }
  },
})
