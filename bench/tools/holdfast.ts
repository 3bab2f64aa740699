import { join } from 'node:path'
import { versionLine } from '../programs.ts'
import { type Invocation, type Places, passphrase, type Tool } from '../tool.ts'

const program = join(import.meta.dirname, '..', '..', 'bin', 'holdfast')

/** An invocation of Holdfast's command line on the repository of `places`. */
export function holdfastInvocation(places: Places, args: string[]): Invocation {
  return {
    argv: [program, ...args, '--repo', places.repository],
    cwd: places.home,
    env: { HOLDFAST_PASSPHRASE: passphrase, HOLDFAST_STATE_DIR: join(places.home, 'state') },
  }
}

/** Holdfast with its defaults. Each backup reads the file again: it has no cache of file times. */
export const holdfast: Tool = {
  name: 'holdfast',
  settings: 'defaults',
  version: () => versionLine(program, ['--version']),
  init: places => holdfastInvocation(places, ['init']),
  backup: (places, label) =>
    holdfastInvocation(places, ['backup', places.image, '--name', 'disk', '--label', `step=${label}`]),
  // The newest version is always the one with the label asked for: restores follow their backup.
  restore: (places, _label, folder) => ({
    ...holdfastInvocation(places, ['restore', 'disk:latest', join(folder, 'disk.img')]),
    restored: join(folder, 'disk.img'),
  }),
  scrub: places => holdfastInvocation(places, ['scrub']),
}
