import { join, resolve } from 'node:path'

/** Who runs the command, as far as places of files depend on it. */
export interface Person {
  /** User id; 0 is root. */
  uid: number | undefined
  home: string
}

/**
 * The folder for catalogues: HOLDFAST_STATE_DIR; else /var/lib/holdfast for root; else holdfast in $XDG_STATE_HOME, which is
 * ~/.local/state unless it is set (https://specifications.freedesktop.org/basedir-spec: relative paths there are ignored).
 */
export function stateDirOf(env: Readonly<Record<string, string | undefined>>, person: Person): string {
  if (env.HOLDFAST_STATE_DIR) return resolve(env.HOLDFAST_STATE_DIR)
  if (person.uid === 0) return '/var/lib/holdfast'
  const base = env.XDG_STATE_HOME?.startsWith('/') ? env.XDG_STATE_HOME : join(person.home, '.local/state')
  return join(base, 'holdfast')
}
