import { HoldfastError, isHoldfastError } from '../contract/errors.ts'
import type { Job } from '../contract/jobs.ts'
import type { Session } from '../engineApi.ts'
import { messageOf, type RunReport } from './runReport.ts'
import type { UpkeepPlan } from './upkeep.ts'

export interface LookAfterDeps {
  /** Name of this computer, as the engine writes it into versions. */
  host: string
  /** What to do for a destination after something was stored there. */
  upkeep(job: Job, destination: string): UpkeepPlan
  /** Space was made, or this share of what is stored was checked. */
  upkeepDone(destination: string, what: 'prune' | 'scrub', percent?: number): void
  /** Heals what was found to be damaged from elsewhere, if that is possible; true when nothing is damaged any more. */
  heal?(destination: string, session: Session, report: RunReport): Promise<boolean>
}

/** What a run has stored of one source. */
export interface Made {
  source: string
  version: string
  /** Of a source that could not be read whole, what is older may be all there is. */
  isWhole: boolean
}

/** Retention, a sample of what was just stored, space, and the share of the rotation. Failures are warnings, damage is the run's failure. */
export async function lookAfter(
  { job, destination, session, made }: { job: Job; destination: string; session: Session; made: readonly Made[] },
  report: RunReport,
  deps: LookAfterDeps,
  signal: AbortSignal,
): Promise<void> {
  if (made.length === 0 || signal.aborted) return
  const plan = deps.upkeep(job, destination)
  const { retention, upkeep, priority } = job
  const onProgress = ({ phase }: { phase: NonNullable<typeof report.run.phase> }) => report.phase(phase)
  const calls = { signal, priority, onProgress }

  /**
   * True when it went well. A cancellation passes; damage is the run's failure; that nothing may be removed with this key is as it was
   * arranged; anything else is a warning.
   */
  const attempt = async (what: string, work: () => Promise<void>): Promise<boolean> => {
    try {
      await work()
      return true
    } catch (error) {
      if (isHoldfastError(error, 'run.cancelled')) throw error
      if (isHoldfastError(error, 'integrity.damageFound')) report.fail(error)
      // With a key that may only add, as it should be on a computer that may fall into wrong hands.
      else if (isHoldfastError(error, 'storage.deleteRefused')) report.log('info', ownerMakesSpace)
      else report.warn(`${capital(what)}: ${messageOf(error)}`)
      return false
    }
  }
  const scrub = (versions: readonly string[], percent: number, what: string): Promise<boolean> =>
    attempt(`${what} could not be checked`, async () => {
      const { damaged } = await session.scrub(versions, { percent, ...calls })
      if (damaged.length === 0 || (await deps.heal?.(destination, session, report))) return
      const reasons = damaged.slice(0, 3).map(damage => damage.reason)
      throw new HoldfastError('integrity.damageFound', `Damage was found in ${what}: ${reasons.join(' ')}`, {
        advice: 'Run the job again to store what the source still has, then check the drive.',
        details: { damaged: damaged.length },
      })
    })

  if (retention !== null) {
    report.phase('retention')
    for (const { source } of made.filter(one => one.isWhole)) {
      await attempt(`old versions of ${source} could not be removed`, async () => {
        // A policy keeps the oldest version of a day: what was just made must not go before it was of any use.
        const spare = made.filter(one => one.source === source).map(one => one.version)
        const { removed } = await session.enforce(retention, { filter: versionsOf(source, deps.host), spare })
        if (removed.length > 0) report.log('info', `Removed ${removed.length} old versions of ${source}.`)
      })
    }
  }
  if (upkeep.verifyPercent > 0) {
    const versions = made.map(one => one.version)
    await scrub(versions, upkeep.verifyPercent, 'what was just stored')
  }
  if (plan.prune) {
    await attempt('no space could be made', async () => {
      await session.prune(calls)
      deps.upkeepDone(destination, 'prune')
    })
  }
  if (plan.scrubPercent !== undefined) {
    const isDone = await scrub([], plan.scrubPercent, 'what is stored')
    if (isDone) deps.upkeepDone(destination, 'scrub', plan.scrubPercent)
  }
  await attempt('it is not known which versions are damaged', async () => {
    const damaged = await session.versions(`status == "damaged" and host == ${quoted(deps.host)}`)
    report.run.damagedVersions = damaged.length
  })
}

const ownerMakesSpace = 'Nothing was removed: the key of this job may only add, and space is made by the owner.'
const quoted = (text: string) => `"${text.replace(/["\\]/g, '\\$&')}"`
const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)

/** A filter for what this computer has stored of a source: others may use the same name in the same repository. */
export function versionsOf(source: string, host: string): string {
  return `name == ${quoted(source)} and host == ${quoted(host)}`
}
