import { join, resolve } from 'node:path'

type Environment = Readonly<Record<string, string | undefined>>

export interface HelperPlaces {
  /** Socket of the service of this computer; null when a folder was named and nothing else is asked. */
  system: string | null
  /** Socket of a helper of this person, which the app may start. */
  own: string
}

const systemRunDir = '/run/holdfast'

/**
 * Where helpers listen, by the same rules as for the command line: HOLDFAST_RUN_DIR names the one to use; else the service, else
 * one in the run-time folder of the session. Pure.
 */
export function placesOf(env: Environment, person: { uid: number; home: string }): HelperPlaces {
  const socketIn = (runDir: string) => join(runDir, 'helper.sock')
  if (env.HOLDFAST_RUN_DIR) return { system: null, own: socketIn(resolve(env.HOLDFAST_RUN_DIR)) }
  const system = socketIn(systemRunDir)
  if (person.uid === 0) return { system: null, own: system }
  if (env.XDG_RUNTIME_DIR?.startsWith('/')) return { system, own: socketIn(join(env.XDG_RUNTIME_DIR, 'holdfast')) }
  const state = env.XDG_STATE_HOME?.startsWith('/') ? env.XDG_STATE_HOME : join(person.home, '.local/state')
  return { system, own: socketIn(join(env.HOLDFAST_STATE_DIR ?? join(state, 'holdfast'), 'run')) }
}

/** Where systemd looks for the unit of the service. While it is installed, no other helper takes its place. */
export const serviceUnits = [
  '/etc/systemd/system/holdfast.service',
  '/usr/lib/systemd/system/holdfast.service',
  '/lib/systemd/system/holdfast.service',
]
