import { join } from 'node:path'
import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/logger.ts'
import type { ConditionReader } from '../conditions/conditions.ts'
import type { HookFolder } from '../notices/hookFile.ts'
import type { LaneLimits } from '../scheduler/lanes.ts'
import { MemorySecrets } from '../secrets/memorySecrets.ts'
import { SecretFiles } from '../secrets/secretFiles.ts'
import type { SecretStore } from '../secrets/secretStore.ts'
import type { Erasing } from './access/erasing.ts'

export interface HelperOptions {
  /** Holds catalogues, jobs and secrets. */
  stateDir: string
  /** For what need not survive a reboot: the socket, mounts, the health file. */
  runDir: string
  /** system: the service of this computer. user: a helper for one person, which keeps secrets in memory only. */
  mode: 'system' | 'user'
  logger: Logger
  /** Decides who may destroy what. */
  erasing: Erasing
  clock?: Clock
  hooks?: HookFolder
  limits?: LaneLimits
  secrets?: SecretStore
  /** Battery and network; those of this computer unless given. */
  conditions?: Pick<ConditionReader, 'read'>
}

export const defaultLimits: LaneLimits = { parallel: 2, perDestination: 1 }

/** Where secrets are kept unless it is said. Without rights there is no place that only this helper may read. */
export function secretsFor({ mode, stateDir, logger }: HelperOptions): SecretStore {
  return mode === 'user' ? new MemorySecrets() : new SecretFiles(join(stateDir, 'secrets'), { logger })
}
