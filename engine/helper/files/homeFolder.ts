import { homedir } from 'node:os'
import { type RunSystemProgram, runSystemProgram } from '../../base/systemPrograms.ts'
import { HoldfastError } from '../../contract/errors.ts'
import type { FileOwner } from '../restores/newFile.ts'

export interface HomeParts {
  signal: AbortSignal
  run?: RunSystemProgram
  /** Who runs the helper, and where their home is. */
  own?: { uid: number; home: string }
}

/**
 * A folder as somebody names it, with their home in place of a leading '~/'. `owner` is whoever asks; null is whoever runs the
 * helper. Any other path stays as it is. usage.invalid when the system knows no home of theirs.
 */
export async function fromHome(folder: string, owner: FileOwner, parts: HomeParts): Promise<string> {
  if (!folder.startsWith('~/')) return folder
  const own = parts.own ?? { uid: process.getuid!(), home: homedir() }
  const home = owner === null || owner.uid === own.uid ? own.home : await homeOf(owner.uid, parts)
  if (home === undefined || !home.startsWith('/') || home === '/') {
    throw new HoldfastError('usage.invalid', 'Nobody knows where your home is.', {
      advice: 'Give the whole path of the folder, from / on.',
      details: { uid: owner?.uid ?? own.uid },
    })
  }
  return `${home.replace(/\/+$/, '')}/${folder.slice(2)}`
}

/** By getent(1), which also asks directories in the network. */
async function homeOf(uid: number, { signal, run = runSystemProgram }: HomeParts): Promise<string | undefined> {
  const { exitCode, stdout } = await run('getent', ['passwd', String(uid)], {
    failureCode: 'usage.invalid',
    // 2: there is nobody of that number.
    expectedExitCodes: [0, 2],
    timeoutMs: 10_000,
    signal,
  })
  // name:password:uid:gid:words:home:shell, as passwd(5) says.
  return exitCode === 0 ? stdout.toString('utf8').split('\n', 1)[0]!.split(':')[5] : undefined
}
