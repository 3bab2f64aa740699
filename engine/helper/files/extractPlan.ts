import { basename } from 'node:path'
import type { Logger } from '../../base/logger.ts'
import { HoldfastError } from '../../contract/errors.ts'
import type { HelperContract } from '../../contract/helperContract.ts'
import { type LibraryVersion, libraryVersionSchema } from '../../contract/library.ts'
import type { HandlerInput, HandlerOutput } from '../../contract/rpcContract.ts'
import { Attachment } from '../../files/attachment.ts'
import { AttachmentRecords } from '../../files/attachmentRecords.ts'
import { type ExtractItem, extract } from '../../files/extract.ts'
import { filesSystem } from '../../files/system.ts'
import type { Peer } from '../../rpc/peer.ts'
import { fitting } from '../answerSize.ts'
import type { Helper } from '../helper.ts'
import type { FileOwner } from '../restores/newFile.ts'
import { ownerFor } from '../restores/plan.ts'
import { lookAround } from '../restores/targets.ts'
import type { UsedVersion } from './fileDesk.ts'
import { fromHome } from './homeFolder.ts'
import { placeInside } from './insidePlace.ts'
import { freeBytesAt, openTargetFolder } from './targetFolder.ts'

/** What a person has agreed to, as it was looked at then. */
export interface ExtractPlan {
  attachment: string
  version: LibraryVersion
  volume: string
  paths: readonly string[]
  folder: string
  existing: 'refuse' | 'keep-both' | 'replace'
  owner: FileOwner
  /** All that may be replaced. */
  replaced: readonly string[]
}

type PlanInput = HandlerInput<HelperContract, 'files.planRestore'>
type PlanAnswer = Omit<HandlerOutput<HelperContract, 'files.planRestore'>, 'planId'>

/** More than anybody reads through. */
export const mostReplaced = 200_000
const mostShown = 1000
/** Of an answer, for each of its lists. */
const listBytes = 300_000

/** Looks at what would be copied, and where to. Writes nothing. */
export async function planExtract(
  helper: Helper,
  input: PlanInput,
  { peer, signal }: { peer: Peer; signal: AbortSignal },
): Promise<{ plan: ExtractPlan; answer: PlanAnswer }> {
  const { attachment, volume, paths, existing } = input
  const owner = ownerFor(helper, peer)
  const folder = await fromHome(input.folder, owner, { signal })
  const { repositoryPaths } = await lookAround(helper, signal)
  const target = await openTargetFolder({ path: folder, owner, rules: helper.folderRules, repositoryPaths })
  try {
    return await helper.attachments.files.use(attachment, async files => {
      const version = viewOf(helper, files)
      const items = await itemsOf(files, volume, paths)
      const result = await withOwnAttachment(helper.attachments, version.name, own =>
        extract(own, items, {
          ...{ version: version.id, destination: folder, existing, dryRun: true, signal },
          ...(target && { folder: target }),
          mostConflicts: mostReplaced,
        }),
      )
      if (result.replaced.length >= mostReplaced) throw tooMany(folder)
      const { replaced, extracted, entries, bytes } = result
      return {
        plan: { attachment, version, volume, paths, folder, existing, owner, replaced },
        answer: {
          ...{ version, folder, entries, bytes },
          names: fitting(extracted, listBytes),
          freeBytes: await freeBytesAt(folder),
          replaced: fitting(replaced.slice(0, mostShown), listBytes),
          replacedCount: replaced.length,
        },
      }
    })
  } finally {
    await target?.close()
  }
}

/** What the paths stand for. A link itself is copied, not what it leads to. */
export async function itemsOf(files: UsedVersion, volume: string, paths: readonly string[]): Promise<ExtractItem[]> {
  const root = await files.root(volume)
  const items: ExtractItem[] = []
  for (const path of paths) {
    const source = await placeInside(root, path, { followLast: false })
    items.push({ source, name: source === root ? volume.replaceAll('/', '-') : basename(source) })
  }
  return items
}

/**
 * For what is made beside the files of a version: it must not be among what makes them visible, which others use and take away in their
 * own time.
 */
export async function withOwnAttachment<T>(
  { stateDir, logger }: { stateDir: string; logger: Logger },
  title: string,
  work: (own: Attachment) => Promise<T>,
): Promise<T> {
  const records = new AttachmentRecords(stateDir)
  const own = await Attachment.begin({ records, system: filesSystem, logger, title })
  try {
    return await work(own)
  } finally {
    await own.end().catch(error => logger.warn('what was half copied could not be taken away', { error }))
  }
}

/** The version as it is remembered, or what is known of it. */
function viewOf(helper: Helper, { destination, version }: UsedVersion): LibraryVersion {
  const found = helper.library.find(destination.id, version.id)
  if (found) return libraryVersionSchema.parse(found)
  throw new HoldfastError('repository.versionNotFound', `The version ${version.name} is not among those remembered.`, {
    advice: 'Look for the versions of the destination anew.',
    details: { version: version.id },
    retryable: true,
  })
}

const tooMany = (folder: string) =>
  new HoldfastError('target.exists', `In ${folder}, more than ${mostReplaced} files would be replaced.`, {
    advice: 'Choose an empty folder.',
    details: { folder },
  })
