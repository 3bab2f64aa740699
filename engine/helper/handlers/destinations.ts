import { hostname } from 'node:os'
import { z } from 'zod'
import type { destinationCalls } from '../../contract/calls/destinations.ts'
import type { StorageCredentials } from '../../contract/credentials.ts'
import { HoldfastError, isHoldfastError, throwIfAborted } from '../../contract/errors.ts'
import type { HelperContract } from '../../contract/helperContract.ts'
import type { Destination, Job } from '../../contract/jobs.ts'
import { compareDrive } from '../../drives/destinationState.ts'
import type { LockReadOptions, Secret, Session } from '../../engineApi.ts'
import type { Handlers } from '../../rpc/serverTypes.ts'
import { recoverySheet } from '../../secrets/recoverySheet.ts'
import { folderOf } from '../../storage/locations.ts'
import { copyTask } from '../copies/copyTask.ts'
import { lackingViews } from '../copies/lackingViews.ts'
import { sheetSavedFact } from '../destinationViews.ts'
import { checkElsewhere } from '../elsewhereRules.ts'
import type { Helper } from '../helper.ts'
import { keepPassphrase, NewDestinations } from '../newDestinations.ts'
import { requireRepository, withDestination } from '../openDestination.ts'
import { requireNewPassphrase, secretOfPhrase } from '../phraseCheck.ts'
import type { LookedPlace, ReachedPlace } from '../places.ts'
import { loginWords } from '../placeWords.ts'
import { credentialsOf, keepCredentials } from '../storageLogin.ts'

