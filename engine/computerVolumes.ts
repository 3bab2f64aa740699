import type { Clock } from './base/clock.ts'
import { createLogger, type Logger } from './base/logger.ts'
import type { VolumeDeps } from './heldSource.ts'
import { LvmDriver } from './lvm/driver.ts'
import { lvmSystem } from './lvm/system.ts'
import { TrackingStore } from './tracking/trackingStore.ts'
import { VolumeLocks } from './tracking/volumeLocks.ts'
import { readUsedBlocks } from './usedBlocks/readUsedBlocks.ts'

export { previewSource } from './sourcePreview.ts'
export { forgetRepository, forgetVolumes, listTracking, removeLeftovers } from './tracking/trackingDesk.ts'

/** What volumes are read with; all but the driver as usual unless given. */
export type VolumeParts = Pick<VolumeDeps, 'driver'> & Partial<VolumeDeps>

const silentLogger = createLogger({ write: () => undefined })

/** The volumes of this computer, or those of `parts`. Loaded only by who asks for volumes: it takes a tenth of a start. */
export function volumesOf(
  { stateDir, clock, logger = silentLogger }: { stateDir: string; clock: Clock; logger?: Logger | undefined },
  parts?: VolumeParts,
): VolumeDeps {
  return {
    driver: parts?.driver ?? new LvmDriver({ system: lvmSystem, logger, stateDir }),
    store: new TrackingStore(stateDir),
    locks: new VolumeLocks({ clock }),
    clock,
    usedBlocks: readUsedBlocks,
    ...parts,
  }
}
