import { formatDuration } from '../base/bytes.ts'
import type { DestinationState } from '../contract/drives.ts'

/**
 * One sentence about a destination for people. `name` is what they call the drive or place; `now` is in milliseconds since
 * 1970 UTC.
 */
export function describeDestination(state: DestinationState, name: string, now: number): string {
  switch (state.state) {
    case 'connected':
      return `${name} is connected.`
    case 'present-unmounted':
      return `${name} is connected and not mounted.`
    case 'locked':
      return `${name} is connected and locked. Unlock it with its passphrase to go on.`
    case 'missing':
      return `Waiting for ${name}, ${lastSeen(state.lastSeenAt, now)}.`
    case 'ambiguous':
      return `${name} is there ${state.paths.length} times: ${state.paths.join(', ')}. Disconnect the copies, or choose one.`
    case 'unreachable':
      return state.reason === 'network'
        ? `${name} cannot be reached, ${lastSeen(state.lastSeenAt, now)}.`
        : `${name} is connected and does not answer. Unplug it and connect it again; it may be failing.`
    case 'wrong-drive':
      return describeWrongDrive(state, name)
  }
}

function describeWrongDrive(state: Extract<DestinationState, { state: 'wrong-drive' }>, name: string): string {
  const { reason, path, foundRepositoryId } = state
  if (reason === 'repository-gone') return `${name} is connected, but its backups are not where they were.`
  if (reason === 'other-copy') {
    return `At ${path} are the backups of ${name}, but on another drive. Connect ${name}, or choose this drive instead.`
  }
  return `At ${path} are other backups (${foundRepositoryId?.slice(0, 8)}), not those of ${name}. Connect ${name} instead.`
}

function lastSeen(at: string | null, now: number): string {
  const since = at === null ? Number.NaN : now - Date.parse(at)
  if (Number.isNaN(since)) return 'never seen so far'
  // A clock that was set back is no reason for nonsense.
  return since < 60_000 ? 'last seen just now' : `last seen ${formatDuration(since)} ago`
}
