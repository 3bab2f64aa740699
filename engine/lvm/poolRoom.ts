import { poolReserve } from '../contract/snapshotRoom.ts'
import type { PoolStatus } from './deviceStatus.ts'

const { dataShare, dataEnoughBytes, metadataShare } = poolReserve
/** Of metadata, enough for any pool, in blocks of 4 KiB: 16 MiB. */
const metadataEnoughBlocks = 4096

/**
 * Why a pool should not get one more snapshot; undefined when it may. A snapshot makes everything that is overwritten take new room,
 * and a full pool makes whoever writes wait for ever, or lose what is written.
 */
export function whyNoRoom(status: PoolStatus, chunkBytes: number): string | undefined {
  if (status.mode === 'out of data space') return 'it is full'
  if (status.mode === 'read-only') return 'it is read-only, because its metadata is full or damaged'
  const { data, metadata } = status
  if (data.total - data.used < Math.min(data.total * dataShare, dataEnoughBytes / chunkBytes))
    return `${percent(data)} % of its room is used`
  if (metadata.total - metadata.used < Math.min(metadata.total * metadataShare, metadataEnoughBlocks))
    return `${percent(metadata)} % of the room for its metadata is used`
  return undefined
}

const percent = ({ used, total }: { used: number; total: number }) => Math.floor((used / total) * 100)
