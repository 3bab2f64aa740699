import { mostNoticeJobs, type NoticeAbout, type ShownNotice } from '../contract/shownNotice.ts'
import { isReminder, type NoticeEvent, type RecoverableKind } from './events.ts'
import type { JobFailure } from './health.ts'
import { counted, oneLine, pastTime, quoted } from './plainText.ts'

/** The words of notices. Names and messages in them are foreign text, which oneLine makes harmless. All functions are pure. */

export interface TextContext {
  /** Name of this computer. */
  host: string
  /** Time zone of the reader (IANA); that of this computer when undefined. */
  timeZone?: string | undefined
}

export interface NoticeText {
  /** One line. */
  subject: string
  /** Plain text in lines of any length, each ended by a line feed. */
  body: string
}

/** What the desktop shows; urgencies are those of the freedesktop notification specification. */
export type DesktopNotice = Omit<ShownNotice, 'at'>

/** Jobs that a text tells about one by one; of the others it says how many they are. */
const mostJobs = 20

/** Subject and body for an e-mail or chat message. */
export function noticeText(event: NoticeEvent, context: TextContext): NoticeText {
  const host = oneLine(context.host, 80)
  const reminder = isReminder(event) ? 'Still: ' : ''
  const paragraphs = [`${headline(event)} on ${host}.`, ...jobParagraphs(event, context), closing(event)]
  return {
    subject: oneLine(`Holdfast on ${host}: ${reminder}${headline(event)}`, 150),
    body: paragraphs.map(paragraph => `${paragraph}\n`).join('\n'),
  }
}

/** Title, text and urgency for a desktop notification. */
export function desktopNotice(event: NoticeEvent): DesktopNotice {
  const only = event.jobs.length === 1 ? event.jobs[0] : undefined
  const shown = event.jobs.slice(0, mostNoticeJobs).map(job => quoted(job.name, 40))
  const others = event.jobs.length - shown.length
  const names = [...shown, ...(others > 0 ? [`${others} more`] : [])].join(', ')
  const said = [only === undefined ? `${names}.` : '', desktopAdvice(event)].filter(text => text !== '')
  return {
    title: withoutMarkup(`${isReminder(event) ? 'Still: ' : ''}${headline(event)}`),
    body: withoutMarkup(said.join(' ')),
    urgency: urgencyOf(event),
    about: {
      kind: event.event,
      reminder: isReminder(event),
      count: event.jobs.length,
      jobs: event.jobs.slice(0, mostNoticeJobs).map(job => withoutMarkup(oneLine(job.name, 40))),
      ...causeOf(event),
    },
  }
}

/** What makes one job fail or wait; several jobs may have a cause each. */
function causeOf(event: NoticeEvent): Pick<NoticeAbout, 'drive' | 'error'> {
  if (event.jobs.length !== 1) return { drive: null, error: null }
  switch (event.event) {
    case 'run-failed':
      return { drive: null, error: event.jobs[0]!.failure.code }
    case 'overdue': {
      const { waitingFor, failure } = event.jobs[0]!
      return { drive: driveName(waitingFor?.drive), error: failure?.code ?? null }
    }
    case 'waiting-for-drive':
      return { drive: driveName(event.jobs[0]!.drive), error: null }
    default:
      return { drive: null, error: null }
  }
}

const driveName = (name: string | undefined): string | null =>
  name === undefined ? null : withoutMarkup(oneLine(name, 40))

/** Some desktops take tags in notifications for markup, and show links and pictures. */
const withoutMarkup = (text: string): string => text.replaceAll('<', '‹').replaceAll('>', '›')

/** What happened to which job, without a full stop: 'Backup “Home” failed', '3 backups failed'. */
function headline(event: NoticeEvent): string {
  const { jobs } = event
  const several = jobs.length > 1
  const subject = several ? counted(jobs.length, 'backup') : `Backup ${quoted(jobs[0]?.name ?? '')}`
  switch (event.event) {
    case 'run-failed':
      return `${subject} failed`
    case 'overdue':
      return `${subject} ${several ? 'are' : 'is'} overdue`
    case 'recovered':
      return `${subject} ${several ? 'are' : 'is'} in order again`
    case 'damaged':
      return `Damage was found in ${several ? `the versions of ${subject}` : subject.replace('Backup', 'backup')}`
    case 'waiting-for-drive':
      return `${subject} ${several ? 'wait for their drives' : `waits for the drive ${quoted(event.jobs[0]!.drive)}`}`
    case 'hook-failed':
      return `A hook failed in ${several ? subject : subject.replace('Backup', 'backup')}`
  }
}

function jobParagraphs(event: NoticeEvent, context: TextContext): string[] {
  const paragraphs = paragraphsOf(event, context)
  const others = paragraphs.length - mostJobs
  return others > 0 ? [...paragraphs.slice(0, mostJobs), `And ${others} more.`] : paragraphs
}

