import { HoldfastError } from '../contract/errors.ts'

/** Sizes, speeds and durations as people read and write them. All functions here are pure. */

const sizeUnits = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']

/**
 * A lone letter means powers of 1024, as lvm, dd and qemu-img read it; "kB" and its kind are powers of 1000, "KiB" and
 * its kind powers of 1024. Capital or small makes no difference.
 */
const sizeFactors: Record<string, number> = { '': 1, b: 1 }
for (const [index, letter] of [...'kmgtp'].entries()) {
  sizeFactors[letter] = sizeFactors[`${letter}ib`] = 1024 ** (index + 1)
  sizeFactors[`${letter}b`] = 1000 ** (index + 1)
}

const durationFactors: Record<string, number> = {
  ms: 1,
  s: 1000,
  sec: 1000,
  min: 60_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
}

/** "0 B", "1.5 GiB", "152 MiB": at most one decimal, and none from 100 on. Negative or unknown sizes show as "0 B". */
export function formatBytes(bytes: number): string {
  let value = Number.isFinite(bytes) ? Math.max(0, bytes) : 0
  let unit = 0
  while (unit < sizeUnits.length - 1 && rounded(value) >= 1024) {
    value /= 1024
    unit += 1
  }
  return `${rounded(value)} ${sizeUnits[unit]}`
}

const rounded = (value: number): number => (value < 99.95 ? Math.round(value * 10) / 10 : Math.round(value))

/** "152 MiB/s". */
export const formatSpeed = (bytesPerSecond: number): string => `${formatBytes(bytesPerSecond)}/s`

/**
 * Two units at most: "450 ms", "5.2 s", "2 min 5 s", "3 h 12 min", "2 d 4 h". Zero parts are left out. Negative or
 * unknown durations show as "0 ms".
 */
export function formatDuration(ms: number): string {
  const value = Number.isFinite(ms) ? Math.max(0, ms) : 0
  if (Math.round(value) < 1000) return `${Math.round(value)} ms`
  if (value < 9950) return `${Math.round(value / 100) / 10} s`
  const seconds = Math.round(value / 1000)
  if (seconds < 60) return `${seconds} s`
  if (seconds < 3600) return twoUnits(seconds, 60, 'min', 's')
  const minutes = Math.round(value / 60_000)
  if (minutes < 24 * 60) return twoUnits(minutes, 60, 'h', 'min')
  return twoUnits(Math.round(value / 3_600_000), 24, 'd', 'h')
}

function twoUnits(count: number, perLarge: number, large: string, small: string): string {
  const rest = count % perLarge
  return `${Math.floor(count / perLarge)} ${large}${rest === 0 ? '' : ` ${rest} ${small}`}`
}

/**
 * Reads "4096", "64k", "64 KiB", "1.5GiB", "10GB" into bytes. usage.invalid when it is no size, is not a whole number of
 * bytes, or is 2^53 or more.
 */
export function parseBytes(text: string): number {
  return parseQuantity(text, sizeFactors, {
    what: 'size',
    whole: 'bytes',
    advice:
      'Write a number with a unit such as k, M, G (powers of 1024), KiB, MiB, GiB, or kB, MB, GB (powers of 1000).',
  })
}

/** Reads "90s", "5min", "1.5 h", "2d", "250ms" into milliseconds; a number alone is seconds. Otherwise usage.invalid. */
export function parseDuration(text: string): number {
  return parseQuantity(
    text,
    { ...durationFactors, '': 1000 },
    {
      what: 'duration',
      whole: 'milliseconds',
      advice: 'Write a number with one of the units ms, s, min, h, d, for example 90s or 5min.',
    },
  )
}

interface QuantityWords {
  what: string
  whole: string
  advice: string
}

function parseQuantity(text: string, factors: Record<string, number>, words: QuantityWords): number {
  const match = /^\s*([0-9]+)(?:\.([0-9]+))?\s*([a-z]*)\s*$/i.exec(text)
  const unit = match?.[3]?.toLowerCase() ?? ''
  const refuse = (why: string) =>
    new HoldfastError('usage.invalid', `“${text}” ${why}.`, { advice: words.advice, details: { text } })
  if (!match || !Object.hasOwn(factors, unit)) throw refuse(`is not a ${words.what}`)
  const factor = BigInt(factors[unit]!)
  const fraction = match[2] ?? ''
  // Exact: 1.1GB must be 1,100,000,000 and a fraction of a byte must be noticed.
  const scaled = BigInt(match[1]! + fraction) * factor
  const scale = 10n ** BigInt(fraction.length)
  if (scaled % scale !== 0n) throw refuse(`is not a whole number of ${words.whole}`)
  const value = scaled / scale
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw refuse(`is too large for a ${words.what}`)
  return Number(value)
}
