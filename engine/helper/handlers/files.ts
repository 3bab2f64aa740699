import { lstat } from 'node:fs/promises'
import type { copyCalls, fileCalls } from '../../contract/calls/files.ts'
import { HoldfastError } from '../../contract/errors.ts'
import type { HelperContract } from '../../contract/helperContract.ts'
import { listFolder } from '../../files/listing.ts'
import { filesSystem } from '../../files/system.ts'
import type { Handlers } from '../../rpc/serverTypes.ts'
import { isNote } from '../../versions/labels.ts'
import { fitting } from '../answerSize.ts'
import { type ExtractPlan, planExtract } from '../files/extractPlan.ts'
import { extractTask } from '../files/extractWork.ts'
import { fileHistory } from '../files/fileHistory.ts'
import { previewFile } from '../files/filePreview.ts'
import { placeInside } from '../files/insidePlace.ts'
import { Turns } from '../files/turns.ts'
import type { Helper } from '../helper.ts'
import { Plans } from '../plans.ts'
import { versionText } from '../restores/plan.ts'

/**
 * What is read of an attached version comes from a server in this very process, which needs threads of Node's pool (eight in bin/holdfast, four
 * elsewhere) to answer: so few calls may wait in them for it.
 */
const readersAtOnce = 2

/** What answers the calls of contract/calls/files.ts. */
export function fileHandlers(
  helper: Helper,
): Pick<Handlers<HelperContract>, keyof typeof fileCalls | keyof typeof copyCalls> {
  const { destinations, library, erasing, tasks } = helper
  const { files, copies, listings } = helper.attachments
  const plans = new Plans<ExtractPlan>(helper.clock)
  const readers = new Turns(readersAtOnce)

  return {
    'files.open': async ({ destination, version }, { signal }) => {
      const { attachment, volumes } = await files.open(destinations.resolve(destination), version, signal)
      return { attachment, volumes: fitting(volumes) }
    },
    'files.unlock': ({ attachment, volume, passphrase }) =>
      files.use(attachment, async used => {
        await used.unlock(volume, passphrase)
        return { volumes: fitting(used.volumes()) }
      }),
    'files.list': ({ attachment, volume, path, offset, limit, ...wish }) =>
      files.use(attachment, async used => {
        const root = await used.root(volume)
        const place = await readers.take(() => placeInside(root, path, { followLast: true }))
        const entries = await listings.get(attachment, place, wish, () =>
          readers.take(async () => {
            if (!(await lstat(place)).isDirectory()) throw noFolder(path)
            return (await listFolder(filesSystem, place)).entries
          }),
        )
        return { entries: fitting(entries.slice(offset, offset + limit)), total: entries.length }
      }),
    'files.preview': ({ attachment, volume, path }) =>
      files.use(attachment, async used => {
        const root = await used.root(volume)
        return await readers.take(async () => previewFile(await placeInside(root, path, { followLast: true })))
      }),
    'files.history': async ({ attachment, volume, path, limit }, { signal, progress }) => {
      const { destination, version } = files.versionOf(attachment)
      const newest = library.find(destination.id, version.id)
      const all = library
        .all({ destination: destination.id })
        .filter(one => one.version.name === version.name && (!newest || one.version.host === newest.host))
        .map(one => one.version)
      const chosen = all.slice(0, limit)
      const entries = await files.use(attachment, () =>
        fileHistory(
          files,
          destination,
          chosen,
          { volume, path },
          {
            signal,
            looked: count => progress({ phase: 'opening', doneBytes: count, totalBytes: chosen.length }),
          },
        ),
      )
      return { entries, more: all.length > chosen.length }
    },
    'files.planRestore': async (input, context) => {
      const { plan, answer } = await planExtract(helper, input, context)
      return { planId: plans.add(plan, context.peer), ...answer }
    },
    'files.startRestore': async ({ planId }, { peer, signal }) => {
      const plan = plans.take(planId, peer, refuseExisting)
      const text = versionText(plan.version)
      await erasing.authoriseReading(peer, text, signal)
      // Now, so that whoever asks hears of it, and not only the run.
      files.versionOf(plan.attachment)
      await erasing.recordReading(peer, text, 'allowed')
      return { run: tasks.start(extractTask(helper, plan, peer)).id }
    },
    'files.close': async ({ attachment }) => {
      await files.close(attachment)
      return {}
    },

    'copies.create': async ({ destination, version }, { signal }) => ({
      copy: await copies.create(destinations.resolve(destination), version, signal),
    }),
    'copies.attach': ({ copy }) => copies.attach(copy),
    'copies.detach': async ({ copy }) => {
      await copies.detach(copy)
      return {}
    },
    'copies.keep': async ({ copy, note }) => {
      if (!isNote(note.trim())) {
        throw new HoldfastError('usage.invalid', 'The note holds characters that cannot be shown in a line.', {
          advice: 'Write one line of text.',
        })
      }
      const task = await copies.keepTask(copy, note)
      const { id } = tasks.start(task)
      return { run: id }
    },
    'copies.discard': async ({ copy }) => {
      await copies.discard(copy)
      return {}
    },
  }
}

/** target.exists when something is in the way that was not to be replaced. */
function refuseExisting({ existing, replaced, folder }: ExtractPlan): void {
  if (existing !== 'refuse' || replaced.length === 0) return
  throw new HoldfastError('target.exists', `In ${folder} there is already: ${replaced.slice(0, 5).join(', ')}.`, {
    advice: 'Choose an empty folder, or plan again and say what is to be done about them.',
    details: { folder, count: replaced.length },
  })
}

const noFolder = (path: string) =>
  new HoldfastError('files.notFound', `${path} is no folder.`, {
    advice: 'List the folder that it is in.',
    details: { path },
  })
