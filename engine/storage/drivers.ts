import { DirectoryStorage } from './directory.ts'
import type { StorageFactories } from './registry.ts'

/** The drivers that Holdfast ships, for openStorage. */
export const storageDrivers: StorageFactories = {
  file: (location, options) => DirectoryStorage.open(location.path, options),
  // Brought in when needed: the SDK is large.
  s3: async (location, options) => (await import('./s3/open.ts')).openS3(location, options),
  b2: async (location, options) => (await import('./s3/open.ts')).openS3(location, options),
  sftp: async (location, options) => (await import('./sftp.ts')).SftpStorage.open(location, options),
  rclone: async (location, options) => (await import('./rclone.ts')).RcloneStorage.open(location, options),
}
