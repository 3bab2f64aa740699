import { Button, Checkbox, Select, TextInput } from '@mantine/core'
import { useState } from 'react'
import { type RunKind, runKinds } from '../../../../engine/contract/jobs.ts'
import { AreaChart } from '../../components/charts.tsx'
import { ErrorNote } from '../../components/Note.tsx'
import { Card, EmptyState, Page } from '../../components/Page.tsx'
import { ProgressLine } from '../../components/ProgressLine.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { useHouse, useNow } from '../../state/context.ts'
import { dayTotals, everything, type HistoryFilter, isShown } from './history.ts'
import { Messages } from './Messages.tsx'
import { RunTable } from './RunTable.tsx'
import { SupportFile } from './SupportFile.tsx'
import { useHistory } from './useHistory.ts'

export function ActivityList() {
  const { t } = useSpeech()
  const running = useHouse(house => house.running) ?? []
  const notices = useHouse(house => house.notices) ?? []
  const history = useHistory()
  const [filter, setFilter] = useState<HistoryFilter>(everything)
  const ended = history.runs.filter(run => run.state !== 'running')
  const shown = ended.filter(run => isShown(run, filter))
  const isEmpty = history.isKnown && ended.length + running.length + notices.length === 0

  return (
    <Page title={t('activity.title')}>
      {running.length > 0 && (
        <Card title={t('activity.running')}>
          <div className="hf-activity-runs">
            {running.map(run => (
              <ProgressLine key={run.id} run={run} />
            ))}
          </div>
        </Card>
      )}
      <ErrorNote
        error={history.error}
        actions={
          <Button size="xs" variant="default" onClick={history.again}>
            {t('action.tryAgain')}
          </Button>
        }
      />
      {isEmpty && <EmptyState title={t('activity.none')}>{t('activity.noneText')}</EmptyState>}
      <ChangedData history={history} />
      <Messages notices={notices} />
      {ended.length > 0 && (
        <Card title={t('activity.history')}>
          <Filters filter={filter} change={changes => setFilter({ ...filter, ...changes })} />
          <p className="hf-quiet hf-small" role="status">
            {shown.length === 0 ? t('activity.noMatch') : t('activity.shown', { count: shown.length })}
          </p>
          {shown.length > 0 && <RunTable runs={shown} />}
          {!history.isWhole && (
            <Button variant="default" size="xs" mt="md" loading={history.loading} onClick={history.older}>
              {t('activity.older')}
            </Button>
          )}
        </Card>
      )}
      <SupportFile />
    </Page>
  )
}

function ChangedData({ history }: { history: ReturnType<typeof useHistory> }) {
  const { t, format } = useSpeech()
  const now = useNow()
  const totals = dayTotals(history.runs, now, history.isWhole)
  if (totals.length < 2 || totals.every(({ bytes }) => bytes === 0)) return null
  return (
    <Card>
      <AreaChart
        title={t('activity.chart', { count: totals.length })}
        points={totals.map(({ at, bytes }) => ({ label: format.day(at), value: bytes }))}
        write={format.bytes}
      />
    </Card>
  )
}

function Filters({ filter, change }: { filter: HistoryFilter; change(changes: Partial<HistoryFilter>): void }) {
  const { t } = useSpeech()
  return (
    <div className="hf-activity-filters">
      <Select
        size="sm"
        label={t('activity.filter.kind')}
        allowDeselect={false}
        value={filter.kind}
        data={(['all', ...runKinds] as const).map(value => ({ value, label: t(`activity.filter.${value}`) }))}
        onChange={value => value !== null && change({ kind: value as RunKind | 'all' })}
      />
      <TextInput
        size="sm"
        type="search"
        label={t('activity.filter.name')}
        value={filter.text}
        onChange={event => change({ text: event.currentTarget.value })}
      />
      <Checkbox
        label={t('activity.filter.trouble')}
        checked={filter.onlyTrouble}
        onChange={event => change({ onlyTrouble: event.currentTarget.checked })}
      />
    </div>
  )
}
