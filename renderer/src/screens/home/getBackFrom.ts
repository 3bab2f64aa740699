import type { LibraryVersion } from '../../../../engine/contract/library.ts'
import { copiesByMoment, dayOf, keyOf } from '../versions/shelf.ts'

const most = 6

/**
 * The versions that people want files of most often: of each thing the newest of each day, newest first, at most six. Of the same
 * moment in several places, one that is at hand. Pure; `versions` are newest first.
 */
export function toGetBackFrom(
  versions: readonly LibraryVersion[],
  isHere: (destination: string) => boolean,
): LibraryVersion[] {
  const copies = copiesByMoment(versions)
  const whole = versions.filter(({ status }) => status === 'complete')
  const chosen = new Map<string, LibraryVersion>()
  for (const version of whole) {
    const thing = `${dayOf(version.date)}\n${version.host}\n${version.name}`
    if (chosen.has(thing)) continue
    const atHand = copies(version).find(copy => copy.status === 'complete' && isHere(copy.destination)) ?? version
    chosen.set(thing, atHand)
    if (chosen.size === most) break
  }
  const seen = new Set<string>()
  return [...chosen.values()].filter(version => {
    const key = keyOf(version)
    return !seen.has(key) && seen.add(key)
  })
}
