import { type FileHandle, mkdir, readdir, statfs } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { HoldfastError } from '../contract/errors.ts'
import type { ExtractResult } from '../contract/files.ts'
import type { OnProgress } from '../contract/progress.ts'
import type { Attachment } from './attachment.ts'
import { copyOut } from './copyOut.ts'
import { findConflicts, freeName, inside, makePrivateFolder, openFolder, place, stagingName } from './placing.ts'
import { type FilesSystem, needProgram } from './system.ts'

/** Something to be copied out: where it is now, and what it is to be called. */
export interface ExtractItem {
  /** Without links in its path but for the last part. */
  source: string
  name: string
}

export interface ExtractOptions {
  version: string
  /** Made if its parent is there. */
  destination: string
  /** What is done about names that are there: nothing is copied, they are replaced, or the new ones get other names. */
  existing: 'refuse' | 'replace' | 'keep-both'
  dryRun: boolean
  /** The destination, opened by somebody who has made sure of it and closes it; `destination` is only how people call it then. */
  folder?: FileHandle
  /** All that may be replaced, by paths relative to the destination; whatever `existing` says when it is not given. */
  mayReplace?: ReadonlySet<string>
  /** So many conflicts are looked for. */
  mostConflicts?: number
  /** Changes what was copied, in a folder that nobody else may enter, before it is placed; answers with problems. */
  beforePlacing?(staged: string): Promise<string[]>
  signal?: AbortSignal | undefined
  onProgress?: OnProgress | undefined
}

/** So many are in lists of what would be replaced, and in messages. */
const usualConflicts = 10_000
const shownConflicts = 5

/**
 * Copies files and folders of a mounted version into a folder. All is copied beside the final place first, so that a copy that fails
 * or is cancelled leaves what was there as it was, and what has appeared there meanwhile is not replaced (target.exists). Fails with
 * target.exists, target.full, target.notFound, run.cancelled; what could not be copied in full is in the result.
 */
export async function extract(
  attachment: Attachment,
  items: readonly ExtractItem[],
  options: ExtractOptions,
): Promise<ExtractResult> {
  const { destination, existing, dryRun, signal, mostConflicts = usualConflicts } = options
  requireDistinct(items)
  const size = { entries: 0, bytes: 0 }
  for (const { source } of items) {
    const tree = await measure(attachment.system, source, signal)
    size.entries += tree.entries
    size.bytes += tree.bytes
  }
  const result: ExtractResult = {
    version: options.version,
    destination,
    extracted: [],
    replaced: [],
    ...size,
    problems: [],
    dryRun,
  }
  if (dryRun && !options.folder && !(await isFolder(destination))) {
    return { ...result, extracted: items.map(({ name }) => name) }
  }
  if (!dryRun && !options.folder) await makeDestination(destination)
  const folder = options.folder ?? (await openFolder(destination))
  try {
    const at = inside(folder)
    const names = new Map<ExtractItem, string>()
    for (const item of items) names.set(item, existing === 'keep-both' ? await freeName(at, item.name) : item.name)
    result.extracted = [...names.values()]
    if (existing !== 'keep-both') {
      for (const { source, name } of items) {
        result.replaced.push(...(await findConflicts(source, `${at}/${name}`, name, mostConflicts)))
      }
    }
    if (dryRun) return result
    if (existing === 'refuse' && result.replaced.length > 0) throw wouldReplace(destination, result.replaced)
    const mayReplace = options.mayReplace ?? new Set(result.replaced)
    requireNoOthers(destination, result.replaced, mayReplace)
    await requireRoom(at, destination, size.bytes)

    const staging = stagingName()
    const path = `${destination}/${staging}`
    const height = attachment.height
    const staged = await attachment.step({ kind: 'staging', path }, () =>
      placed(() => makePrivateFolder(folder, staging), destination),
    )
    try {
      let done = 0
      for (const item of items) {
        const problems = await copyOut({
          source: item.source,
          name: item.name,
          folder: inside(staged).replace('/proc/self/', `/proc/${process.pid}/`),
          signal,
          onBytes: bytes =>
            options.onProgress?.({
              phase: 'restoring',
              doneBytes: Math.min(done + bytes, size.bytes),
              totalBytes: size.bytes,
            }),
        })
        result.problems.push(...problems.map(text => text.replaceAll(item.source, item.name)))
        done += (await measure(attachment.system, item.source, signal)).bytes
      }
      requireNotFull(destination, result.problems)
      if (options.beforePlacing) result.problems.push(...(await options.beforePlacing(inside(staged))))
      const copied = new Set(await readdir(inside(staged)))
      for (const item of items.filter(({ name }) => copied.has(name))) {
        const name = names.get(item)!
        const now = await findConflicts(`${inside(staged)}/${item.name}`, `${at}/${name}`, name, mostConflicts)
        requireNoOthers(destination, now, mayReplace)
      }
      for (const item of items) {
        // What could not even be made is among the problems.
        if (copied.has(item.name)) await placed(() => place(staged, item.name, folder, names.get(item)), destination)
      }
      result.extracted = items.filter(({ name }) => copied.has(name)).map(item => names.get(item)!)
      await folder.sync().catch(() => undefined)
    } finally {
      await staged.close()
      await attachment.undo(height)
    }
    return result
  } finally {
    if (!options.folder) await folder.close()
  }
}

