import { dayMs, formatLocalMinute, hourMs, minuteMs } from '../base/localTime.ts'
import { redact } from '../base/logger.ts'

/** Small pieces of the texts that people read. All functions here are pure. */

const breaks = /[\t\n\v\f\r\u0085\u2028\u2029]+/gu
/** Control characters, and those that turn the direction of text or hide in it; joiners belong to words and emoji. */
const unprintable = /[\p{Cc}\p{Cs}]|(?![\u200c\u200d])\p{Cf}/gu

/**
 * Foreign text (names, messages of servers) made fit for a line of ours: line breaks become spaces and other control
 * characters "?", so that it can neither begin a header nor pose as another line; passwords in URLs are taken out; what is
 * longer than `longest` characters ends in "…".
 */
export function oneLine(text: string, longest = 200): string {
  const printable = String(redact(text)).replace(breaks, ' ').replace(unprintable, '?').trim()
  const characters = [...printable]
  return characters.length <= longest ? printable : `${characters.slice(0, longest - 1).join('')}…`
}

/** The name of a job, drive or hook as it stands in a sentence. */
export const quoted = (name: string, longest = 80): string => `“${oneLine(name, longest)}”`

/** 1 → "1 backup", 2 → "2 backups". */
export const counted = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`

/** A length of time in its largest unit, rounded down: "3 days", "1 hour", "less than a minute". Negative counts as 0. */
export function lengthOfTime(ms: number): string {
  if (ms >= dayMs) return counted(Math.floor(ms / dayMs), 'day')
  if (ms >= hourMs) return counted(Math.floor(ms / hourMs), 'hour')
  if (ms >= minuteMs) return counted(Math.floor(ms / minuteMs), 'minute')
  return 'less than a minute'
}

/** "2026-01-31 10:00 (3 days ago)"; of the future without the part in parentheses. Milliseconds since 1970 UTC. */
export function pastTime(at: number, now: number, timeZone: string | undefined): string {
  const minute = formatLocalMinute(at, timeZone)
  return at > now ? minute : `${minute} (${lengthOfTime(now - at)} ago)`
}

/** The message of anything thrown, as one line. */
export const messageOf = (error: unknown): string =>
  oneLine(error instanceof Error ? error.message : String(error), 500)
