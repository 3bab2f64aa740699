import { Button, TextInput } from '@mantine/core'
import { useState } from 'react'
import type { JobView } from '../../../../engine/contract/helperContract.ts'
import { hrefOf } from '../../app/routes.ts'
import { PauseIcon, RunIcon } from '../../components/icons.tsx'
import { Card } from '../../components/Page.tsx'
import { StateBadge } from '../../components/StateBadge.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { useHouse, useNow } from '../../state/context.ts'
import { jobProtection } from '../../state/protection.ts'
import { describeSchedule } from './scheduleWords.ts'

const shownFirst = 10

export function JobList() {
  const { t } = useSpeech()
  const jobs = useHouse(house => house.jobs) ?? []
  const [wanted, setWanted] = useState('')
  const [isAll, setIsAll] = useState(false)
  const fitting = jobs.filter(({ job }) => job.name.toLocaleLowerCase().includes(wanted.trim().toLocaleLowerCase()))
  const shown = isAll ? fitting : fitting.slice(0, shownFirst)
  return (
    <Card
      title={t('settings.jobs')}
      actions={
        <Button component="a" href={hrefOf('wizard')} size="xs" variant={jobs.length === 0 ? 'filled' : 'default'}>
          {t(jobs.length === 0 ? 'action.setUp' : 'settings.jobs.new')}
        </Button>
      }
    >
      {jobs.length === 0 && <p className="hf-quiet hf-settings-text">{t('settings.jobs.none')}</p>}
      {jobs.length > shownFirst && (
        <TextInput
          className="hf-narrow"
          type="search"
          mb="sm"
          label={t('settings.jobs.find')}
          value={wanted}
          onChange={event => setWanted(event.currentTarget.value)}
        />
      )}
      <ul className="hf-plain-list hf-settings-jobs">
        {shown.map(view => (
          <JobRow key={view.job.id} view={view} />
        ))}
      </ul>
      {shown.length < fitting.length && (
        <Button variant="subtle" size="xs" mt="sm" onClick={() => setIsAll(true)}>
          {t('settings.jobs.showAll', { count: fitting.length })}
        </Button>
      )}
    </Card>
  )
}

function JobRow({ view }: { view: JobView }) {
  const speech = useSpeech()
  const { t, format } = speech
  const { job, standings } = view
  return (
    <li>
      <div className="hf-settings-job">
        <a href={hrefOf('settings', ['jobs', job.id])}>
          <strong>{job.name}</strong>
        </a>
        <div className="hf-quiet hf-small">
          {t('settings.jobs.sources', { count: job.sources.length })} →{' '}
          {format.list(standings.map(({ destinationName }) => destinationName))}
        </div>
        <div className="hf-quiet hf-small">
          {job.schedule === null ? t('settings.jobs.manual') : describeSchedule(job.schedule, speech)}
        </div>
      </div>
      <JobBadge view={view} />
      <Button
        component="a"
        size="xs"
        variant="default"
        href={hrefOf('settings', ['jobs', job.id])}
        aria-label={t('settings.jobs.editOf', { name: job.name })}
      >
        {t('settings.jobs.edit')}
      </Button>
    </li>
  )
}

export function JobBadge({ view }: { view: JobView }) {
  const { t, format } = useSpeech()
  const now = useNow()
  const { pausedUntil } = view.job
  if (view.standings.some(({ run }) => run !== null)) {
    return <StateBadge state="waiting" label={t('state.running')} sign={RunIcon} />
  }
  if (pausedUntil === null || (pausedUntil !== 'forever' && Date.parse(pausedUntil) <= now)) {
    return <StateBadge state={jobProtection(view)} />
  }
  const label =
    pausedUntil === 'forever'
      ? t('settings.jobs.pausedForever')
      : t('settings.jobs.paused', { when: format.when(pausedUntil, now) })
  return <StateBadge state="waiting" label={label} sign={PauseIcon} />
}
