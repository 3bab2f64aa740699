import type { Stats } from 'ssh2'
import { batchesOf } from '../../base/atomicFile.ts'
import { throwIfAborted } from '../../contract/errors.ts'
import type { PutOptions, Range } from '../storage.ts'
import type { SftpSession } from './session.ts'

/** How much of one object is under way at a time: what a line of 100 Mbit/s holds at 150 ms, and OpenSSH's window. */
const bytesInFlight = 2 * 1024 * 1024

/**
 * Does something with each item, a number of them at the same time, begun in order. After the first failure, or when it is
 * cancelled, nothing more is begun; it ends when everything that was begun has ended.
 */
export async function pipelined<T>(
  items: Iterable<T>,
  most: number,
  work: (item: T) => Promise<void>,
  signal: AbortSignal | undefined,
): Promise<void> {
  const iterator = items[Symbol.iterator]()
  let hasFailed = false
  const lane = async () => {
    while (!hasFailed) {
      throwIfAborted(signal)
      const next = iterator.next()
      if (next.done) return
      await work(next.value)
    }
  }
  const guarded = () =>
    lane().catch(error => {
      hasFailed = true
      throw error
    })
  const ends = await Promise.allSettled(Array.from({ length: most }, guarded))
  for (const end of ends) if (end.status === 'rejected') throw end.reason
}

/** Writes the parts one after the other from the beginning of a file. `onSent` is told of what the server has confirmed. */
export async function writeParts(
  session: SftpSession,
  handle: Buffer,
  parts: readonly Uint8Array[],
  { signal, onSent }: Pick<PutOptions, 'onSent'> & { signal: AbortSignal | undefined },
): Promise<void> {
  const write = async ({ bytes, position }: Piece) => {
    await session.write(handle, bytes, position)
    onSent?.(bytes.length)
  }
  const most = Math.max(1, Math.floor(bytesInFlight / session.writeBytes))
  await pipelined(piecesOf(parts, session.writeBytes), most, write, signal)
}

interface Piece {
  bytes: Buffer
  position: number
}

/** The parts as pieces of `size` bytes, the last one shorter; pieces within a part are no copies. */
export function* piecesOf(parts: readonly Uint8Array[], size: number): Generator<Piece> {
  let position = 0
  for (const batch of batchesOf(parts, size, Number.POSITIVE_INFINITY)) {
    const [only] = batch
    const bytes =
      batch.length === 1 && only ? Buffer.from(only.buffer, only.byteOffset, only.byteLength) : Buffer.concat(batch)
    yield { bytes, position }
    position += bytes.length
  }
}

/** What came of reading a range of a file that may be shorter. */
export type ReadResult = { data: Buffer } | { sizeBytes: number } | 'noFile' | 'shrunk'

/**
 * Reads a range of an open file, or all of it. The size is asked for at the same time, unless it must be known first. `room` may
 * hold the result.
 */
export async function readRange(
  session: SftpSession,
  handle: Buffer,
  range: Range | undefined,
  options: { signal?: AbortSignal | undefined; room?: ArrayBuffer | undefined },
): Promise<ReadResult> {
  const asking = session.fstat(handle)
  const { offset, length } = range ?? { offset: 0, length: sizeOf(await asking) ?? 0 }
  const { signal, room } = options
  const data =
    room !== undefined && room.byteLength >= length ? Buffer.from(room, 0, length) : Buffer.allocUnsafeSlow(length)
  let isShort = false
  const read = async ({ at, size }: { at: number; size: number }) => {
    for (let done = 0; done < size && !isShort; ) {
      const count = await session.read(handle, data, at + done, size - done, offset + at + done)
      if (count === 0) isShort = true
      done += count
    }
  }
  const most = Math.max(1, Math.floor(bytesInFlight / session.readBytes))
  // What the file is explains better than a failed read what is wrong with it.
  const [state, end] = await Promise.allSettled([
    asking,
    pipelined(rangesOf(length, session.readBytes), most, read, signal),
  ])
  if (state.status === 'rejected') throw state.reason
  const sizeBytes = sizeOf(state.value)
  if (sizeBytes === undefined) return 'noFile'
  if (offset + length > sizeBytes) return { sizeBytes }
  if (end.status === 'rejected') throw end.reason
  return isShort ? 'shrunk' : { data }
}

/** Undefined for what is no file. */
const sizeOf = (stats: Stats): number | undefined => (stats.isFile() ? stats.size : undefined)

function* rangesOf(length: number, size: number): Generator<{ at: number; size: number }> {
  for (let at = 0; at < length; at += size) yield { at, size: Math.min(size, length - at) }
}
