import { DirectoryStorage } from './directory.ts'
import type { StorageFactories } from './registry.ts'

/** The drivers that Holdfast ships, for openStorage. */
export const storageDrivers: StorageFactories = {
  file: (location, options) => DirectoryStorage.open(location.path, options),
}