/** What answers the calls of contract/calls/destinations.ts. */
export function destinationHandlers(helper: Helper): Pick<Handlers<HelperContract>, keyof typeof destinationCalls> {
  const { service, destinations, desk, secrets, clock, places, usage, engine } = helper
  const made = new NewDestinations({ engine, service, secrets, places, clock, host: hostname() })
  const opened = async <T>(
    named: string,
    signal: AbortSignal,
    work: (session: Session, kept: Secret, destination: Destination) => Promise<T>,
  ): Promise<T> => {
    const destination = destinations.resolve(named)
    const from = { connector: desk, engine }
    const result = await withDestination(from, destination, signal, (session, kept) => work(session, kept, destination))
    await helper.destinationViews.look()
    return result
  }
  /** The schedule is looked at anew, and whoever watches is told. */
  const changed = async <T>(result: T): Promise<T> => {
    await desk.refresh()
    helper.supervisor.wake()
    await helper.changed()
    return result
  }

  /** Where versions for a destination are looked for: in those of the jobs that store there, best first. */
  const partnersOf = (destination: Destination, jobs: readonly Job[]): Destination[] => {
    const ids = new Set(jobs.flatMap(job => helper.copies.ranked(job)).filter(id => id !== destination.id))
    return [...ids].flatMap(id => destinations.find(id) ?? [])
  }

  return {
    'destinations.lacking': () => ({ lacking: lackingViews(helper) }),
    'destinations.copyMissing': ({ to: named, from, versions, isLackingOnly }) => {
      const to = destinations.resolve(named)
      const jobs = helper.jobs.list().filter(job => job.destinations.includes(to.id))
      const origins = from === undefined ? partnersOf(to, jobs) : [destinations.resolve(from)]
      if (origins.length === 0 || origins.some(({ id }) => id === to.id)) throw noOrigin(to)
      const all = () => helper.copies.missing(to, origins, from === undefined ? jobs : undefined)
      const counted = () => [
        ...new Set(jobs.flatMap(job => helper.copies.lacking(job, to)?.versions ?? []).map(({ id }) => id)),
      ]
      const missing = versions ?? (isLackingOnly ? counted() : all())
      return { run: helper.tasks.start(copyTask(helper, to, { versions: missing, from: origins })).id }
    },
    'places.look': async ({ place }, { signal }) => {
      const nothing = { state: 'refused', path: null, repositoryId: null, destination: null } as const
      const unknown = { freeBytes: null, sizeBytes: null, otherBytes: null, hasOtherFiles: false }
      let reached: ReachedPlace
      try {
        reached = await places.reach(place, { mayMount: true, signal })
      } catch (error) {
        if (!(error instanceof HoldfastError) || error.code === 'run.cancelled') throw error
        return { ...nothing, ...unknown, problem: wordsOf(error) }
      }
      try {
        const { problem, usedBytes, canDelete: _, ...looked } = await places.look(reached, signal)
        const known = destinations.list().find(one => isAt(one, reached, looked))
        const own = known && usage.present(known.id).usage?.storedBytes
        const isForeign = looked.state === 'repository' && own === undefined
        return {
          ...looked,
          destination: known?.id ?? null,
          problem: problem && wordsOf(problem),
          otherBytes: usedBytes === null || isForeign ? null : Math.max(0, usedBytes - (own ?? 0)),
        }
      } finally {
        await reached.release()
      }
    },
    'places.test': async (place, { signal }) => {
      const nothing = { url: place.url, repositoryId: null, destination: null, canDelete: null }
      try {
        const reached = await places.reach({ kind: 'elsewhere', ...place }, { mayMount: false, signal })
        const { state, path, repositoryId, canDelete, problem } = await places.look(reached, signal)
        if (problem) throw problem
        const url = path ?? reached.base
        const known = destinations.list().find(one => one.url === url && one.repositoryId === repositoryId)
        return { state, url, repositoryId, destination: known?.id ?? null, problem: null, canDelete }
      } catch (error) {
        if (!isHoldfastError(error) || error.code === 'run.cancelled') throw error
        return { ...nothing, state: 'refused', problem: problemOf(error) }
      }
    },
    'destinations.create': async (input, { signal }) => changed(await made.create(input, signal)),
    'destinations.open': async (input, { signal }) => changed({ destination: await made.open(input, signal) }),
    'destinations.edit': async ({ destination: named, credentials, acceptHostKey, ...changes }, { signal }) => {
      const before = destinations.resolve(named)
      if (credentials !== undefined || acceptHostKey !== undefined) {
        await replaceLogin(helper, before, { credentials, acceptHostKey }, signal)
      }
      return changed({ destination: service.editDestination(before.id, changes) })
    },

    'destinations.measure': ({ destination }, { signal }) =>
      opened(destination, signal, async (session, _, found) => ({ usage: await usage.measure(found, session) })),
    'destinations.history': ({ destination }) => ({ usages: usage.history(destinations.resolve(destination).id) }),

    'destinations.readLocks': async ({ destination: named }, { signal, log }) => {
      const destination = destinations.resolve(named)
      const read = (options: LockReadOptions) =>
        withDestination({ connector: desk, engine }, destination, options.signal ?? signal, async session => {
          await helper.library.take(destination, session)
          return await session.locks(options)
        })
      const tell = () =>
        void helper.destinationViews
          .look()
          .catch(error => log.warn('how far the look at locks is could not be told', { error }))
      const { versions: _, ...lock } = await helper.locks.ask(destination, read, { signal, tell })
      helper.library.tell(destination.id)
      return { lock }
    },
    'destinations.stopReadingLocks': ({ destination }) => {
      helper.locks.stop(destinations.resolve(destination).id)
      return {}
    },

    'keys.list': ({ destination }, { signal }) =>
      opened(destination, signal, async session => ({ keys: await session.keys() })),
    'keys.addRecoveryPhrase': ({ destination }, { signal }) =>
      opened(destination, signal, async session => {
        const { key, recoveryPhrase = '' } = await session.addRecoveryPhrase()
        return { key, recoveryPhrase }
      }),
    'keys.addPassphrase': ({ destination, passphrase }, { signal }) => {
      requireNewPassphrase(passphrase)
      return opened(destination, signal, async (session, _, { id }) => {
        const { key } = await session.addKey({ kind: 'passphrase', passphrase }, `added on ${hostname()}`)
        try {
          await keepPassphrase(secrets, id, passphrase)
        } catch (error) {
          await session.removeKey(key.id).catch(() => undefined)
          throw error
        }
        return { key }
      })
    },
    'keys.remove': ({ destination, key }, { signal }) =>
      opened(destination, signal, async (session, kept) => {
        if ((await session.keyOf(kept)) === key) {
          throw new HoldfastError('config.inUse', 'This is the key that this computer opens the repository with.', {
            advice: 'Add another passphrase first, which is then kept in its place.',
            details: { key },
          })
        }
        await session.removeKey(key)
        return {}
      }),

    'recoverySheet.make': async ({ destination: named, recoveryPhrase }, { signal }) => {
      const secret = secretOfPhrase(recoveryPhrase)
      const destination = destinations.resolve(named)
      const { name, repositoryId, url, drive } = destination
      // A sheet with words that do not open it would be found out when it is too late.
      const from = { connector: desk, engine }
      const { createdAt } = await withDestination(
        from,
        destination,
        signal,
        session => session.stats({ locks: 'known' }),
        secret,
      )
      const login = loginWords(url, await credentialsOf(secrets, destination.id))
      const html = recoverySheet({
        ...{ repositoryName: name, repositoryId, url, createdAt, computerName: hostname(), printedAt: clock.now() },
        ...(drive && {
          drive: {
            ...(drive.label !== null && { label: drive.label }),
            ...(drive.serial !== null && { serial: drive.serial }),
          },
        }),
        ...(login !== undefined && { login }),
        phrase: secret.kind === 'recovery' ? secret.phrase : '',
        phraseAsQr: true,
      })
      return { html }
    },
    'recoverySheet.saved': async ({ destination }) => {
      helper.facts.set(sheetSavedFact(destinations.resolve(destination).id), clock.now())
      await helper.destinationViews.look()
      return {}
    },
  }
}

