import { Card, EmptyState, Page } from '../../components/Page.tsx'
import { DestinationBadge } from '../../components/StateBadge.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { useHouse } from '../../state/context.ts'

export function DestinationsScreen() {
  const { t } = useSpeech()
  const destinations = useHouse(house => house.destinations) ?? []
  return (
    <Page title={t('destinations.title')}>
      {destinations.length === 0 && <EmptyState>{t('destinations.none')}</EmptyState>}
      {destinations.map(({ destination, state }) => (
        <Card key={destination.id} title={destination.name} actions={<DestinationBadge state={state} />}>
          <div className="hf-quiet hf-wrap">{destination.url}</div>
        </Card>
      ))}
    </Page>
  )
}
