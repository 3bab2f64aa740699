import { hostname } from 'node:os'
import type { StorageCredentials } from '../contract/credentials.ts'
import { HoldfastError, isHoldfastError } from '../contract/errors.ts'
import type { HelperContract } from '../contract/helperContract.ts'
import type { Job } from '../contract/jobs.ts'
import { rememberDrive } from '../drives/destinationState.ts'
import { RepositoryFinder } from '../drives/findRepositories.ts'
import { decodeJobFile } from '../jobs/jobFile.ts'
import type { DeliveryState } from '../notices/deliveryQueue.ts'
import type { Handlers, TopicSources } from '../rpc/serverTypes.ts'
import { folderOf } from '../storage/locations.ts'
import { sheetSavedFact } from './destinationViews.ts'
import { checkElsewhere } from './elsewhereRules.ts'
import { destinationHandlers } from './handlers/destinations.ts'
import { fileHandlers } from './handlers/files.ts'
import { restoreHandlers } from './handlers/restores.ts'
import { upkeepHandlers } from './handlers/upkeep.ts'
import { versionHandlers } from './handlers/versions.ts'
import type { Helper } from './helper.ts'
import { keepPassphrase } from './newDestinations.ts'
import { noRun, setRunPaused } from './pauses.ts'
import { isElsewhere } from './placeWords.ts'
import { credentialsOf, keepCredentials } from './storageLogin.ts'
import { unneededAfter } from './unneededTracking.ts'

/** What answers the calls of the contract. Whether a peer may make them was decided before. */
export function helperHandlers(helper: Helper, program: string): Handlers<HelperContract> {
  const { offer, service, supervisor, jobs, destinations, runs, desk, secrets, clock } = helper
  const iso = (at: number) => new Date(at).toISOString()
  /** Everything that changes jobs or destinations ends here: the schedule is looked at anew, and whoever watches is told. */
  const changed = async <T>(result: T): Promise<T> => {
    supervisor.wake()
    await helper.changed()
    return result
  }
  /** Ids of the destinations of a job that were named; all when none were. */
  const chosenOf = (job: Job, names: readonly string[] | undefined): string[] => {
    if (names === undefined) return job.destinations
    const ids = names.map(name => destinations.resolve(name).id)
    const foreign = ids.find(id => !job.destinations.includes(id))
    if (foreign === undefined) return ids
    throw new HoldfastError('usage.invalid', `The job “${job.name}” does not use that destination.`, {
      advice: 'Choose one of its own, or none for all.',
      details: { destination: foreign },
    })
  }

  return {
    'status.get': () => ({
      program,
      host: hostname(),
      startedAt: iso(helper.startedAt),
      mode: helper.mode,
      secretsLocked: secrets.isLocked,
    }),

    'jobs.list': async () => ({ jobs: await helper.changed() }),
    'jobs.create': ({ settings }) =>
      changed({ job: service.create({ ...settings, sources: offer.resolve(settings.sources) }) }),
    'jobs.edit': ({ job, changes: { sources, ...changes } }) =>
      changed({ job: service.edit(job, { ...changes, ...(sources && { sources: offer.resolve(sources) }) }) }),
    'jobs.remove': async ({ job }) => {
      const removed = service.remove(job)
      helper.forgetTracking(unneededAfter(removed, jobs.list(), destinations.list()))
      return changed({})
    },
    'jobs.run': async ({ job, destinations: chosen }) => {
      const found = jobs.resolve(job)
      const wanted = chosenOf(found, chosen)
      desk.tryAtOnce(wanted)
      supervisor.request(found, wanted)
      return changed({})
    },
    'jobs.preview': ({ job, destinations: chosen }, { signal }) => {
      const found = jobs.resolve(job)
      const used = chosenOf(found, chosen).flatMap(id => destinations.find(id) ?? [])
      return helper.preview(found, used, signal)
    },
    'jobs.pause': ({ job, until }) =>
      changed({ job: service.pause(job, until === 'forever' ? until : Date.parse(until)) }),
    'jobs.resume': ({ job }) => changed({ job: service.resume(job) }),
    'jobs.export': ({ jobs: chosen }) => ({ text: service.export(chosen) }),
    'jobs.import': async ({ text, ...options }) => {
      await offer.refuseForeign(decodeJobFile(text).jobs.flatMap(job => job.sources))
      return changed(service.import(text, options))
    },

    'runs.list': ({ job, limit, before }) => ({
      runs: runs.list({
        limit,
        ...(job !== undefined && { job: jobs.resolve(job).id }),
        ...(before !== undefined && { before: Date.parse(before) }),
      }),
    }),
    'runs.get': ({ run: id }) => {
      const run = runs.find(id)
      if (!run) throw noRun(id)
      return { run, log: runs.logOf(id).map(line => ({ ...line, at: iso(line.at) })) }
    },
    'runs.cancel': ({ run }) => {
      if (!supervisor.cancel(run) && !helper.tasks.cancel(run)) throw noRun(run)
      return {}
    },
    'runs.pause': ({ run }) => {
      setRunPaused(helper, run, true)
      return {}
    },
    'runs.resume': ({ run }) => {
      setRunPaused(helper, run, false)
      return {}
    },

    'destinations.list': async () => {
      await desk.refresh()
      return { destinations: await helper.destinationViews.look() }
    },
    'destinations.add': async ({ name, url: given, passphrase, credentials, mayMount, ejectAfterBackup }) => {
      const isHere = folderOf(given) !== undefined
      const url = isHere ? given : await checkElsewhere(given, credentials, helper.mode)
      const repositoryId = await open(helper, url, passphrase, credentials)
      const destination = service.addDestination({
        ...{ name, url, repositoryId, mayMount, ejectAfterBackup },
        drive: await driveOf(helper, url),
        lastSeenAt: iso(clock.now()),
      })
      try {
        await keepPassphrase(secrets, destination.id, passphrase)
        if (credentials && !isHere) await keepCredentials(secrets, destination.id, credentials)
      } catch (error) {
        service.removeDestination(destination.id)
        await secrets.forget(destination.id).catch(() => undefined)
        throw error
      }
      await desk.refresh()
      return changed({ destination })
    },
    'destinations.unlock': async ({ destination: named, passphrase, credentials: given }) => {
      const destination = destinations.resolve(named)
      const state = desk.state(destination)
      if (given) await checkElsewhere(destination.url, given, helper.mode)
      const credentials = given ?? (isElsewhere(destination) ? await credentialsOf(secrets, destination.id) : undefined)
      await open(helper, state.state === 'connected' ? state.path : destination.url, passphrase, credentials)
      await keepPassphrase(secrets, destination.id, passphrase)
      if (given) await keepCredentials(secrets, destination.id, given)
      desk.tryAtOnce([destination.id])
      return changed({})
    },
    'destinations.forgetKey': async ({ destination }) => {
      await secrets.forget(destinations.resolve(destination).id)
      return changed({})
    },
    'destinations.remove': async ({ destination }) => {
      await helper.attachments.detachOf(service.requireUnneeded(destination).id)
      const { id, repositoryId } = service.removeDestination(destination)
      await secrets.forget(id)
      desk.forget(id)
      helper.usage.forget(id)
      helper.locks.forget(id)
      helper.facts.remove(sheetSavedFact(id))
      helper.library.forget(id)
      const isKnown = destinations.list().some(one => one.repositoryId === repositoryId)
      if (!isKnown) helper.forgetTracking([{ repository: repositoryId }])
      return changed({})
    },

    'notices.get': () => {
      const { email, webhook } = helper.notices.settings
      const { deliveries } = helper.notices
      const view = (state: DeliveryState | null) =>
        state && {
          waiting: state.waiting,
          dropped: state.dropped,
          error: state.lastError?.message ?? null,
          ...(state.lastError && { errorAt: iso(state.lastError.at) }),
          lastDeliveredAt: state.lastDelivered === undefined ? null : iso(state.lastDelivered),
        }
      return { email, webhook, deliveries: { email: view(deliveries.email), webhook: view(deliveries.webhook) } }
    },
    'notices.set': async ({ emailPassword, webhookSecret, ...settings }) => {
      await helper.notices.set(settings, {
        ...(emailPassword !== undefined && { emailPassword }),
        ...(webhookSecret !== undefined && { webhookSecret }),
      })
      return {}
    },
    'notices.test': () => {
      helper.notices.test()
      return {}
    },
    'secrets.lock': () => {
      secrets.lock()
      return changed({})
    },
    'secrets.unlock': () => {
      secrets.unlock()
      return changed({})
    },

    'sources.list': () => ({ devices: helper.drives.inventory.devices }),
    'sources.offerFile': async ({ path }) => ({ source: await offer.offerFile(path) }),
    'drives.eject': async ({ drive }) => {
      await helper.attachments.detachFrom(drive, helper.drives.inventory)
      return helper.mounter.eject(drive, { unmountOthers: false })
    },
    ...destinationHandlers(helper),
    ...versionHandlers(helper),
    ...restoreHandlers(helper),
    ...fileHandlers(helper),
    ...upkeepHandlers(helper, program),
  }
}