function paragraphsOf(event: NoticeEvent, { timeZone }: TextContext): string[] {
  const time = (at: number) => pastTime(at, event.at, timeZone)
  const block = (job: { name: string; lastSuccess: number | null }, facts: readonly (string | false)[]) => {
    const last = job.lastSuccess === null ? 'there is none yet' : time(job.lastSuccess)
    const lines = [`${quoted(job.name)}:`, ...facts.filter(fact => fact !== false), `Last successful backup: ${last}`]
    return lines.join('\n  ')
  }
  switch (event.event) {
    case 'run-failed':
      return event.jobs.map(job => block(job, [...failureLines(job.failure), `Since: ${time(job.failure.since)}`]))
    case 'overdue':
      return event.jobs.map(job => block(job, [...overdueLines(job, time), `Overdue since: ${time(job.since)}`]))
    case 'recovered':
      return event.jobs.map(job =>
        block(job, [`What is over: ${job.from.map(kind => overWords[kind]).join(', ')}; it began ${time(job.since)}`]),
      )
    case 'damaged':
      return event.jobs.map(job =>
        block(job, [
          `What happened: a check found ${counted(job.blocks, 'damaged block')} in the repository ${quoted(job.repository)}; ` +
            `${counted(job.versions, 'version')} cannot be restored completely. The rest can.`,
          `Found: ${time(job.since)}`,
          'What to do now: run the backup, which stores again what the source still has; then check the drive or storage, ' +
            'because what damaged these blocks may damage more.',
        ]),
      )
    case 'waiting-for-drive':
      return event.jobs.map(job =>
        block(job, [
          `What happened: a backup is due and its drive ${quoted(job.drive)} is not connected`,
          `Waiting since: ${time(job.since)}`,
          driveSeen(job.lastSeen, time),
          `What to do now: connect ${quoted(job.drive)}; the backup then starts by itself.`,
        ]),
      )
    case 'hook-failed':
      return event.jobs.map(job =>
        block(job, [
          ...job.hooks
            .slice(0, mostJobs)
            .map(
              hook =>
                `${oneLine(hook.hook, 64)} (${oneLine(hook.moment, 40)}, ${time(hook.at)}): ${oneLine(hook.reason)}`,
            ),
          'What to do now: read what the hook printed in the log of the run, and run it by hand.',
        ]),
      )
  }
}

const overWords: Record<RecoverableKind, string> = {
  'run-failed': 'failed runs',
  overdue: 'being overdue',
  damaged: 'damage to stored versions',
}

const failureLines = (failure: JobFailure): (string | false)[] => [
  `What happened: ${oneLine(failure.message, 500)}`,
  failure.attempts > 1 && `Tried: ${failure.attempts} times`,
  `What to do now: ${oneLine(failure.advice ?? 'Open Holdfast and look at the log of the run.', 500)}`,
]

type OverdueJob = Extract<NoticeEvent, { event: 'overdue' }>['jobs'][number]

function overdueLines({ failure, waitingFor }: OverdueJob, time: (at: number) => string): (string | false)[] {
  if (failure) return failureLines(failure)
  if (waitingFor) {
    return [
      `What happened: its drive ${quoted(waitingFor.drive)} is not connected`,
      driveSeen(waitingFor.lastSeen, time),
      `What to do now: connect ${quoted(waitingFor.drive)}; the backup then starts by itself.`,
    ]
  }
  return [
    'What happened: there was no run in time. The computer may have been off, or the conditions of the schedule were not met.',
    'What to do now: leave the computer on, or start the backup by hand.',
  ]
}

const driveSeen = (lastSeen: number | null, time: (at: number) => string): string | false =>
  lastSeen !== null && `The drive was last seen: ${time(lastSeen)}`

/** What is still safe, or comes next. */
function closing(event: NoticeEvent): string {
  switch (event.event) {
    case 'run-failed':
      return 'Versions that were stored before are not touched by this. The schedule goes on.'
    case 'overdue':
      return 'Versions that were stored before are not touched by this. What changed since then is not protected yet.'
    case 'recovered':
      return 'Nothing needs to be done.'
    case 'damaged':
      return 'Do not delete older versions until this is settled: they may hold what the damaged ones lack.'
    case 'waiting-for-drive':
      return 'What changed since the last successful backup is not protected yet.'
    case 'hook-failed':
      return 'The runs went on without these hooks.'
  }
}

function desktopAdvice(event: NoticeEvent): string {
  const only = event.jobs.length === 1
  switch (event.event) {
    case 'run-failed':
      return only
        ? oneLine(`${event.jobs[0]!.failure.message} ${event.jobs[0]!.failure.advice ?? ''}`, 250)
        : 'Open Holdfast to see why.'
    case 'overdue': {
      const drive = only && event.jobs[0]!.waitingFor?.drive
      return drive ? `Connect the drive ${quoted(drive)}.` : 'Open Holdfast to see why.'
    }
    case 'recovered':
      return ''
    case 'damaged':
      return 'Open Holdfast to see which versions are affected.'
    case 'waiting-for-drive':
      return 'Connect it, and the backup starts by itself.'
    case 'hook-failed':
      return 'The log of the run shows what it printed.'
  }
}

function urgencyOf({ event }: NoticeEvent): DesktopNotice['urgency'] {
  if (event === 'recovered') return 'low'
  return event === 'damaged' || event === 'overdue' ? 'critical' : 'normal'
}
