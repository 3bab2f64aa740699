import { existsSync } from 'node:fs'
import { join } from 'node:path'

export interface AppPlace {
  isPackaged: boolean
  /** Of the checkout, or of app.asar. */
  appPath: string
  /** Folder beside app.asar. */
  resourcesPath: string
}

/**
 * The `holdfast` command that the app starts helpers with: of the checkout; else the one that was packed with the app, or that of
 * the system.
 */
export function ownProgram({ isPackaged, appPath, resourcesPath }: AppPlace, exists = existsSync): string {
  if (!isPackaged) return join(appPath, 'bin', 'holdfast')
  const packed = join(resourcesPath, 'holdfast', 'bin', 'holdfast')
  return exists(packed) ? packed : '/usr/bin/holdfast'
}