/** What a form says of a place that cannot be used. */
function problemOf(error: HoldfastError) {
  const { code, message, advice = '', details } = error
  const lacks = z.enum(['list', 'read', 'write']).safeParse(details.lacks)
  // As the provider calls it. Coming in at all needs the right to list.
  const rightName = z.string().safeParse(details.right)
  const missingRight = lacks.data ?? (code === 'storage.authFailed' && rightName.success ? 'list' : null)
  const key = z.object({ fingerprint: z.string(), expected: z.array(z.string()).default([]) }).safeParse(details)
  return { code, message, advice, missingRight, rightName: rightName.data ?? null, hostKey: key.data ?? null }
}

/** New credentials take the place of the kept ones once they have opened the repository. */
async function replaceLogin(
  { desk, engine, secrets, mode }: Helper,
  destination: Destination,
  { credentials, acceptHostKey }: { credentials: StorageCredentials | undefined; acceptHostKey: string | undefined },
  signal: AbortSignal,
): Promise<void> {
  const given = credentials ?? (await credentialsOf(secrets, destination.id))
  await checkElsewhere(destination.url, given, mode)
  throwIfAborted(signal)
  const session = await engine.open(destination.url, await desk.secretOf(destination), {
    ...(given && { credentials: given }),
    ...(acceptHostKey !== undefined && { acceptHostKey }),
  })
  try {
    requireRepository(session, destination)
  } finally {
    await session.close()
  }
  if (credentials) await keepCredentials(secrets, destination.id, credentials)
  desk.tryAtOnce([destination.id])
}

const wordsOf = ({ message, advice }: HoldfastError) => ({ message, advice: advice ?? '' })

/** Whether a destination is what was found at a place: a copy of its repository elsewhere is not. */
function isAt(
  { repositoryId, url, drive }: Destination,
  { device }: ReachedPlace,
  looked: Pick<LookedPlace, 'repositoryId' | 'path'>,
): boolean {
  if (repositoryId !== looked.repositoryId) return false
  return folderOf(url) === looked.path || (device !== null && drive !== null && compareDrive(drive, device) === 'same')
}

const noOrigin = ({ name }: Destination) =>
  new HoldfastError('usage.invalid', `There is no other destination that versions could be copied from to “${name}”.`, {
    advice: 'Name one, or give the job a second destination.',
  })
