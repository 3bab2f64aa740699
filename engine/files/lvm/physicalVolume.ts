import { crc32 } from 'node:zlib'
import type { ReadBytes } from '../../versions/partition.ts'

/**
 * A physical volume of LVM as it lies on a disk (lib/format_text/layout.h and lib/label/label.c in LVM's source; all numbers
 * are little-endian): a label in one of the first four sectors, a header behind it, and areas that hold the metadata of the
 * whole group as text.
 */
export interface PhysicalVolume {
  /** As the metadata name it: 32 characters with six dashes. */
  id: string
  /** The newest text; null when no area holds a sound one. */
  metadata: string | null
}

const sector = 512
const magic = ' LVM2 x[5A%r0N*>'
/** Sums of LVM begin with this instead of ones and are not inverted (INITIAL_CRC). */
const firstSum = 0xf597a6cf
/** Real texts take some kilobytes for each volume. */
const mostTextBytes = 16 * 1024 * 1024
const mostReadBytes = 1024 * 1024
/** Two areas at most are made; a forged list must not keep us. */
const mostAreas = 8

/** Null when there is no physical volume. `sizeBytes` is that of what it lies on. */
export async function readPhysicalVolume(read: ReadBytes, sizeBytes: number): Promise<PhysicalVolume | null> {
  if (sizeBytes < 8 * sector) return null
  const head = await read({ offset: 0, length: 4 * sector })
  for (let at = 0; at < head.length; at += sector) {
    const label = head.subarray(at, at + sector)
    if (label.toString('latin1', 0, 8) !== 'LABELONE' || label.toString('latin1', 24, 32) !== 'LVM2 001') continue
    if (sumOf(label.subarray(20)) !== label.readUInt32LE(16)) continue
    return await readHeader(read, sizeBytes, label)
  }
  return null
}

async function readHeader(read: ReadBytes, sizeBytes: number, label: Buffer): Promise<PhysicalVolume | null> {
  let at = label.readUInt32LE(20)
  // Identifier, size, and at least the ends of both lists.
  if (at < 32 || at + 72 > sector) return null
  const id = dashed(label.toString('latin1', at, at + 32))
  at += 40
  const places: { offset: number; length: number }[][] = [[], []]
  for (const list of places) {
    for (; at + 16 <= sector; at += 16) {
      const [offset, length] = [Number(label.readBigUInt64LE(at)), Number(label.readBigUInt64LE(at + 8))]
      if (offset === 0) break
      list.push({ offset, length })
    }
    at += 16
  }
  let metadata: { text: string; seqno: number } | null = null
  for (const area of places[1]!.slice(0, mostAreas)) {
    if (area.offset % sector !== 0 || area.length < 2 * sector || area.offset + area.length > sizeBytes) continue
    const text = await readArea(read, area)
    const seqno = Number(/^\s*seqno = (\d+)/m.exec(text ?? '')?.[1] ?? -1)
    if (text !== null && (metadata === null || seqno > metadata.seqno)) metadata = { text, seqno }
  }
  return { id, metadata: metadata?.text ?? null }
}

/** The text that an area's header points to; it may run over the end of the area and go on behind the header. */
async function readArea(read: ReadBytes, area: { offset: number; length: number }): Promise<string | null> {
  const header = await read({ offset: area.offset, length: sector })
  if (header.toString('latin1', 4, 20) !== magic || sumOf(header.subarray(4)) !== header.readUInt32LE(0)) return null
  const [offset, length] = [Number(header.readBigUInt64LE(40)), Number(header.readBigUInt64LE(48))]
  const sum = header.readUInt32LE(56)
  if (offset < sector || offset >= area.length || length === 0) return null
  if (length > mostTextBytes || length > area.length - sector) return null
  const untilEnd = Math.min(length, area.length - offset)
  const parts = [...piecesOf(area.offset + offset, untilEnd), ...piecesOf(area.offset + sector, length - untilEnd)]
  const bytes: Buffer[] = []
  for (const piece of parts) bytes.push(await read(piece))
  const text = Buffer.concat(bytes)
  // The last byte is the end of a C string.
  return sumOf(text) === sum ? text.toString('utf8').replace(/\0+$/, '') : null
}

function piecesOf(offset: number, length: number) {
  const pieces: { offset: number; length: number }[] = []
  for (let done = 0; done < length; done += mostReadBytes) {
    pieces.push({ offset: offset + done, length: Math.min(mostReadBytes, length - done) })
  }
  return pieces
}

const sumOf = (bytes: Buffer): number => ~crc32(bytes, ~firstSum >>> 0) >>> 0

/** As LVM writes it: groups of 6, 4, 4, 4, 4, 4 and 6 characters. */
const dashed = (id: string): string =>
  id.replace(/^(.{6})(.{4})(.{4})(.{4})(.{4})(.{4})(.{6})$/s, '$1-$2-$3-$4-$5-$6-$7')
