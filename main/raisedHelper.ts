import { spawn } from 'node:child_process'
import type { Clock } from '../engine/base/clock.ts'
import { HoldfastError } from '../engine/contract/errors.ts'
import { helperContract } from '../engine/contract/helperContract.ts'
import { connectStdio } from '../engine/rpc/stdio.ts'
import type { HelperLink } from './helperLink.ts'

export interface RaiseOptions {
  /** The `holdfast` command, by its whole path. */
  holdfast: string
  /** Version of the app. */
  program: string
  clock: Clock
  pkexec?: string
}

/** By its whole path, so that nothing else asks for the password. */
export const pkexecPath = '/usr/bin/pkexec'

/** People look for their password; the agent itself never gives up. */
const patienceMs = 600_000
const keptBytes = 4000

/** pkexec(1): the person gave up; nobody could be asked, or it is not allowed, or the program could not be run. */
const dismissed = 126
const refused = 127

/**
 * Starts a helper that has the rights of an administrator, for whom a window of the desktop asks, and connects to it. It ends
 * when the app closes the connection. `access.denied` when the person gives up or nobody can ask them.
 */
export async function raiseHelper({
  holdfast,
  program,
  clock,
  pkexec = pkexecPath,
}: RaiseOptions): Promise<HelperLink> {
  const child = spawn(pkexec, ['--disable-internal-agent', holdfast, 'daemon', '--stdio'], {
    cwd: '/',
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-keptBytes)
  })
  const ended = new Promise<HoldfastError>(resolve => {
    child.on('error', error => resolve(notRaised(null, error.message)))
    child.on('close', code => resolve(notRaised(code, said.trim())))
  })
  const client = connectStdio(helperContract, child, { program, clock, helloMs: patienceMs })
  try {
    return { client: await client, kind: 'raised' }
  } catch (error) {
    child.stdin.destroy()
    // A connection that ended says nothing of why; the way the child ended does.
    throw error instanceof HoldfastError && error.code !== 'helper.unreachable' ? error : await ended
  }
}

/**
 * An AppImage is a file system of its user's, into which not even root may look: pkexec finds no program there. A copy outside would
 * be a program of root's that its user could change, so people are told what to install instead. Undefined outside of one. Pure.
 */
export function notFromAppImage(holdfast: string, appDir: string | undefined): HoldfastError | undefined {
  if (!appDir || !holdfast.startsWith(`${appDir}/`)) return undefined
  return new HoldfastError(
    'access.denied',
    'An AppImage cannot get the rights of an administrator: nobody but you can read what is in it.',
    {
      advice:
        'Install the package of Holdfast (deb or rpm), which brings a background service, or its command-line package beside this AppImage.',
      details: { reason: 'appImage' },
    },
  )
}

/** Why there is no helper with rights, by how pkexec or the helper ended. Pure. */
export function notRaised(code: number | null, said: string): HoldfastError {
  const details = { exitCode: code, said }
  if (code === dismissed) {
    return new HoldfastError('access.denied', 'The rights of an administrator were not given.', {
      advice: 'Unlock again and enter the password, or go on with image files only.',
      details: { ...details, reason: 'dismissed' },
    })
  }
  if (code === refused) {
    return new HoldfastError(
      'access.denied',
      'The rights of an administrator could not be asked for: no program is running that can ask for the password, or they are not allowed to you.',
      {
        advice:
          'Install and start an authentication agent: the package mate-polkit, lxpolkit or policykit-1-gnome, and log in again.',
        details: { ...details, reason: 'noAgent' },
      },
    )
  }
  if (/already running/i.test(said)) {
    return new HoldfastError('helper.alreadyRunning', 'The background service of this computer is running already.', {
      advice: 'Close this program and start it again, so that it uses that one.',
      details,
    })
  }
  return new HoldfastError(
    'helper.unreachable',
    'The background service with the rights of an administrator has ended.',
    {
      advice: said === '' ? 'Try again.' : `Try again. It said: ${said}`,
      details,
      retryable: true,
    },
  )
}
