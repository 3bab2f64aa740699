import { DirectoryStorage } from './directory.ts'
import type { StorageFactories } from './registry.ts'

/** The drivers that Holdfast ships, for openStorage. */
export const storageDrivers: StorageFactories = {
  file: (location, options) => DirectoryStorage.open(location.path, options),
  s3: notYet,
  b2: notYet,
  sftp: async (location, options) => (await import('./sftp.ts')).SftpStorage.open(location, options),
  rclone: async (location, options) => (await import('./rclone.ts')).RcloneStorage.open(location, options),
}

// Foundation only: each goes when its driver comes.
async function notYet(): Promise<never> {
  throw new Error('not yet')
}
