import { dirname } from 'node:path'
import type { ImageFile, ImageTree } from './e2fs.ts'
import { imagePlaces, pictureName } from './ext4Image.ts'
import { seededRandom, shuffledBy } from './seededRandom.ts'
import type { HostFile } from './systemFiles.ts'

/** How much of everything a day changes; byte and file counts for a disk of one size. */
export interface DayAmounts {
  editedFiles: number
  appendBytesPerLog: number
  newSystemBytes: number
  newPictureBytes: number
  deletedBytes: number
  rewrittenFiles: number
  copiedFolderBytes: number
  randomWrites: number
}

/** What one day does to an image; all paths are paths inside the image. */
export interface DayPlan {
  /** Files in which a few bytes are overwritten where they are. */
  edits: ImageFile[]
  appends: { file: ImageFile; bytes: number }[]
  /** Files of this machine that come in at the same path. */
  additions: HostFile[]
  pictures: { path: string; bytes: number }[]
  deletions: ImageFile[]
  /** Files that are written anew under another name and then take the place of the old one, as editors do. */
  rewrites: ImageFile[]
  copy: { from: string; to: string; files: ImageFile[] } | undefined
  /** Whole 4 KiB pages overwritten at random places of one large file. */
  randomWrites: { file: ImageFile; count: number } | undefined
}

/** The amounts are meant for a disk of 2 GiB and scale with the size of the disk. */
export function dayAmounts(diskBytes: number, heavy: boolean): DayAmounts {
  const scale = diskBytes / 2 ** 31
  const count = (at2GiB: number): number => Math.max(4, Math.round(at2GiB * scale))
  return {
    editedFiles: count(200),
    appendBytesPerLog: Math.round(800_000 * scale),
    newSystemBytes: Math.round(0.0105 * diskBytes),
    newPictureBytes: Math.round(0.0115 * diskBytes),
    deletedBytes: Math.round(0.01 * diskBytes),
    rewrittenFiles: heavy ? count(120) : 0,
    copiedFolderBytes: heavy ? Math.round(0.02 * diskBytes) : 0,
    randomWrites: heavy ? count(300) : 0,
  }
}

const smallFileBytes = 64 * 1024
const rewrittenFileBytes = 512 * 1024

/** Decides a day's change from what the image holds. No file plays two parts. `additions` are chosen by the caller. */
export function planDay(tree: ImageTree, additions: HostFile[], amounts: DayAmounts, seed: string | number): DayPlan {
  const random = seededRandom(`day plan ${seed}`)
  const copy = planCopy(tree, amounts.copiedFolderBytes)
  const copied = new Set(copy?.files)
  const system = tree.files.filter(file => file.path.startsWith('/usr/') && file.sizeBytes >= 512 && !copied.has(file))
  const free = shuffledBy(seed, system, file => file.path)
  const take = (count: number, limit: number): ImageFile[] => {
    const taken: ImageFile[] = []
    for (let i = free.length - 1; i >= 0 && taken.length < count; i--) {
      if (free[i]!.sizeBytes <= limit) taken.push(...free.splice(i, 1))
    }
    return taken
  }
  const edits = take(amounts.editedFiles, smallFileBytes)
  const rewrites = take(amounts.rewrittenFiles, rewrittenFileBytes)
  const deletions: ImageFile[] = []
  for (let left = amounts.deletedBytes; left > 0 && free.length > 0; ) {
    const file = free.pop()!
    if (file.sizeBytes > left) continue
    left -= file.sizeBytes
    deletions.push(file)
  }
  const logs = tree.files.filter(file => dirname(file.path) === imagePlaces.logs)
  const database = tree.files.find(file => file.path === imagePlaces.database)
  return {
    edits,
    appends: logs.map(file => ({
      file,
      bytes: Math.round(amounts.appendBytesPerLog * (0.5 + random.below(1000) / 1000)),
    })),
    additions,
    pictures: planPictures(tree, amounts.newPictureBytes),
    deletions,
    rewrites,
    copy,
    randomWrites: database && amounts.randomWrites > 0 ? { file: database, count: amounts.randomWrites } : undefined,
  }
}

/** New pictures of the size of the old ones, numbered on. */
function planPictures(tree: ImageTree, bytes: number): DayPlan['pictures'] {
  const old = tree.files.filter(file => dirname(file.path) === imagePlaces.pictures)
  const each = Math.max(4096, old[0]?.sizeBytes ?? 3_000_000)
  const pictures: DayPlan['pictures'] = []
  for (let left = bytes; left > 0; left -= each) {
    const path = `${imagePlaces.pictures}/${pictureName(old.length + pictures.length)}`
    pictures.push({ path, bytes: Math.min(each, left) })
  }
  return pictures
}

/** The folder whose files come nearest to the wanted size among those between half and one and a half of it. */
function planCopy(tree: ImageTree, wantedBytes: number): DayPlan['copy'] {
  if (wantedBytes === 0) return undefined
  const totals = new Map<string, number>()
  for (const file of tree.files) {
    for (let up = dirname(file.path); up.length > 1; up = dirname(up)) {
      totals.set(up, (totals.get(up) ?? 0) + file.sizeBytes)
    }
  }
  const fitting = tree.directories.filter(directory => {
    const total = totals.get(directory) ?? 0
    return directory.startsWith('/usr/') && total >= wantedBytes * 0.5 && total <= wantedBytes * 1.5
  })
  if (fitting.length === 0) return undefined
  const off = (directory: string): number => Math.abs((totals.get(directory) ?? 0) - wantedBytes)
  const from = fitting.reduce((best, next) => (off(next) < off(best) ? next : best))
  let number = 1
  while (tree.directories.includes(copyName(from, number))) number++
  return {
    from,
    to: copyName(from, number),
    files: tree.files.filter(file => file.path.startsWith(`${from}/`)),
  }
}

const copyName = (directory: string, number: number): string => `${directory}-copy${number}`
