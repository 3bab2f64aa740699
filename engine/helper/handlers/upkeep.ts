import { stat } from 'node:fs/promises'
import { z } from 'zod'
import type { upkeepCalls } from '../../contract/calls/upkeep.ts'
import { HoldfastError } from '../../contract/errors.ts'
import type { HelperContract } from '../../contract/helperContract.ts'
import { UsageReader } from '../../drives/fileSystemUsage.ts'
import type { Handlers } from '../../rpc/serverTypes.ts'
import { folderOf } from '../../storage/locations.ts'
import { awayAt } from '../awayDrives.ts'
import { lackingViews } from '../copies/lackingViews.ts'
import { healthAnswers } from '../healthAnswers.ts'
import type { Helper } from '../helper.ts'
import { scrubbedAllAt } from '../scrubPasses.ts'
import { supportBundle } from '../supportBundle.ts'
import { pruneTask, scrubTask } from '../upkeepTasks.ts'

const instant = z.number()

/** What answers the calls of contract/calls/upkeep.ts. `program` as in status.get. */
export function upkeepHandlers(
  helper: Helper,
  program: string,
): Pick<Handlers<HelperContract>, keyof typeof upkeepCalls> {
  const { destinations, tasks, facts, drives, library, offer } = helper
  const usages = new UsageReader({ clock: helper.clock })
  const answers = async () =>
    healthAnswers({
      jobs: await helper.changed(),
      destinations: destinations.list().map(destination => ({
        destination,
        library: library.summary(destination.id),
        isNetwork: folderOf(destination.url) === undefined,
        awayAt: awayAt(facts, destination.id) ?? null,
        scrubbedAllAt: scrubbedAllAt(facts, destination.id) ?? null,
        sheetSavedAt: facts.get(`sheetSavedAt:${destination.id}`, instant) ?? null,
      })),
      lacking: lackingViews(helper),
      restoreTestedAt: facts.get('restoreTestedAt', instant) ?? null,
      now: helper.clock.now(),
    })

  return {
    'scrubs.start': ({ destination, depth, versions }) => ({
      run: tasks.start(scrubTask(helper, destinations.resolve(destination), depth, versions)).id,
    }),
    'prunes.start': ({ destination }) => ({
      run: tasks.start(pruneTask(helper, destinations.resolve(destination))).id,
    }),
    'health.get': async () => ({ answers: await answers() }),
    'sources.usage': async () => ({ usages: await usages.read(drives.inventory) }),
    'sources.fileFacts': async ({ source }) => {
      const path = offer.fileOf(source)
      const found = await stat(path).catch(error => {
        throw new HoldfastError('source.notFound', `${path} cannot be looked at: ${error.code ?? error.message}.`, {
          advice: 'Check the path.',
          details: { path },
          cause: error,
        })
      })
      // stat(2) counts in units of 512 bytes, whatever the file system's blocks are.
      return { path, sizeBytes: found.size, allocatedBytes: found.blocks * 512 }
    },
    'support.bundle': async () => ({ text: await supportBundle(helper, program, await answers()) }),
  }
}
