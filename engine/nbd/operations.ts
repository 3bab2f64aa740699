import type { Export, ExportExtent, WritableExport } from './export.ts'

/** What requests come to on an export. Errors are those of the export. */

/** Extents in one answer to a block status at most. */
const mostExtents = 1024
/** Looks at an export for one answer at most; what is found so far is an answer, too. */
const mostLooks = 64

/** The extents of a range from its start on; neighbours differ. At least one, and with `one` only that. */
export async function statusOf(
  device: Export,
  range: { offset: number; length: number },
  one: boolean,
  signal: AbortSignal,
): Promise<ExportExtent[]> {
  const joined: ExportExtent[] = []
  let covered = 0
  for (let looks = 0; looks < mostLooks && covered < range.length; looks++) {
    const extents = await device.extents(range.offset + covered, range.length - covered, signal)
    if (extents.length === 0) throw new Error(`The export ${device.name} has no extents at ${range.offset + covered}.`)
    for (const { length, kind } of extents) {
      const last = joined.at(-1)
      const fits = Math.min(length, range.length - covered)
      if (fits <= 0) break
      if (last?.kind === kind) last.length += fits
      else if (joined.length === (one ? 1 : mostExtents)) return joined
      else joined.push({ length: fits, kind })
      covered += fits
    }
  }
  return joined
}

/** A part of what was read, in order. */
export type ReadPart = { offset: number } & (
  | { kind: 'data'; bytes: Uint8Array }
  | { kind: 'hole'; length: number }
  | { kind: 'failed'; error: unknown }
)

/** Below this, it costs less to send zeros than to ask where they are. */
const leastHoleBytes = 4096

/** Reads a range in parts, holes as such. A part that fails is one of its own; nothing is thrown. */
export async function readParts(
  device: Export,
  range: { offset: number; length: number },
  signal: AbortSignal,
): Promise<ReadPart[]> {
  let extents: ExportExtent[]
  try {
    extents = await extentsToRead(device, range, signal)
  } catch (error) {
    return [{ offset: range.offset, kind: 'failed', error }]
  }
  let offset = range.offset
  const parts = extents.map(async ({ length, kind }): Promise<ReadPart> => {
    const at = offset
    offset += length
    if (kind === 'hole') return { offset: at, kind, length }
    try {
      return { offset: at, kind, bytes: await readWhole(device, at, length, signal) }
    } catch (error) {
      return { offset: at, kind: 'failed', error }
    }
  })
  return await Promise.all(parts)
}

/** The range's extents, as far as it pays to tell them apart; the rest counts as data. */
async function extentsToRead(
  device: Export,
  range: { offset: number; length: number },
  signal: AbortSignal,
): Promise<ExportExtent[]> {
  if (range.length < device.preferredBlockBytes) return [{ length: range.length, kind: 'data' }]
  const extents = await statusOf(device, range, false, signal)
  const covered = extents.reduce((sum, { length }) => sum + length, 0)
  const all: ExportExtent[] = [...extents, { length: range.length - covered, kind: 'data' }]
  const joined: ExportExtent[] = []
  for (const { length, kind } of all) {
    if (length === 0) continue
    const shown = kind === 'hole' && length < leastHoleBytes ? 'data' : kind
    const last = joined.at(-1)
    if (last?.kind === shown) last.length += length
    else joined.push({ length, kind: shown })
  }
  return joined
}

/** A short answer of an export would shift everything that is sent after it. */
export async function readWhole(
  device: Export,
  offset: number,
  length: number,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const bytes = await device.read(offset, length, signal)
  if (bytes.length === length) return bytes
  throw new Error(`The export ${device.name} gave ${bytes.length} bytes at ${offset} instead of ${length}.`)
}

/** What changes an export. */
export type Change =
  | { kind: 'write'; offset: number; bytes: Uint8Array }
  | { kind: 'zero'; offset: number; length: number; keepRoom: boolean }
  | { kind: 'trim'; offset: number; length: number }
  | { kind: 'flush' }

/** With `isForced`, the change is safe on the medium when this resolves (FUA). */
export async function change(device: WritableExport, what: Change, isForced: boolean): Promise<void> {
  switch (what.kind) {
    case 'write':
      if (what.bytes.length > 0) await device.write(what.offset, what.bytes)
      break
    case 'zero':
      if (what.length > 0) await device.zero(what.offset, what.length, what.keepRoom)
      break
    case 'trim':
      if (what.length > 0) await device.trim(what.offset, what.length)
      break
    case 'flush':
      return await device.flush()
  }
  if (isForced) await device.flush()
}
