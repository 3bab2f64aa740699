import type { DestinationView } from '../../../engine/contract/helperContract.ts'
import type { Destination } from '../../../engine/contract/jobs.ts'

/** Where an invented destination is; the helper has its own, which knows every form that a URL may have. */
export function placeOf({ url, drive }: Pick<Destination, 'url' | 'drive'>): DestinationView['place'] {
  const [, scheme = '', rest = ''] = /^(s3|b2|sftp|rclone):(.*)$/.exec(url) ?? []
  if (scheme === '') return { kind: drive === null ? 'folder' : 'drive', host: null, path: url }
  const [place = '', options = ''] = rest.split('?')
  if (scheme === 'rclone') {
    const [host = '', path = ''] = place.split(':')
    return { kind: 'rclone', host, path }
  }
  const server = /^(?:https?:)?\/\/(?:[^@/]*@)?([^/]+)\/(.*)$/.exec(place)
  const endpoint = new URLSearchParams(options).get('endpoint')
  if (server) return { kind: scheme as 's3' | 'sftp', host: server[1]!, path: server[2]! }
  return { kind: scheme as 's3' | 'b2', host: endpoint && new URL(endpoint).host, path: place }
}
