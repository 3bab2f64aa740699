import type { JobView } from '../../../engine/contract/helperContract.ts'
import type { RetentionReason } from '../../../engine/contract/models.ts'
import type { ScheduleExpectation } from '../../../engine/contract/scheduleMistake.ts'
import type { ShownNotice } from '../../../engine/contract/shownNotice.ts'
import type { Say, Speech } from './language.ts'

/** Words for what the helper tells by codes. Pure; all but the names come from the language. */

/** Title and text of a message; as the helper wrote them when it is one that gives no codes. */
export function noticeWords({ t, format }: Pick<Speech, 't' | 'format'>, notice: ShownNotice): [string, string] {
  const { about } = notice
  if (!about) return [notice.title, notice.body]
  const { kind, count, jobs, drive, error } = about
  const title = t(`notice.${kind}`, { count, name: jobs[0] ?? '' })
  const others = count - jobs.length
  const names = format.list([...jobs, ...(others > 0 ? [t('notice.more', { count: others })] : [])])
  const what = count > 1 ? `${t('notice.names', { names })} ` : ''
  const advice = drive !== null ? t('notice.connect', { drive }) : adviceOf(t, kind, error)
  return [about.reminder ? t('notice.still', { title }) : title, what + advice]
}

const adviceOf = (t: Say, kind: NonNullable<ShownNotice['about']>['kind'], error: string | null): string =>
  error === null
    ? t(`notice.${kind}.do`)
    : `${t(`error.${error as 'internal.bug'}`)}. ${t(`error.${error as 'internal.bug'}.do`)}`

/** Why a job is in its state for one of its destinations. */
export function standingWords({ t, format }: Speech, standing: JobView['standings'][number], now: number): string {
  const when = standing.nextAt === null ? '–' : format.when(standing.nextAt, now)
  switch (standing.reason) {
    case 'paused':
      return standing.nextAt === null ? t('standing.paused') : t('standing.pausedUntil', { when })
    case 'nextTime':
    case 'quietHours':
    case 'failed':
    case 'offline':
      return t(`standing.${standing.reason}`, { when })
    default:
      return t(`standing.${standing.reason}`)
  }
}

/** Why a version is kept or removed. */
export function retentionWords(t: Say, reason: RetentionReason): string {
  const notes = reason.notes.map(note => `; ${t(`retention.note.${note}`)}`).join('')
  return reasonWords(t, reason) + notes
}

function reasonWords(t: Say, reason: RetentionReason): string {
  switch (reason.kind) {
    case 'latest':
      return t('retention.latest', { position: reason.position })
    case 'oldest':
    case 'represented': {
      const { period, back } = reason
      const place = back === 0 ? t(`retention.now.${period}`) : t(`retention.back.${period}`, { count: back })
      return t(`retention.${reason.kind}`, { place })
    }
    default:
      return t(`retention.${reason.kind}`)
  }
}

/** What the text of a schedule should have had. */
export const expectationWords = (t: Say, expected: ScheduleExpectation): string =>
  t('expected.title', { what: expectedWhat(t, expected) })

function expectedWhat(t: Say, expected: ScheduleExpectation): string {
  switch (expected.code) {
    case 'shorter':
    case 'fewerRules':
      return t(`expected.${expected.code}`, { most: expected.most })
    case 'once':
    case 'word':
      return t(`expected.${expected.code}`, { word: expected.word })
    case 'minutes':
    case 'hours':
    case 'day':
      return t(`expected.${expected.code}`, { min: expected.min, max: expected.max })
    case 'knownZone':
      return t('expected.knownZone', { zone: expected.zone })
    case 'cronField':
      return t('expected.cronField', { field: t(`expected.field.${expected.field}`) })
    case 'cronValue': {
      const { field, min, max } = expected
      return t('expected.cronValue', { field: t(`expected.field.${field}`), min, max })
    }
    case 'cronOrder':
      return t('expected.cronOrder', { field: t(`expected.field.${expected.field}`), first: expected.first })
    case 'cronStep':
      return t('expected.cronStep', { max: expected.max })
    default:
      return t(`expected.${expected.code}`)
  }
}
