import { fork } from 'node:child_process'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { systemClock } from '../../../engine/base/clock.ts'
import { HoldfastError } from '../../../engine/contract/errors.ts'
import { helperContract } from '../../../engine/contract/helperContract.ts'
import { connectClient } from '../../../engine/rpc/client.ts'
import { streamChannel } from '../../../engine/rpc/streamChannel.ts'
import { connectUnix } from '../../../engine/rpc/unixClient.ts'

/**
 * A program of a user that talks to the service: prints its process number, then makes the call in each line of its standard
 * input, {name, input}, and prints each reply. It stays one process, as the app does, so that polkit can remember it.
 *
 * With the argument `inherited`, which needs root, another program makes the connection, whose process number is printed;
 * this one is nobody's from then on and goes on with what it was given.
 */
const options = { program: '0.0.0', clock: systemClock }
const nobody = 65534

async function inherit() {
  const maker = fork(`${import.meta.dirname}/maker.ts`)
  const [, socket] = (await once(maker, 'message')) as [string, Socket]
  process.setgroups?.([])
  process.setgid?.(nobody)
  process.setuid?.(nobody)
  return { pid: maker.pid, client: await connectClient(helperContract, streamChannel(socket, socket), options) }
}

async function connect() {
  return {
    pid: process.pid,
    client: await connectUnix(helperContract, { ...options, path: '/run/holdfast/helper.sock' }),
  }
}

const { pid, client } = await (process.argv[2] === 'inherited' ? inherit() : connect())
process.stdout.write(`${pid}\n`)

createInterface({ input: process.stdin })
  .on('line', async line => process.stdout.write(`${JSON.stringify(await reply(line))}\n`))
  .on('close', () => client.close())

async function reply(line: string): Promise<unknown> {
  const { name, input } = JSON.parse(line)
  try {
    return { value: await client.call(name, input) }
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error
    return { error: error.toWire() }
  }
}
