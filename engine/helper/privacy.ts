import { createHash } from 'node:crypto'
import { namesSecret } from '../base/logger.ts'
import { randomBytes } from '../base/random.ts'

export interface PrivateFacts {
  /** Name of this computer. */
  host: string
  /** Serials and uuids of devices. */
  serials: readonly (string | null | undefined)[]
  /** Known paths and URLs; those in home folders may hold blanks, so that no pattern finds their end in a sentence. */
  paths: readonly string[]
}

/** Folders of people: what is below them is theirs. */
const home = String.raw`/(?:home|Users|media|run/media|run/user|var/home)/[^/\s"'“”]+|/root(?=/|$|[\s"'“”:,;.])`
const homeStart = new RegExp(`^(?:file://)?(?:${home})`)
const anyHome = new RegExp(`(?:${home})(?:/[^\\s"'“”:,;]*)?`, 'g')
/** Shorter ones are found in every other word. */
const leastSerial = 5
const hidden = '[removed]'

/**
 * Makes a function that takes out of any value what tells who somebody is or opens something: serials, paths in home folders,
 * the name of the computer, what stands in URLs before an @ or after a ?, values under names of secrets; and what `also`
 * takes out of texts. The same serial or path becomes the same word, in this bundle only.
 */
export function privacyOf({ host, serials, paths }: PrivateFacts) {
  const salt = randomBytes(16)
  const word = (kind: string, text: string) =>
    `[${kind} ${createHash('sha256').update(salt).update(text).digest('hex').slice(0, 8)}]`
  const known = new Map<string, string>()
  for (const path of paths) if (homeStart.test(path)) known.set(path, word('path', path))
  for (const serial of serials) {
    if (serial && serial.length >= leastSerial) known.set(serial, word('serial', serial))
  }
  if (host.length >= leastSerial) known.set(host, '[host]')
  const names = [...known.keys()].sort((a, b) => b.length - a.length)
  const anyKnown = names.length === 0 ? undefined : new RegExp(names.map(escaped).join('|'), 'gi')
  const wordOf = (text: string) => known.get(text) ?? word('serial', text.toLowerCase())

  const cleanText = (text: string): string =>
    (anyKnown ? text.replace(anyKnown, wordOf) : text)
      .replace(anyHome, path => word('path', path))
      .replace(/([a-z][a-z0-9+.-]*:\/\/)[^/\s@]+@/gi, `$1${hidden}@`)
      .replace(/([a-z][a-z0-9+.-]*:\/\/[^\s?#"']+)[?#][^\s"']*/gi, `$1?${hidden}`)

  const clean = (value: unknown, also: (text: string) => string): unknown => {
    if (typeof value === 'string') return cleanText(also(value))
    if (typeof value !== 'object' || value === null) return value
    if (Array.isArray(value)) return value.map(item => clean(item, also))
    const entries = Object.entries(value).map(([name, item]) => {
      if (item === null || item === undefined) return [name, item]
      // Also a serial of four digits, where it stands as one.
      if (typeof item === 'string' && /^serial$|uuid$/i.test(name)) return [name, wordOf(item)]
      return [cleanText(also(name)), namesSecret(name) ? hidden : clean(item, also)]
    })
    return Object.fromEntries(entries)
  }
  return clean
}

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&')
