import type { TransferLimits } from '../../../../engine/contract/transferLimits.ts'

/** Limits as they are typed: kilobytes per second, empty for none. Pure. */
export interface LimitsDraft {
  write: string
  read: string
  hours: readonly HoursDraft[]
}
export interface HoursDraft {
  from: string
  to: string
  write: string
  read: string
}

export const newHours: HoursDraft = { from: '08:00', to: '18:00', write: '', read: '' }
/** More would not be taken. */
export const mostHours = 8

const shown = (rate: number | null): string => (rate === null ? '' : String(Math.round(rate / 1000)))

export function draftOfLimits(limits: TransferLimits | undefined): LimitsDraft {
  const { write, read, hours } = limits ?? { write: null, read: null, hours: [] }
  const of = (one: { write: number | null; read: number | null }) => ({
    write: shown(one.write),
    read: shown(one.read),
  })
  return { ...of({ write, read }), hours: hours.map(one => ({ from: one.from, to: one.to, ...of(one) })) }
}

/** Bytes per second; undefined for what is no speed. */
function rateOf(text: string): number | null | undefined {
  if (text.trim() === '') return null
  const kilobytes = Number(text.trim().replace(',', '.'))
  const bytes = Math.round(kilobytes * 1000)
  return Number.isSafeInteger(bytes) && bytes >= 1024 ? bytes : undefined
}

export const isRate = (text: string): boolean => rateOf(text) !== undefined

const isTime = (text: string) => /^([01]\d|2[0-3]):[0-5]\d$/.test(text)
export const areHours = ({ from, to }: HoursDraft): boolean => isTime(from) && isTime(to) && from !== to

/** What is to be sent: null lifts all limits; undefined while something is no limit. */
export function limitsOf(draft: LimitsDraft): TransferLimits | null | undefined {
  const rates = (one: { write: string; read: string }) => {
    const [write, read] = [rateOf(one.write), rateOf(one.read)]
    return write === undefined || read === undefined ? undefined : { write, read }
  }
  const always = rates(draft)
  if (!always || !draft.hours.every(areHours)) return undefined
  const hours = draft.hours.flatMap(one => {
    const limited = rates(one)
    return limited ? [{ from: one.from, to: one.to, ...limited }] : []
  })
  if (hours.length < draft.hours.length) return undefined
  return always.write === null && always.read === null && hours.length === 0 ? null : { ...always, hours }
}
