import type { Texts } from './texts.ts'

const dayMs = 86_400_000

export interface Place {
  /** BCP 47, such as 'en-GB'. */
  locale: string
  /** IANA name; that of the computer unless given. */
  timeZone?: string
}

/** A moment in few words: “today 14:02”, “yesterday 03:00”, “12 Jun, 14:02”. Both are milliseconds since 1970 UTC. Pure. */
export function inWords(at: number, now: number, texts: Texts, { locale, timeZone }: Place): string {
  const format = (options: Intl.DateTimeFormatOptions) =>
    new Intl.DateTimeFormat(locale, timeZone === undefined ? options : { ...options, timeZone }).format(at)
  const time = format({ hour: '2-digit', minute: '2-digit' })
  const days = dayNumber(at, timeZone) - dayNumber(now, timeZone)
  if (days === 0) return texts.today(time)
  if (days === -1) return texts.yesterday(time)
  if (days === 1) return texts.tomorrow(time)
  return format({ day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' })
}

/** Counts calendar days of the time zone. */
function dayNumber(at: number, timeZone: string | undefined): number {
  const options: Intl.DateTimeFormatOptions = { year: 'numeric', month: '2-digit', day: '2-digit' }
  // Swedish dates are ISO dates.
  const date = new Intl.DateTimeFormat('sv', timeZone === undefined ? options : { ...options, timeZone }).format(at)
  return Math.round(Date.parse(`${date}T00:00:00Z`) / dayMs)
}

/** When the next day begins by the clock of this computer. */
export function nextMidnight(now: number): number {
  const date = new Date(now)
  return new Date(date.getFullYear(), date.getMonth(), date.getDate() + 1).getTime()
}