/** Failures of the file system as ours. */
async function placed<T>(work: () => Promise<T>, destination: string): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (error instanceof HoldfastError || code === undefined) throw error
    throw new HoldfastError('target.writeFailed', `The files cannot be brought into ${destination}: ${code}.`, {
      advice: 'Name a folder that you may write to; what was there is as before, but for what is in place already.',
      details: { destination, errno: code },
      cause: error,
    })
  }
}

/** Names are what counts in the destination. */
function requireDistinct(items: readonly ExtractItem[]): void {
  const seen = new Set<string>()
  for (const { name } of items) {
    if (seen.has(name)) {
      throw new HoldfastError('usage.invalid', `Two of the files are called ${name}.`, {
        advice: 'Extract them one after the other, into different folders.',
        details: { name },
      })
    }
    seen.add(name)
  }
}

/** How much a tree holds; holes take nothing. */
async function measure(system: FilesSystem, source: string, signal: AbortSignal | undefined) {
  await needProgram(system, 'find', 'copy files')
  // %b: blocks of 512 bytes that it takes; %n, %i: what has several names is copied once.
  const { stdout } = await system.run('find', ['-P', source, '-printf', '%y %s %b %n %i\\n'], {
    failureCode: 'files.damaged',
    expectedExitCodes: [0, 1],
    maxOutputBytes: 1024 ** 3,
    ...(signal && { signal }),
  })
  let [entries, bytes] = [0, 0]
  const seen = new Set<string>()
  for (const line of stdout.toString('latin1').split('\n')) {
    if (line === '') continue
    const [kind, size, blocks, names, inode] = line.split(' ')
    entries++
    if (kind !== 'f' || seen.has(inode!)) continue
    if (names !== '1') seen.add(inode!)
    bytes += Math.min(Number(size), Number(blocks) * 512)
  }
  return { entries, bytes }
}

const isFolder = async (path: string): Promise<boolean> => {
  try {
    await (await openFolder(path)).close()
    return true
  } catch {
    return false
  }
}

async function makeDestination(path: string): Promise<void> {
  try {
    await mkdir(path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST' && (await isFolder(path))) return
    if (code === 'ENOENT') {
      throw new HoldfastError('target.notFound', `The folder ${dirname(path)} does not exist.`, {
        advice: `Make it first: mkdir -p ${dirname(path)}`,
        details: { path },
        cause: error,
      })
    }
    throw new HoldfastError('target.writeFailed', `${path} is no folder that files can be copied to: ${code}.`, {
      advice: 'Name a folder that you may write to.',
      details: { path, errno: code },
      cause: error,
    })
  }
}

/** What is in the way and was not agreed to be replaced. */
function requireNoOthers(destination: string, conflicts: readonly string[], mayReplace: ReadonlySet<string>): void {
  const others = conflicts.filter(name => !mayReplace.has(name))
  if (others.length === 0) return
  throw new HoldfastError('target.exists', `In ${destination} there is since: ${shown(others)}.`, {
    advice: 'Nothing was replaced. Look again at what would be, and then repeat it.',
    details: { destination, appeared: others.slice(0, usualConflicts) },
  })
}

async function requireRoom(at: string, destination: string, neededBytes: number): Promise<void> {
  const { bsize, bavail } = await statfs(at)
  const freeBytes = bsize * bavail
  if (freeBytes >= neededBytes) return
  throw new HoldfastError('target.full', `${destination} has room for ${freeBytes} bytes; ${neededBytes} are needed.`, {
    advice: 'Make room there, or choose another folder.',
    details: { destination, freeBytes, neededBytes },
  })
}

/** Whoever else writes there may have taken the room that there was. */
function requireNotFull(destination: string, problems: readonly string[]): void {
  const said = problems.find(line => /No space left on device|Disk quota exceeded/.test(line))
  if (said === undefined) return
  throw new HoldfastError('target.full', `There was not enough room in ${destination}.`, {
    advice: 'What was copied was taken away again. Make room, or choose another folder.',
    details: { destination, said },
  })
}

function shown(names: readonly string[]): string {
  const more = names.length > shownConflicts ? ` and ${names.length - shownConflicts} more` : ''
  return `${names.slice(0, shownConflicts).join(', ')}${more}`
}

function wouldReplace(destination: string, replaced: readonly string[]): HoldfastError {
  return new HoldfastError('target.exists', `In ${destination} there are already: ${shown(replaced)}.`, {
    advice: 'Choose an empty folder, --keep-both to give the new ones other names, or --force to replace them.',
    details: { destination, replaced: [...replaced] },
  })
}

/** Whether what could not be copied is damaged, and not just impossible here. */
export const isDamage = (problem: string): boolean =>
  /Input\/output error|Structure needs cleaning|Bad message|Invalid or incomplete/.test(problem)

/** Name for a path that was asked for; `whole` when that is all of a volume. */
export const nameFor = (path: string, whole: string): string => basename(path) || whole.replaceAll('/', '-')
