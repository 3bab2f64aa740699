import { Card, EmptyState, Page } from '../../components/Page.tsx'
import { When } from '../../components/values.tsx'
import { useSpeech } from '../../i18n/useSpeech.ts'
import { useHouse } from '../../state/context.ts'

export function VersionsScreen() {
  const { t } = useSpeech()
  const library = useHouse(house => house.library) ?? []
  const destinations = useHouse(house => house.destinations) ?? []
  const filled = library.filter(({ versions }) => versions > 0)
  const nameOf = (id: string) => destinations.find(view => view.destination.id === id)?.destination.name ?? id
  return (
    <Page title={t('versions.title')}>
      {filled.length === 0 && <EmptyState>{t('versions.none')}</EmptyState>}
      {filled.map(summary => (
        <Card
          key={summary.destination}
          title={t('versions.inDestination', { count: summary.versions, destination: nameOf(summary.destination) })}
        >
          <When at={summary.newestAt} />
        </Card>
      ))}
    </Page>
  )
}
