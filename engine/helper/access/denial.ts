import { HoldfastError } from '../../contract/errors.ts'
import { type AccessAction, levelOf } from './actions.ts'

/**
 * Why access was denied: the rules say no; a password is needed and nobody was to be asked; nothing could ask for it; the
 * person declined; the process is not the one that connected; the decision could not be had.
 */
export type DenialReason = 'policy' | 'needsPassword' | 'noAgent' | 'dismissed' | 'peerChanged' | 'unavailable'

const doing: Record<AccessAction, string> = {
  read: 'see the state of backups',
  operate: 'run or pause backups',
  configure: 'change jobs and destinations',
  browse: 'look into a backup',
  'erase-removable': 'erase an external disk',
  'erase-internal': 'erase a built-in disk',
  'delete-version': 'delete versions',
}

export interface DenialOptions {
  advice: string
  cause?: unknown
}

/** The error of a denied request. `because` says why, without a full stop. */
export function denied(
  action: AccessAction,
  reason: DenialReason,
  because: string,
  options: DenialOptions,
): HoldfastError {
  return new HoldfastError('access.denied', `Not allowed to ${doing[action]}: ${because}.`, {
    advice: options.advice,
    details: { action, level: levelOf(action), reason },
    ...(options.cause === undefined ? {} : { cause: options.cause }),
  })
}
