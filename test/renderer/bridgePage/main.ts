import type { BridgeConnection } from '../../../engine/contract/appBridge.ts'
import { connectBrowserBridge } from '../../../renderer/src/browser/bridge.ts'

/** The smallest page that has a bridge: what it hears lies where a test finds it. */
const bridge = connectBrowserBridge()
const connections: BridgeConnection[] = []
const jobStates: string[][] = []
const violations: string[] = []
document.addEventListener('securitypolicyviolation', event =>
  violations.push(`${event.violatedDirective} ${event.blockedURI}`),
)
bridge.shell.connection(connection => {
  connections.push(connection)
  document.querySelector('#connection')!.textContent = connection.state
})
bridge.topics.jobs({
  state: ({ jobs }) => jobStates.push(jobs.map(({ job }) => job.name)),
  change: ({ changed }) => jobStates.push(changed.map(({ job }) => `changed ${job.name}`)),
  refused: error => jobStates.push([`refused ${error.code}`]),
})
Object.assign(window, { bridge, connections, jobStates, violations })