export function helperTopics(helper: Helper): TopicSources<HelperContract> {
  return {
    jobs: helper.jobFeed.source,
    destinations: helper.destinationViews.feed.source,
    drives: helper.driveFeed.source,
    library: helper.library.feed.source,
    runs: helper.runFeed.source,
    notices: helper.noticeBoard.feed.source,
    attachments: helper.attachments.feed.source,
    progress: helper.progressFeed.source,
  }
}

/** Opens a repository to see that the passphrase fits; returns its id. */
async function open(
  helper: Helper,
  url: string,
  passphrase: string,
  credentials: StorageCredentials | undefined,
): Promise<string> {
  const session = await helper.engine.open(url, { kind: 'passphrase', passphrase }, credentials ? { credentials } : {})
  await session.close()
  return session.repositoryId
}

/** What to know a drive by that the repository is on; null when it is on a disk that stays. */
async function driveOf(helper: Helper, url: string) {
  const path = folderOf(url)
  if (path === undefined) return null
  const { inventory } = helper.drives
  try {
    const { found } = await new RepositoryFinder({ clock: helper.clock }).search(inventory, { paths: [path] })
    const here = found.find(one => one.path === path)
    const device = inventory.devices.find(one => one.id === here?.driveId)
    if (!here || !device || device.isSystem || !(device.removable || device.hotplug)) return null
    return rememberDrive(here, inventory)
  } catch (error) {
    if (isHoldfastError(error, 'run.cancelled')) throw error
    return null
  }
}
