import { Card, EmptyState, Page } from '../../components/Page.tsx'
import { ProgressLine, runTitle } from '../../components/ProgressLine.tsx'
import { RunBadge } from '../../components/StateBadge.tsx'
import { When } from '../../components/values.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { useHouse } from '../../state/context.ts'

export function ActivityScreen() {
  const { t } = useSpeech()
  const running = useHouse(house => house.running) ?? []
  const ended = useHouse(house => house.ended)
  return (
    <Page title={t('activity.title')}>
      {running.length + ended.length === 0 && <EmptyState>{t('activity.none')}</EmptyState>}
      {running.map(run => (
        <Card key={run.id}>
          <ProgressLine run={run} />
        </Card>
      ))}
      {ended.map(run => (
        <Card key={run.id} title={runTitle(t, run)} actions={<RunBadge state={run.state} />}>
          <When at={run.finishedAt} />
        </Card>
      ))}
    </Page>
  )
}
