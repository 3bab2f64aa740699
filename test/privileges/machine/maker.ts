import { once } from 'node:events'
import { createConnection } from 'node:net'

/** Connects to the service and gives the connection to its parent (client.ts); then it only waits to be killed. */
const socket = createConnection('/run/holdfast/helper.sock')
// What comes is for the other one.
socket.pause()
await once(socket, 'connect')
process.send?.('connected', socket, { keepOpen: true })
// Nothing else would keep it here.
process.channel?.ref()
