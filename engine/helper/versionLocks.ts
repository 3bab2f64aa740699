import { z } from 'zod'
import type { VersionLock } from '../contract/library.ts'
import { lockStateSchema } from '../contract/models.ts'

const isoTime = z.iso.datetime({ precision: 3 })

/** What is known of the locks in a destination. */
export const knownLocksSchema = z.object({
  /** As this computer has noted of all objects together, and which versions were there then. */
  noted: z.object({ at: isoTime, until: isoTime.nullable(), versions: z.array(z.string()) }).optional(),
  /** As the server said of each object. */
  asked: z.object({ at: isoTime, lock: lockStateSchema }).optional(),
})
export type KnownLocks = z.infer<typeof knownLocksSchema>

/**
 * Until when each version is locked, by its id; undefined for one of which nothing is known. What the server said counts, until later
 * notes say more: locks are extended with each backup, and both are the earliest dates. Pure.
 */
export function lockFinder({ noted, asked }: KnownLocks): (version: string) => VersionLock | undefined {
  const present = new Set(noted?.versions)
  const said = new Map<string, string | null>(asked?.lock.versions.map(one => [one.version, one.lockedUntil]))
  return version => {
    const note =
      noted && present.has(version) ? ({ until: noted.until, at: noted.at, by: 'notes' } as const) : undefined
    const until = said.get(version)
    const word = asked && until !== undefined ? ({ until, at: asked.at, by: 'server' } as const) : undefined
    if (!note || !word) return word ?? note
    return word.at >= note.at || (word.until ?? '') >= (note.until ?? '') ? word : note
  }
}
