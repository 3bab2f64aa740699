/** How sizes, times and spans are written in a locale. Decimal units, as drives are sold. */
export interface Formats {
  bytes(count: number): string
  /** Bytes per second. */
  speed(bytesPerSecond: number): string
  number(value: number): string
  /** 0 to 1. */
  percent(share: number): string
  /** "today 14:02", "yesterday 18:40", "12 June 2026, 14:02" */
  when(iso: string, now: number): string
  /** "today 14:02", "12 Jun 2026, 14:02": for columns. */
  stamp(iso: string, now: number): string
  /** "12 June 2026" */
  day(iso: string): string
  /** "12 Jun 2026": where there is little room. */
  shortDay(iso: string): string
  /** "14:02" */
  time(iso: string): string
  /** "Thu" */
  weekday(iso: string): string
  /** "3 days ago", "in 2 hours" */
  ago(iso: string, now: number): string
  /** "1 h 12 min", to two units. */
  duration(milliseconds: number): string
  /** "a, b and c" */
  list(items: readonly string[]): string
}

const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte', 'petabyte'] as const

export function formatsOf(locale: string): Formats {
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' })
  const plain = new Intl.NumberFormat(locale)
  const percent = new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 0 })
  const time = new Intl.DateTimeFormat(locale, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })
  const day = new Intl.DateTimeFormat(locale, { dateStyle: 'long' })
  const short = new Intl.DateTimeFormat(locale, { dateStyle: 'medium' })
  const weekday = new Intl.DateTimeFormat(locale, { weekday: 'short' })
  const list = new Intl.ListFormat(locale, { type: 'conjunction' })

  // Each takes longer to make than a hundred numbers to write.
  const unitFormats = new Map<string, Intl.NumberFormat>()
  const unit = (value: number, name: string, unitDisplay: 'long' | 'short' = 'short', maximumFractionDigits = 3) => {
    const key = `${name} ${unitDisplay} ${maximumFractionDigits}`
    let format = unitFormats.get(key)
    if (!format) {
      format = new Intl.NumberFormat(locale, { style: 'unit', unit: name, unitDisplay, maximumFractionDigits })
      unitFormats.set(key, format)
    }
    return format.format(value)
  }

  const bytes = (count: number): string => {
    let power = 0
    let value = count
    // What would be rounded to 1000 is one of the next unit.
    while (value >= 999.5 && power < units.length - 1) {
      value /= 1000
      power++
    }
    const digits = power === 0 || value >= 99.95 ? 0 : 1
    return unit(value, units[power]!, power === 0 ? 'long' : 'short', digits)
  }

  const duration = (milliseconds: number): string => {
    const seconds = Math.max(0, Math.round(milliseconds / 1000))
    const parts: [number, 'day' | 'hour' | 'minute' | 'second'][] = [
      [Math.floor(seconds / 86_400), 'day'],
      [Math.floor(seconds / 3600) % 24, 'hour'],
      [Math.floor(seconds / 60) % 60, 'minute'],
      [seconds % 60, 'second'],
    ]
    const first = parts.findIndex(([value]) => value > 0)
    if (first === -1) return unit(0, 'second')
    return parts
      .slice(first, first + 2)
      .filter(([value]) => value > 0)
      .map(([value, name]) => unit(value, name))
      .join(' ')
  }

  const when = (iso: string, now: number): string => {
    const days = daysBetween(new Date(now), new Date(iso))
    const at = time.format(new Date(iso))
    if (Math.abs(days) <= 1) return `${relative.format(days, 'day')} ${at}`
    return `${day.format(new Date(iso))}, ${at}`
  }

  const stamp = (iso: string, now: number): string =>
    Math.abs(daysBetween(new Date(now), new Date(iso))) <= 1
      ? when(iso, now)
      : `${short.format(new Date(iso))}, ${time.format(new Date(iso))}`

  const ago = (iso: string, now: number): string => {
    const seconds = (Date.parse(iso) - now) / 1000
    const size = Math.abs(seconds)
    if (size < 45) return relative.format(0, 'second')
    if (size < 45 * 60) return relative.format(awayFromZero(seconds / 60), 'minute')
    if (size < 22 * 3600) return relative.format(awayFromZero(seconds / 3600), 'hour')
    return relative.format(daysBetween(new Date(now), new Date(iso)) || Math.sign(seconds), 'day')
  }

  return {
    bytes,
    speed: rate => `${bytes(rate)}/s`,
    number: value => plain.format(value),
    percent: share => percent.format(share),
    when,
    stamp,
    day: iso => day.format(new Date(iso)),
    shortDay: iso => short.format(new Date(iso)),
    time: iso => time.format(new Date(iso)),
    weekday: iso => weekday.format(new Date(iso)),
    ago,
    duration,
    list: items => list.format(items),
  }
}

const awayFromZero = (value: number): number => Math.sign(value) * Math.max(1, Math.round(Math.abs(value)))

/** Whole days of the calendar from one moment to another, whatever the clocks did in between. */
export function daysBetween(from: Date, to: Date): number {
  const midnight = (date: Date) => Date.UTC(date.getFullYear(), date.getMonth(), date.getDate())
  return Math.round((midnight(to) - midnight(from)) / 86_400_000)
}
