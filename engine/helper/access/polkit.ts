import { runCommand } from '../../base/command.ts'
import { HoldfastError, isHoldfastError } from '../../contract/errors.ts'
import { type AccessAction, type AccessDetails, actionId, cleanDetails } from './actions.ts'
import type { Authoriser } from './authoriser.ts'
import { denied } from './denial.ts'
import { checkPeer, type Peer, type ProcessFacts, processFacts } from './peer.ts'

/** Where polkit's packages put it. By absolute path: nothing on anybody's PATH may answer in its place. */
export const pkcheckPath = '/usr/bin/pkcheck'

/** Without a question, an answer takes milliseconds; the first one starts polkit. */
const answerMs = 30_000
/** A person looks for the password; agents themselves never give up. */
const promptMs = 5 * 60_000

export interface PolkitOptions {
  /** pkcheckPath unless given. */
  pkcheck?: string
  processFacts?: ProcessFacts
  /** Longest wait for a decision without and with a person, in milliseconds. */
  answerMs?: number
  promptMs?: number
}

/**
 * Lets polkit decide, by pkcheck(1). The calling process must be root: polkit tells others nothing about processes that are
 * not theirs and takes no details from them. The peer may be anybody; root passes without a question, as with polkit itself.
 *
 * When the signal fires, or a prompt stays unanswered too long, pkcheck is ended; polkit sees its connection close and takes
 * the prompt off the screen.
 */
export function polkitAuthoriser(options: PolkitOptions = {}): Authoriser {
  const { pkcheck = pkcheckPath, processFacts: facts = processFacts } = options
  return {
    async authorise(peer, action, details, interactive, signal) {
      const args = pkcheckArguments(peer, action, details, interactive)
      checkPeer(peer, action, facts)
      if (peer.uid === 0) return
      const timeoutMs = interactive ? (options.promptMs ?? promptMs) : (options.answerMs ?? answerMs)
      const answer = await ask(pkcheck, args, { action, interactive, timeoutMs, signal })
      judge(answer, action, interactive)
      // polkit saw the process when it was asked; a prompt may have stood for minutes since.
      checkPeer(peer, action, facts)
    },
  }
}

/** Arguments of pkcheck. Details are cleaned; fails with internal.bug when they cannot be used. */
export function pkcheckArguments(
  peer: Peer,
  action: AccessAction,
  details: AccessDetails,
  interactive: boolean,
): string[] {
  const pairs = Object.entries(cleanDetails(action, details))
  return [
    '--action-id',
    actionId(action),
    '--process',
    `${peer.pid},${peer.startTicks},${peer.uid}`,
    ...(interactive ? ['--allow-user-interaction'] : []),
    ...pairs.flatMap(([name, value]) => ['--detail', name, value]),
  ]
}

interface Question {
  action: AccessAction
  interactive: boolean
  timeoutMs: number
  signal: AbortSignal | undefined
}

async function ask(pkcheck: string, args: string[], { action, interactive, timeoutMs, signal }: Question) {
  try {
    return await runCommand(pkcheck, args, {
      failureCode: 'access.denied',
      expectedExitCodes: [0, 1, 2, 3, 126, 127],
      maxOutputBytes: 1024 * 1024,
      timeoutMs,
      ...(signal === undefined ? {} : { signal }),
    })
  } catch (error) {
    if (isHoldfastError(error, 'run.cancelled')) throw error
    if (interactive && isHoldfastError(error) && error.details.timeoutMs !== undefined) {
      throw denied(action, 'dismissed', 'nobody answered the question for a password', {
        advice: 'Repeat the request and answer the question.',
        cause: error,
      })
    }
    throw unavailable(action, error instanceof Error ? error.message : String(error), error)
  }
}

/** Exit codes of pkcheck(1): 0 yes, 1 no, 2 only with a password, 3 declined, 126 wrong usage, 127 polkit failed. */
function judge(answer: { exitCode: number; stderr: string }, action: AccessAction, interactive: boolean): void {
  switch (answer.exitCode) {
    case 0:
      return
    case 1:
      throw interactive ? refused(action) : forbidden(action)
    case 2:
      throw interactive ? noAgent(action) : needsPassword(action)
    case 3:
      throw denied(action, 'dismissed', 'the question for a password was not answered', {
        advice: 'Repeat the request and enter the password.',
      })
    case 126:
      throw new HoldfastError('internal.bug', `pkcheck does not understand its arguments: ${answer.stderr.trim()}`)
    default:
      throw unavailable(action, answer.stderr.trim())
  }
}

const forbidden = (action: AccessAction) =>
  denied(action, 'policy', `the rules of this computer (polkit, ${actionId(action)}) forbid it`, {
    advice: 'Log in at the computer itself, ask its administrator, or use sudo on the command line.',
  })

/** After a question polkit gives the same answer to a wrong password as to a rule that says no. */
const refused = (action: AccessAction) =>
  denied(
    action,
    'policy',
    `the password was wrong, or the rules of this computer (polkit, ${actionId(action)}) forbid it`,
    {
      advice:
        'Try again at the computer itself with the password of an administrator, or use sudo on the command line.',
    },
  )

const needsPassword = (action: AccessAction) =>
  denied(action, 'needsPassword', 'it needs the password of an administrator, and this request may not ask for it', {
    advice: 'Repeat it where a password can be entered, or use sudo on the command line.',
  })

const noAgent = (action: AccessAction) =>
  denied(
    action,
    'noAgent',
    'it needs the password of an administrator, and no program is running that can ask for it',
    {
      advice:
        'Install and start an authentication agent: the package mate-polkit, lxpolkit or policykit-1-gnome, and log in ' +
        'again. Or use the command line: sudo holdfast …, or in another terminal pkttyagent --process PID of this program.',
    },
  )

function unavailable(action: AccessAction, said: string, cause?: unknown): HoldfastError {
  const unknown = /is not registered/.test(said)
  const because = unknown
    ? `polkit does not know the action ${actionId(action)}`
    : `polkit could not be asked: ${said.slice(0, 500)}`
  const advice = unknown
    ? 'Install Holdfast again, so that its file is in /usr/share/polkit-1/actions, or use sudo on the command line.'
    : 'See what is wrong with: systemctl status polkit. Until then use sudo on the command line.'
  return denied(action, 'unavailable', because, { advice, cause })
}
