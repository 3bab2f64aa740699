import type { StorageCredentials } from '../contract/credentials.ts'
import type { DestinationView } from '../contract/helperContract.ts'
import type { Destination } from '../contract/jobs.ts'
import { parseRepositoryUrl } from '../storage/locations.ts'

/** Where a destination is, for people. */
export function placeOf({ url, drive }: Pick<Destination, 'url' | 'drive'>): DestinationView['place'] {
  const location = parseRepositoryUrl(url)
  switch (location.scheme) {
    case 'file':
      return { kind: drive === null ? 'folder' : 'drive', host: null, path: location.path }
    case 's3':
    case 'b2': {
      const { scheme, endpoint, bucket, prefix } = location
      const host = endpoint === undefined ? null : new URL(endpoint).host
      return { kind: scheme, host, path: prefix === '' ? bucket : `${bucket}/${prefix}` }
    }
    case 'sftp':
      return { kind: 'sftp', host: location.host, path: location.path }
    case 'rclone':
      return { kind: 'rclone', host: location.remote, path: location.path }
  }
}

/** Whether it is in the network, and nothing can be taken away or mounted. */
export const isElsewhere = ({ url }: Pick<Destination, 'url'>): boolean => parseRepositoryUrl(url).scheme !== 'file'

/** Whether nothing but credentials that are kept lets the helper in. */
export const needsCredentials = ({ url }: Pick<Destination, 'url'>): boolean => {
  const { scheme } = parseRepositoryUrl(url)
  return scheme === 's3' || scheme === 'b2'
}

/** What one needs beside the URL to get in, for the recovery sheet; undefined for folders. The id of a key is no secret. */
export function loginWords(url: string, credentials: StorageCredentials | undefined): string | undefined {
  const location = parseRepositoryUrl(url)
  switch (location.scheme) {
    case 'file':
      return undefined
    case 's3':
    case 'b2': {
      const what = location.scheme === 'b2' ? 'application key' : 'secret key'
      if (credentials?.kind !== 's3') return `a key id with its ${what}`
      return `the ${what} of the key id ${credentials.keyId}`
    }
    case 'sftp': {
      const whose = location.user === undefined ? location.host : `${location.user} at ${location.host}`
      const hasKey = credentials?.kind === 'ssh' && credentials.privateKey !== undefined
      return `the ${hasKey ? 'private SSH key' : 'password or SSH key'} of ${whose}`
    }
    case 'rclone':
      return `rclone, with the configuration of its remote ${location.remote},`
  }
}
