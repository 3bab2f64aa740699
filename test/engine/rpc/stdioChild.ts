import { serveStdio } from '../../../engine/rpc/stdio.ts'
import { TestService } from './world.ts'

/** A process that serves the test contract on its standard streams until its parent has gone, and then ends with 7. */
const service = new TestService()
// Nobody in here knows when to count, so it counts all the time.
const counting = setInterval(() => service.count(), 1)
await serveStdio(service.server, { input: process.stdin, output: process.stdout })
clearInterval(counting)
await service.server.close()
process.exitCode = 7
