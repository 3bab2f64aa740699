import { createHash } from 'node:crypto'
import { copyFile, mkdir, mkdtemp, open, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { HoldfastError, throwIfAborted } from '../contract/errors.ts'
import { assertClean, blockBytes, debugfs, imageFailure, makeFileSystem, quoted } from './e2fs.ts'
import { databasePages, logText, type SeededRandom, seededRandom } from './seededRandom.ts'
import { chooseFiles, type HostFile, listGroups, takenBytes } from './systemFiles.ts'

/** Where the image keeps what the day's change looks for. Everything else in it mirrors /usr of this machine. */
export const imagePlaces = {
  database: '/var/lib/database/main.db',
  logs: '/var/log',
  pictures: '/home/anna/Pictures',
  downloads: '/home/anna/Downloads',
} as const

export interface MakeImageOptions {
  /** Image file to make; must not exist. */
  path: string
  /** Size of the disk in bytes: at least 32 MiB; rounded down to whole 4 KiB blocks. */
  sizeBytes: number
  /** Share of the disk that files take in the end, 0.1 to 0.8. Default 0.6. */
  fill?: number
  /** The same seed on the same machine chooses the same files and contents. */
  seed: string | number
  signal?: AbortSignal
}

/** What the image is made of, in bytes. */
export interface ImageReport {
  sizeBytes: number
  systemFiles: number
  systemBytes: number
  pictureBytes: number
  databaseBytes: number
  logBytes: number
  /** Files that were written and deleted again: free blocks that are not zero. */
  deletedBytes: number
}

interface Budget {
  systemBytes: number
  pictureBytes: number
  databaseBytes: number
  logBytes: number
  downloadBytes: number
}

/** Divides the disk between the kinds of files. The database is a tenth of the disk, at most 200 MB. */
export function divideDisk(sizeBytes: number, fill: number): Budget {
  const used = sizeBytes * fill
  const databaseBytes = Math.min(200_000_000, sizeBytes / 10)
  const logBytes = used * 0.03
  const pictureBytes = used * 0.16
  return {
    systemBytes: Math.floor(used - databaseBytes - logBytes - pictureBytes),
    pictureBytes: Math.floor(pictureBytes),
    databaseBytes: Math.floor(databaseBytes / blockBytes) * blockBytes,
    logBytes: Math.floor(logBytes),
    downloadBytes: Math.floor(sizeBytes * 0.08),
  }
}

/**
 * Makes a real ext4 disk image without root and without mounting: files of /usr, pictures (incompressible), a database,
 * text logs, and a Downloads folder that was filled and emptied again, so that free blocks hold old data as on a used
 * disk. Checked with e2fsck. Needs room for the files a second time beside the image while it works.
 */
export async function makeImage(options: MakeImageOptions): Promise<ImageReport> {
  const fill = options.fill ?? 0.6
  const sizeBytes = Math.floor(options.sizeBytes / blockBytes) * blockBytes
  if (sizeBytes < 32 * 1024 ** 2 || fill < 0.1 || fill > 0.8) {
    throw new HoldfastError('usage.invalid', `Cannot make an image of ${sizeBytes} bytes filled to ${fill}.`, {
      advice: 'Choose at least 32 MiB and a fill between 0.1 and 0.8.',
    })
  }
  if (await exists(options.path)) {
    throw new HoldfastError('target.exists', `${options.path} already exists.`, {
      advice: 'Name a new file, or remove this one first.',
    })
  }
  await mkdir(dirname(options.path), { recursive: true })
  const stagingDir = await mkdtemp(join(dirname(options.path), 'image-staging-'))
  try {
    const report = await stage(stagingDir, sizeBytes, divideDisk(sizeBytes, fill), options)
    const uuid = uuidFor(options.seed)
    await makeFileSystem(options.path, sizeBytes, stagingDir, uuid, options.signal)
    await debugfs(
      options.path,
      downloadNames(report.deletedBytes).map(name => `rm ${quoted(`${imagePlaces.downloads}/${name}`)}`),
      { write: true, signal: options.signal },
    )
    await assertClean(options.path, options.signal)
    return report
  } catch (error) {
    await rm(options.path, { force: true })
    throw imageFailure(options.path, error)
  } finally {
    await rm(stagingDir, { recursive: true, force: true })
  }
}

async function stage(
  stagingDir: string,
  sizeBytes: number,
  budget: Budget,
  options: MakeImageOptions,
): Promise<ImageReport> {
  const random = seededRandom(`image ${options.seed}`)
  const maxFiles = Math.floor((sizeBytes / 16384) * 0.6)
  const system = await chooseFiles(await listGroups('/usr'), `image ${options.seed}`, budget.systemBytes, maxFiles)
  await copyAll(stagingDir, system, options.signal)
  const systemBytes = system.reduce((sum, file) => sum + file.sizeBytes, 0)
  // A machine with a small /usr still gets a full disk: pictures take the place of what is missing.
  const pictureBytes = budget.pictureBytes + Math.max(0, Math.round(budget.systemBytes * 0.98) - takenBytes(system))

  const place = (path: string): string => join(stagingDir, path)
  await writePieces(place(imagePlaces.database), budget.databaseBytes, length =>
    databasePages(random, length / blockBytes),
  )
  for (const [index, length] of splitBytes(pictureBytes, pictureSize(sizeBytes)).entries()) {
    throwIfAborted(options.signal, 'Making the image')
    await writePieces(place(`${imagePlaces.pictures}/${pictureName(index)}`), length, n => random.bytes(n))
  }
  for (const [index, length] of splitBytes(budget.logBytes, Math.ceil(budget.logBytes / logNames.length)).entries()) {
    await writePieces(place(`${imagePlaces.logs}/${logNames[index]}`), length, n => logText(random, n))
  }
  const lengths = splitBytes(budget.downloadBytes, downloadSize)
  for (const [index, name] of downloadNames(budget.downloadBytes).entries()) {
    const fillWith = index % 2 === 0 ? (n: number) => random.bytes(n) : mixed(random)
    await writePieces(place(`${imagePlaces.downloads}/${name}`), lengths[index]!, fillWith)
  }
  return {
    sizeBytes,
    systemFiles: system.length,
    systemBytes,
    pictureBytes,
    databaseBytes: budget.databaseBytes,
    logBytes: budget.logBytes,
    deletedBytes: budget.downloadBytes,
  }
}

const logNames = ['syslog', 'auth.log', 'kern.log', 'daemon.log', 'web-access.log', 'web-error.log']
const downloadSize = 4 * 1024 ** 2
const pictureSize = (diskBytes: number): number => Math.max(64 * 1024, Math.min(3_000_000, Math.floor(diskBytes / 400)))

/** Name of the picture with this number; the day's change adds pictures behind the last one. */
export const pictureName = (index: number): string => `IMG_${String(index).padStart(5, '0')}.jpg`

const downloadNames = (bytes: number): string[] => splitBytes(bytes, downloadSize).map((_, i) => `download-${i}.part`)

const mixed = (random: SeededRandom) => (length: number) =>
  databasePages(random, Math.ceil(length / blockBytes)).subarray(0, length)

/** Cuts `total` into pieces of `each`, the last one shorter; nothing for 0. */
export function splitBytes(total: number, each: number): number[] {
  const pieces: number[] = []
  for (let left = total; left > 0; left -= each) pieces.push(Math.min(each, left))
  return pieces
}

async function copyAll(stagingDir: string, files: readonly HostFile[], signal: AbortSignal | undefined): Promise<void> {
  const made = new Set<string>()
  for (const file of files) {
    throwIfAborted(signal, 'Making the image')
    const target = join(stagingDir, file.path)
    if (!made.has(dirname(target))) await mkdir(dirname(target), { recursive: true })
    made.add(dirname(target))
    await copyFile(file.path, target)
  }
}

async function writePieces(path: string, length: number, make: (length: number) => Buffer): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  const file = await open(path, 'wx')
  try {
    for (const piece of splitBytes(length, 1024 ** 2)) await file.write(make(piece))
  } finally {
    await file.close()
  }
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  )

/** A UUID (version 4 in form) that depends on the seed alone. */
function uuidFor(seed: string | number): string {
  const hex = createHash('sha256').update(`uuid ${seed}`).digest('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}
