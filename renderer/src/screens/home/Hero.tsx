import { Button } from '@mantine/core'
import type { ReactNode } from 'react'
import { hrefOf, type ScreenName } from '../../app/routes.ts'
import { ErrorNote } from '../../components/Note.tsx'
import { ProgressLine } from '../../components/ProgressLine.tsx'
import { protectionIcons } from '../../components/StateBadge.tsx'
import type { MessageKey, Say, Speech } from '../../i18n/language.ts'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { useCall } from '../../state/calls.ts'
import { useHouse, useNow } from '../../state/context.ts'
import { isAwaited, jobProtection } from '../../state/protection.ts'
import { type Fix, nextRunAt, type Summary } from '../../state/summary.ts'
import type { Protection } from '../../theme/tokens.ts'

/** The one sentence, what is behind it, the work under way, and the buttons. */
export function Hero({ summary }: { summary: Exclude<Summary, { kind: 'nothing' }> }) {
  const speech = useSpeech()
  const { t, format } = speech
  const now = useNow()
  const jobs = useHouse(house => house.jobs) ?? []
  const running = useHouse(house => house.running) ?? []
  const run = useCall('jobs.run')
  const resume = useCall('jobs.resume')
  const words = wordsOf(summary, speech, now)
  const Sign = protectionIcons[words.tone]
  const next = nextRunAt(jobs)
  const isBackingUp = running.some(({ kind }) => kind === 'backup')
  // A drive that is connected starts a backup at no time that could be named.
  const isWaiting = jobs.some(view => view.standings.some(isAwaited))
  const others =
    summary.kind === 'overdue' || summary.kind === 'failed'
      ? jobs.filter(view => view !== summary.view && ['danger', 'attention'].includes(jobProtection(view))).length
      : 0
  const runAll = async () => {
    for (const { job } of jobs) if ((await run.call({ job: job.id })) === undefined) return
  }
  const link = 'fix' in summary ? linkOf(summary.fix) : undefined

  return (
    <section className="hf-card hf-hero" data-tone={words.tone}>
      <div className="hf-hero-head">
        <span className="hf-hero-sign">
          <Sign size={32} />
        </span>
        <div className="hf-hero-words" aria-live="polite">
          <p className="hf-hero-sentence">{words.sentence}</p>
          {words.more.map(line => (
            <p key={line} className="hf-quiet">
              {line}
            </p>
          ))}
          {others > 0 && <p className="hf-quiet">{t('home.others', { count: others })}</p>}
          {!isBackingUp && (next !== null || !isWaiting) && (
            <p className="hf-quiet">
              {next === null ? t('home.noNext') : t('home.next', { when: format.when(next, now) })}
            </p>
          )}
        </div>
      </div>
      {running.length > 0 && (
        <div className="hf-hero-runs">
          {running.map(one => (
            <ProgressLine key={one.id} run={one} />
          ))}
        </div>
      )}
      {words.cause}
      <ErrorNote error={run.error ?? resume.error} />
      <div className="hf-hero-actions">
        {summary.kind === 'paused' && (
          <Button size="md" loading={resume.busy} onClick={() => void resume.call({ job: summary.view.job.id })}>
            {t('home.resume')}
          </Button>
        )}
        {link && (
          <Button size="md" component="a" href={hrefOf(link.screen)}>
            {t(link.key)}
          </Button>
        )}
        {!isBackingUp && (
          <Button
            size="md"
            variant={link || summary.kind === 'paused' ? 'default' : 'filled'}
            loading={run.busy}
            onClick={() => void runAll()}
          >
            {t('home.backUpNow')}
          </Button>
        )}
      </div>
    </section>
  )
}

type LinkKey = Extract<MessageKey, 'home.openDestinations' | 'home.openHealth' | 'home.openActivity'>

function linkOf(fix: Fix): { screen: ScreenName; key: LinkKey } | undefined {
  switch (fix) {
    case 'destinations':
      return { screen: 'destinations', key: 'home.openDestinations' }
    case 'health':
      return { screen: 'health', key: 'home.openHealth' }
    case 'activity':
      return { screen: 'activity', key: 'home.openActivity' }
    default:
      return undefined
  }
}

interface Words {
  tone: Protection
  sentence: string
  more: string[]
  cause?: ReactNode
}

function wordsOf(summary: Exclude<Summary, { kind: 'nothing' }>, { t, format }: Speech, now: number): Words {
  switch (summary.kind) {
    case 'running': {
      const last =
        summary.lastAt === null
          ? t('home.runningFirst')
          : t('home.runningLast', { when: format.when(summary.lastAt, now) })
      return { tone: 'waiting', sentence: t('home.running'), more: [last] }
    }
    case 'held': {
      const last = summary.lastAt === null ? [] : [t('home.runningLast', { when: format.when(summary.lastAt, now) })]
      return { tone: 'waiting', sentence: t('home.held'), more: [t('home.heldText'), ...last] }
    }
    case 'overdue': {
      const { view, standing, error, missing } = summary
      const job = view.job.name
      const last = standing.lastSuccessAt
      const sentence = last === null ? t('home.neverDone', { job }) : overdueText(t, job, now - Date.parse(last))
      const more = missing
        ? [t('home.waiting', { destination: standing.destinationName }), t('home.waitingNever')]
        : [last === null ? t('home.firstText') : t('home.safe')]
      return { tone: 'danger', sentence, more, cause: <ErrorNote error={error} /> }
    }
    case 'failed': {
      const { view, standing, error, isIncomplete } = summary
      const names = { job: view.job.name, destination: standing.destinationName }
      const last = standing.lastSuccessAt
      return {
        tone: 'attention',
        sentence: isIncomplete ? t('home.incomplete', names) : t('home.failed', names),
        more: last === null ? [t('home.firstText')] : [t('home.lastBackup', { when: format.when(last, now) })],
        cause: <ErrorNote error={error} />,
      }
    }
    case 'damaged':
      return { tone: 'danger', sentence: t('home.damaged', { count: summary.count }), more: [t('home.damagedText')] }
    case 'waiting': {
      const { standing, lastSeenAt } = summary
      const last = standing.lastSuccessAt
      return {
        tone: 'attention',
        sentence: t('home.waiting', { destination: standing.destinationName }),
        more: [
          lastSeenAt === null ? t('home.waitingNever') : t('home.waitingSeen', { ago: format.ago(lastSeenAt, now) }),
          ...(last === null ? [] : [t('home.lastBackup', { when: format.when(last, now) })]),
        ],
      }
    }
    case 'paused': {
      const until = summary.view.job.pausedUntil
      const more =
        until === null || until === 'forever'
          ? t('home.pausedForever')
          : t('home.pausedUntil', { when: format.when(until, now) })
      return { tone: 'waiting', sentence: t('home.paused', { job: summary.view.job.name }), more: [more] }
    }
    case 'first':
      return { tone: 'waiting', sentence: t('home.first', { job: summary.view.job.name }), more: [t('home.firstText')] }
    case 'protected':
      return {
        tone: 'protected',
        sentence: t('home.protected', {
          when: format.when(summary.lastAt, now),
          destinations: format.list(summary.destinations),
        }),
        more: [],
      }
  }
}

function overdueText(t: Say, job: string, ms: number): string {
  const hours = Math.max(1, Math.floor(ms / 3_600_000))
  // Hours do not matter to somebody who has had no backup for days.
  if (hours < 48) return t('home.overdueHours', { job, count: hours })
  return t('home.overdueDays', { job, count: Math.floor(hours / 24) })
}
