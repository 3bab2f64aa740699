import { Card, Page } from '../../components/Page.tsx'
import { StateBadge } from '../../components/StateBadge.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { useHouse } from '../../state/context.ts'
import { jobProtection } from '../../state/protection.ts'

export function HealthScreen() {
  const { t } = useSpeech()
  const jobs = useHouse(house => house.jobs) ?? []
  return (
    <Page title={t('health.title')}>
      {jobs.map(view => (
        <Card key={view.job.id} title={view.job.name} actions={<StateBadge state={jobProtection(view)} />}>
          {view.standings.map(standing => (
            <div key={standing.destination} className="hf-wrap">
              {standing.destinationName}: {standing.text}
            </div>
          ))}
        </Card>
      ))}
    </Page>
  )
}
