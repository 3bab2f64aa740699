import type { Logger } from '../../base/logger.ts'
import { isHoldfastError } from '../../contract/errors.ts'
import { type AccessAction, type AccessDetails, levelOf } from './actions.ts'
import type { AuditResult, AuditTrail } from './audit.ts'
import type { Authoriser } from './authoriser.ts'
import { type Peer, type ProcessFacts, processFacts } from './peer.ts'

export interface AuditingOptions {
  trail: AuditTrail
  /** Told when a denial cannot be written down. */
  logger: Logger
  processFacts?: ProcessFacts
}

/**
 * Records every denial and, before it lets it go on, every permission to erase. When an erase cannot be recorded it fails
 * with storage.failed, because what leaves no trace must not be erased. The one who erases records the outcome.
 */
export function auditingAuthoriser(inner: Authoriser, options: AuditingOptions): Authoriser {
  const { trail, logger, processFacts: facts = processFacts } = options
  const record = (peer: Peer, action: AccessAction, details: AccessDetails, result: AuditResult, reason?: string) =>
    trail.record({
      who: peer,
      session: facts.session(peer.pid),
      action,
      deviceSerial: details.serial,
      version: details.version,
      result,
      reason,
    })

  return {
    async authorise(peer, action, details, interactive, signal) {
      try {
        await inner.authorise(peer, action, details, interactive, signal)
      } catch (error) {
        const result = isHoldfastError(error, 'run.cancelled') ? 'cancelled' : 'denied'
        await record(peer, action, details, result, reasonOf(error)).catch(failure =>
          logger.error('A denied request could not be recorded', { error: failure }),
        )
        throw error
      }
      if (levelOf(action) === 'erase') await record(peer, action, details, 'allowed')
    },
  }
}

function reasonOf(error: unknown): string {
  if (!isHoldfastError(error)) return 'internal.bug'
  return typeof error.details.reason === 'string' ? error.details.reason : error.code
}
