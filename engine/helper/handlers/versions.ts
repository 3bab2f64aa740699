import type { versionCalls } from '../../contract/calls/versions.ts'
import { HoldfastError } from '../../contract/errors.ts'
import type { HelperContract } from '../../contract/helperContract.ts'
import type { Destination } from '../../contract/jobs.ts'
import type { LibraryVersion } from '../../contract/library.ts'
import type { Version } from '../../contract/models.ts'
import type { Session } from '../../engineApi.ts'
import type { CallContext, Handlers } from '../../rpc/serverTypes.ts'
import type { Helper } from '../helper.ts'
import { withDestination } from '../openDestination.ts'
import { pictureOfVersion } from '../pictures.ts'
import { Plans } from '../plans.ts'
import { removeAsPlanned } from '../removal.ts'
import type { RemovalPlan } from '../removalPlan.ts'
import { removalOutlook } from '../removalPlan.ts'
import { previewInvented, previewRetention } from '../retentionPreview.ts'

/** What answers the calls of contract/calls/versions.ts. */
export function versionHandlers(helper: Helper): Pick<Handlers<HelperContract>, keyof typeof versionCalls> {
  const { library, destinations, jobs, clock } = helper
  const plans = new Plans<RemovalPlan>(clock)
  const open = <T>(
    named: string,
    { signal }: CallContext,
    work: (session: Session, destination: Destination) => Promise<T>,
  ): Promise<T> => {
    const destination = destinations.resolve(named)
    const parts = { connector: helper.desk, engine: helper.engine }
    return withDestination(parts, destination, signal, session => work(session, destination))
  }
  const protect = async (
    input: { destination: string; versions: string[] },
    isProtected: boolean,
    context: CallContext,
  ) => {
    await open(input.destination, context, async (session, destination) => {
      await session.protect(input.versions, isProtected)
      await library.take(destination, session)
    })
    return {}
  }

  return {
    'versions.list': ({ destination, job, limit, after }) =>
      library.list({
        limit,
        ...(destination !== undefined && { destination: destinations.resolve(destination).id }),
        ...(job !== undefined && { job: jobs.resolve(job) }),
        ...(after && { after }),
      }),
    'versions.refresh': ({ destination }, context) =>
      open(destination, context, async (session, found) => ({ summary: await library.take(found, session) })),
    'versions.protect': (input, context) => protect(input, true, context),
    'versions.unprotect': (input, context) => protect(input, false, context),
    'versions.label': ({ destination, version, edits }, context) =>
      open(destination, context, async (session, found) => {
        const labelled = await session.label(version, edits)
        await library.take(found, session)
        return { version: library.view(found.id, labelled) }
      }),
    'versions.compare': ({ destination, older, newer }, context) =>
      open(destination, context, session => session.compare(older, newer, { signal: context.signal })),
    'versions.picture': ({ destination, version }, context) =>
      open(destination, context, async session => ({
        picture: await pictureOfVersion(session, version, context.signal),
      })),
    'versions.recipe': ({ destination, version }, context) =>
      open(destination, context, async session => ({
        recipe: await session.recipe(version, { signal: context.signal }),
      })),

    'versions.planRemoval': ({ destination: named, versions: ids }, context) =>
      open(named, context, async (session, destination) => {
        const present = await session.versions()
        const asked = [...new Set(ids)].map(id => askedVersion(helper, destination, present, id))
        const outlook = removalOutlook(present, asked, clock.now())
        const planned = outlook.removable.map(({ id, name, date }) => ({ id, name, date }))
        const planId =
          planned.length === 0 ? null : plans.add({ destination: destination.id, versions: planned }, context.peer)
        return { planId, ...outlook }
      }),
    'versions.remove': async ({ planId }, context) => {
      const plan = plans.take(planId, context.peer)
      return { removed: await removeAsPlanned(helper, plan, context) }
    },

    'retention.preview': ({ policy, job, destination }) => {
      const now = clock.now()
      if (job === undefined && destination === undefined) return previewInvented(policy, now)
      const versions = library.all({
        ...(destination !== undefined && { destination: destinations.resolve(destination).id }),
        ...(job !== undefined && { job: jobs.resolve(job) }),
      })
      return previewRetention(policy, versions, now)
    },
  }
}

/** As it is now, or as it is remembered; repository.versionNotFound when nobody knows it. */
function askedVersion(
  { library }: Helper,
  destination: Destination,
  present: readonly Version[],
  id: string,
): LibraryVersion {
  const there = present.find(version => version.id === id)
  const found = there ? library.view(destination.id, there) : library.find(destination.id, id)
  if (found) return found
  throw new HoldfastError('repository.versionNotFound', `There is no version ${id} in “${destination.name}”.`, {
    advice: 'Look at the list of versions again.',
    details: { version: id, destination: destination.id },
  })
}
