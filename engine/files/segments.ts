import type { ReadBytes } from '../versions/partition.ts'

/**
 * Where the bytes of a volume lie on the disk that it is part of, in order. One place: they lie there as they are. Several:
 * stripes of `stripeBytes` by turns. All numbers are bytes.
 */
export interface Segment {
  length: number
  stripeBytes: number
  places: number[]
}

export const segmentOf = (offset: number, length: number): Segment => ({ length, stripeBytes: 0, places: [offset] })

export const lengthOf = (segments: readonly Segment[]): number => segments.reduce((sum, { length }) => sum + length, 0)

/** The one range that a volume is, where it lies in one piece. */
export function onePiece(segments: readonly Segment[]): { offset: number; length: number } | null {
  const [first, ...others] = segments
  if (first?.places.length !== 1) return null
  let end = first.places[0]! + first.length
  for (const { places, length } of others) {
    if (places.length !== 1 || places[0] !== end) return null
    end += length
  }
  return { offset: first.places[0]!, length: end - first.places[0]! }
}

/** A part of a volume as a volume of its own; null where a stripe would be cut. */
export function sliceSegments(segments: readonly Segment[], offset: number, length: number): Segment[] | null {
  const slice: Segment[] = []
  let at = 0
  for (const segment of segments) {
    const from = Math.max(offset, at)
    const to = Math.min(offset + length, at + segment.length)
    const skip = from - at
    at += segment.length
    if (from >= to) continue
    const whole = skip === 0 && to - from === segment.length
    if (whole) slice.push(segment)
    else if (segment.places.length === 1) slice.push(segmentOf(segment.places[0]! + skip, to - from))
    else return null
  }
  return lengthOf(slice) === length ? slice : null
}

/** Reads a volume by reading the disk below it. */
export function readerOf(read: ReadBytes, segments: readonly Segment[]): ReadBytes {
  return async ({ offset, length }) => {
    const parts: Buffer[] = []
    for (const piece of piecesOf(segments, offset, length)) parts.push(await read(piece))
    return parts.length === 1 ? parts[0]! : Buffer.concat(parts)
  }
}

function piecesOf(segments: readonly Segment[], offset: number, length: number) {
  const pieces: { offset: number; length: number }[] = []
  let start = 0
  for (const segment of segments) {
    let at = Math.max(offset, start)
    const end = Math.min(offset + length, start + segment.length)
    while (at < end) {
      const within = at - start
      const { stripeBytes, places } = segment
      if (places.length === 1) {
        pieces.push({ offset: places[0]! + within, length: end - at })
        break
      }
      const stripe = Math.floor(within / stripeBytes)
      const inside = within % stripeBytes
      const take = Math.min(stripeBytes - inside, end - at)
      const place = places[stripe % places.length]!
      pieces.push({ offset: place + Math.floor(stripe / places.length) * stripeBytes + inside, length: take })
      at += take
    }
    start += segment.length
  }
  return pieces
}

/** In sectors of 512 bytes, as dmsetup(8) takes a table: one line for each segment, over one device. */
export function deviceMapperTable(segments: readonly Segment[], device: string): string {
  let start = 0
  const lines = segments.map(({ length, stripeBytes, places }) => {
    const sectors = length / 512
    const targets = places.map(place => `${device} ${place / 512}`).join(' ')
    const line =
      places.length === 1
        ? `${start} ${sectors} linear ${targets}`
        : `${start} ${sectors} striped ${places.length} ${stripeBytes / 512} ${targets}`
    start += sectors
    return line
  })
  return `${lines.join('\n')}\n`
}
