import { access } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { systemClock } from '../base/clock.ts'
import type { HelperContract } from '../contract/helperContract.ts'
import type { RpcClient } from '../contract/rpcContract.ts'
import type { Cli } from './cli.ts'
import { ownVersion } from './ownVersion.ts'
import type { Person } from './stateDir.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** Of the service. */
export const systemRunDir = '/run/holdfast'

/** Where a helper that this person starts listens: HOLDFAST_RUN_DIR; else /run/holdfast for root, else a folder of the own. */
export function runDirOf(env: Environment, person: Person, stateDir: string): string {
  if (env.HOLDFAST_RUN_DIR) return resolve(env.HOLDFAST_RUN_DIR)
  if (person.uid === 0) return systemRunDir
  return env.XDG_RUNTIME_DIR?.startsWith('/') ? join(env.XDG_RUNTIME_DIR, 'holdfast') : join(stateDir, 'run')
}

/** The folder of the helper to ask: the one that was named, that of the system if it runs, else the own. */
export async function helperDirOf(env: Environment, person: Person, stateDir: string): Promise<string> {
  const own = runDirOf(env, person, stateDir)
  if (env.HOLDFAST_RUN_DIR || own === systemRunDir) return own
  const isSystem = await access(join(systemRunDir, 'helper.sock')).then(
    () => true,
    () => false,
  )
  return isSystem ? systemRunDir : own
}

/** Lets `use` talk to the helper. helper.unreachable says how to start one. */
export async function withHelper<T>(cli: Cli, use: (client: RpcClient<HelperContract>) => Promise<T>): Promise<T> {
  // Only now: every verb loads this file, and help and completion need none of it.
  const { connectUnix } = await import('../rpc/unixClient.ts')
  const { helperContract } = await import('../contract/helperContract.ts')
  const { socketOf } = await import('../helper/socket.ts')
  const { env, person } = cli.world
  const path = socketOf(await helperDirOf(env, person, cli.stateDir))
  const client = await connectUnix(helperContract, {
    path,
    program: ownVersion(),
    clock: systemClock,
    ...(person.uid === undefined ? {} : { trustedUids: [person.uid] }),
  })
  try {
    return await use(client)
  } finally {
    client.close()
  }
}
