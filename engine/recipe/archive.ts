import { HoldfastError } from '../contract/errors.ts'
import type { ByteRange } from '../contract/models.ts'

/**
 * A recipe's files in one byte string: a tar archive as POSIX.1-2017 describes it (pax, "ustar Interchange Format"), so that
 * every tar reads it. Nothing in it depends on the time or the order in which parts were gathered: the same files give the same
 * bytes, of which nothing is stored twice.
 */

export interface ArchiveFile {
  name: string
  bytes: Uint8Array
}

export interface ArchiveEntry {
  name: string
  /** In the archive. */
  offset: number
  sizeBytes: number
}

/** Gives bytes of the archive; a range is inside of it and at most 1 MiB. */
export type ReadArchive = (range: ByteRange) => Promise<Uint8Array>

const recordBytes = 512
/** More entries than any recipe has: what goes on is no recipe. */
const mostEntries = 4096

/** Letters, digits and a few signs in at most two folders, as they stand in an archive; never '..' or absolute. */
const soundName = /^(?!.*\.\.)(?:[A-Za-z0-9_][A-Za-z0-9._+-]*\/){0,2}[A-Za-z0-9_][A-Za-z0-9._+-]*$/

/** In the order given. Names are of the form above and at most 100 bytes (RangeError). */
export function writeArchive(files: readonly ArchiveFile[]): Buffer {
  const padded = files.map(({ bytes }) => roundUp(bytes.length))
  // Two records of zeros end it.
  const archive = Buffer.alloc(padded.reduce((sum, length) => sum + recordBytes + length, 2 * recordBytes))
  let at = 0
  for (const [i, { name, bytes }] of files.entries()) {
    writeHeader(archive.subarray(at, at + recordBytes), name, bytes.length)
    archive.set(bytes, at + recordBytes)
    at += recordBytes + padded[i]!
  }
  return archive
}

/** The files of an archive of `sizeBytes` bytes, by their headers alone. integrity.objectDamaged when it is none of ours. */
export async function listArchive(read: ReadArchive, sizeBytes: number): Promise<ArchiveEntry[]> {
  const entries: ArchiveEntry[] = []
  for (let at = 0; at + recordBytes <= sizeBytes; ) {
    const header = Buffer.from(await read({ offset: at, length: recordBytes }))
    if (header.every(byte => byte === 0)) return entries
    const entry = readHeader(header, at + recordBytes)
    const end = entry && entry.offset + roundUp(entry.sizeBytes)
    if (end === undefined || end > sizeBytes || entries.length >= mostEntries) break
    entries.push(entry!)
    at = end
  }
  throw new HoldfastError('integrity.objectDamaged', 'The machine recipe is no archive of Holdfast.', {
    advice: 'Restore the version without it; "holdfast scrub" says what else is damaged.',
  })
}

/** The content of a file of the archive, in pieces of at most 1 MiB. */
export async function* readEntry(read: ReadArchive, { offset, sizeBytes }: ArchiveEntry): AsyncGenerator<Uint8Array> {
  const most = 1024 * 1024
  for (let done = 0; done < sizeBytes; done += most) {
    yield await read({ offset: offset + done, length: Math.min(most, sizeBytes - done) })
  }
}

/** Field, offset and length as in the table "ustar Header Block". */
const fields = {
  name: [0, 100],
  mode: [100, 8],
  uid: [108, 8],
  gid: [116, 8],
  size: [124, 12],
  mtime: [136, 12],
  checksum: [148, 8],
  type: [156, 1],
  magic: [257, 8],
} as const

function writeHeader(header: Buffer, name: string, sizeBytes: number): void {
  if (!soundName.test(name) || name.length > fields.name[1]) throw new RangeError(`archive: name ${name}`)
  const put = (field: keyof typeof fields, text: string) => header.write(text, fields[field][0], 'latin1')
  const octal = (value: number, digits: number) => value.toString(8).padStart(digits, '0')
  put('name', name)
  put('mode', octal(0o600, 7))
  put('uid', octal(0, 7))
  put('gid', octal(0, 7))
  put('size', octal(sizeBytes, 11))
  put('mtime', octal(0, 11))
  put('type', '0')
  // Magic with its NUL, and the version.
  put('magic', 'ustar\x0000')
  put('checksum', `${octal(checksumOf(header), 6)}\0 `)
}

function readHeader(header: Buffer, offset: number): ArchiveEntry | undefined {
  const get = ([at, length]: readonly [number, number]) =>
    header.toString('latin1', at, at + length).split(/[\0 ]/, 1)[0]!
  const number = (field: readonly [number, number]) => {
    const text = get(field)
    return /^[0-7]+$/.test(text) ? Number.parseInt(text, 8) : Number.NaN
  }
  const name = get(fields.name)
  const sizeBytes = number(fields.size)
  const isOurs =
    get(fields.magic) === 'ustar' &&
    number(fields.checksum) === checksumOf(header) &&
    get(fields.type) === '0' &&
    soundName.test(name) &&
    Number.isSafeInteger(sizeBytes)
  return isOurs ? { name, offset, sizeBytes } : undefined
}

/** Sum of all bytes, those of the checksum itself counted as spaces. */
function checksumOf(header: Buffer): number {
  const [start, length] = fields.checksum
  let sum = 0
  for (const [i, byte] of header.entries()) sum += i >= start && i < start + length ? 0x20 : byte
  return sum
}

const roundUp = (bytes: number): number => Math.ceil(bytes / recordBytes) * recordBytes
