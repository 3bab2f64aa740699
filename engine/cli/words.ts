import { formatBytes, formatDuration, formatSpeed } from '../base/bytes.ts'
import { formatLocalMinute } from '../base/localTime.ts'
import type { BackupResult, ByteRange, Version } from '../contract/models.ts'

/** Facts in the words that the command line prints. All functions here are pure, except that dates are in local time. */

/** "1 version", "12 versions"; `many` when the plural is not formed with s. */
export const counted = (count: number, one: string, many = `${one}s`): string =>
  `${count.toLocaleString('en-US')} ${count === 1 ? one : many}`

/** "a", "a and b", "a, b and c". */
export const listed = (items: readonly string[]): string =>
  items.length < 2 ? (items[0] ?? '') : `${items.slice(0, -1).join(', ')} and ${items.at(-1)}`

/** "2026-01-31 10:00" on the clocks of this computer. */
export const localMinute = (isoTime: string): string => formatLocalMinute(Date.parse(isoTime), undefined)

/** "2.3 GiB in 12 s (196 MiB/s)"; no speed for what took no time worth speaking of. */
export function bytesInTime(bytes: number, durationMs: number): string {
  const speed = durationMs >= 100 && bytes > 0 ? ` (${formatSpeed((bytes / durationMs) * 1000)})` : ''
  return `${formatBytes(bytes)} in ${formatDuration(durationMs)}${speed}`
}

/** "64 KiB at byte 1,048,576". */
export const rangeWords = ({ offset, length }: ByteRange): string =>
  `${formatBytes(length)} at byte ${offset.toLocaleString('en-US')}`

/** At most `most` ranges in words, and how many more there are. */
export function rangeList(ranges: readonly ByteRange[], most = 20): string[] {
  const words = ranges.slice(0, most).map(rangeWords)
  return ranges.length > most ? [...words, `and ${counted(ranges.length - most, 'more part')}`] : words
}

export const methodWords: Record<BackupResult['method'], string> = {
  full: 'everything was read',
  allocation: 'what may hold data was read',
  hints: 'what the hints named was read',
  'lvm-thin': 'what LVM knows to have changed was read',
  'lvm-classic': 'what LVM knows to have changed was read',
}

/** How a run found out what to read, and why it was not less. */
export function readWords({ method, usedBlocks }: Pick<BackupResult, 'method' | 'usedBlocks'>): string {
  if (!usedBlocks) return methodWords[method]
  const { fileSystem, whyAll } = usedBlocks
  return whyAll === null ? `what is in use by ${fileSystem} was read` : `${methodWords[method]}: ${whyAll}`
}

export const consistencyWords: Record<BackupResult['consistency'], string> = {
  consistent: 'consistent: one moment, with all that was written until then',
  'crash-consistent': 'crash-consistent: one moment, as after a power cut',
  'read-while-in-use': 'read while in use: parts may belong to different moments',
}

/** Digits of an id that people get to see. */
const shortest = 8

/** How many digits of these ids tell all of them apart, at least 8. */
export function idDigits(ids: readonly string[]): number {
  for (let digits = shortest; digits < 16; digits++) {
    if (new Set(ids.map(id => id.slice(0, digits))).size === new Set(ids).size) return digits
  }
  return 16
}

/** "web01 of 2026-01-31 10:00". */
export const versionWords = ({ name, date }: Pick<Version, 'name' | 'date'>): string =>
  `${name} of ${localMinute(date)}`

/** "os=debian, owner=anna", in the order of the keys. */
export const labelWords = (labels: Record<string, string>): string =>
  Object.entries(labels)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => (value === '' ? key : `${key}=${value}`))
    .join(', ')
