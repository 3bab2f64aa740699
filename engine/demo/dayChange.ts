import { mkdtemp, open, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { HoldfastError, throwIfAborted } from '../contract/errors.ts'
import { type DayPlan, dayAmounts, planDay } from './dayPlan.ts'
import {
  assertClean,
  blockBytes,
  debugfs,
  type Extent,
  type ImageFile,
  imageFailure,
  imageOffset,
  listImage,
  locateFiles,
  quoted,
} from './e2fs.ts'
import { databasePages, logText, type SeededRandom, seededRandom } from './seededRandom.ts'
import { chooseFiles, listGroups, takenBytes } from './systemFiles.ts'

export interface DayChangeOptions {
  /** An image made by makeImage; changed in place. */
  path: string
  seed: string | number
  /** Adds a copied folder, rewritten files and random writes inside one large file. */
  heavy?: boolean
  signal?: AbortSignal
}

/** What the day did, counted in files and bytes of files (the file system adds its own pages). */
export interface DayReport {
  editedFiles: number
  appendedBytes: number
  newFiles: number
  newBytes: number
  deletedFiles: number
  deletedBytes: number
  rewrittenFiles: number
  copiedBytes: number
  randomWrites: number
}

/**
 * Does to an image what a day of use does: small edits in place, longer logs, new files, deletions, and with `heavy`
 * also files replaced by new ones, a copied folder and random 4 KiB writes into the database. No root, no mount: new
 * and deleted files go through debugfs, edits are written straight to the blocks of their files. The file system is
 * clean before and after (checked with e2fsck). When it fails half way, the image is of no more use.
 */
export async function applyDayChange(options: DayChangeOptions): Promise<DayReport> {
  try {
    return await changeImage(options)
  } catch (error) {
    throw imageFailure(options.path, error)
  }
}

async function changeImage(options: DayChangeOptions): Promise<DayReport> {
  const { path: image, signal } = options
  const random = seededRandom(`day ${options.seed}`)
  await assertClean(image, signal)
  const { size } = await stat(image)
  const tree = await listImage(image, signal)
  const amounts = dayAmounts(size, options.heavy ?? false)
  const known = new Set(tree.files.map(file => dirname(file.path)))
  const elsewhere = (await listGroups('/usr')).filter(group => !known.has(group.directory))
  const additions = await chooseFiles(elsewhere, `day ${options.seed}`, amounts.newSystemBytes, tree.files.length)
  // A machine with a small /usr has nothing left to bring in: pictures take the place of what is missing.
  amounts.newPictureBytes += Math.max(0, Math.round(amounts.newSystemBytes * 0.98) - takenBytes(additions))
  const plan = planDay(tree, additions, amounts, options.seed)

  const workDir = await mkdtemp(join(dirname(resolve(image)), 'day-change-'))
  try {
    await changeStructure(image, plan, tree.directories, workDir, random, signal)
  } finally {
    await rm(workDir, { recursive: true, force: true })
  }
  await changeContents(image, plan, random, signal)
  await assertClean(image, signal)
  return report(plan)
}

/** Everything that allocates or frees: one run of debugfs. Deletions come last, so that freed blocks keep what they held. */
async function changeStructure(
  image: string,
  plan: DayPlan,
  directories: readonly string[],
  workDir: string,
  random: SeededRandom,
  signal: AbortSignal | undefined,
): Promise<void> {
  const local = (index: number): string => join(workDir, String(index))
  const old = [...plan.rewrites, ...(plan.copy?.files ?? [])]
  await debugfs(
    image,
    old.map((file, index) => `dump ${quoted(file.path)} ${quoted(local(index))}`),
    { signal },
  )
  const known = new Set(['/', ...directories])
  const commands: string[] = []
  const write = (hostPath: string, target: string): void => {
    commands.push(...makeDirectories(dirname(target), known), `cd ${quoted(dirname(target))}`)
    commands.push(`write ${quoted(hostPath)} ${quoted(basename(target))}`)
  }

  for (const { file, bytes } of plan.appends) commands.push(...growCommands(file, bytes))
  for (const [index, file] of plan.rewrites.entries()) {
    await writeFile(local(index), rewritten(await readFile(local(index)), random))
    const temporary = `${file.path}.new`
    write(local(index), temporary)
    // debugfs has no rename; ln and unlink move the name and leave the link count alone, which is what is wanted.
    commands.push(`rm ${quoted(file.path)}`, `ln ${quoted(temporary)} ${quoted(file.path)}`)
    commands.push(`unlink ${quoted(temporary)}`)
  }
  for (const [index, file] of (plan.copy?.files ?? []).entries()) {
    write(local(plan.rewrites.length + index), plan.copy!.to + file.path.slice(plan.copy!.from.length))
  }
  for (const file of plan.additions) write(file.path, file.path)
  for (const [index, picture] of plan.pictures.entries()) {
    throwIfAborted(signal, 'Changing the image')
    const hostPath = local(old.length + index)
    await writeFile(hostPath, random.bytes(picture.bytes))
    write(hostPath, picture.path)
  }
  const now = Math.floor(Date.now() / 1000)
  for (const file of plan.edits) commands.push(`set_inode_field ${quoted(file.path)} mtime @${now}`)
  for (const file of plan.deletions) commands.push(`rm ${quoted(file.path)}`)
  await debugfs(image, commands, { write: true, signal })
}

/** Commands for the missing folders of `directory`, outermost first; adds them to `known`. */
function makeDirectories(directory: string, known: Set<string>): string[] {
  if (known.has(directory)) return []
  const commands = makeDirectories(dirname(directory), known)
  known.add(directory)
  return [...commands, `mkdir ${quoted(directory)}`]
}

/**
 * Makes a file longer without touching what it has: `bmap -a` maps one more block as written (debugfs's own fallocate
 * would leave the blocks unwritten, and reads would give zeros), then the size moves. The content goes straight to the
 * image afterwards.
 */
function growCommands(file: ImageFile, bytes: number): string[] {
  const firstNew = Math.ceil(file.sizeBytes / blockBytes)
  const afterLast = Math.ceil((file.sizeBytes + bytes) / blockBytes)
  const commands: string[] = []
  for (let block = firstNew; block < afterLast; block++) commands.push(`bmap -a ${quoted(file.path)} ${block}`)
  return [...commands, `set_inode_field ${quoted(file.path)} size ${file.sizeBytes + bytes}`]
}

/** The file as an editor saves it: a line goes in somewhere, so that everything behind it moves. */
function rewritten(content: Buffer, random: SeededRandom): Buffer {
  const at = random.below(content.length + 1)
  return Buffer.concat([content.subarray(0, at), logText(random, random.between(20, 200)), content.subarray(at)])
}

/** Everything that changes file contents where they lie; no metadata of the file system is touched. */
async function changeContents(
  image: string,
  plan: DayPlan,
  random: SeededRandom,
  signal: AbortSignal | undefined,
): Promise<void> {
  const large = plan.randomWrites ? [plan.randomWrites.file] : []
  const files = [...plan.edits, ...plan.appends.map(append => append.file), ...large]
  const places = await locateFiles(
    image,
    files.map(file => file.path),
    signal,
  )
  const handle = await open(image, 'r+')
  try {
    for (const [index, file] of plan.edits.entries()) {
      const length = Math.min(random.between(16, 1024), file.sizeBytes)
      const offset = random.below(file.sizeBytes - length + 1)
      await writeInto(handle, places[index]!, offset, logText(random, length))
    }
    for (const [index, { file, bytes }] of plan.appends.entries()) {
      const end = file.sizeBytes + bytes
      // New blocks still hold what was deleted there: a file system clears the rest of the last one.
      const padding = Buffer.alloc((blockBytes - (end % blockBytes)) % blockBytes)
      const content = Buffer.concat([logText(random, bytes), padding])
      await writeInto(handle, places[plan.edits.length + index]!, file.sizeBytes, content)
    }
    if (plan.randomWrites) {
      const pages = Math.floor(plan.randomWrites.file.sizeBytes / blockBytes)
      for (let i = 0; i < plan.randomWrites.count; i++) {
        const offset = random.below(pages) * blockBytes
        await writeInto(handle, places.at(-1)!, offset, databasePages(random, 1))
      }
    }
    await handle.sync()
  } finally {
    await handle.close()
  }
}

type FileHandle = Awaited<ReturnType<typeof open>>

/** Writes `content` at byte `offset` of a file, block by block through its extents; holes of the file stay holes. */
async function writeInto(
  handle: FileHandle,
  extents: readonly Extent[],
  offset: number,
  content: Buffer,
): Promise<void> {
  for (let at = 0; at < content.length; ) {
    const length = Math.min(blockBytes - ((offset + at) % blockBytes), content.length - at)
    const position = imageOffset(extents, offset + at)
    if (position !== undefined) {
      const { bytesWritten } = await handle.write(content, at, length, position)
      if (bytesWritten !== length) throw shortWrite(position)
    }
    at += length
  }
}

const shortWrite = (position: number): HoldfastError =>
  new HoldfastError('target.writeFailed', `The image could not be written at byte ${position}.`, {
    advice: 'Check that there is enough free space, remove the image and make it again.',
  })

function report(plan: DayPlan): DayReport {
  const sum = (sizes: number[]): number => sizes.reduce((total, size) => total + size, 0)
  const copied = plan.copy?.files ?? []
  return {
    editedFiles: plan.edits.length,
    appendedBytes: sum(plan.appends.map(append => append.bytes)),
    newFiles: plan.additions.length + plan.pictures.length,
    newBytes: sum([...plan.additions.map(f => f.sizeBytes), ...plan.pictures.map(p => p.bytes)]),
    deletedFiles: plan.deletions.length,
    deletedBytes: sum(plan.deletions.map(file => file.sizeBytes)),
    rewrittenFiles: plan.rewrites.length,
    copiedBytes: sum(copied.map(file => file.sizeBytes)),
    randomWrites: plan.randomWrites?.count ?? 0,
  }
}
