import { type Clock, systemClock } from '../base/clock.ts'
import { type SystemAccess, systemAccess } from '../base/linux/system.ts'
import type { Logger } from '../base/logger.ts'
import { findSystemProgram, type RunSystemProgram, runSystemProgram } from '../base/systemPrograms.ts'

/** The computer, as far as LVM goes. Tests bring their own. */
export interface LvmSystem {
  run: RunSystemProgram
  /** Absolute path of a program of the system; undefined when there is none. */
  find(program: string): Promise<string | undefined>
  isRoot: boolean
  access: SystemAccess
  /** Where the nodes of device-mapper are. */
  mapperFolder: string
  /** Where processes of this computer meet. */
  lockFolder: string
  clock: Clock
}

export const lvmSystem: LvmSystem = {
  run: runSystemProgram,
  find: findSystemProgram,
  isRoot: process.getuid?.() === 0,
  access: systemAccess,
  mapperFolder: '/dev/mapper',
  lockFolder: '/run/lock',
  clock: systemClock,
}

/** What everything here works with. */
export interface LvmContext {
  system: LvmSystem
  logger: Logger
  /** Where it is noted durably what must be undone after a death. */
  stateDir: string
}
