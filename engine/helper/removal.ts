import { HoldfastError } from '../contract/errors.ts'
import type { CallContext } from '../rpc/serverTypes.ts'
import type { Erasure } from './access/erasing.ts'
import type { Helper } from './helper.ts'
import { withDestination } from './openDestination.ts'
import { isAsPlanned, planWords, type RemovalPlan } from './removalPlan.ts'

/** A line of the audit trail holds so many ids. */
const idsPerLine = 15

/**
 * Removes versions as they were planned, after asking whether the peer may. access.denied; target.identityChanged when the
 * repository holds something else now, and then nothing was removed. Returns the ids.
 */
export async function removeAsPlanned(
  helper: Pick<Helper, 'destinations' | 'desk' | 'engine' | 'library' | 'erasing'>,
  plan: RemovalPlan,
  { peer, signal, log }: CallContext,
): Promise<string[]> {
  const destination = helper.destinations.find(plan.destination)
  if (!destination) throw changed('its destination was removed')
  const words: Erasure = { kind: 'version', version: planWords(plan) }
  await helper.erasing.authorise(peer, words, signal)
  const note = (erasure: Erasure, result: 'done' | 'failed', reason?: string) =>
    helper.erasing
      .record(peer, erasure, result, reason)
      .catch(error => log.error('what was removed could not be written down', { error }))
  try {
    const parts = { connector: helper.desk, engine: helper.engine }
    return await withDestination(parts, destination, signal, async session => {
      if (!isAsPlanned(plan, await session.versions())) throw changed('one of the versions is gone or protected')
      const ids = plan.versions.map(version => version.id)
      const { removed } = await session.remove(ids, {})
      for (let from = 0; from < removed.length; from += idsPerLine) {
        await note({ kind: 'version', version: removed.slice(from, from + idsPerLine).join(' ') }, 'done')
      }
      await helper.library.takeAfter(destination, session)
      return removed
    })
  } catch (error) {
    await note(words, 'failed', error instanceof HoldfastError ? error.code : 'internal.bug')
    throw error
  }
}

const changed = (why: string) =>
  new HoldfastError('target.identityChanged', `Something has changed since this was planned: ${why}.`, {
    advice: 'Nothing was removed. Look again at what would be removed.',
  })
