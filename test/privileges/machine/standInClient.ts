import { createConnection } from 'node:net'
import { createInterface } from 'node:readline'

/**
 * A program of a user that talks to the stand-in (standIn.ts): prints its process number, then sends each line of its standard input and
 * prints each reply. It stays one process, as the app does, so that polkit can remember it.
 */
const socket = createConnection('/run/holdfast/helper.sock', () => process.stdout.write(`${process.pid}\n`))
socket.on('error', error => {
  process.stderr.write(`${error.message}\n`)
  process.exit(1)
})
createInterface({ input: socket }).on('line', line => process.stdout.write(`${line}\n`))
createInterface({ input: process.stdin })
  .on('line', line => socket.write(`${line}\n`))
  .on('close', () => socket.end())
