/**
 * What room a snapshot needs: how much a classic one gets, in which chunks it works, and what a pool must have left for a thin one. Pure,
 * so that the driver decides by the same rules that screens tell beforehand; sizes in bytes.
 */

const mib = 1024 * 1024

export interface RoomFacts {
  volumeBytes: number
  /** In the group. */
  freeBytes: number
  extentBytes: number
  /** What a person asked for. */
  roomBytes?: number | undefined
  /** As much as there is, up to what can ever be used. */
  largest?: boolean | undefined
}

export type Room =
  | { isEnough: true; roomBytes: number; chunkBytes: number }
  /** `neededBytes` is the least that would do. */
  | { isEnough: false; neededBytes: number }

/** The kernel keeps each overwritten chunk on a list in memory; this many take some 100 MB. */
const mostChunks = 2 ** 21
const smallestChunk = 4096
const largestChunk = 512 * 1024

/** Small chunks tell exactly what was changed; large rooms take larger ones, because their list would not fit into memory. */
export function chunkBytesFor(roomBytes: number): number {
  let chunk = smallestChunk
  while (chunk < largestChunk && roomBytes / chunk > mostChunks) chunk *= 2
  return chunk
}

/**
 * What a snapshot takes when all of the volume is overwritten: its chunks, one for the header, and one of 16 bytes for each chunk, with
 * a last one that ends the table. It cannot overflow then.
 */
export function mostRoom(volumeBytes: number, chunkBytes: number): number {
  const chunks = Math.ceil(volumeBytes / chunkBytes)
  const tables = Math.floor(chunks / (chunkBytes / 16)) + 1
  return (1 + tables + chunks) * chunkBytes
}

/** By default a tenth of the volume and not less than 128 MiB; when less is free, what there is, down to a fiftieth and 16 MiB. */
export function decideRoom(facts: RoomFacts): Room {
  const { volumeBytes, freeBytes, extentBytes, roomBytes, largest } = facts
  const up = (bytes: number) => Math.max(1, Math.ceil(bytes / extentBytes)) * extentBytes
  const free = Math.floor(freeBytes / extentBytes) * extentBytes
  const whole = up(mostRoom(volumeBytes, smallestChunk))
  const atMost = (bytes: number) => Math.min(up(bytes), whole)

  const isExact = roomBytes !== undefined && !largest
  const wanted = isExact ? atMost(roomBytes) : largest ? whole : atMost(Math.max(volumeBytes / 10, 128 * mib))
  const least = isExact ? wanted : atMost(Math.max(volumeBytes / 50, 16 * mib))
  if (free < least) return { isEnough: false, neededBytes: least }
  const room = Math.min(wanted, free)
  return { isEnough: true, roomBytes: room, chunkBytes: chunkBytesFor(room) }
}

/** What must be free in a thin pool for one more snapshot: a share of it, or an amount that is enough for any. */
export const poolReserve = { dataShare: 0.05, dataEnoughBytes: 1024 * mib, metadataShare: 0.1 } as const
