/**
 * What `dmsetup status` says of one device, without its name: start and length in sectors, kind, and words of that kind
 * (Documentation/admin-guide/device-mapper/thin-provisioning.rst and snapshot.rst of the kernel).
 */

/** Of a thin pool. Blocks of metadata have 4 KiB; those of data are the pool's chunks. */
export interface PoolStatus {
  metadata: { used: number; total: number }
  data: { used: number; total: number }
  /** Where in the metadata a snapshot of it is held; undefined when there is none. */
  heldRoot: number | undefined
  mode: 'writable' | 'read-only' | 'out of data space'
}

/** Of a classic snapshot. */
export type ClassicStatus =
  | {
      valid: true
      usedBytes: number
      roomBytes: number
    }
  | { valid: false; why: string }

const words = (line: string) => line.trim().split(/\s+/)

const fraction = (word: string | undefined) => {
  const match = /^(\d+)\/(\d+)$/.exec(word ?? '')
  return match === null ? undefined : { used: Number(match[1]), total: Number(match[2]) }
}

/** Undefined for what is no thin pool, and for one that has failed. */
export function parsePoolStatus(line: string): PoolStatus | undefined {
  const [, , kind, , metadataWord, dataWord, held, ...rest] = words(line)
  const metadata = fraction(metadataWord)
  const data = fraction(dataWord)
  if (kind !== 'thin-pool' || metadata === undefined || data === undefined || held === undefined) return undefined
  if (held !== '-' && !/^\d+$/.test(held)) return undefined
  const mode = rest.includes('out_of_data_space')
    ? 'out of data space'
    : rest.includes('ro') || !rest.includes('rw')
      ? 'read-only'
      : 'writable'
  return { metadata, data, heldRoot: held === '-' ? undefined : Number(held), mode }
}

/** Whether a thin volume or its pool has failed, so that what is read from it means nothing. */
export const hasFailed = (line: string): boolean => {
  const [, , kind, state] = words(line)
  return (kind !== 'thin' && kind !== 'thin-pool') || state === 'Fail' || state === 'Error'
}

/** Undefined for what is no classic snapshot. `13720/65536 64` is used, all and for the table, in sectors of 512 bytes. */
export function parseClassicStatus(line: string): ClassicStatus | undefined {
  const [, , kind, ...rest] = words(line)
  if (kind !== 'snapshot') return undefined
  const room = fraction(rest[0])
  if (room === undefined || rest[1] === undefined) return { valid: false, why: rest.join(' ') || 'it has no state' }
  return { valid: true, usedBytes: room.used * 512, roomBytes: room.total * 512 }
}
