import { join } from 'node:path'

/** Where a helper with this run folder listens. */
export const socketOf = (runDir: string): string => join(runDir, 'helper.sock')

/** How its jobs fare, for monitors. */
export const healthFileOf = (runDir: string): string => join(runDir, 'health.json')
