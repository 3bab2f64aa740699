import type { Clock } from '../base/clock.ts'
import type { StorageCredentials } from '../contract/credentials.ts'
import { parseRepositoryUrl, type StorageLocation } from './locations.ts'
import type { Storage } from './storage.ts'

export interface OpenStorageOptions {
  /**
   * What the caller expects to find:
   * - `repository` (default): a place that holds a `config`; otherwise `repository.notFound`.
   * - `folder`: a place that exists, perhaps damaged; otherwise `repository.notFound`.
   * - `nothing`: a place for a new repository; it may be missing, and `prepare` must come first.
   */
  expect?: 'repository' | 'folder' | 'nothing'
  /** What lets us in; without, what the environment of this process offers. */
  credentials?: StorageCredentials
  /**
   * Fingerprint of the key (SHA256:…) that somebody agreed to for a server that is not known here: it is remembered. A key that
   * differs from what is known stays refused.
   */
  acceptHostKey?: string
  /** Folder of what is kept on this computer, such as the keys of known hosts. */
  stateDir?: string
  clock?: Clock
}

/** How to open each kind of location. */
export type StorageFactories = {
  [Scheme in StorageLocation['scheme']]: (
    location: Extract<StorageLocation, { scheme: Scheme }>,
    options?: OpenStorageOptions,
  ) => Promise<Storage>
}

/** Opens the storage at `url`, which parseRepositoryUrl understands. Errors are those of parsing and of the driver. */
export function openStorage(url: string, factories: StorageFactories, options?: OpenStorageOptions): Promise<Storage> {
  return openLocation(parseRepositoryUrl(url), factories, options)
}

function openLocation<Scheme extends StorageLocation['scheme']>(
  location: Extract<StorageLocation, { scheme: Scheme }>,
  factories: StorageFactories,
  options?: OpenStorageOptions,
): Promise<Storage> {
  return factories[location.scheme as Scheme](location, options)
}
