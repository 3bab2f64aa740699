import { parseBytes } from '../base/bytes.ts'
import type { Rate, RateHours } from '../base/rateSchedule.ts'
import { HoldfastError } from '../contract/errors.ts'
import type { ByteRange } from '../contract/models.ts'

/** Values of options as people write them. All functions here are pure and fail with usage.invalid. */

/** "1M:64k" is 64 KiB from 1 MiB on; "@0" after it says where in the target they go. */
export function parseRange(text: string): { range: ByteRange; targetOffset?: number } {
  const match = /^([^:@]+):([^:@]+)(?:@([^:@]+))?$/.exec(text)
  if (!match) throw invalid(text, '--range', 'Write OFFSET:LENGTH or OFFSET:LENGTH@POSITION, for example 1M:64k.')
  const [, offset, length, position] = match
  const range = { offset: parseBytes(offset!), length: parseBytes(length!) }
  if (range.length === 0) throw invalid(text, '--range', 'Give a length of at least one byte.')
  return position === undefined ? { range } : { range, targetOffset: parseBytes(position) }
}

/** "16", "2.5" or "16%": above 0, at most 100. */
export function parsePercent(text: string, option: string): number {
  const number = /^[0-9]+(?:\.[0-9]+)?(?=%?$)/.exec(text)?.[0]
  const percent = Number(number)
  if (number !== undefined && percent > 0 && percent <= 100) return percent
  throw invalid(text, option, 'Give a number above 0, and at most 100.')
}

/** A whole number from 0. */
export function parseCount(text: string, option: string): number {
  const count = Number(text)
  if (/^[0-9]+$/.test(text) && Number.isSafeInteger(count)) return count
  throw invalid(text, option, 'Give a whole number from 0.')
}

/** A size above 0, such as 64k or 10GiB. */
export function parseSize(text: string, option: string): number {
  const bytes = parseBytes(text)
  if (bytes > 0) return bytes
  throw invalid(text, option, 'Give more than 0.')
}

/**
 * Bytes per second, by the time of day where hours are named: "10M"; "10M,08:00-18:00=1M"; "08:00-18:00=1M" (no limit for the rest of the
 * day); "1M,22:00-06:00=none".
 */
export function parseRate(text: string, option: string): Rate {
  const parts = text.split(',')
  const hours: RateHours[] = []
  let otherwise: number | undefined
  for (const part of parts) {
    const match = /^(\d\d):(\d\d)-(\d\d):(\d\d)=(.+)$/.exec(part.trim())
    if (!match) {
      if (otherwise !== undefined || part.includes('=') || part.includes(':')) throw badRate(text, option)
      otherwise = parseSize(part.trim(), option)
      continue
    }
    const [from, to] = [minutesOf(match[1], match[2]), minutesOf(match[3], match[4])]
    if (from === undefined || to === undefined || from === to) throw badRate(text, option)
    const limit = match[5]!.trim()
    hours.push({ from, to, bytesPerSecond: limit === 'none' ? Number.POSITIVE_INFINITY : parseSize(limit, option) })
  }
  if (hours.length === 0) return otherwise!
  return { hours, otherwise: otherwise ?? Number.POSITIVE_INFINITY }
}

/** Minutes since midnight, 24:00 included; undefined for no time of day. */
function minutesOf(hour: string | undefined, minute: string | undefined): number | undefined {
  const minutes = Number(hour) * 60 + Number(minute)
  return Number(minute) < 60 && minutes <= 24 * 60 ? minutes : undefined
}

const badRate = (text: string, option: string) =>
  invalid(text, option, 'Write a size such as 10M, or one by the time of day such as 10M,08:00-18:00=1M.')

/** "127.0.0.1:10809", "[::1]:10809", "localhost:0"; ":10809" is of this computer alone. */
export function parseAddress(text: string, option: string): { host: string; port: number } {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]*)):([0-9]{1,5})$/.exec(text)
  const port = Number(match?.[3])
  if (match && port <= 65_535) return { host: match[1] ?? (match[2] || '127.0.0.1'), port }
  throw invalid(text, option, 'Write HOST:PORT, for example 127.0.0.1:10809 or [::1]:10809.')
}

/** For options that may be given several times. */
export const collect = (value: string, earlier: readonly string[] | undefined): string[] => [...(earlier ?? []), value]

function invalid(text: string, option: string, advice: string): HoldfastError {
  return new HoldfastError('usage.invalid', `“${text}” is no value for ${option}.`, {
    advice,
    details: { text, option },
  })
}
