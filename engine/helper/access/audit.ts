import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/logger.ts'
import type { AccessAction } from './actions.ts'
import type { Peer } from './peer.ts'
import type { RotatingFile } from './rotatingFile.ts'

/** 'allowed' stands before the deed and 'done' or 'failed' after it, so a crash between them shows. */
export type AuditResult = 'allowed' | 'denied' | 'cancelled' | 'done' | 'failed'

/** One thing that somebody asked for. Holds no secrets; what a person or a device named is cut and escaped. */
export interface AuditEntry {
  who: Peer
  /** Login session, as ProcessFacts.session says it; '' for none. */
  session: string
  action: AccessAction
  deviceSerial?: string | undefined
  version?: string | undefined
  result: AuditResult
  /** Why it was denied or failed. */
  reason?: string | undefined
}

const longest = 256

/** JSON leaves these as they are; in a terminal they move the cursor, break lines or turn text round. */
const hidden = /[\u007f-\u009f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g

const text = (value: string | undefined) => (value === undefined ? undefined : [...value].slice(0, longest).join(''))

/** One line of JSON with its newline; `time` in milliseconds since 1970 UTC. Only letters that can be seen, or escapes. */
export function auditLine(time: number, entry: AuditEntry): string {
  const { who, session, action, deviceSerial, version, result, reason } = entry
  const line = JSON.stringify({
    time: new Date(time).toISOString(),
    uid: who.uid,
    pid: who.pid,
    session: text(session),
    action,
    deviceSerial: text(deviceSerial),
    version: text(version),
    result,
    reason: text(reason),
  })
  return `${line.replace(hidden, escaped)}\n`
}

const escaped = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`

export interface AuditTrailOptions {
  /** What was erased or was going to be. */
  erases: RotatingFile
  /** What was denied. A file of its own: anybody can be denied as often as they like, and must not push out the erases. */
  denials: RotatingFile
  logger: Logger
  clock: Clock
}

/** Where audit lines go: to the log, and to files that only root reads. */
export class AuditTrail {
  readonly #options: AuditTrailOptions

  constructor(options: AuditTrailOptions) {
    this.#options = options
  }

  /**
   * Records one entry; it is on the medium when this resolves. Fails with storage.failed when the file cannot be written
   * (the log has it all the same): do not begin an erase then.
   */
  async record(entry: AuditEntry): Promise<void> {
    const { erases, denials, logger, clock } = this.#options
    const line = auditLine(clock.now(), entry)
    const denied = entry.result === 'denied' || entry.result === 'cancelled'
    logger[denied || entry.result === 'failed' ? 'warn' : 'info'](`audit ${line.trimEnd()}`)
    await (denied ? denials : erases).append(line)
  }
}
